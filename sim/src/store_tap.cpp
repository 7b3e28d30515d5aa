#include "store_tap.h"

namespace theta::sim {

store::Ticket StoreTap::submit(store::Request request) {
  Write write;
  if (const auto* append = std::get_if<store::Append>(&request)) write = {append->room, append->records};
  if (const auto* create = std::get_if<store::CreateRoom>(&request)) write = {create->room, {create->genesis}};
  const auto ticket = inner_.submit(std::move(request));
  if (!write.records.empty()) writes_.emplace(ticket, std::move(write));
  return ticket;
}

void StoreTap::poll(std::vector<store::Completion>& completions) {
  const auto before = completions.size();
  inner_.poll(completions);
  for (auto index = before; index < completions.size(); ++index) {
    const auto found = writes_.find(completions[index].ticket);
    if (found == writes_.end()) continue;
    if (completions[index].result) {
      for (const auto& record : found->second.records) durable_(found->second.room, record);
    } else {
      failed_(found->second.room);
    }
    writes_.erase(found);
  }
}

}  // namespace theta::sim

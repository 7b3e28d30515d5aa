#include "store_desk.h"

namespace theta::hub {

void StoreDesk::submit(store::Request request, Answered answered) {
  const auto ticket = engine_.submit(std::move(request));
  waiting_.emplace(ticket, std::move(answered));
}

void StoreDesk::complete(store::Completion& completion) {
  const auto found = waiting_.find(completion.ticket);
  if (found == waiting_.end()) return;
  // Moved out first: the handler may submit and so rehash the table.
  const auto answered = std::move(found->second);
  waiting_.erase(found);
  answered(completion.result);
}

}  // namespace theta::hub

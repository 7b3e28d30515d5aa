#include "look_back.h"

#include <algorithm>

#include "theta/web/limits.h"

namespace theta::web {

LookBack::LookBack(client::Session& session, replica::Replica from, Seq target)
    : session_(session), replica_(std::move(from)), begin_(replica_.head()), target_(target) {}

bool LookBack::has_work() const {
  if (is_ready() || !trouble_.empty()) return false;
  return next_record_ < records_.size() || !query_;
}

double LookBack::fraction() const {
  const auto all = target_.value() - begin_.value();
  return all == 0 ? 1 : static_cast<double>(replica_.head().value() - begin_.value()) / static_cast<double>(all);
}

bool LookBack::on_event(const client::Event& event) {
  const auto* answer = std::get_if<client::History>(&event);
  if (answer == nullptr || !query_ || answer->query != *query_) return false;
  query_.reset();
  if (answer->refusal)
    trouble_ = "the hub does not tell the room's past: " + answer->refusal->text;
  else if (answer->records.empty())
    trouble_ = "the hub has no record " + std::to_string(replica_.head().value() + 1) + " of this room";
  records_ = answer->records;
  next_record_ = 0;
  return true;
}

void LookBack::cancel() {
  if (query_) session_.forget_query(*query_);
  query_.reset();
}

void LookBack::advance() {
  if (!has_work()) return;
  if (next_record_ == records_.size()) {
    const auto left = target_.value() - replica_.head().value();
    const auto count = static_cast<std::uint32_t>(std::min<std::uint64_t>(left, limits::kLookBackQuery));
    const auto query = session_.query_history(Seq{replica_.head().value() + 1}, count);
    if (!query) trouble_ = query.error().message;
    if (query) query_ = *query;
    return;
  }
  const auto end = std::min(records_.size(), next_record_ + limits::kLookBackStep);
  for (; next_record_ < end && !is_ready(); ++next_record_) {
    const auto& record = records_[next_record_];
    // The first record says which room it is; a replica that begins anew has to be told which one was meant.
    const bool is_first = record.seq == Seq{1};
    const auto applied = replica_.apply(record);
    const bool is_other_room = is_first && applied && replica_.room() != session_.room();
    if (applied && !is_other_room) continue;
    const bool is_archived = !applied && applied.error().code == replica::ReplicaError::archived;
    if (is_archived)
      trouble_ = "the hub has archived what record " + std::to_string(record.seq.value()) +
                 " did, so that nothing from there on can be shown";
    else
      trouble_ = "the hub's log does not verify at record " + std::to_string(record.seq.value()) + ": " +
                 (applied ? std::string("it opens another room") : applied.error().message);
    return;
  }
}

}  // namespace theta::web

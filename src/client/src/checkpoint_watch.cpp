#include "checkpoint_watch.h"

#include <algorithm>

#include "theta/client/limits.h"

namespace theta::client {

std::optional<std::string> CheckpointWatch::compare(const log::Checkpoint& checkpoint, const Remembered& own) {
  const auto at = " at record " + std::to_string(own.seq.value());
  if (checkpoint.record_hash != own.record_hash)
    return "the hub signed another log than the one it sent" + at + "; keep both and ask whoever runs the hub";
  if (checkpoint.state_hash != own.state_hash)
    return "the hub signed another state than the log gives here" + at + "; one of the two does not follow the rules";
  return std::nullopt;
}

std::optional<std::string> CheckpointWatch::on_record(const replica::Replica& replica) {
  const auto seq = replica.head();
  const auto pending = std::find_if(pending_.begin(), pending_.end(),
                                    [&](const log::Checkpoint& checkpoint) { return checkpoint.seq == seq; });
  if (pending == pending_.end() && seq.value() % limits::kCheckpointInterval != 0) return std::nullopt;
  const Remembered own{seq, replica.record_hash(), replica.state_hash()};
  remember(own);
  if (pending == pending_.end()) return std::nullopt;
  const auto difference = compare(*pending, own);
  pending_.erase(pending);
  return difference;
}

std::optional<std::string> CheckpointWatch::on_checkpoint(const log::Checkpoint& checkpoint, Seq head) {
  for (const auto& own : remembered_)
    if (own.seq == checkpoint.seq) return compare(checkpoint, own);
  if (checkpoint.seq <= head) return std::nullopt;  // nothing kept to compare with
  if (pending_.size() == limits::kPendingCheckpointsMax) pending_.pop_front();
  pending_.push_back(checkpoint);
  return std::nullopt;
}

void CheckpointWatch::remember(const Remembered& own) {
  remembered_.push_back(own);
  if (remembered_.size() > limits::kRememberedHashesMax) remembered_.pop_front();
}

std::optional<std::string> CheckpointWatch::on_snapshot(const log::Checkpoint& checkpoint) {
  const Remembered now{checkpoint.seq, checkpoint.record_hash, checkpoint.state_hash};
  remember(now);
  std::optional<std::string> difference;
  for (const auto& pending : pending_)
    if (pending.seq == now.seq && !difference) difference = compare(pending, now);
  std::erase_if(pending_, [&](const log::Checkpoint& pending) { return pending.seq <= now.seq; });
  return difference;
}

}  // namespace theta::client

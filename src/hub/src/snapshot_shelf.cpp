#include "snapshot_shelf.h"

#include <algorithm>

#include "theta/crypto/hash.h"

namespace theta::hub {
namespace {

log::Checkpoint describe(const replica::Replica& replica) {
  log::Checkpoint checkpoint;
  checkpoint.room = replica.room();
  checkpoint.seq = replica.head();
  checkpoint.record_hash = replica.record_hash();
  checkpoint.state_hash = replica.state_hash();
  return checkpoint;
}

}  // namespace

void SnapshotShelf::capture_snapshot(const replica::Replica& replica) {
  Statement statement{describe(replica), SharedBytes(replica.save_snapshot())};
  statement.unsigned_checkpoint.snapshot_hash = crypto::hash256(statement.bytes.view());
  newest_ = replica.head();
  // One statement a seq: the one with the snapshot says more.
  if (!captured_.empty() && captured_.back().unsigned_checkpoint.seq == newest_) captured_.pop_back();
  captured_.push_back(std::move(statement));
}

void SnapshotShelf::capture_checkpoint(const replica::Replica& replica) {
  if (!captured_.empty() && captured_.back().unsigned_checkpoint.seq == replica.head()) return;
  captured_.push_back({describe(replica), SharedBytes()});
}

bool SnapshotShelf::awaits_snapshot() const {
  return std::any_of(captured_.begin(), captured_.end(), [](const Statement& s) { return !s.bytes.empty(); });
}

std::vector<SnapshotShelf::Statement> SnapshotShelf::take_committed(Seq committed) {
  std::vector<Statement> result;
  while (!captured_.empty() && captured_.front().unsigned_checkpoint.seq <= committed) {
    result.push_back(std::move(captured_.front()));
    captured_.pop_front();
  }
  return result;
}

void SnapshotShelf::keep(KeptSnapshot snapshot, MonotonicTime now) {
  note_stored(snapshot.checkpoint.seq);
  kept_ = std::move(snapshot);
  last_used_ = now;
}

const KeptSnapshot* SnapshotShelf::use(MonotonicTime now) {
  if (!kept_) return nullptr;
  last_used_ = now;
  return &*kept_;
}

void SnapshotShelf::expire(MonotonicTime now, MonotonicClock::duration idle) {
  if (kept_ && last_used_ + idle < now) kept_.reset();
}

}  // namespace theta::hub

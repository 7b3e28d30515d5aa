#pragma once

#include <algorithm>
#include <deque>
#include <optional>
#include <vector>

#include "theta/base/time.h"
#include "theta/log/checkpoint.h"
#include "theta/replica/replica.h"

namespace theta::hub {

/// A snapshot that is served to joiners: state on disk at its seq, signed.
struct KeptSnapshot {
  log::Checkpoint checkpoint;
  SharedBytes bytes;
};

/// Statements about a room's state that wait for their record to be on disk, and the newest snapshot.
///
/// State is captured when its record is sequenced, which may be before it is committed. Nothing captured is signed,
/// stored or shown before its seq is committed; when a commit fails, it is forgotten.
class SnapshotShelf {
 public:
  /// Captures state and snapshot at the replica's head.
  void capture_snapshot(const replica::Replica& replica);
  /// Captures the state hash only.
  void capture_checkpoint(const replica::Replica& replica);
  [[nodiscard]] bool awaits_snapshot() const;
  void drop_captured() {
    captured_.clear();
    newest_ = published_;
  }

  /// What is now committed, in order of seq, to be signed. `bytes` is empty for a plain checkpoint.
  struct Statement {
    log::Checkpoint unsigned_checkpoint;
    SharedBytes bytes;
  };
  [[nodiscard]] std::vector<Statement> take_committed(Seq committed);

  void keep(KeptSnapshot snapshot, MonotonicTime now);
  /// The newest, and notes that it was of use; null when there is none.
  [[nodiscard]] const KeptSnapshot* use(MonotonicTime now);
  [[nodiscard]] const KeptSnapshot* kept() const { return kept_ ? &*kept_ : nullptr; }
  /// Frees a snapshot that nobody used for so long.
  void expire(MonotonicTime now, MonotonicClock::duration idle);
  /// Of the newest snapshot, captured or stored; for deciding when the next one is due.
  [[nodiscard]] Seq newest_seq() const { return newest_; }
  void note_stored(Seq seq) {
    published_ = seq;
    newest_ = std::max(newest_, seq);
  }

 private:
  std::deque<Statement> captured_;
  std::optional<KeptSnapshot> kept_;
  MonotonicTime last_used_{};
  Seq newest_;     // of a snapshot, captured ones included
  Seq published_;  // of a snapshot that is committed
};

}  // namespace theta::hub

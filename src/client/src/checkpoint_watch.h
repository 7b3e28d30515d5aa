#pragma once

#include <deque>
#include <optional>
#include <string>

#include "theta/log/checkpoint.h"
#include "theta/replica/replica.h"

namespace theta::client {

/// Compares the hub's signed checkpoints with this replica's own hashes at the same seq, whichever comes first.
class CheckpointWatch {
 public:
  /// After every record applied, without predictions. A sentence: the hub states something else.
  [[nodiscard]] std::optional<std::string> on_record(const replica::Replica& replica);
  /// A checkpoint whose signature was verified.
  [[nodiscard]] std::optional<std::string> on_checkpoint(const log::Checkpoint& checkpoint, Seq head);
  /// The replica was replaced by a snapshot that lies ahead of it; what was verified before is still compared with.
  [[nodiscard]] std::optional<std::string> on_snapshot(const log::Checkpoint& checkpoint);

 private:
  struct Remembered {
    Seq seq;
    Hash256 record_hash;
    Hash256 state_hash;
  };
  void remember(const Remembered& own);
  [[nodiscard]] static std::optional<std::string> compare(const log::Checkpoint& checkpoint, const Remembered& own);

  std::deque<Remembered> remembered_;
  std::deque<log::Checkpoint> pending_;
};

}  // namespace theta::client

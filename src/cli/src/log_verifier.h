#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "theta/log/checkpoint.h"
#include "theta/log/record.h"
#include "theta/replica/replica.h"

namespace theta::cli {

/// Checks a whole room from its first record: seqs, hub times, record hashes, every author's chain and signature, the
/// commands by applying them, and the hub's signed checkpoints. Where payloads were archived it checks what is left and
/// continues from a snapshot. Feed it in order; every problem is a sentence.
class LogVerifier {
 public:
  /// Checkpoints ascend by seq; those of another room or with a bad signature are problems themselves.
  explicit LogVerifier(std::vector<log::Checkpoint> checkpoints);

  /// The state to continue from behind archived records.
  void add_snapshot(const log::Checkpoint& checkpoint, ByteView bytes);
  void add(ByteView stored_record);

  [[nodiscard]] const std::vector<std::string>& problems() const { return problems_; }
  [[nodiscard]] Seq head() const { return head_; }
  [[nodiscard]] std::uint64_t archived_records() const { return archived_; }
  [[nodiscard]] std::uint64_t checkpoints_checked() const { return checkpoints_checked_; }
  /// Empty when archived records have no snapshot behind them.
  [[nodiscard]] std::optional<Hash256> state_hash() const;

 private:
  struct Author {
    AuthorKey key;
    Nonce nonce;
    Hash256 head;
  };
  void check_chain(const log::Record& record);
  void apply(const log::Record& record);
  void check_checkpoints();
  void problem(Seq seq, const std::string& text);

  std::vector<log::Checkpoint> checkpoints_;
  std::size_t next_checkpoint_ = 0;
  std::uint64_t checkpoints_checked_ = 0;
  std::optional<replica::Replica> replica_;   // empty behind a gap
  std::optional<replica::Replica> snapshot_;  // waits for its seq
  Seq snapshot_at_;
  RoomId room_;
  Seq head_;
  Hash256 record_hash_;
  WallTime hub_time_{};
  std::vector<Author> authors_;
  std::uint64_t archived_ = 0;
  std::vector<std::string> problems_;
};

}  // namespace theta::cli

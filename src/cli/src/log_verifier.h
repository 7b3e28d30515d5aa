#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "theta/log/checkpoint.h"
#include "theta/log/record.h"
#include "theta/replica/replica.h"

namespace theta::cli {

/// What lies beside a room's log: statements about it that must agree with it.
struct LogEvidence {
  /// Who must have signed the checkpoints. Empty: the hub that the room's first record names.
  std::optional<HubKey> hub;
  std::vector<log::Checkpoint> checkpoints;  // in any order
  /// The state to continue from behind archived records.
  std::optional<std::pair<log::Checkpoint, Bytes>> snapshot;
  /// Stored proofs of equivocation, by the author they accuse.
  std::vector<std::pair<AuthorKey, Bytes>> equivocations;
};

/// Checks a whole room from its first record: seqs, hub times, record hashes, every author's chain and signature, the
/// commands by applying them, the hub's signed checkpoints, and proofs of equivocation. Where payloads were archived it
/// checks what is left and continues from a snapshot. Feed it every record in order, then `finish`; every problem is a
/// sentence.
class LogVerifier {
 public:
  explicit LogVerifier(LogEvidence evidence);

  void add(ByteView stored_record);
  /// There are no more records: whatever speaks of later ones, or of other ones, is a problem.
  void finish();

  [[nodiscard]] const std::vector<std::string>& problems() const { return problems_; }
  [[nodiscard]] Seq head() const { return head_; }
  [[nodiscard]] std::uint64_t archived_records() const { return archived_; }
  [[nodiscard]] std::uint64_t checkpoints_checked() const { return checkpoints_checked_; }
  /// Authors who provably signed two packets with one nonce.
  [[nodiscard]] std::uint64_t equivocations() const { return proven_; }
  /// Whose signatures were asked for; empty as long as nobody told.
  [[nodiscard]] const std::optional<HubKey>& hub() const { return hub_; }
  /// Empty when archived records have no snapshot behind them.
  [[nodiscard]] std::optional<Hash256> state_hash() const;

 private:
  struct Author {
    AuthorKey key;
    Nonce nonce;
    Hash256 head;
  };
  struct Proof {
    AuthorKey author;
    Nonce nonce;
    Hash256 one;
    Hash256 other;
    RoomId room;
    bool is_in_log = false;
  };
  void take_snapshot(const log::Checkpoint& checkpoint, ByteView bytes);
  void take_proof(const AuthorKey& author, ByteView bytes);
  void learn_hub(const log::Record& first);
  void check_chain(const log::Record& record);
  void check_proofs(const log::PacketHeader& header, const Hash256& header_hash);
  void apply(const log::Record& record);
  void check_checkpoints();
  void problem(const std::string& text);
  void problem(Seq seq, const std::string& text);

  std::optional<HubKey> hub_;
  std::vector<log::Checkpoint> checkpoints_;  // ascending
  std::vector<Proof> proofs_;
  std::uint64_t proven_ = 0;
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

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "theta/log/checkpoint.h"
#include "theta/log/record.h"
#include "theta/replica/replica.h"
#include "theta/store/log_engine.h"

namespace theta::cli {

/// What lies beside a room's log: statements about it that must agree with it.
struct LogEvidence {
  /// Whose log was asked for; empty: whosoever it is.
  std::optional<RoomId> room;
  /// Who must have signed the checkpoints. Empty: the hub that the room's first record names.
  std::optional<HubKey> hub;
  /// Believed only where nobody asked for a hub and the first record was archived, so that it names none.
  std::optional<HubKey> hub_beside;
  std::vector<log::Checkpoint> checkpoints;  // in any order
  /// The state to continue from behind archived records.
  std::optional<std::pair<log::Checkpoint, Bytes>> snapshot;
  /// Stored proofs of equivocation, by the author they accuse.
  std::vector<std::pair<AuthorKey, Bytes>> equivocations;
  /// The store's entry of the room and its authors' high-water marks, both read before the records, in this order. A
  /// hub that runs may have gone on since.
  std::optional<store::RoomInfo> entry;
  std::optional<std::vector<store::AuthorMark>> marks;
};

/// Checks a whole room from its first record: seqs, hub times, record hashes, every author's chain and signature, the
/// commands by applying them, the hub's signed checkpoints, and proofs of equivocation. Where payloads were archived it
/// checks what is left and continues from a snapshot. Feed it every record in order, then `finish`; every problem is a
/// sentence.
class LogVerifier {
 public:
  explicit LogVerifier(LogEvidence evidence);

  void add(const store::StoredRecord& stored);
  /// There are no more records: whatever speaks of later ones, or of other ones, is a problem. `entry_now` is the
  /// store's entry of the room, read after the records.
  void finish(const std::optional<store::RoomInfo>& entry_now = std::nullopt);

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
    Nonce nonce_at_entry;  // as of the head that the store's entry of the room names
  };
  struct Proof {
    AuthorKey author;
    Nonce nonce;
    Hash256 one;
    Hash256 other;
    RoomId room;
    bool is_in_log = false;
  };
  struct Mark {
    store::AuthorMark stored;
    bool is_in_log = false;
  };
  void take_snapshot(const log::Checkpoint& checkpoint, ByteView bytes);
  void take_proof(const AuthorKey& author, ByteView bytes);
  void learn_hub(const log::Record& first);
  void check_room(const log::Record& first);
  void check_index(const store::StoredRecord& stored, const log::Record& record);
  void check_mark(const log::PacketHeader& header, const Hash256& header_hash);
  void check_chain(const log::Record& record);
  void check_proofs(const log::PacketHeader& header, const Hash256& header_hash);
  void apply(const log::Record& record);
  void check_checkpoints();
  void finish_proofs();
  void finish_marks();
  void finish_entry(const store::RoomInfo& entry_now);
  void problem(const std::string& text);
  void problem(Seq seq, const std::string& text);

  std::optional<RoomId> room_asked_for_;
  std::optional<HubKey> hub_;
  std::optional<HubKey> hub_beside_;
  std::vector<log::Checkpoint> checkpoints_;  // ascending
  std::vector<Proof> proofs_;
  std::optional<store::RoomInfo> entry_;
  std::optional<std::vector<Mark>> marks_;
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
  Seq last_archived_;
  std::optional<Seq> first_kept_;  // the first record with its payload
  std::uint64_t log_bytes_ = 0;
  std::vector<std::string> problems_;
};

}  // namespace theta::cli

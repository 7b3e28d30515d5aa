#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "theta/base/ids.h"
#include "theta/base/result.h"
#include "theta/base/time.h"
#include "theta/log/command_rules.h"
#include "theta/log/members.h"
#include "theta/log/policy.h"
#include "theta/log/record.h"
#include "theta/replica/outcome.h"
#include "theta/scene/scene.h"

namespace theta::replica {

/// Why a record or a snapshot cannot be this room's. Each means: stop trusting where it came from.
enum class ReplicaError : std::uint8_t {
  out_of_order,    // not the next seq
  broken_chain,    // record hash, room or hub time do not continue the log
  invalid_packet,  // no honest hub would have sequenced it; the message holds the refusal's sentence
  archived,        // the payload was cut: start from a snapshot
  malformed,       // snapshot: not well formed, or values out of bounds
  hash_mismatch,   // snapshot: not the state that was promised
};
template <class T>
using ReplicaResult = Expected<T, ReplicaError>;

/// A packet that may be sequenced next; only `Replica::validate` makes one, so that nothing is verified twice.
class ValidPacket {
 public:
  [[nodiscard]] const log::CommandPacket& packet() const { return packet_; }
  [[nodiscard]] const Hash256& header_hash() const { return header_hash_; }
  /// For quotas.
  [[nodiscard]] std::size_t created_entities() const { return created_entities_; }

 private:
  friend class Replica;
  ValidPacket() = default;
  log::CommandPacket packet_;
  Hash256 header_hash_;
  Seq checked_at_;
  WallTime hub_time_{};
  std::uint64_t object_counter_ = 0;
  std::size_t created_entities_ = 0;
};

/// What a record did.
struct Applied {
  log::Record record;
  std::vector<Outcome> outcomes;  // one a command
};

enum class Trust : std::uint8_t {
  verify,          // check signatures: anything that another party could have touched
  trusted_source,  // skip signatures only: the log that this process wrote and chained itself
};

/// One room: its state at the head of its log, and the only way to move the head. Pure: same records, same state, same
/// hash, on every machine. One thread.
class Replica {
 public:
  /// Before the first record; seq 0.
  Replica();
  ~Replica();
  Replica(Replica&&) noexcept;
  Replica& operator=(Replica&&) noexcept;

  // ---- Queries ---------------------------------------------------------------------------------------------------

  [[nodiscard]] const RoomId& room() const;  // zero before the first record
  [[nodiscard]] const std::string& room_name() const;
  [[nodiscard]] Seq head() const;
  [[nodiscard]] const Hash256& record_hash() const;
  [[nodiscard]] WallTime hub_time() const;
  /// H("theta/state/v1", room, seq, scene hash, hash of members, invites, policies, tombstones and journals). Never
  /// with predictions (THETA_CHECK): they stay outside the hash.
  [[nodiscard]] Hash256 state_hash() const;
  [[nodiscard]] const scene::Scene& scene() const;
  [[nodiscard]] const log::Members& members() const;
  [[nodiscard]] const log::PolicyTable& policies() const;
  /// Highest stamp in the log: a client's clock starts above it.
  [[nodiscard]] Stamp latest_stamp() const;
  /// How many entities exist that this author made, for quotas.
  [[nodiscard]] std::size_t entities_of(AuthorSlot slot) const;
  /// The commands of this author that an Undo (or a Redo) may take, the one that people expect first. Others may have
  /// changed since what one made, so that it is refused: `try_out` tells.
  struct CommandSpan {
    Nonce nonce;
    std::uint16_t index = 0;
  };
  [[nodiscard]] std::vector<CommandSpan> undo_candidates(const AuthorKey& author) const;
  [[nodiscard]] std::vector<CommandSpan> redo_candidates(const AuthorKey& author) const;

  // ---- Validity: pure, the same on every replica ------------------------------------------------------------------

  /// Whether `packet` may be the room's next record at `hub_time`: version, sizes, room, chain, stamp, signature,
  /// structure, values, role, ids, invite. Cheap checks first, the signature before the payload is parsed.
  [[nodiscard]] tl::expected<ValidPacket, log::Refused> validate(log::CommandPacket packet, WallTime hub_time,
                                                                 Trust trust = Trust::verify) const;

  // ---- Moving the head ---------------------------------------------------------------------------------------------

  /// Hub: makes the next record of a packet just validated (THETA_CHECK: the head has not moved since) and applies it.
  /// The record's hub time is the one that the packet was validated at, raised to the previous record's if that is
  /// later.
  Applied sequence(ValidPacket packet);
  /// Every other replica: verifies and applies. On failure nothing has changed.
  [[nodiscard]] ReplicaResult<std::vector<Outcome>> apply(const log::Record& record, Trust trust = Trust::verify);
  /// What the last `sequence`, `apply` or `predict` did to the scene, oldest first; nothing after `drop_predictions`.
  [[nodiscard]] const std::vector<scene::ChangeLog::Change>& last_changes() const;
  /// Whether members, roles, selections, tools or policies changed in it, or by `drop_predictions`.
  [[nodiscard]] bool members_changed() const;

  // ---- Prediction: what a client shows before the hub has answered ------------------------------------------------

  /// Executes commands on top of the head as if they were the author's next packet. Predictions stack; every one is
  /// taken back by `drop_predictions`, which must come before `apply`, `sequence`, `validate` or `save_snapshot`
  /// (THETA_CHECK). `payload` must have passed wire::verified_payload and log::check_payload.
  struct Draft {
    AuthorKey author;
    Nonce nonce;
    Seq base_seq;
    Stamp stamp;
    ByteView payload;
  };
  std::vector<Outcome> predict(const Draft& draft);
  /// What `predict` would return; changes nothing.
  [[nodiscard]] std::vector<Outcome> try_out(const Draft& draft);
  void drop_predictions();
  [[nodiscard]] bool has_predictions() const;
  /// What all predictions that stand did to the scene, oldest first, repeats included.
  [[nodiscard]] std::vector<scene::ChangeLog::Change> predicted_changes() const;

  // ---- Snapshots ---------------------------------------------------------------------------------------------------

  /// Canonical bytes (schema/snapshot.fbs) of the state at the head.
  [[nodiscard]] Bytes save_snapshot() const;
  /// Reads hostile bytes; the caller has compared the bytes' hash with a checkpoint it trusts, or passes
  /// `recompute_hash` to have the state hash recomputed from the values (slower).
  [[nodiscard]] static ReplicaResult<Replica> load_snapshot(ByteView bytes, bool recompute_hash);

  struct Impl;

 private:
  [[nodiscard]] tl::expected<ValidPacket, log::Refused> validate_hashed(log::CommandPacket packet,
                                                                        const Hash256& header_hash, WallTime hub_time,
                                                                        Trust trust) const;

  std::unique_ptr<Impl> impl_;
};

}  // namespace theta::replica

#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "theta/base/result.h"
#include "theta/log/checkpoint.h"
#include "theta/replica/replica.h"
#include "theta/wire/schema.h"

namespace theta::client {

enum class SnapshotError : std::uint8_t {
  unexpected,  // not what was announced: the connection is of no use
  forged,      // not what the hub's key signed
};

/// Collects the chunks of an announced snapshot and believes it only if it is what the pinned hub signed. Memory grows
/// with what has really arrived, never with what was announced.
class SnapshotReceiver {
 public:
  SnapshotReceiver(const log::Checkpoint& checkpoint, std::uint64_t total_bytes)
      : checkpoint_(checkpoint), total_bytes_(total_bytes) {}

  /// The checkpoint must have passed `check_announcement`.
  [[nodiscard]] static std::optional<std::string> check_announcement(const log::Checkpoint& checkpoint,
                                                                     std::uint64_t total_bytes, const RoomId& room,
                                                                     const HubKey& hub);
  [[nodiscard]] Expected<void, SnapshotError> add(const wire::fb::SnapshotChunk& chunk);
  [[nodiscard]] bool is_complete() const { return bytes_.size() == total_bytes_; }
  /// Precondition: complete.
  [[nodiscard]] Expected<replica::Replica, SnapshotError> finish() const;
  [[nodiscard]] const log::Checkpoint& checkpoint() const { return checkpoint_; }
  /// For whoever wants to keep them; the receiver is of no use afterwards.
  [[nodiscard]] Bytes take_bytes() { return std::move(bytes_); }

 private:
  log::Checkpoint checkpoint_;
  std::uint64_t total_bytes_;
  Bytes bytes_;
};

/// Why a snapshot cannot lie ahead of what this replica has verified record by record, or empty. What a hub may not
/// forget: another past at the same record, a chain that is shorter than it was or goes on from elsewhere, a member, a
/// slot. What happened in between, the snapshot's reader believes the hub. Both without predictions.
[[nodiscard]] std::optional<std::string> contradiction(const replica::Replica& known,
                                                       const replica::Replica& announced);

/// From the wire's form; nothing is verified.
[[nodiscard]] log::Checkpoint checkpoint_from_fb(const wire::fb::Checkpoint& checkpoint);

}  // namespace theta::client

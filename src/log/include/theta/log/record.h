#pragma once

#include <cstdint>
#include <optional>

#include "theta/base/time.h"
#include "theta/log/packet.h"

namespace theta::log {

/// Hub times fit the 48 bits that stamps have for milliseconds; a later one is malformed.
inline constexpr std::uint64_t kHubTimeMsMax = (std::uint64_t{1} << 48) - 1;

/// A packet in its room's order. `record_hash` chains over all records before:
/// H("theta/record/v1", previous record_hash, seq, hub time, header hash).
struct Record {
  Seq seq;
  WallTime hub_time{};  // never goes back within a room
  CommandPacket packet;
  Hash256 header_hash;  // of `packet.header`; whoever fills the record sees to that
  Hash256 record_hash;
  /// The record hash that `record_hash` was computed from, here, out of the fields above; empty when it is what
  /// somebody else claims.
  std::optional<Hash256> continues;
};

[[nodiscard]] Hash256 hash_record(const Hash256& previous, Seq seq, WallTime hub_time, const Hash256& header_hash);

/// Stored form: seq u64 | hub time ms u64 | record hash 32 | packet in stored form.
[[nodiscard]] Bytes encode_record(const Record& record);
/// Also fills `header_hash`; whether the record hash is right, is the replica's business.
[[nodiscard]] Expected<Record, PacketError> decode_record(ByteView bytes);
/// The stored form with the payload cut and the flag set; input that does not decode is returned unchanged.
[[nodiscard]] Bytes archive_record(ByteView stored);

}  // namespace theta::log

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "theta/base/limits.h"

namespace theta::log {

/// A token bucket's shape: `burst` at once, then `per_second`.
struct RateLimit {
  double burst = 0;
  double per_second = 0;
};

/// What a hub admits, right now; may be changed while it runs. Every replica is free of it: these limits refuse a
/// message before it has a place in the log.
struct CommandLogConfig {
  /// After decompression; at most limits::kPayloadBytesMax.
  std::size_t payload_bytes_max = limits::kPayloadBytesMax;
  std::size_t commands_per_packet_max = limits::kCommandsPerPacketMax;
  /// Per author, in commands; a refused packet is charged too.
  RateLimit commands{100, 10};
  /// Of all authors of a room together, in commands; authors are free, so theirs alone bound no room. Never less than
  /// one author's.
  RateLimit room_commands{5'000, 2'000};
  /// New authors of a room.
  RateLimit room_joins{200, 2};
  /// Per author, in messages.
  RateLimit presence{60, 60};
  /// Per author, in bytes; snapshots that a hub sends count too.
  RateLimit bulk{16.0 * 1024 * 1024, 8.0 * 1024 * 1024};
  /// How far a packet's stamp may lie ahead of the hub's clock.
  std::chrono::milliseconds clock_skew_max{60'000};
  std::size_t entities_per_room_max = 1'000'000;
  std::size_t entities_per_author_max = 500'000;
  std::uint64_t log_bytes_per_room_max = std::uint64_t{4} * 1024 * 1024 * 1024;
  std::uint64_t asset_bytes_per_room_max = std::uint64_t{2} * 1024 * 1024 * 1024;
  std::uint64_t asset_bytes_max = std::uint64_t{256} * 1024 * 1024;
  std::size_t authors_per_room_max = 10'000;
};

}  // namespace theta::log

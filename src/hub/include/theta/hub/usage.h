#pragma once

#include <cstddef>
#include <vector>

#include "theta/base/ids.h"

namespace theta::hub {

/// What one room holds in memory that peers, or a disk that is slow, can make grow. Each number keeps to a bound of
/// `HubConfig` or of `theta/hub/limits.h`, whatever anybody does.
struct RoomUsage {
  RoomId room;
  std::size_t sessions = 0;
  /// Records on disk that are kept for readers a little behind: `ring_records_max`, `ring_bytes_max`.
  std::size_t ring_records = 0;
  std::size_t ring_bytes = 0;
  /// Sequenced and not yet on disk: `uncommitted_records_max`; `uncommitted_bytes_max` and the record that reached it.
  std::size_t uncommitted_records = 0;
  std::size_t uncommitted_bytes = 0;
  /// Of all sessions, and of the one that has most: limits::kRefusalsKeptMax.
  std::size_t refusals_kept = 0;
  std::size_t refusals_kept_max = 0;
  /// Answers to bulk requests that a lane had no room for, of the session that has most:
  /// `bulk_requests_per_session_max`.
  std::size_t bulk_answers_max = 0;
};

struct HubUsage {
  std::vector<RoomUsage> rooms;
  std::size_t sessions = 0;
  /// Authors whose rate limits are remembered: `author_buckets_max`.
  std::size_t author_buckets = 0;
};

}  // namespace theta::hub

#pragma once

#include <cstddef>
#include <cstdint>

#include "theta/base/limits.h"

namespace theta::store::limits {

// What one request may carry. A request over a bound is refused as `invalid`, before anything is written.

/// A stored record: a payload and the fixed headers before it.
inline constexpr std::size_t kRecordBytesMax = theta::limits::kPayloadBytesMax + 4096;
inline constexpr std::size_t kAppendRecordsMax = 4096;
inline constexpr std::size_t kCheckpointBytesMax = 4096;
inline constexpr std::size_t kSnapshotBytesMax = 512 * 1024 * 1024;
/// Two packets and what is said about them.
inline constexpr std::size_t kProofBytesMax = 2 * kRecordBytesMax + 4096;
/// One answer to `ReadRecords`, whatever the request asks for.
inline constexpr std::uint32_t kReadRecordsMax = 65536;
inline constexpr std::uint32_t kReadBytesMax = 16 * 1024 * 1024;

inline constexpr std::uint64_t kAssetBytesMax = std::uint64_t{1} << 30;
inline constexpr std::uint64_t kAssetsPerRoomMax = 65536;
/// Uploads under way in one room; one more throws away the one that was touched longest ago.
inline constexpr std::size_t kPartialUploadsPerRoomMax = 32;
/// Uploads whose running hash is kept in memory, over all rooms; others are hashed again when they go on.
inline constexpr std::size_t kRunningHashesMax = 256;

// How work is cut into transactions, so that one request does not hold up the acknowledgements of others for long.

inline constexpr std::size_t kBatchRequestsMax = 4096;
inline constexpr std::size_t kBatchBytesMax = 8 * 1024 * 1024;
inline constexpr std::size_t kQueueRequestsMax = 65536;
inline constexpr std::size_t kQueueBytesMax = 256 * 1024 * 1024;
inline constexpr std::size_t kSnapshotPartBytes = 256 * 1024;
inline constexpr std::size_t kSnapshotPartsPerStep = 1;
inline constexpr std::size_t kCompactRecordsPerStep = 1024;
/// An upload is synced each time it grew by this much, so that the last sync of a large one is short.
inline constexpr std::uint64_t kAssetSyncBytes = 4 * 1024 * 1024;

/// The write-ahead log is folded into the database when it has this many pages and nothing is queued, or at the
/// second bound in any case.
inline constexpr int kCheckpointIdlePages = 1000;
inline constexpr int kCheckpointForcedPages = 8000;

/// A record's row id packs the room's row id above the seq, so that a room's records lie together in seq order.
inline constexpr int kSeqBits = 39;
inline constexpr std::uint64_t kRoomsMax = (std::uint64_t{1} << 24) - 1;
/// A snapshot part's row id packs the snapshot's row id above the part's number.
inline constexpr int kPartBits = 20;

static_assert(theta::limits::kSeqMax == (std::uint64_t{1} << kSeqBits) - 1, "every seq fits its bits of the row id");
static_assert((kRoomsMax << kSeqBits) <= std::uint64_t{INT64_MAX}, "row ids are positive 64-bit integers");
static_assert(kSnapshotBytesMax / kSnapshotPartBytes < (std::size_t{1} << kPartBits), "every part has a number");
static_assert(kReadBytesMax >= kRecordBytesMax, "one record always fits an answer");

}  // namespace theta::store::limits

#pragma once

#include <chrono>
#include <cstddef>

#include "theta/base/limits.h"

namespace theta::client::limits {

// What one peer keeps, at most. None of it is part of the protocol.

/// Commands that wait or are under way, plus settled ones whose event was not polled yet. The next call fails with
/// `queue_full`; nothing is dropped.
inline constexpr std::size_t kOutboxCommandsMax = 200'000;
inline constexpr std::size_t kOutboxBytesMax = 256 * 1024 * 1024;
/// Signed packets under way.
inline constexpr std::size_t kPacketsInFlightMax = 32;
/// How far back `Outbox` looks for a command that a newer one replaces.
inline constexpr std::size_t kCoalesceScanMax = 256;
/// Commands share a packet only if they were made within this time: the packet has one stamp, and a last-write-wins
/// comparison should not be off by more.
inline constexpr std::uint64_t kPackedStampSpreadMs = 1000;
/// Entities that commands of one packet may name together; heavier commands travel alone.
inline constexpr std::size_t kPackedTargetsMax = theta::limits::kTargetsPerCommandMax;

/// Registers that one `Changed` event lists; beyond it says "everything".
inline constexpr std::size_t kChangedRegistersMax = 16'384;
/// Events that may be dropped (oldest first, counted) when nobody polls: notices and transfer progress.
inline constexpr std::size_t kDroppableEventsMax = 256;

inline constexpr std::size_t kSessionsPerRoomMax = 4096;
inline constexpr std::size_t kSnapshotBytesMax = std::size_t{1} * 1024 * 1024 * 1024;
/// What overtakes the message that must come first: all that arrives before Attached, and records that arrive before
/// the snapshot is complete.
inline constexpr std::size_t kHeldMessageBytesMax = 64 * 1024 * 1024;
/// State and record hashes kept to compare with checkpoints that come late.
inline constexpr std::size_t kRememberedHashesMax = 64;
inline constexpr std::size_t kPendingCheckpointsMax = 16;
inline constexpr std::size_t kCheckpointInterval = 256;

inline constexpr std::size_t kAssetTransfersMax = 4096;
inline constexpr std::size_t kAssetChunksInFlightMax = 4;
inline constexpr std::size_t kAssetBytesMax = 256 * 1024 * 1024;
inline constexpr std::size_t kHistoryQueriesMax = 16;

/// The journal of the local state is folded into a new state when it is longer than this.
inline constexpr std::size_t kJournalBytesMax = 16 * 1024 * 1024;

/// How far a hub's clock may take an author's stamps ahead of the machine's own clock. Stamps only rise, so a hub that
/// lies about the time would otherwise spoil its authors' stamps in the room for ever.
inline constexpr std::chrono::hours kClockAheadMax{24};

/// Invalid records or messages in a row, without a valid record between, after which the hub is not believed any more.
inline constexpr unsigned kStrikesMax = 3;

}  // namespace theta::client::limits

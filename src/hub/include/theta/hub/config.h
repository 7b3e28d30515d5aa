#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "theta/log/config.h"

namespace theta::hub {

/// What one hub allows, right now. Every field may be changed while the hub runs (`Hub::set_config`); a smaller bound
/// refuses what comes next and takes nothing away from what is there. Defaults are in docs/hub.md too.
struct HubConfig {
  log::CommandLogConfig log;

  // Sessions.
  std::size_t sessions_max = 4096;
  std::size_t sessions_per_room_max = 1024;
  /// Sessions of one author in one room; one more ends the oldest of them.
  std::size_t sessions_per_author_max = 8;
  /// A connection that has not logged in by then is closed.
  std::chrono::milliseconds login_timeout{10'000};
  /// One that has logged in and is in no room for so long is closed: whoever only connects has no use for the place.
  std::chrono::milliseconds roomless_timeout{30'000};
  /// One whose full lanes did not move for so long is closed: what waits for it is held in memory.
  std::chrono::milliseconds stalled_timeout{60'000};
  /// Attach, Detach and OpenRoomRequest of one author. Each can cost a read of the store, or a room to load.
  log::RateLimit requests{60, 10};
  /// Authors whose buckets are remembered after they left, so that reconnecting does not refill them.
  std::size_t author_buckets_max = 65'536;

  // Rooms.
  std::size_t rooms_loaded_max = 1024;
  std::size_t rooms_max = 100'000;
  /// A room without sessions leaves memory after this.
  std::chrono::milliseconds room_idle_unload{60'000};
  /// Records that are sequenced and not yet on disk, per room; further packets are refused as `hub_busy`.
  std::size_t uncommitted_records_max = 4096;
  std::size_t uncommitted_bytes_max = std::size_t{8} * 1024 * 1024;
  /// Recent records that a room keeps in memory for readers that are a little behind; others read from the store.
  std::size_t ring_records_max = 4096;
  std::size_t ring_bytes_max = std::size_t{1024} * 1024;

  // Joining and resuming.
  /// A peer that lacks more records than this gets a snapshot.
  std::uint64_t resume_records_max = 2048;
  /// A kept snapshot serves joiners until this many records follow it.
  std::uint64_t join_tail_records_max = 1024;
  std::uint64_t snapshot_every_records = 4096;
  /// A snapshot that nobody joined from leaves memory after this.
  std::chrono::milliseconds snapshot_idle{60'000};
  /// Payloads of packets this far before the newest stored snapshot are cut (headers and signatures stay); 0: never.
  /// Never closer than `resume_records_max`, so that whoever resumes finds them whole.
  std::uint64_t archive_after_records = 0;

  // Presence.
  std::chrono::milliseconds presence_flush{15};
  /// Datagrams to one session in one flush; what does not fit goes first in the next.
  std::size_t presence_datagrams_per_flush = 16;
  /// Presence datagrams of a room to one session, and to all its sessions together. What finds nothing left waits for
  /// its turn, and goes then as it is then.
  log::RateLimit presence_to_receiver{128, 400};
  log::RateLimit presence_to_room{10'000, 50'000};
  /// A session with more presence than this still unsent is skipped.
  std::size_t presence_backlog_bytes_max = 16 * 1024;

  // Bulk.
  /// Requests of one session that the store or the lane has not finished; further ones are refused as `hub_busy`.
  std::size_t bulk_requests_per_session_max = 4;

  // A disk that fails.
  std::chrono::milliseconds probe_backoff_min{1'000};
  std::chrono::milliseconds probe_backoff_max{30'000};
};

}  // namespace theta::hub

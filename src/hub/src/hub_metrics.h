#pragma once

#include <array>

#include "theta/log/command_rules.h"
#include "theta/telemetry/metrics.h"

namespace theta::hub {

/// A bound that refuses what would exceed it. Each is counted under the name of its setting, in `quota_rejections`.
enum class Limit : std::uint8_t {
  sessions,
  sessions_per_room,
  sessions_per_author,
  bulk_requests,
  rooms,
  rooms_loaded,
  uncommitted_records,
  uncommitted_bytes,
  entities_per_room,
  entities_per_author,
  log_bytes_per_room,
  authors_per_room,
  asset_bytes,
  asset_bytes_per_room,
};
inline constexpr std::size_t kLimitCount = 14;

/// Sums of `RoomUsage` over all rooms.
struct HeldGauges {
  explicit HeldGauges(telemetry::Registry& registry);
  telemetry::Gauge& ring_bytes;
  telemetry::Gauge& uncommitted_records;
  telemetry::Gauge& uncommitted_bytes;
  telemetry::Gauge& refusals_kept;
};

/// The hub's counters, by the names that they are exported under. Every guard has one of its own and counts
/// there what it keeps out. All exist, as zeros, from the start.
struct HubMetrics {
  explicit HubMetrics(telemetry::Registry& registry);

  /// Counts a refusal under its code, and under the name of the guard when the code says which that was.
  void count_refusal(log::RefusalCode code);
  void count_over(Limit limit) { quotas_[static_cast<std::size_t>(limit)]->add(); }

  telemetry::Registry& registry;

  // Packets.
  telemetry::Counter& total_appended;
  telemetry::Gauge& append_rate_per_sec;
  telemetry::Counter& conflict_rejections;
  telemetry::Gauge& queue_depth;
  telemetry::Histogram& signature_verify_latency;
  telemetry::Counter& signature_rejections;
  telemetry::Counter& replay_rejections;
  telemetry::Counter& rate_limit_drops;
  telemetry::Counter& room_rate_drops;
  telemetry::Counter& room_join_drops;
  telemetry::Counter& payload_guard_drops;
  telemetry::Counter& command_count_drops;
  telemetry::Counter& clock_skew_rejections;
  telemetry::Counter& gap_rejections;
  telemetry::Counter& suspended_rejections;
  telemetry::Counter& not_writer_rejections;
  telemetry::Counter& read_only_rejections;
  telemetry::Counter& busy_rejections;
  telemetry::Counter& equivocations;
  telemetry::Histogram& command_latency;
  telemetry::Histogram& compression_ratio;
  telemetry::Histogram& compress_latency;
  telemetry::Counter& store_failures;
  telemetry::Counter& log_lines_left_out;

  // Sessions.
  telemetry::Counter& logins;
  telemetry::Counter& login_rejections;
  telemetry::Counter& login_timeouts;
  telemetry::Counter& messages_before_login;
  telemetry::Counter& admin_token_rejections;
  telemetry::Counter& request_rate_drops;
  telemetry::Counter& malformed_messages;
  telemetry::Counter& roomless_timeouts;
  telemetry::Counter& slow_peer_closes;
  telemetry::Counter& stalled_closes;
  telemetry::Gauge& sessions;
  telemetry::Gauge& rooms_loaded;
  telemetry::Gauge& rooms_read_only;
  HeldGauges held;
  telemetry::Gauge& rtt;
  telemetry::Gauge& jitter;
  std::array<telemetry::Gauge*, 4> transport_kind;

  // Presence and bulk.
  telemetry::Counter& presence_received;
  telemetry::Counter& presence_datagrams;
  telemetry::Counter& presence_rate_drops;
  telemetry::Counter& presence_size_drops;
  telemetry::Counter& presence_malformed_drops;
  telemetry::Counter& presence_misplaced_drops;
  telemetry::Counter& presence_skips;
  telemetry::Counter& presence_waits;
  telemetry::Counter& bulk_rate_drops;
  telemetry::Counter& asset_bytes_received;
  telemetry::Counter& asset_bytes_sent;
  telemetry::Counter& snapshots_saved;
  telemetry::Counter& snapshots_unusable;
  telemetry::Counter& records_relayed;
  telemetry::Counter& store_catch_ups;

  telemetry::RateMeter append_rate;

 private:
  std::array<telemetry::Counter*, 256> refusals_{};  // null where there is no such code
  std::array<telemetry::Counter*, kLimitCount> quotas_{};
};

}  // namespace theta::hub

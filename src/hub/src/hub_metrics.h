#pragma once

#include <array>

#include "theta/log/command_rules.h"
#include "theta/telemetry/metrics.h"

namespace theta::hub {

/// The hub's counters, by the names that they are exported under. Every guard counts what it keeps out.
struct HubMetrics {
  explicit HubMetrics(telemetry::Registry& registry);

  /// Counts a refusal under its code, and under the name of the guard that made it.
  void count_refusal(log::RefusalCode code);

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
  telemetry::Counter& payload_guard_drops;
  telemetry::Counter& equivocations;
  telemetry::Histogram& command_latency;
  telemetry::Histogram& compression_ratio;
  telemetry::Histogram& compress_latency;
  telemetry::Counter& store_failures;

  // Sessions.
  telemetry::Counter& logins;
  telemetry::Counter& login_rejections;
  telemetry::Counter& malformed_messages;
  telemetry::Counter& slow_peer_closes;
  telemetry::Gauge& sessions;
  telemetry::Gauge& rooms_loaded;
  telemetry::Gauge& rooms_read_only;
  telemetry::Gauge& rtt;
  telemetry::Gauge& jitter;
  std::array<telemetry::Gauge*, 4> transport_kind;

  // Presence and bulk.
  telemetry::Counter& presence_received;
  telemetry::Counter& presence_datagrams;
  telemetry::Counter& presence_drops;
  telemetry::Counter& presence_skips;
  telemetry::Counter& bulk_rate_drops;
  telemetry::Counter& asset_bytes_received;
  telemetry::Counter& asset_bytes_sent;
  telemetry::Counter& snapshots_saved;
  telemetry::Counter& records_relayed;
  telemetry::Counter& store_catch_ups;

  telemetry::RateMeter append_rate;

 private:
  /// Made on first use, so that an export lists only what happened.
  std::array<telemetry::Counter*, 256> refusals_{};
};

}  // namespace theta::hub

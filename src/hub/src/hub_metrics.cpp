#include "hub_metrics.h"

namespace theta::hub {
namespace {

using telemetry::Description;
using telemetry::Unit;
namespace names = telemetry::names;

telemetry::Counter& counter(telemetry::Registry& registry, std::string_view name, std::string_view help) {
  return registry.counter(Description{.name = name, .help = help});
}
telemetry::Gauge& gauge(telemetry::Registry& registry, std::string_view name, std::string_view help) {
  return registry.gauge(Description{.name = name, .help = help});
}
telemetry::Histogram& histogram(telemetry::Registry& registry, std::string_view name, std::string_view help,
                                Unit unit) {
  return registry.histogram(Description{.name = name, .help = help, .unit = unit});
}
telemetry::Gauge* kind_gauge(telemetry::Registry& registry, std::string_view kind) {
  return &registry.gauge(Description{.name = names::kTransportKind,
                                     .help = "Sessions by the transport that they came in on.",
                                     .label_key = "kind",
                                     .label_value = kind});
}

const char* setting_of(Limit limit) {
  switch (limit) {
    case Limit::sessions: return "sessions.sessions_max";
    case Limit::sessions_per_room: return "sessions.per_room_max";
    case Limit::sessions_per_author: return "sessions.per_author_and_room_max";
    case Limit::bulk_requests: return "sessions.bulk_requests_max";
    case Limit::rooms: return "rooms.rooms_max";
    case Limit::rooms_loaded: return "rooms.loaded_max";
    case Limit::uncommitted_records: return "rooms.uncommitted_records_max";
    case Limit::uncommitted_bytes: return "rooms.uncommitted_bytes_max";
    case Limit::entities_per_room: return "guards.entities_per_room_max";
    case Limit::entities_per_author: return "guards.entities_per_author_max";
    case Limit::log_bytes_per_room: return "guards.log_bytes_per_room_max";
    case Limit::authors_per_room: return "guards.authors_per_room_max";
    case Limit::asset_bytes: return "guards.asset_bytes_max";
    case Limit::asset_bytes_per_room: return "guards.asset_bytes_per_room_max";
  }
  return "";
}

std::array<telemetry::Counter*, 256> refusal_counters(telemetry::Registry& registry) {
  std::array<telemetry::Counter*, 256> counters{};
  for (const auto code : wire::fb::EnumValuesRefusalCode()) {
    if (code == log::RefusalCode::none) continue;
    counters[static_cast<std::size_t>(code)] =
        &registry.counter(Description{.name = "refusals",
                                      .help = "Packets and requests refused, by reason.",
                                      .label_key = "code",
                                      .label_value = log::refusal_name(code)});
  }
  return counters;
}

std::array<telemetry::Counter*, kLimitCount> quota_counters(telemetry::Registry& registry) {
  std::array<telemetry::Counter*, kLimitCount> counters{};
  for (std::size_t limit = 0; limit < kLimitCount; ++limit)
    counters[limit] = &registry.counter(Description{.name = "quota_rejections",
                                                    .help = "What would have exceeded a bound, by the bound's setting.",
                                                    .label_key = "setting",
                                                    .label_value = setting_of(static_cast<Limit>(limit))});
  return counters;
}

}  // namespace

HeldGauges::HeldGauges(telemetry::Registry& r)
    : ring_bytes(gauge(r, "ring_bytes", "Bytes of recent records that rooms keep for readers a little behind.")),
      uncommitted_records(gauge(r, "uncommitted_records", "Records that are sequenced and not yet on disk.")),
      uncommitted_bytes(gauge(r, "uncommitted_bytes", "Bytes of these.")),
      refusals_kept(gauge(r, "refusals_kept", "Refusals kept back for sessions that do not read, or for the disk.")) {}

HubMetrics::HubMetrics(telemetry::Registry& r)
    : registry(r),
      total_appended(counter(r, names::kTotalAppended, "Records committed to rooms' logs.")),
      append_rate_per_sec(gauge(r, names::kAppendRatePerSec, "Records committed a second, over ten seconds.")),
      conflict_rejections(counter(r, names::kConflictRejections, "Sequenced commands that lost a conflict.")),
      queue_depth(gauge(r, names::kQueueDepth, "Requests that the store has not answered.")),
      signature_verify_latency(histogram(r, names::kSignatureVerifyLatency,
                                         "Time to validate a packet, its signature included.", Unit::nanoseconds)),
      signature_rejections(counter(r, names::kSignatureRejections, "Packets whose signature did not verify.")),
      replay_rejections(counter(r, names::kReplayRejections, "Packets with a nonce that was used before.")),
      rate_limit_drops(counter(r, names::kRateLimitDrops, "Packets refused by the author's rate limit.")),
      room_rate_drops(counter(r, "room_rate_drops", "Packets refused by the rate limit of all the room's authors.")),
      room_join_drops(counter(r, "room_join_drops", "New authors put off because too many joined the room.")),
      payload_guard_drops(counter(r, names::kPayloadGuardDrops, "Packets with too many bytes.")),
      command_count_drops(counter(r, "command_count_drops", "Packets with too many commands.")),
      clock_skew_rejections(counter(r, "clock_skew_rejections", "Packets stamped too far ahead of the hub's clock.")),
      gap_rejections(counter(r, "gap_rejections", "Packets before which another one of their author is missing.")),
      suspended_rejections(counter(r, "suspended_rejections", "Packets of authors who are suspended in the room.")),
      not_writer_rejections(counter(r, "not_writer_rejections", "Packets of sessions that only read.")),
      read_only_rejections(counter(r, "read_only_rejections", "What was put off because the disk does not write.")),
      busy_rejections(counter(r, "busy_rejections", "Packets and requests put off because the hub is not ready.")),
      equivocations(counter(r, "equivocations", "Proofs that an author signed two packets with one nonce.")),
      command_latency(histogram(r, names::kCommandLatency, "Time from a packet's arrival to its relay after commit.",
                                Unit::nanoseconds)),
      compression_ratio(histogram(r, names::kCompressionRatio, "Size of relayed records before framing over after.",
                                  Unit::thousandths)),
      compress_latency(
          histogram(r, names::kCompressLatency, "Time to frame and compress a message of records.", Unit::nanoseconds)),
      store_failures(counter(r, "store_failures", "Requests to the store that failed for want of a healthy disk.")),
      log_lines_left_out(counter(r, "log_lines_left_out", "Log lines about peers that were too many to be written.")),
      logins(counter(r, "logins", "Sessions that proved their author key.")),
      login_rejections(counter(r, "login_rejections", "Logins refused for their version or signature.")),
      login_timeouts(counter(r, "login_timeouts", "Connections closed because no login came in time.")),
      messages_before_login(
          counter(r, "messages_before_login", "Connections closed because something else came before the login.")),
      admin_token_rejections(counter(r, "admin_token_rejections", "Requests to open a room with a wrong admin token.")),
      request_rate_drops(
          counter(r, "request_rate_drops", "Attach, Detach and OpenRoomRequest over the author's rate.")),
      malformed_messages(counter(r, "malformed_messages", "Messages that were no well-formed or expected message.")),
      roomless_timeouts(counter(r, "roomless_timeouts", "Connections closed because they entered no room.")),
      slow_peer_closes(counter(r, "slow_peer_closes", "Sessions closed because they did not read what they must.")),
      stalled_closes(counter(r, "stalled_closes", "Sessions closed because nothing that waited for them moved.")),
      sessions(gauge(r, "sessions", "Connections, logged in or not.")),
      rooms_loaded(gauge(r, "rooms_loaded", "Rooms in memory.")),
      rooms_read_only(gauge(r, "rooms_read_only", "Rooms in memory that take no packets because the disk fails.")),
      held(r),
      rtt(gauge(r, names::kRtt, "Mean of the sessions' smoothed round trip, in seconds.")),
      jitter(gauge(r, names::kJitter, "Mean of the sessions' round trip deviation, in seconds.")),
      transport_kind{kind_gauge(r, "quic"), kind_gauge(r, "webrtc"), kind_gauge(r, "websocket"),
                     kind_gauge(r, "simulated")},
      presence_received(counter(r, "presence_received", "Presence messages taken from peers.")),
      presence_datagrams(counter(r, "presence_datagrams", "Presence datagrams sent to peers.")),
      presence_rate_drops(counter(r, "presence_rate_drops", "Presence messages over the author's rate.")),
      presence_size_drops(counter(r, "presence_size_drops", "Presence messages that are too large.")),
      presence_malformed_drops(counter(r, "presence_malformed_drops",
                                       "Presence messages that are none, or whose values are out of bounds.")),
      presence_misplaced_drops(
          counter(r, "presence_misplaced_drops", "Presence messages of sessions that were in no room.")),
      presence_skips(counter(r, "presence_skips", "Flushes that passed over a session whose lane was full.")),
      presence_waits(counter(r, "presence_waits", "Flushes that left presence for a later one.")),
      bulk_rate_drops(counter(r, "bulk_rate_drops",
                              "Asset and history requests and snapshots put off by the author's bulk rate limit.")),
      asset_bytes_received(counter(r, "asset_bytes_received", "Bytes of assets taken from peers.")),
      asset_bytes_sent(counter(r, "asset_bytes_sent", "Bytes of assets sent to peers.")),
      snapshots_saved(counter(r, "snapshots_saved", "Snapshots made of rooms.")),
      snapshots_unusable(counter(r, "snapshots_unusable", "Stored snapshots that could not be loaded.")),
      records_relayed(counter(r, "records_relayed", "Records sent, counted once for each session.")),
      store_catch_ups(counter(r, "store_catch_ups", "Reads from the store for sessions behind the room's memory.")),
      refusals_(refusal_counters(r)),
      quotas_(quota_counters(r)) {}

void HubMetrics::count_refusal(log::RefusalCode code) {
  auto* counter = refusals_[static_cast<std::size_t>(code) % refusals_.size()];
  if (counter != nullptr) counter->add();
  switch (code) {
    case log::RefusalCode::bad_signature: signature_rejections.add(); break;
    case log::RefusalCode::replay: replay_rejections.add(); break;
    case log::RefusalCode::gap: gap_rejections.add(); break;
    case log::RefusalCode::too_large: payload_guard_drops.add(); break;
    case log::RefusalCode::too_many_commands: command_count_drops.add(); break;
    case log::RefusalCode::clock_skew: clock_skew_rejections.add(); break;
    case log::RefusalCode::suspended: suspended_rejections.add(); break;
    case log::RefusalCode::not_writer: not_writer_rejections.add(); break;
    case log::RefusalCode::room_read_only: read_only_rejections.add(); break;
    case log::RefusalCode::hub_busy: busy_rejections.add(); break;
    default: break;
  }
}

}  // namespace theta::hub

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

}  // namespace

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
      payload_guard_drops(counter(r, names::kPayloadGuardDrops, "Packets with too many bytes or commands.")),
      equivocations(counter(r, "equivocations", "Proofs that an author signed two packets with one nonce.")),
      command_latency(histogram(r, names::kCommandLatency, "Time from a packet's arrival to its relay after commit.",
                                Unit::nanoseconds)),
      compression_ratio(histogram(r, names::kCompressionRatio, "Size of relayed records before framing over after.",
                                  Unit::thousandths)),
      compress_latency(
          histogram(r, names::kCompressLatency, "Time to frame and compress a message of records.", Unit::nanoseconds)),
      store_failures(counter(r, "store_failures", "Requests to the store that failed for want of a healthy disk.")),
      logins(counter(r, "logins", "Sessions that proved their author key.")),
      login_rejections(counter(r, "login_rejections", "Logins and admin tokens that were refused.")),
      malformed_messages(counter(r, "malformed_messages", "Messages that were no well-formed or expected message.")),
      slow_peer_closes(counter(r, "slow_peer_closes", "Sessions closed because they did not read what they must.")),
      sessions(gauge(r, "sessions", "Connections, logged in or not.")),
      rooms_loaded(gauge(r, "rooms_loaded", "Rooms in memory.")),
      rooms_read_only(gauge(r, "rooms_read_only", "Rooms in memory that take no packets because the disk fails.")),
      rtt(gauge(r, names::kRtt, "Mean of the sessions' smoothed round trip, in seconds.")),
      jitter(gauge(r, names::kJitter, "Mean of the sessions' round trip deviation, in seconds.")),
      transport_kind{kind_gauge(r, "quic"), kind_gauge(r, "webrtc"), kind_gauge(r, "websocket"),
                     kind_gauge(r, "simulated")},
      presence_received(counter(r, "presence_received", "Presence messages taken from peers.")),
      presence_datagrams(counter(r, "presence_datagrams", "Presence datagrams sent to peers.")),
      presence_drops(counter(r, "presence_drops", "Presence messages over the rate, malformed or out of place.")),
      presence_skips(counter(r, "presence_skips", "Flushes that passed over a session whose lane was full.")),
      bulk_rate_drops(counter(r, "bulk_rate_drops", "Asset and history requests refused by the bulk rate limit.")),
      asset_bytes_received(counter(r, "asset_bytes_received", "Bytes of assets taken from peers.")),
      asset_bytes_sent(counter(r, "asset_bytes_sent", "Bytes of assets sent to peers.")),
      snapshots_saved(counter(r, "snapshots_saved", "Snapshots made of rooms.")),
      records_relayed(counter(r, "records_relayed", "Records sent, counted once for each session.")),
      store_catch_ups(counter(r, "store_catch_ups", "Reads from the store for sessions behind the room's memory.")) {}

void HubMetrics::count_refusal(log::RefusalCode code) {
  auto*& slot = refusals_[static_cast<std::size_t>(code) % refusals_.size()];
  if (slot == nullptr)
    slot = &registry.counter(Description{.name = "refusals",
                                         .help = "Packets and requests refused, by reason.",
                                         .label_key = "code",
                                         .label_value = log::refusal_name(code)});
  slot->add();
  switch (code) {
    case log::RefusalCode::bad_signature: signature_rejections.add(); break;
    case log::RefusalCode::replay: replay_rejections.add(); break;
    case log::RefusalCode::rate_limited: rate_limit_drops.add(); break;
    case log::RefusalCode::too_large:
    case log::RefusalCode::too_many_commands: payload_guard_drops.add(); break;
    default: break;
  }
}

}  // namespace theta::hub

#include "transport_metrics.h"

namespace theta::hub {

void TransportMetrics::count(std::string_view name, std::string_view help, std::uint64_t value) {
  auto& counter = registry_.counter({.name = name, .help = help});
  counter.add(value - counter.value());
}

void TransportMetrics::drops(std::string_view reason, std::uint64_t value) {
  auto& counter = registry_.counter({.name = "datagram_drops",
                                     .help = "Datagrams and connection attempts turned away, by reason.",
                                     .label_key = "reason",
                                     .label_value = reason});
  counter.add(value - counter.value());
}

void TransportMetrics::refresh(const transport::QuicStats& stats) {
  namespace names = telemetry::names;
  count(names::kPacketsReceived, "UDP datagrams received.", stats.datagrams_received);
  count(names::kPacketsSent, "UDP datagrams sent.", stats.datagrams_sent);
  count("bytes_received", "Bytes of UDP datagrams received.", stats.bytes_received);
  count("bytes_sent", "Bytes of UDP datagrams sent.", stats.bytes_sent);
  count("connections_accepted", "QUIC connections begun by peers.", stats.connections_accepted);
  count("handshakes_completed", "QUIC handshakes completed.", stats.handshakes_completed);
  count("handshakes_failed", "QUIC handshakes failed.", stats.handshakes_failed);
  count("idle_timeouts", "Connections that ended because nothing was heard.", stats.idle_timeouts);
  count("transport_protocol_errors", "Connections ended because the peer broke the protocol.", stats.protocol_errors);
  count("lanes_full", "Messages that waited because a peer's lane was full.", stats.sends_full);
  count("presence_dropped", "Presence messages dropped for want of room.", stats.presence_dropped);
  count("retries_sent", "Newcomers asked to prove their address.", stats.retries_sent);
  count("stateless_resets_sent", "Stateless resets sent.", stats.stateless_resets_sent);
  drops("short", stats.dropped_short);
  drops("malformed", stats.dropped_malformed);
  drops("unknown_connection", stats.dropped_unknown_connection);
  drops("bad_token", stats.dropped_bad_token);
  drops("connection_limit", stats.dropped_connection_limit);
  drops("source_limit", stats.dropped_source_limit);
  drops("half_open_limit", stats.dropped_half_open_limit);
  drops("answer_budget", stats.dropped_answer_budget);
}

}  // namespace theta::hub

#include "transport_metrics.h"

namespace theta::hub {

void TransportMetrics::set(const telemetry::Description& description, std::uint64_t value) {
  auto& counter = registry_.counter(description);
  counter.add(value - counter.value());
}

void TransportMetrics::count(std::string_view name, std::string_view help, std::uint64_t value) {
  set({.name = name, .help = help}, value);
}

void TransportMetrics::drops(std::string_view reason, std::uint64_t value) {
  set({.name = "datagram_drops",
       .help = "Datagrams and connection attempts turned away, by reason.",
       .label_key = "reason",
       .label_value = reason},
      value);
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
  count("version_negotiations_sent", "Answers to newcomers that speak another version of QUIC.",
        stats.version_negotiations_sent);
  count("alpn_mismatches", "Newcomers that speak another protocol over QUIC.", stats.alpn_mismatches);
  count("unfinished_limit_closes", "Connections closed because unfinished messages took too much memory.",
        stats.unfinished_limit_closes);
  drops("short", stats.dropped_short);
  drops("malformed", stats.dropped_malformed);
  drops("unknown_connection", stats.dropped_unknown_connection);
  drops("bad_token", stats.dropped_bad_token);
  drops("connection_limit", stats.dropped_connection_limit);
  drops("source_limit", stats.dropped_source_limit);
  drops("network_limit", stats.dropped_network_limit);
  drops("half_open_limit", stats.dropped_half_open_limit);
  drops("not_serving", stats.dropped_not_serving);
  drops("answer_budget", stats.dropped_answer_budget);
}

void TransportMetrics::refresh(const transport::UdpStats& stats) {
  count("udp_receive_calls", "System calls that read datagrams.", stats.receive_calls);
  count("udp_send_calls", "System calls that sent datagrams.", stats.send_calls);
  count("udp_send_errors", "Datagrams that the system refused to send.", stats.send_errors);
  count("udp_sends_blocked", "Datagrams dropped because the system's buffer was full.", stats.dropped_blocked);
  count("udp_segmentation_fallbacks", "Times that segmentation offload was refused and switched off.",
        stats.segmentation_fallbacks);
  drops("unknown_kind", stats.dropped_unknown_kind);
  drops("no_handler", stats.dropped_no_handler);
  drops("truncated", stats.dropped_truncated);
}

void TransportMetrics::refresh(const HttpStats& stats) {
  count("http_requests", "HTTP requests answered, refusals included.", stats.requests);
  const auto refused = [this](std::string_view reason, std::uint64_t value) {
    set({.name = "http_rejections",
         .help = "HTTP requests turned away and connections ended, by reason.",
         .label_key = "reason",
         .label_value = reason},
        value);
  };
  refused("malformed", stats.malformed);
  refused("method", stats.wrong_method);
  refused("header_size", stats.header_too_large);
  refused("body_size", stats.body_too_large);
  refused("timeout", stats.timeouts);
  refused("connection_limit", stats.connections_full);
}

}  // namespace theta::hub

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

void TransportMetrics::webrtc(std::string_view event, std::uint64_t value) {
  set({.name = "webrtc_events",
       .help = "What became of offers, checks and connections over WebRTC, by event.",
       .label_key = "event",
       .label_value = event},
      value);
}

void TransportMetrics::websocket(std::string_view event, std::uint64_t value) {
  set({.name = "websocket_events",
       .help = "What became of connections over WebSockets, by event.",
       .label_key = "event",
       .label_value = event},
      value);
}

void TransportMetrics::http_rejection(std::string_view reason, std::uint64_t value) {
  set({.name = "http_rejections",
       .help = "HTTP requests turned away and connections ended, by reason.",
       .label_key = "reason",
       .label_value = reason},
      value);
}

void TransportMetrics::refresh_quic(const transport::QuicStats& stats) {
  count("connections_accepted", "QUIC connections begun by peers.", stats.connections_accepted);
  count("handshakes_completed", "QUIC handshakes completed.", stats.handshakes_completed);
  count("handshakes_failed", "QUIC handshakes failed.", stats.handshakes_failed);
  count("retries_sent", "Newcomers asked to prove their address.", stats.retries_sent);
  count("stateless_resets_sent", "Stateless resets sent.", stats.stateless_resets_sent);
  count("version_negotiations_sent", "Answers to newcomers that speak another version of QUIC.",
        stats.version_negotiations_sent);
  count("alpn_mismatches", "Newcomers that speak another protocol over QUIC.", stats.alpn_mismatches);
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

void TransportMetrics::refresh_webrtc(const transport::WebRtcStats& stats) {
  webrtc("offers_accepted", stats.offers_accepted);
  webrtc("offers_malformed", stats.offers_malformed);
  webrtc("offers_refused_busy", stats.offers_refused_busy);
  webrtc("checks_answered", stats.checks_answered);
  webrtc("role_conflicts", stats.role_conflicts);
  webrtc("address_changes", stats.address_changes);
  webrtc("connections_completed", stats.connections_completed);
  webrtc("connections_failed", stats.connections_failed);
  webrtc("connect_timeouts", stats.connect_timeouts);
  webrtc("dtls_failures", stats.dtls_failures);
  webrtc("fingerprint_mismatches", stats.fingerprint_mismatches);
  webrtc("renegotiations_refused", stats.renegotiations_refused);
  webrtc("consent_expired", stats.consent_expired);
  webrtc("stalled_closes", stats.stalled_closes);
  webrtc("stream_resets", stats.stream_resets);
  webrtc("held_unproven", stats.dtls_held_unproven);
  drops("stun_malformed", stats.stun_dropped_malformed);
  drops("stun_unknown_user", stats.stun_dropped_unknown_user);
  drops("stun_integrity", stats.stun_dropped_integrity);
  drops("stun_amplifying", stats.stun_dropped_amplifying);
  drops("stun_address_limit", stats.stun_dropped_address_limit);
  drops("dtls_unknown_address", stats.dtls_dropped_unknown_address);
  drops("dtls_records", stats.dtls_dropped_records);
  drops("sctp_resets", stats.sctp_dropped_resets);
  drops("sctp_late", stats.sctp_dropped_late);
}

void TransportMetrics::refresh_websocket(const transport::WebSocketStats& stats) {
  websocket("connections_accepted", stats.connections_accepted);
  websocket("handshakes_completed", stats.handshakes_completed);
  websocket("handshakes_failed", stats.handshakes_failed);
  websocket("slow_reader_closes", stats.slow_reader_closes);
  websocket("refused_connection_limit", stats.refused_connection_limit);
  websocket("refused_source_limit", stats.refused_source_limit);
  websocket("refused_network_limit", stats.refused_network_limit);
  websocket("refused_half_open_limit", stats.refused_half_open_limit);
}

void TransportMetrics::refresh_udp(const transport::UdpStats& stats) {
  namespace names = telemetry::names;
  count(names::kPacketsReceived, "UDP datagrams received.", stats.datagrams_received);
  count(names::kPacketsSent, "UDP datagrams sent.", stats.datagrams_sent);
  count("bytes_received", "Bytes of UDP datagrams received.", stats.bytes_received);
  count("bytes_sent", "Bytes of UDP datagrams sent.", stats.bytes_sent);
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

void TransportMetrics::refresh(HubTransports& transports) {
  const auto& quic = transports.quic().stats();
  const auto& rtc = transports.webrtc().stats();
  const auto& web = transports.websockets().stats();
  refresh_quic(quic);
  refresh_webrtc(rtc);
  refresh_websocket(web);
  refresh_udp(transports.mux().stats());
  count("idle_timeouts", "Connections of any transport that ended because nothing was heard.",
        quic.idle_timeouts + rtc.consent_expired + web.idle_timeouts);
  count("transport_protocol_errors", "Connections of any transport ended because the peer broke the protocol.",
        quic.protocol_errors + rtc.protocol_errors + web.protocol_errors);
  count("lanes_full", "Messages that waited because a peer's lane was full.",
        quic.sends_full + rtc.sends_full + web.sends_full);
  count("presence_dropped", "Presence messages dropped for want of room.",
        quic.presence_dropped + rtc.presence_dropped + web.presence_dropped);
  count("unfinished_limit_closes", "Connections closed because unfinished messages took too much memory.",
        quic.unfinished_limit_closes + rtc.unfinished_limit_closes + web.unfinished_limit_closes);
}

void TransportMetrics::refresh(const HttpStats& http, const HttpSiteStats& site, const RtcDoorStats& rtc) {
  count("http_requests", "HTTP requests answered, refusals included.", http.requests);
  count("http_plain_redirects", "Requests without TLS where TLS is spoken, sent on to https.", http.plain_redirects);
  count("http_tls_waits", "TLS handshakes that had to wait because their source or all began too many.",
        http.tls_waits);
  http_rejection("malformed", http.malformed);
  http_rejection("header_size", http.header_too_large);
  http_rejection("body_size", http.body_too_large + rtc.body_size);
  http_rejection("timeout", http.timeouts);
  http_rejection("connection_limit", http.connections_full);
  http_rejection("tls", http.tls_failures);
  http_rejection("method", site.wrong_method);
  http_rejection("not_found", site.not_found);
  http_rejection("origin", site.wrong_origin);
  http_rejection("host", site.wrong_host);
  http_rejection("no_websocket", site.no_websocket);
  http_rejection("websocket_limit", site.websocket_refused);
  for (const auto& [door, value] : {std::pair{"rtc", site.rtc_refusals}, std::pair{"ws", site.ws_refusals}})
    set({.name = "signalling_rejections",
         .help = "Requests for a connection that were refused, for whatever reason, by door.",
         .label_key = "door",
         .label_value = door},
        value);
  count("rtc_offers_answered", "Offers for WebRTC that were answered.", rtc.answered);
  const auto offer = [this](std::string_view reason, std::uint64_t value) {
    set({.name = "rtc_rejections",
         .help = "Offers for WebRTC that were turned away, by reason.",
         .label_key = "reason",
         .label_value = reason},
        value);
  };
  offer("content_type", rtc.content_type);
  offer("malformed", rtc.malformed);
  offer("clock", rtc.clock);
  offer("signature", rtc.signature);
  offer("rate", rtc.source_rate);
  offer("busy", rtc.busy);
}

}  // namespace theta::hub

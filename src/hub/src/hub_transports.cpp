#include "hub_transports.h"

#include <sodium.h>

#include <algorithm>

namespace theta::hub {

using transport::DatagramKind;
using transport::TransportKind;

namespace {

/// How long to wait before the system's full buffer is tried again.
constexpr auto kRetryBlockedSend = std::chrono::milliseconds{1};

transport::WebSocketOptions websocket_options(const transport::QuicOptions& quic) {
  transport::WebSocketOptions result;
  result.handshake_timeout = quic.handshake_timeout;
  result.idle_timeout = quic.idle_timeout;
  result.keep_alive = quic.idle_timeout / 2;
  result.linger = quic.linger;
  result.lane_bounds = quic.lane_bounds;
  result.unfinished_bytes_max = quic.unfinished_bytes_max;
  result.connections_max = quic.connections_max;
  result.connections_per_source_max = quic.connections_per_source_max;
  result.connections_per_network_max = quic.connections_per_network_max;
  result.half_open_max = quic.half_open_max;
  result.half_open_per_source_max = quic.half_open_per_source_max;
  result.half_open_per_network_max = quic.half_open_per_network_max;
  return result;
}

transport::WebRtcOptions webrtc_options(const transport::QuicOptions& quic) {
  transport::WebRtcOptions result;
  result.consent_timeout = quic.idle_timeout;
  result.linger = quic.linger;
  result.lane_bounds = quic.lane_bounds;
  result.unfinished_bytes_max = quic.unfinished_bytes_max;
  result.connections_max = quic.connections_max;
  result.connections_per_source_max = quic.connections_per_source_max;
  result.connections_per_network_max = quic.connections_per_network_max;
  result.pending_max = quic.half_open_max;
  result.pending_per_source_max = quic.half_open_per_source_max;
  return result;
}

}  // namespace

ServerResult<std::unique_ptr<HubTransports>> HubTransports::open(const transport::SocketAddress& listen,
                                                                 const transport::QuicOptions& options,
                                                                 const crypto::KeyPair& key,
                                                                 transport::EventSink& sink) {
  std::unique_ptr<HubTransports> result(new HubTransports());
  auto mux = transport::UdpMux::open({.listen = listen});
  if (!mux) return fail(ServerError::address, std::move(mux.error().message));
  result->mux_ = std::move(*mux);
  auto quic_options = options;
  quic_options.hub_seed = key.seed();
  auto quic = transport::QuicEngine::create(quic_options, sink, *result->mux_, result->mux_->local_address());
  if (!quic) return fail(ServerError::address, std::move(quic.error().message));
  result->quic_ = std::move(*quic);
  auto webrtc = transport::WebRtcEngine::create(webrtc_options(options), sink, *result->mux_);
  if (!webrtc) return fail(ServerError::address, std::move(webrtc.error().message));
  result->webrtc_ = std::move(*webrtc);
  result->websockets_ = std::make_unique<transport::WebSocketEngine>(
      websocket_options(options), key,
      [](std::span<std::uint8_t> bytes) { ::randombytes_buf(bytes.data(), bytes.size()); }, sink);
  result->mux_->set_handler(DatagramKind::quic, result->quic_.get());
  result->mux_->set_handler(DatagramKind::stun, result->webrtc_.get());
  result->mux_->set_handler(DatagramKind::dtls, result->webrtc_.get());
  result->set_.set(TransportKind::quic, result->quic_.get());
  result->set_.set(TransportKind::webrtc, result->webrtc_.get());
  result->set_.set(TransportKind::websocket, result->websockets_.get());
  return result;
}

HubTransports::~HubTransports() {
  if (!mux_) return;
  for (const auto kind : {DatagramKind::quic, DatagramKind::stun, DatagramKind::dtls}) mux_->set_handler(kind, nullptr);
}

void HubTransports::on_readable(MonotonicTime now) {
  mux_->on_readable(now);
  on_timer(now);
}

void HubTransports::on_timer(MonotonicTime now) {
  quic_->on_timer(now);
  webrtc_->on_timer(now);
  websockets_->on_timer(now);
}

void HubTransports::flush(MonotonicTime now) {
  now_ = std::max(now_, now);
  if (!mux_->can_send()) mux_->on_writable();
  quic_->flush(now);
  webrtc_->flush(now);
  websockets_->flush(now);
}

MonotonicTime HubTransports::next_timeout() const {
  const auto by_udp = std::min(quic_->next_timeout(), webrtc_->next_timeout());
  // What is due by UDP cannot leave while the system's buffer is full: neither spin nor forget it.
  const auto udp_due = mux_->can_send() ? by_udp : now_ + kRetryBlockedSend;
  return std::min(udp_due, websockets_->next_timeout());
}

void HubTransports::shut_down(transport::CloseReason reason, const std::string& text) {
  quic_->shut_down(reason, text);
  webrtc_->shut_down(reason, text);
  websockets_->shut_down(reason, text);
}

std::size_t HubTransports::connection_count() const {
  return quic_->connection_count() + webrtc_->connection_count() + websockets_->connection_count();
}

void HubTransports::set_options(const transport::QuicOptions& options) {
  quic_->set_options(options);
  webrtc_->set_options(webrtc_options(options));
  websockets_->set_options(websocket_options(options));
}

}  // namespace theta::hub

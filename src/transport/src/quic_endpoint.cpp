#include "theta/transport/quic_endpoint.h"

#include <algorithm>
#include <utility>

namespace theta::transport {
namespace {

/// How long to wait before the system's full buffer is tried again, for an owner that does not poll for writing.
constexpr auto kRetryBlockedSend = std::chrono::milliseconds{1};

}  // namespace

QuicEndpoint::QuicEndpoint(std::unique_ptr<UdpMux> mux, std::unique_ptr<QuicEngine> engine)
    : mux_(std::move(mux)), engine_(std::move(engine)) {
  mux_->set_handler(DatagramKind::quic, engine_.get());
}

QuicEndpoint::~QuicEndpoint() { mux_->set_handler(DatagramKind::quic, nullptr); }

TransportResult<std::unique_ptr<QuicEndpoint>> QuicEndpoint::open(const Options& options, EventSink& sink) {
  auto mux = UdpMux::open({.listen = options.listen, .socket_buffer_bytes = options.socket_buffer_bytes});
  if (!mux) return tl::unexpected(std::move(mux.error()));
  auto engine = QuicEngine::create(options.quic, sink, **mux, (*mux)->local_address());
  if (!engine) return tl::unexpected(std::move(engine.error()));
  return std::unique_ptr<QuicEndpoint>(new QuicEndpoint(std::move(*mux), std::move(*engine)));
}

PeerId QuicEndpoint::connect(const SocketAddress& remote, const std::optional<HubKey>& expected, MonotonicTime now) {
  return engine_->connect(remote, expected, now);
}
SendResult QuicEndpoint::send(PeerId peer, Lane lane, const SharedBytes& message) {
  return engine_->send(peer, lane, message);
}
void QuicEndpoint::close(PeerId peer, CloseReason reason, std::string text) {
  engine_->close(peer, reason, std::move(text));
}
std::size_t QuicEndpoint::queued_bytes(PeerId peer, Lane lane) const { return engine_->queued_bytes(peer, lane); }
PeerStats QuicEndpoint::peer_stats(PeerId peer) const { return engine_->peer_stats(peer); }
void QuicEndpoint::shut_down(CloseReason reason, const std::string& text) { engine_->shut_down(reason, text); }
std::size_t QuicEndpoint::connection_count() const { return engine_->connection_count(); }

void QuicEndpoint::on_readable(MonotonicTime now) {
  mux_->on_readable(now);
  on_timer(now);
}

void QuicEndpoint::on_timer(MonotonicTime now) {
  engine_->on_timer(now);
  flush(now);
}

void QuicEndpoint::flush(MonotonicTime now) {
  now_ = std::max(now_, now);
  if (!mux_->can_send()) mux_->on_writable();
  engine_->flush(now);
}

MonotonicTime QuicEndpoint::next_timeout() const {
  const auto due = engine_->next_timeout();
  if (mux_->can_send()) return due;
  // What is due cannot leave: neither spin nor forget it.
  return now_ + kRetryBlockedSend;
}

int QuicEndpoint::fd() const { return mux_->fd(); }
const SocketAddress& QuicEndpoint::local_address() const { return mux_->local_address(); }
const std::optional<HubKey>& QuicEndpoint::hub_key() const { return engine_->hub_key(); }
void QuicEndpoint::set_options(const QuicOptions& options) { engine_->set_options(options); }
UdpMux& QuicEndpoint::mux() { return *mux_; }

const QuicStats& QuicEndpoint::stats() const {
  stats_ = engine_->stats();
  stats_.datagrams_sent = mux_->stats().datagrams_sent;
  stats_.bytes_sent = mux_->stats().bytes_sent;
  return stats_;
}

}  // namespace theta::transport

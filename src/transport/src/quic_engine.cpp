#include "theta/transport/quic_engine.h"

#include <utility>

#include <sodium.h>

#include "quic_core.h"

namespace theta::transport {

QuicEngine::QuicEngine(std::unique_ptr<QuicCore> core) : core_(std::move(core)) {}
QuicEngine::~QuicEngine() = default;

TransportResult<std::unique_ptr<QuicEngine>> QuicEngine::create(const QuicOptions& options, EventSink& sink,
                                                                DatagramSender& output, const SocketAddress& local) {
  if (sodium_init() < 0) return fail(TransportError::system, "libsodium cannot start: no source of randomness");
  auto tls = TlsContext::create(options.hub_seed, options.alpn);
  if (!tls) return tl::unexpected(std::move(tls.error()));
  return std::unique_ptr<QuicEngine>(
      new QuicEngine(std::make_unique<QuicCore>(options, std::move(*tls), sink, output, local)));
}

PeerId QuicEngine::connect(const SocketAddress& remote, const std::optional<HubKey>& expected, MonotonicTime now) {
  return core_->connect(remote, expected, now);
}
SendResult QuicEngine::send(PeerId peer, Lane lane, const SharedBytes& message) {
  return core_->send(peer, lane, message);
}
void QuicEngine::close(PeerId peer, CloseReason reason, std::string text) {
  core_->close(peer, reason, std::move(text));
}
std::size_t QuicEngine::queued_bytes(PeerId peer, Lane lane) const {
  const auto* connection = core_->find(peer);
  return connection == nullptr ? 0 : connection->queued_bytes(lane);
}
PeerStats QuicEngine::peer_stats(PeerId peer) const {
  const auto* connection = core_->find(peer);
  return connection == nullptr ? PeerStats{} : connection->stats();
}
void QuicEngine::shut_down(CloseReason reason, const std::string& text) { core_->shut_down(reason, text); }
void QuicEngine::on_datagram(const Datagram& datagram, MonotonicTime now) { core_->on_datagram(datagram, now); }
void QuicEngine::on_timer(MonotonicTime now) { core_->on_timer(now); }
void QuicEngine::flush(MonotonicTime now) { core_->flush(now); }
MonotonicTime QuicEngine::next_timeout() const { return core_->next_timeout(); }
void QuicEngine::set_options(const QuicOptions& options) { core_->set_options(options); }
const QuicStats& QuicEngine::stats() const { return core_->snapshot_stats(); }
std::size_t QuicEngine::connection_count() const { return core_->live_count(); }
const std::optional<HubKey>& QuicEngine::hub_key() const { return core_->tls().hub_key(); }

}  // namespace theta::transport

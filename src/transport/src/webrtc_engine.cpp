#include "theta/transport/webrtc_engine.h"

#include <utility>

#include <sodium.h>

#include "webrtc_core.h"

namespace theta::transport {

WebRtcEngine::WebRtcEngine(std::unique_ptr<WebRtcCore> core) : core_(std::move(core)) {}
WebRtcEngine::~WebRtcEngine() = default;

TransportResult<std::unique_ptr<WebRtcEngine>> WebRtcEngine::create(const WebRtcOptions& options, EventSink& sink,
                                                                    DatagramSender& output) {
  if (sodium_init() < 0) return fail(TransportError::system, "libsodium cannot start: no source of randomness");
  auto dtls = DtlsContext::create();
  if (!dtls) return tl::unexpected(std::move(dtls.error()));
  return std::unique_ptr<WebRtcEngine>(
      new WebRtcEngine(std::make_unique<WebRtcCore>(options, std::move(*dtls), sink, output)));
}

TransportResult<std::string> WebRtcEngine::accept_offer(const RtcOffer& offer, MonotonicTime now) {
  return core_->accept_offer(offer, now);
}
SendResult WebRtcEngine::send(PeerId peer, Lane lane, const SharedBytes& message) {
  return core_->send(peer, lane, message);
}
void WebRtcEngine::close(PeerId peer, CloseReason reason, std::string text) {
  core_->close(peer, reason, std::move(text));
}
std::size_t WebRtcEngine::queued_bytes(PeerId peer, Lane lane) const {
  const auto* session = core_->find(peer);
  return session == nullptr ? 0 : session->queued_bytes(lane);
}
PeerStats WebRtcEngine::peer_stats(PeerId peer) const {
  const auto* session = core_->find(peer);
  return session == nullptr ? PeerStats{} : session->stats();
}
void WebRtcEngine::shut_down(CloseReason reason, const std::string& text) { core_->shut_down(reason, text); }
void WebRtcEngine::on_datagram(const Datagram& datagram, MonotonicTime now) { core_->on_datagram(datagram, now); }
void WebRtcEngine::on_timer(MonotonicTime now) { core_->on_timer(now); }
void WebRtcEngine::flush(MonotonicTime now) { core_->flush(now); }
MonotonicTime WebRtcEngine::next_timeout() const { return core_->next_timeout(); }
void WebRtcEngine::set_options(const WebRtcOptions& options) { core_->set_options(options); }
const WebRtcStats& WebRtcEngine::stats() const { return core_->snapshot_stats(); }
std::size_t WebRtcEngine::connection_count() const { return core_->live_count(); }
const CertificateFingerprint& WebRtcEngine::fingerprint() const { return core_->dtls().fingerprint(); }

}  // namespace theta::transport

#include "theta/transport/transport_set.h"

#include <utility>

namespace theta::transport {

void TransportSet::set(TransportKind kind, Transport* transport) {
  transports_.at(static_cast<std::size_t>(kind)) = transport;
}

Transport* TransportSet::of(PeerId peer) const {
  const auto kind = static_cast<std::size_t>(kind_of(peer));
  return kind < transports_.size() ? transports_[kind] : nullptr;
}

SendResult TransportSet::send(PeerId peer, Lane lane, const SharedBytes& message) {
  auto* transport = of(peer);
  return transport == nullptr ? SendResult::closed : transport->send(peer, lane, message);
}

void TransportSet::close(PeerId peer, CloseReason reason, std::string text) {
  if (auto* transport = of(peer); transport != nullptr) transport->close(peer, reason, std::move(text));
}

std::size_t TransportSet::queued_bytes(PeerId peer, Lane lane) const {
  const auto* transport = of(peer);
  return transport == nullptr ? 0 : transport->queued_bytes(peer, lane);
}

PeerStats TransportSet::peer_stats(PeerId peer) const {
  const auto* transport = of(peer);
  return transport == nullptr ? PeerStats{} : transport->peer_stats(peer);
}

}  // namespace theta::transport

#pragma once

#include <array>

#include "theta/transport/transport.h"

namespace theta::transport {

/// Several transports behind one interface: each call goes to the transport that the peer's id names.
class TransportSet final : public Transport {
 public:
  /// Borrowed; null takes it away. A call for a kind that is not there behaves as for an unknown peer.
  void set(TransportKind kind, Transport* transport);

  [[nodiscard]] SendResult send(PeerId peer, Lane lane, const SharedBytes& message) override;
  void close(PeerId peer, CloseReason reason, std::string text) override;
  [[nodiscard]] std::size_t queued_bytes(PeerId peer, Lane lane) const override;
  [[nodiscard]] PeerStats peer_stats(PeerId peer) const override;

 private:
  [[nodiscard]] Transport* of(PeerId peer) const;
  std::array<Transport*, 4> transports_{};
};

}  // namespace theta::transport

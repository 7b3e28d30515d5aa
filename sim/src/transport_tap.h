#pragma once

#include <functional>

#include "theta/transport/transport.h"

namespace theta::sim {

/// Stands between a peer and its transport and tells which packets the peer handed out: by the hash of their bytes, in
/// compact form (Submit) or in stored form (inside Attach and OpenRoomRequest).
class TransportTap final : public transport::Transport {
 public:
  using PacketSent = std::function<void(const Hash256& bytes_hash, ByteView message)>;
  TransportTap(transport::Transport& inner, PacketSent sent) : inner_(inner), sent_(std::move(sent)) {}

  [[nodiscard]] transport::SendResult send(transport::PeerId peer, transport::Lane lane,
                                           const SharedBytes& message) override;
  void close(transport::PeerId peer, transport::CloseReason reason, std::string text) override {
    inner_.close(peer, reason, std::move(text));
  }
  [[nodiscard]] std::size_t queued_bytes(transport::PeerId peer, transport::Lane lane) const override {
    return inner_.queued_bytes(peer, lane);
  }
  [[nodiscard]] transport::PeerStats peer_stats(transport::PeerId peer) const override {
    return inner_.peer_stats(peer);
  }

 private:
  transport::Transport& inner_;
  PacketSent sent_;
};

}  // namespace theta::sim

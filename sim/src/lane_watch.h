#pragma once

#include <algorithm>
#include <map>

#include "theta/transport/transport.h"

namespace theta::sim {

/// Stands between the hub and its transport and knows what each lane may hold: its bound, or one message that alone is
/// larger, since an empty lane takes any.
class LaneWatch final : public transport::Transport {
 public:
  LaneWatch(transport::Transport& inner, const transport::LaneBounds& bounds) : inner_(inner), bounds_(bounds) {}

  [[nodiscard]] transport::SendResult send(transport::PeerId peer, transport::Lane lane,
                                           const SharedBytes& message) override {
    const auto result = inner_.send(peer, lane, message);
    if (result != transport::SendResult::queued) return result;
    auto& largest = largest_[{peer, lane}];
    largest = std::max(largest, message.size());
    return result;
  }
  void close(transport::PeerId peer, transport::CloseReason reason, std::string text) override {
    inner_.close(peer, reason, std::move(text));
  }
  [[nodiscard]] std::size_t queued_bytes(transport::PeerId peer, transport::Lane lane) const override {
    return inner_.queued_bytes(peer, lane);
  }
  [[nodiscard]] transport::PeerStats peer_stats(transport::PeerId peer) const override {
    return inner_.peer_stats(peer);
  }

  [[nodiscard]] std::size_t bound(transport::PeerId peer, transport::Lane lane) const {
    const auto found = largest_.find({peer, lane});
    return std::max(bounds_.of(lane), found == largest_.end() ? 0 : found->second);
  }
  void forget(transport::PeerId peer) {
    std::erase_if(largest_, [peer](const auto& entry) { return entry.first.first == peer; });
  }

 private:
  transport::Transport& inner_;
  transport::LaneBounds bounds_;
  std::map<std::pair<transport::PeerId, transport::Lane>, std::size_t> largest_;
};

}  // namespace theta::sim

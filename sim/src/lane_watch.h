#pragma once

#include <algorithm>
#include <deque>
#include <map>

#include "theta/transport/sim_network.h"

namespace theta::sim {

/// Stands between the hub and its transport and knows what each lane may hold: its bound, or one message that alone is
/// larger, since an empty lane takes any.
class LaneWatch final : public transport::Transport {
 public:
  LaneWatch(transport::Transport& inner, const transport::LaneBounds& bounds, const transport::SimNetwork& network,
            MonotonicClock::duration flush)
      : inner_(inner), bounds_(bounds), network_(network), flush_(flush) {}

  [[nodiscard]] transport::SendResult send(transport::PeerId peer, transport::Lane lane,
                                           const SharedBytes& message) override {
    if (lane == transport::Lane::presence) presence_[peer].push_back(network_.now());
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
  /// Presence datagrams sent to the peer within the last flush interval.
  [[nodiscard]] std::size_t presence_sent(transport::PeerId peer) {
    auto& times = presence_[peer];
    while (!times.empty() && times.front() + flush_ <= network_.now()) times.pop_front();
    return times.size();
  }
  void forget(transport::PeerId peer) {
    presence_.erase(peer);
    std::erase_if(largest_, [peer](const auto& entry) { return entry.first.first == peer; });
  }

 private:
  transport::Transport& inner_;
  transport::LaneBounds bounds_;
  const transport::SimNetwork& network_;
  MonotonicClock::duration flush_;
  std::map<transport::PeerId, std::deque<MonotonicTime>> presence_;
  std::map<std::pair<transport::PeerId, transport::Lane>, std::size_t> largest_;
};

}  // namespace theta::sim

#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "theta/transport/webrtc_engine.h"
#include "transport/recording_sink.h"
#include "transport/rtc_client.h"

namespace theta::transport::testing {

/// A hub's engine and its clients, joined in memory in virtual time. Everything on the wire can be seen, changed, kept
/// or thrown away.
class RtcWire final : public DatagramSender, public RtcPath {
 public:
  explicit RtcWire(const WebRtcOptions& options = {});
  ~RtcWire() override;

  RtcClient& add_client(std::uint16_t port = 2001);
  void remove(RtcClient& client);
  /// Offer, answer, and four open channels.
  [[nodiscard]] bool connect(RtcClient& client);
  [[nodiscard]] TransportResult<std::string> offer(const RtcClient& client, const std::string& sdp);
  /// The hub's name of the client that connected last.
  [[nodiscard]] PeerId last_peer() const;

  void send(const DatagramBurst& burst) override;
  [[nodiscard]] bool can_send() const override { return !is_blocked; }
  void transmit(RtcPacket packet) override;
  /// Past `on_transmit`, to arrive after `time`.
  void inject(RtcPacket packet, MonotonicClock::duration time) { in_flight_.emplace(now_ + time, std::move(packet)); }
  void deliver(const RtcPacket& packet);
  void run_for(MonotonicClock::duration time);
  /// False when the condition did not come true within an hour of virtual time.
  [[nodiscard]] bool run_until(const std::function<bool()>& condition);
  [[nodiscard]] MonotonicTime now() const override { return now_; }
  [[nodiscard]] SocketAddress hub_address() const override { return hub_address_; }

  RecordingSink sink;
  /// Calls of the system that the hub would have made to send.
  std::size_t bursts = 0;
  std::unique_ptr<WebRtcEngine> engine;
  bool is_blocked = false;
  AuthorKey author;
  MonotonicClock::duration delay = std::chrono::milliseconds{5};
  /// Sees every datagram when it is sent; false drops it. May change it, and may ask for another delay.
  std::function<bool(RtcPacket&, MonotonicClock::duration&)> on_transmit;

 private:
  bool step(MonotonicTime until);

  const SocketAddress hub_address_ = SocketAddress::ipv4({127, 0, 0, 1}, 4433);
  MonotonicTime now_{std::chrono::hours{1}};
  std::multimap<MonotonicTime, RtcPacket> in_flight_;
  std::vector<std::unique_ptr<RtcClient>> clients_;
};

}  // namespace theta::transport::testing

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "theta/transport/udp_mux.h"
#include "theta/transport/webrtc_engine.h"

namespace theta::bench {

/// Theta's WebRTC endpoint on a socket of loopback. Sends back whatever comes, on the lane it came on; what a full lane
/// does not take waits.
class RtcEchoServer final : public transport::EventSink {
 public:
  RtcEchoServer();

  void on_event(const transport::Event& event) override;
  /// Empty, with a note on stderr, when the offer is refused.
  [[nodiscard]] std::string answer(const std::string& offer);
  /// Serves for a moment. Returns whether there is something to read from `other`; -1: from nobody.
  bool turn(int other);
  [[nodiscard]] std::uint16_t port() const { return mux_->local_address().port; }
  /// Peers that came and went.
  [[nodiscard]] int closed() const { return closed_; }

 private:
  struct Waiting {
    Waiting(transport::PeerId peer_, transport::Lane lane_, ByteView bytes)
        : peer(peer_), lane(lane_), message(Bytes(bytes.begin(), bytes.end())) {}
    transport::PeerId peer;
    transport::Lane lane;
    SharedBytes message;
  };
  void echo();

  std::unique_ptr<transport::UdpMux> mux_;
  std::unique_ptr<transport::WebRtcEngine> engine_;
  std::vector<Waiting> waiting_;
  int closed_ = 0;
};

}  // namespace theta::bench

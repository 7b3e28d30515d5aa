#pragma once

#include <memory>

#include "theta/hub/server.h"
#include "theta/transport/quic_engine.h"
#include "theta/transport/transport_set.h"
#include "theta/transport/udp_mux.h"
#include "theta/transport/webrtc_engine.h"
#include "theta/transport/websocket_engine.h"

namespace theta::hub {

/// All ways into a hub: QUIC and WebRTC on one UDP port, and WebSockets, whose sockets are the HTTP server's. Driven as
/// one thing.
class HubTransports {
 public:
  /// `sink` must outlive it.
  [[nodiscard]] static ServerResult<std::unique_ptr<HubTransports>> open(const transport::SocketAddress& listen,
                                                                         const transport::QuicOptions& options,
                                                                         const crypto::KeyPair& key,
                                                                         transport::EventSink& sink);
  ~HubTransports();
  HubTransports(const HubTransports&) = delete;
  HubTransports& operator=(const HubTransports&) = delete;

  /// What the hub sends through.
  [[nodiscard]] transport::Transport& peers() { return set_; }
  [[nodiscard]] transport::UdpMux& mux() { return *mux_; }
  [[nodiscard]] transport::QuicEngine& quic() { return *quic_; }
  [[nodiscard]] transport::WebRtcEngine& webrtc() { return *webrtc_; }
  [[nodiscard]] transport::WebSocketEngine& websockets() { return *websockets_; }

  /// Reads what came by UDP.
  void on_readable(MonotonicTime now);
  void on_timer(MonotonicTime now);
  void flush(MonotonicTime now);
  [[nodiscard]] MonotonicTime next_timeout() const;
  void shut_down(transport::CloseReason reason, const std::string& text);
  /// 0 after a shut-down means that every peer was told.
  [[nodiscard]] std::size_t connection_count() const;
  /// What the settings say of QUIC holds for each of the others too, where it means something there.
  void set_options(const transport::QuicOptions& options);

 private:
  HubTransports() = default;

  transport::TransportSet set_;
  std::unique_ptr<transport::UdpMux> mux_;  // outlives the engines on it
  std::unique_ptr<transport::QuicEngine> quic_;
  std::unique_ptr<transport::WebRtcEngine> webrtc_;
  std::unique_ptr<transport::WebSocketEngine> websockets_;
  MonotonicTime now_{};
};

}  // namespace theta::hub

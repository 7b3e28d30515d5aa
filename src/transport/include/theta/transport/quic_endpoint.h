#pragma once

#include <memory>
#include <optional>
#include <string>

#include "theta/transport/quic_engine.h"
#include "theta/transport/udp_mux.h"

namespace theta::transport {

/// QuicEngine on a UDP socket: what a hub listens with and what a native client connects with. No thread: the owner
/// polls `fd()` for reading until `next_timeout()`, then calls `on_readable` or `on_timer` (both flush), and calls
/// `flush` once after it has sent things of its own accord. Times are those of one monotonic clock, the owner's.
class QuicEndpoint final : public Transport {
 public:
  struct Options {
    /// [::]:port serves IPv6 and IPv4; port 0 lets the system choose. A client's default is right for any hub.
    SocketAddress listen;
    QuicOptions quic;
    int socket_buffer_bytes = 4 * 1024 * 1024;
  };

  /// `sink` must outlive the endpoint.
  [[nodiscard]] static TransportResult<std::unique_ptr<QuicEndpoint>> open(const Options& options, EventSink& sink);
  ~QuicEndpoint() override;
  QuicEndpoint(const QuicEndpoint&) = delete;
  QuicEndpoint& operator=(const QuicEndpoint&) = delete;

  /// See `QuicEngine::connect`.
  PeerId connect(const SocketAddress& remote, const std::optional<HubKey>& expected, MonotonicTime now);

  [[nodiscard]] SendResult send(PeerId peer, Lane lane, const SharedBytes& message) override;
  void close(PeerId peer, CloseReason reason, std::string text) override;
  [[nodiscard]] std::size_t queued_bytes(PeerId peer, Lane lane) const override;
  [[nodiscard]] PeerStats peer_stats(PeerId peer) const override;
  /// Closes all; drive the endpoint until `connection_count()` is 0 (at most the linger time) so that peers hear of it.
  void shut_down(CloseReason reason, const std::string& text);
  [[nodiscard]] std::size_t connection_count() const;
  /// See `QuicEngine::set_options`.
  void set_options(const QuicOptions& options);

  void on_readable(MonotonicTime now);
  void on_timer(MonotonicTime now);
  void flush(MonotonicTime now);
  [[nodiscard]] MonotonicTime next_timeout() const;
  [[nodiscard]] int fd() const;

  [[nodiscard]] const SocketAddress& local_address() const;
  [[nodiscard]] const std::optional<HubKey>& hub_key() const;
  [[nodiscard]] const QuicStats& stats() const;
  /// For other protocols on the same port (STUN, DTLS).
  [[nodiscard]] UdpMux& mux();

 private:
  QuicEndpoint(std::unique_ptr<UdpMux> mux, std::unique_ptr<QuicEngine> engine);

  std::unique_ptr<UdpMux> mux_;  // outlives the engine
  std::unique_ptr<QuicEngine> engine_;
  MonotonicTime now_{};
  mutable QuicStats stats_;
};

}  // namespace theta::transport

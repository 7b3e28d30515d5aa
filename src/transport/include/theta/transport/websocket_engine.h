#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "theta/base/result.h"
#include "theta/base/time.h"
#include "theta/crypto/keys.h"
#include "theta/transport/socket_address.h"
#include "theta/transport/transport.h"

namespace theta::transport {

/// What peers say in the header Sec-WebSocket-Protocol.
inline constexpr std::string_view kWebSocketProtocol = "theta.1";
/// A close frame's code is this and a CloseReason (RFC 6455 section 7.4.2 leaves 4000 to 4999 to applications).
inline constexpr std::uint16_t kWebSocketCloseBase = 4000;
inline constexpr std::size_t kWebSocketReasonBytesMax = 123;

struct WebSocketOptions {
  /// From accepting to the end of the sealed channel's handshake.
  MonotonicClock::duration handshake_timeout = std::chrono::seconds{10};
  /// Nothing came from the peer, not even the answer to a ping.
  MonotonicClock::duration idle_timeout = std::chrono::seconds{30};
  /// How often a ping goes out, which also measures the round trip.
  MonotonicClock::duration keep_alive = std::chrono::seconds{15};
  /// How long one message may take to leave; a slower reader is disconnected.
  MonotonicClock::duration write_timeout = std::chrono::seconds{60};
  /// How long `close` waits for queued messages to leave, and then for the peer's close frame.
  MonotonicClock::duration linger = std::chrono::seconds{1};

  LaneBounds lane_bounds;
  /// Unfinished messages of all peers together. Who would exceed it is disconnected with `resource_limit`.
  std::size_t unfinished_bytes_max = 256 * 1024 * 1024;

  std::size_t connections_max = 4096;
  /// Of one IPv4 address or one IPv6 /64, and of one IPv6 /48.
  std::size_t connections_per_source_max = 256;
  std::size_t connections_per_network_max = 1024;
  /// Handshakes under way, of all, of one source and of one network.
  std::size_t half_open_max = 1024;
  std::size_t half_open_per_source_max = 64;
  std::size_t half_open_per_network_max = 256;
};

/// Pings, and pongs that nobody asked for, that a peer may send within a window: each costs an answer or a turn and
/// carries nothing.
inline constexpr std::size_t kIdleFramesMax = 100;
inline constexpr MonotonicClock::duration kIdleFramesWindow = std::chrono::seconds{10};

struct WebSocketStats {
  std::uint64_t connections_accepted = 0;
  std::uint64_t handshakes_completed = 0;
  std::uint64_t handshakes_failed = 0;
  std::uint64_t idle_timeouts = 0;
  std::uint64_t protocol_errors = 0;  // of peers whose handshake had completed
  std::uint64_t slow_reader_closes = 0;
  std::uint64_t messages_received = 0;
  std::uint64_t messages_sent = 0;  // handed to the network
  std::uint64_t sends_full = 0;
  std::uint64_t presence_dropped = 0;
  std::uint64_t unfinished_limit_closes = 0;
  std::uint64_t refused_connection_limit = 0;
  std::uint64_t refused_source_limit = 0;
  std::uint64_t refused_network_limit = 0;
  std::uint64_t refused_half_open_limit = 0;
  std::size_t connections = 0;       // now, handshakes included
  std::size_t half_open = 0;         // of these, not completed
  std::size_t unfinished_bytes = 0;  // now, of messages that are still arriving
};

/// One WebSocket, as the engine uses it. No call may call the engine back before it returns.
class WebSocketLink {
 public:
  virtual ~WebSocketLink() = default;
  /// Sends one binary message; `on_written` follows. The engine asks for one at a time.
  virtual void write(Bytes message) = 0;
  virtual void ping(std::string_view payload) = 0;
  /// Sends the close frame and waits for the peer's; `on_ended` follows. Nothing is being written.
  virtual void close(std::uint16_t code, std::string_view reason) = 0;
  /// Ends the connection as it is. The engine has forgotten the peer and must hear nothing of it any more.
  virtual void drop() = 0;
};

/// Why a newcomer was not taken, for an HTTP answer.
enum class WebSocketRefusal : std::uint8_t {
  busy,         // the hub has as much as it takes; come back later
  of_source,    // the newcomer's address or network has
  not_serving,  // shut down
};

/// Four lanes over one WebSocket (RFC 6455), sealed (sealed_channel.h), without a socket or a clock: messages and time
/// in, messages and events out. The hub's side only. What waits is written in the order control, commands, presence,
/// bulk; presence that does not fit is dropped, the oldest first. One thread.
class WebSocketEngine final : public Transport {
 public:
  using RandomSource = std::function<void(std::span<std::uint8_t>)>;

  /// `sink` must outlive the engine. `random` must be unpredictable, but in a simulation.
  WebSocketEngine(const WebSocketOptions& options, const crypto::KeyPair& hub, RandomSource random, EventSink& sink);
  ~WebSocketEngine() override;
  WebSocketEngine(const WebSocketEngine&) = delete;
  WebSocketEngine& operator=(const WebSocketEngine&) = delete;

  /// Why a newcomer from there would not be taken now, which counts as refusing it; nothing when it would. Asked before
  /// the upgrade is answered, so that a refusal is an HTTP answer.
  [[nodiscard]] std::optional<Failure<WebSocketRefusal>> refusal(const SocketAddress& remote, MonotonicTime now);
  /// Takes a newcomer. `link` is borrowed until `on_ended` or `drop`.
  [[nodiscard]] Expected<PeerId, WebSocketRefusal> accept(WebSocketLink& link, const SocketAddress& remote,
                                                          MonotonicTime now);
  /// A piece of a binary message; `is_last` ends it.
  void on_data(PeerId peer, ByteView bytes, bool is_last, MonotonicTime now);
  void on_written(PeerId peer, MonotonicTime now);
  void on_pong(PeerId peer, std::string_view payload, MonotonicTime now);
  /// The peer pinged, which browsers never do and others seldom: answered by the link, and bounded here.
  void on_ping(PeerId peer, MonotonicTime now);
  /// The peer sent something that is no part of the protocol (a text message, a broken frame).
  void on_protocol_error(PeerId peer, const std::string& text, MonotonicTime now);
  /// The connection is over. `code` 0: without a close frame. The link is not used any more.
  void on_ended(PeerId peer, std::uint16_t code, std::string_view reason, MonotonicTime now);

  [[nodiscard]] SendResult send(PeerId peer, Lane lane, const SharedBytes& message) override;
  void close(PeerId peer, CloseReason reason, std::string text) override;
  [[nodiscard]] std::size_t queued_bytes(PeerId peer, Lane lane) const override;
  [[nodiscard]] PeerStats peer_stats(PeerId peer) const override;
  /// Closes every connection and accepts no more.
  void shut_down(CloseReason reason, const std::string& text);

  void on_timer(MonotonicTime now);
  /// Writes what may leave; tells `writable` and `closed`. Call once after a turn's work.
  void flush(MonotonicTime now);
  /// When to call `on_timer` (and then `flush`) at the latest; `MonotonicTime::max()`: nothing is due.
  [[nodiscard]] MonotonicTime next_timeout() const;

  /// Bounds hold at once and take nothing away from what is there.
  void set_options(const WebSocketOptions& options);
  [[nodiscard]] const WebSocketStats& stats() const;
  /// Connections that still exist in any form; 0 after a shut-down means that every peer was told.
  [[nodiscard]] std::size_t connection_count() const;

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace theta::transport

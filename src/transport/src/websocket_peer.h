#pragma once

#include <array>
#include <deque>
#include <optional>
#include <string>

#include "theta/transport/sealed_channel.h"
#include "theta/transport/websocket_engine.h"

namespace theta::transport {

/// What a peer needs of the engine that owns it.
class WebSocketHost {
 public:
  virtual ~WebSocketHost() = default;
  [[nodiscard]] virtual const WebSocketOptions& options() const = 0;
  [[nodiscard]] virtual WebSocketStats& stats() = 0;
  [[nodiscard]] virtual MonotonicTime now() const = 0;
  [[nodiscard]] virtual const crypto::KeyPair& hub() const = 0;
  [[nodiscard]] virtual crypto::Seed draw_seed() = 0;
  virtual void emit(const Event& event) = 0;
  virtual void on_established(const SocketAddress& remote) = 0;
  /// The bound on unfinished messages is passed: ends whoever holds the most, which may be the one that asks.
  virtual void end_largest_holder() = 0;
};

/// One WebSocket connection: its handshake, its lanes, its end.
class WebSocketPeer {
 public:
  WebSocketPeer(WebSocketHost& host, PeerId id, WebSocketLink& link, const SocketAddress& remote);
  ~WebSocketPeer();
  WebSocketPeer(const WebSocketPeer&) = delete;
  WebSocketPeer& operator=(const WebSocketPeer&) = delete;

  void on_data(ByteView bytes, bool is_last);
  void on_written();
  void on_pong(std::string_view payload);
  void on_ping();
  void on_protocol_error(const std::string& text);
  /// The link is gone.
  void on_ended(std::uint16_t code, std::string_view reason);
  void on_timer();

  [[nodiscard]] SendResult send(Lane lane, const SharedBytes& message);
  void request_close(CloseReason reason, std::string text);
  /// What an unfinished message takes here; 0 for one that is ending.
  [[nodiscard]] std::size_t held_bytes() const { return ending_ ? 0 : incoming_.size(); }
  /// Ends the peer, whose unfinished message is given up at once.
  void give_up_unfinished();
  /// Writes what may leave.
  void write();
  /// Tells `writable` and `closed` where they are due.
  void tell_deferred();

  [[nodiscard]] std::size_t queued_bytes(Lane lane) const { return queue(lane).bytes; }
  [[nodiscard]] PeerStats stats() const;
  [[nodiscard]] const SocketAddress& remote() const { return remote_; }
  [[nodiscard]] bool is_established() const { return was_established_; }
  /// Nothing is left to do; the engine forgets it.
  [[nodiscard]] bool is_over() const { return phase_ == Phase::over; }
  [[nodiscard]] MonotonicTime next_timeout() const;

  // The engine's bookkeeping.
  bool is_dirty = false;
  MonotonicTime scheduled_at = MonotonicTime::max();

 private:
  enum class Phase : std::uint8_t {
    hello,   // the client's key is awaited
    finish,  // its stream header
    open,
    lingering,  // close was asked for, queued data still leaves
    closing,    // our close frame was handed over
    over,
  };
  struct Ending {
    CloseReason reason = CloseReason::none;
    bool by_peer = false;
    std::string text;
  };
  struct LaneQueue {
    std::deque<SharedBytes> messages;
    std::size_t bytes = 0;  // with what is being written, and what it costs to hold each
    bool wants_writable = false;
  };

  [[nodiscard]] LaneQueue& queue(Lane lane) { return lanes_[static_cast<std::size_t>(lane)]; }
  [[nodiscard]] const LaneQueue& queue(Lane lane) const { return lanes_[static_cast<std::size_t>(lane)]; }
  [[nodiscard]] std::size_t incoming_bytes_max() const;
  void on_message(ByteView message);
  void answer_hello(ByteView message);
  void establish(ByteView message);
  void deliver(ByteView message);
  void end(CloseReason reason, std::string text);
  void end_silently(Ending ending);
  [[nodiscard]] bool drop_oldest_presence();
  [[nodiscard]] bool has_queued() const;
  void clear_queues();
  void write_next();
  void write_raw(Bytes bytes);
  void send_close_frame();
  void send_ping();
  void release_incoming();
  /// Ends the connection when there are more than `kIdleFramesMax` of them.
  void count_idle_frame();

  WebSocketHost& host_;
  PeerId id_;
  WebSocketLink* link_;  // null once it is gone
  SocketAddress remote_;
  Phase phase_ = Phase::hello;
  bool was_established_ = false;
  bool is_close_told_ = false;

  std::optional<SealedHub> handshake_;
  std::optional<SealedChannel> channel_;
  Bytes answer_;    // waits for the link
  Bytes incoming_;  // an unfinished message

  std::array<LaneQueue, kLaneCount> lanes_;
  bool is_writing_ = false;
  std::optional<Lane> writing_lane_;
  std::size_t writing_bytes_ = 0;

  std::optional<Ending> ending_;
  MonotonicTime began_at_{};
  MonotonicTime heard_at_{};
  MonotonicTime write_began_at_{};
  MonotonicTime close_deadline_ = MonotonicTime::max();

  std::size_t idle_frames_ = 0;
  MonotonicTime idle_frames_since_{};
  std::uint64_t pings_sent_ = 0;
  bool is_ping_out_ = false;
  MonotonicTime pinged_at_{};
  bool has_rtt_ = false;
  PeerStats stats_;
};

}  // namespace theta::transport

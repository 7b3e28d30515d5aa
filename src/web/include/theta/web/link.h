#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "theta/crypto/keys.h"
#include "theta/transport/sealed_channel.h"
#include "theta/transport/transport.h"
#include "theta/web/storage_queue.h"

namespace theta::web {

/// The lanes between a page and its hub, over whatever the browser offers: four data channels, which take fragments, or
/// one WebSocket, whose messages are sealed. Knows neither; the page carries frames between the browser's object and
/// this one. One connection at a time, and never two with one id.
///
/// What a `StorageQueue` has not committed holds back the control and the commands lane. One thread.
class Link final : public transport::Transport {
 public:
  /// `storage` (null: nothing is kept) must outlive the link.
  Link(const HubKey& hub, const StorageQueue* storage) : hub_(hub), storage_(storage) {}

  // ---- What the session calls ----

  [[nodiscard]] transport::SendResult send(transport::PeerId peer, transport::Lane lane,
                                           const SharedBytes& message) override;
  void close(transport::PeerId peer, transport::CloseReason reason, std::string text) override;
  [[nodiscard]] std::size_t queued_bytes(transport::PeerId peer, transport::Lane lane) const override;
  [[nodiscard]] transport::PeerStats peer_stats(transport::PeerId peer) const override;

  // ---- What the page drives; each of these appends to `events` ----

  /// A new attempt; what was left of the last one is forgotten.
  [[nodiscard]] transport::PeerId begin();
  /// The browser's four channels are open, and the hub's signed answer named the certificates.
  void open_webrtc(const transport::ChannelBinding& binding, std::string address);
  /// The WebSocket is open: the handshake begins. `seed` is drawn anew for every attempt.
  void open_websocket(const crypto::Seed& seed, std::string address);
  /// A message of the data channel of that lane, or of the WebSocket (`channel` 0).
  void receive(std::size_t channel, ByteView frame);
  /// The browser's connection is gone.
  void closed(transport::CloseReason reason, std::string text, bool by_peer);
  void set_rtt(MonotonicClock::duration rtt) { rtt_ = rtt; }

  struct Frame {
    std::size_t channel = 0;
    Bytes bytes;
  };
  /// The next to hand to the browser, of the channels whose bit is set; none: nothing, or it waits for the storage.
  [[nodiscard]] std::optional<Frame> next_frame(unsigned writable_channels);
  /// Something waits for storage or for a channel.
  [[nodiscard]] bool has_queued() const;

  /// What the session has asked for, once: the page closes its end, after sending what is queued if `flush` says so.
  struct CloseRequest {
    transport::CloseReason reason = transport::CloseReason::none;
    std::string text;
    bool flush = false;
  };
  [[nodiscard]] std::optional<CloseRequest> take_close_request();

  /// For the session, in order. Messages are owned here, as the events that borrow them are handed out one by one.
  struct Incoming {
    transport::Event event;
    Bytes message;
  };
  [[nodiscard]] std::optional<Incoming> take_event();

  [[nodiscard]] bool is_open() const { return state_ == State::open; }
  [[nodiscard]] transport::TransportKind kind() const { return kind_; }
  [[nodiscard]] transport::PeerId peer() const { return peer_; }

 private:
  enum class State : std::uint8_t { idle, connecting, handshake, open, closing };
  struct Message {
    SharedBytes bytes;
    std::uint64_t needs = 0;  // the write that must be committed before
  };
  struct LaneQueue {
    std::deque<Message> messages;
    std::size_t bytes = 0;
    std::size_t sent_of_front = 0;  // fragments of it are under way
    bool was_full = false;
    Bytes unfinished;  // incoming fragments
  };

  void push(transport::Event event, Bytes message = {});
  void connected(const transport::ChannelBinding& binding, std::string address);
  void receive_fragment(transport::Lane lane, ByteView frame);
  void receive_close(ByteView body);
  void receive_sealed(ByteView frame);
  void deliver(transport::Lane lane, ByteView message);
  void fail_with(transport::CloseReason reason, const std::string& text);
  [[nodiscard]] bool may_leave(transport::Lane lane) const;
  [[nodiscard]] Bytes take_fragment(transport::Lane lane);
  [[nodiscard]] Bytes take_message(transport::Lane lane);
  void pop_front(transport::Lane lane);
  void forget();

  HubKey hub_;
  const StorageQueue* storage_;
  transport::LaneBounds bounds_;
  State state_ = State::idle;
  transport::TransportKind kind_ = transport::TransportKind::webrtc;
  std::uint64_t attempts_ = 0;
  transport::PeerId peer_;
  std::string address_;
  std::array<LaneQueue, transport::kLaneCount> lanes_;
  std::deque<Bytes> handshake_;  // frames that go before everything else
  std::optional<transport::SealedClient> sealing_;
  std::optional<transport::SealedChannel> sealed_;
  std::optional<CloseRequest> close_request_;
  std::deque<Incoming> events_;
  MonotonicClock::duration rtt_{};
};

}  // namespace theta::web

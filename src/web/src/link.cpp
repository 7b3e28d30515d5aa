#include "theta/web/link.h"

#include <algorithm>
#include <utility>

#include "theta/base/byte_codec.h"
#include "theta/base/check.h"
#include "theta/web/limits.h"

namespace theta::web {

namespace {

using transport::CloseReason;
using transport::Lane;
using transport::SendResult;
using transport::TransportKind;

/// What an urgent lane has goes before what a lazy one has.
constexpr Lane kLanes[] = {Lane::control, Lane::commands, Lane::presence, Lane::bulk};
constexpr std::uint8_t kFragmentEnds = 0;
constexpr std::uint8_t kFragmentGoesOn = 1;
constexpr std::uint8_t kFragmentCloses = 2;

constexpr std::size_t index_of(Lane lane) { return static_cast<std::size_t>(lane); }

}  // namespace

// ---- What the session calls ---------------------------------------------------------------------------------------

SendResult Link::send(transport::PeerId peer, Lane lane, const SharedBytes& message) {
  if (peer != peer_ || (state_ != State::open && state_ != State::handshake && state_ != State::connecting))
    return SendResult::closed;
  if (message.size() > transport::message_bytes_max(lane)) return SendResult::too_large;
  auto& queue = lanes_[index_of(lane)];
  const auto bound = bounds_.of(lane);
  if (lane == Lane::presence) {
    while (!queue.messages.empty() && queue.bytes + message.size() > bound) pop_front(lane);
  } else if (!queue.messages.empty() && queue.bytes + message.size() > bound) {
    queue.was_full = true;
    return SendResult::full;
  }
  queue.bytes += message.size();
  // What only asks or only shows commits its author to nothing.
  const bool is_held = storage_ != nullptr && (lane == Lane::control || lane == Lane::commands);
  queue.messages.push_back({message, is_held ? storage_->newest() : 0});
  return SendResult::queued;
}

void Link::close(transport::PeerId peer, CloseReason reason, std::string text) {
  if (peer != peer_ || state_ == State::idle || state_ == State::closing) return;
  const bool flush = state_ == State::open && transport::flushes_before_close(reason);
  state_ = State::closing;
  if (!flush) forget();
  close_request_ = CloseRequest{reason, std::move(text), flush};
}

std::size_t Link::queued_bytes(transport::PeerId peer, Lane lane) const {
  return peer == peer_ ? lanes_[index_of(lane)].bytes : 0;
}

transport::PeerStats Link::peer_stats(transport::PeerId peer) const {
  transport::PeerStats stats;
  if (peer == peer_) stats.rtt = rtt_;
  return stats;
}

// ---- What the page drives -----------------------------------------------------------------------------------------

transport::PeerId Link::begin() {
  forget();
  events_.clear();
  close_request_.reset();
  sealing_.reset();
  sealed_.reset();
  rtt_ = {};
  state_ = State::connecting;
  peer_ = transport::PeerId{++attempts_};
  return peer_;
}

void Link::push(transport::Event event, Bytes message) {
  event.peer = peer_;
  events_.push_back({std::move(event), std::move(message)});
}

void Link::connected(const transport::ChannelBinding& binding, std::string address) {
  state_ = State::open;
  transport::Event event;
  event.kind = transport::Event::Kind::connected;
  event.info = {kind_, binding, std::move(address)};
  push(std::move(event));
}

void Link::open_webrtc(const transport::ChannelBinding& binding, std::string address) {
  if (state_ != State::connecting) return;
  kind_ = TransportKind::webrtc;
  connected(binding, std::move(address));
}

void Link::open_websocket(const crypto::Seed& seed, std::string address) {
  if (state_ != State::connecting) return;
  kind_ = TransportKind::websocket;
  state_ = State::handshake;
  address_ = std::move(address);
  sealing_.emplace(seed, hub_);
  handshake_.push_back(sealing_->hello());
}

void Link::receive(std::size_t channel, ByteView frame) {
  if (state_ != State::open && state_ != State::handshake) return;
  if (kind_ == TransportKind::websocket) return receive_sealed(frame);
  if (channel >= transport::kLaneCount) return;
  receive_fragment(static_cast<Lane>(channel), frame);
}

void Link::receive_fragment(Lane lane, ByteView frame) {
  auto& unfinished = lanes_[index_of(lane)].unfinished;
  if (lane == Lane::control && !frame.empty() && frame[0] == kFragmentCloses) return receive_close(frame.subspan(1));
  const bool is_last = !frame.empty() && frame[0] == kFragmentEnds;
  const bool goes_on = !frame.empty() && frame[0] == kFragmentGoesOn && lane != Lane::presence;
  if (!is_last && !goes_on)
    return fail_with(CloseReason::protocol_error, "the hub sent a fragment that is neither a last one nor another");
  const auto body = frame.subspan(1);
  if (unfinished.size() + body.size() > transport::message_bytes_max(lane))
    return fail_with(CloseReason::protocol_error, "the hub sent a message that is longer than its lane carries");
  if (is_last && unfinished.empty()) return deliver(lane, body);
  unfinished.insert(unfinished.end(), body.begin(), body.end());
  if (!is_last) return;
  const auto message = std::exchange(unfinished, {});
  deliver(lane, message);
}

/// Data channels close without a reason, so the hub says it before.
void Link::receive_close(ByteView body) {
  ByteReader in(body);
  const auto reason = static_cast<CloseReason>(in.get<std::uint16_t>());
  if (!in.ok() || in.remaining() > limits::kCloseTextBytesMax)
    return fail_with(CloseReason::protocol_error, "the hub's reason for closing is shorter or longer than one is");
  std::string text(in.rest().begin(), in.rest().end());
  close_request_ = CloseRequest{reason, text, false};
  closed(reason, std::move(text), true);
}

void Link::receive_sealed(ByteView frame) {
  if (state_ == State::handshake) {
    auto established = sealing_->establish(frame);
    if (!established) {
      const bool wrong_hub = established.error().code == transport::SealError::wrong_hub;
      return fail_with(wrong_hub ? CloseReason::unauthenticated : CloseReason::protocol_error,
                       established.error().message);
    }
    handshake_.push_back(std::move(established->finish));
    sealed_.emplace(std::move(established->channel));
    sealing_.reset();
    return connected(sealed_->binding(), address_);
  }
  auto opened = sealed_->open(frame);
  if (!opened) return fail_with(CloseReason::protocol_error, opened.error().message);
  deliver(opened->lane, opened->message());
}

void Link::deliver(Lane lane, ByteView message) {
  transport::Event event;
  event.kind = transport::Event::Kind::message;
  event.lane = lane;
  push(std::move(event), Bytes(message.begin(), message.end()));
}

void Link::fail_with(CloseReason reason, const std::string& text) {
  forget();
  close_request_ = CloseRequest{reason, text, false};
  closed(reason, text, false);
}

void Link::closed(CloseReason reason, std::string text, bool by_peer) {
  if (state_ == State::idle) return;
  const bool is_told = state_ != State::closing;
  state_ = State::idle;
  forget();
  if (!is_told) return;
  transport::Event event;
  event.kind = transport::Event::Kind::closed;
  event.reason = reason;
  event.text = std::move(text);
  event.closed_by_peer = by_peer;
  push(std::move(event));
}

bool Link::may_leave(Lane lane) const {
  const auto& queue = lanes_[index_of(lane)];
  if (queue.messages.empty()) return false;
  return storage_ == nullptr || storage_->is_committed(queue.messages.front().needs);
}

std::optional<Link::Frame> Link::next_frame(unsigned writable_channels) {
  if (state_ != State::open && state_ != State::handshake && state_ != State::closing) return std::nullopt;
  const bool is_websocket = kind_ == TransportKind::websocket;
  const auto is_writable = [&](std::size_t channel) { return (writable_channels >> channel & 1U) != 0; };
  if (is_websocket && !is_writable(0)) return std::nullopt;
  if (!handshake_.empty()) {
    Frame frame{0, std::move(handshake_.front())};
    handshake_.pop_front();
    return frame;
  }
  if (state_ == State::handshake) return std::nullopt;
  for (const auto lane : kLanes) {
    if (!may_leave(lane)) continue;
    if (is_websocket) return Frame{0, sealed_->seal(lane, take_message(lane))};
    if (is_writable(index_of(lane))) return Frame{index_of(lane), take_fragment(lane)};
  }
  return std::nullopt;
}

Bytes Link::take_message(Lane lane) {
  const auto message = lanes_[index_of(lane)].messages.front().bytes.view();
  Bytes bytes(message.begin(), message.end());
  pop_front(lane);
  return bytes;
}

Bytes Link::take_fragment(Lane lane) {
  auto& queue = lanes_[index_of(lane)];
  const auto rest = queue.messages.front().bytes.view().subspan(queue.sent_of_front);
  // Presence is shorter than a fragment, so it is never cut.
  const auto size = std::min(rest.size(), limits::kFragmentBytesMax - 1);
  const bool is_last = size == rest.size();
  Bytes fragment;
  fragment.reserve(size + 1);
  fragment.push_back(is_last ? kFragmentEnds : kFragmentGoesOn);
  fragment.insert(fragment.end(), rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(size));
  if (is_last)
    pop_front(lane);
  else
    queue.sent_of_front += size;
  return fragment;
}

void Link::pop_front(Lane lane) {
  auto& queue = lanes_[index_of(lane)];
  THETA_CHECK(!queue.messages.empty());
  queue.bytes -= queue.messages.front().bytes.size();
  queue.messages.pop_front();
  queue.sent_of_front = 0;
  if (!queue.was_full || queue.bytes > bounds_.of(lane) / 2) return;
  queue.was_full = false;
  transport::Event event;
  event.kind = transport::Event::Kind::writable;
  event.lane = lane;
  push(std::move(event));
}

bool Link::has_queued() const {
  return !handshake_.empty() ||
         std::any_of(lanes_.begin(), lanes_.end(), [](const LaneQueue& queue) { return !queue.messages.empty(); });
}

std::optional<Link::CloseRequest> Link::take_close_request() { return std::exchange(close_request_, std::nullopt); }

std::optional<Link::Incoming> Link::take_event() {
  if (events_.empty()) return std::nullopt;
  auto event = std::move(events_.front());
  events_.pop_front();
  event.event.message = event.message;
  return event;
}

void Link::forget() {
  lanes_ = {};
  handshake_.clear();
}

}  // namespace theta::web

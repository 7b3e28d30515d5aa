#include "websocket_peer.h"

#include <algorithm>
#include <utility>

#include "theta/base/check.h"

namespace theta::transport {
namespace {

/// What it costs to hold a message, so that empty ones are bounded too.
constexpr std::size_t kHoldingBytes = 64;
/// The order in which lanes are written. Presence goes before bulk because it is worthless later.
constexpr std::array kWriteOrder{Lane::control, Lane::commands, Lane::presence, Lane::bulk};

/// A peer's words are shown to people and written into JSON: printable ASCII only.
std::string readable(std::string_view words) {
  std::string text(words.substr(0, kWebSocketReasonBytesMax));
  for (auto& character : text)
    if (character < 0x20 || character > 0x7e) character = '?';
  return text;
}

/// At most as many bytes as a close frame carries, without cutting a character of UTF-8 in two.
std::string_view cut_reason(std::string_view text) {
  if (text.size() <= kWebSocketReasonBytesMax) return text;
  auto size = kWebSocketReasonBytesMax;
  while (size > 0 && (static_cast<std::uint8_t>(text[size]) & 0xc0) == 0x80) --size;
  return text.substr(0, size);
}

CloseReason reason_of(std::uint16_t code) {
  constexpr std::uint16_t kGoingAway = 1001;  // RFC 6455: the page was left
  constexpr std::uint16_t kNormal = 1000;
  constexpr std::uint16_t kNoStatus = 1005;
  if (code == 0) return CloseReason::unreachable;
  if (code == kNormal || code == kGoingAway || code == kNoStatus) return CloseReason::none;
  const auto last = static_cast<std::uint16_t>(CloseReason::internal_error);
  if (code >= kWebSocketCloseBase && code <= kWebSocketCloseBase + last)
    return static_cast<CloseReason>(code - kWebSocketCloseBase);
  return CloseReason::protocol_error;
}

}  // namespace

WebSocketPeer::WebSocketPeer(WebSocketHost& host, PeerId id, WebSocketLink& link, const SocketAddress& remote)
    : host_(host), id_(id), link_(&link), remote_(remote), began_at_(host.now()), heard_at_(host.now()) {}

WebSocketPeer::~WebSocketPeer() { release_incoming(); }

// ---- Reading ------------------------------------------------------------------------------------------------------

std::size_t WebSocketPeer::incoming_bytes_max() const {
  if (phase_ == Phase::hello) return kSealedHelloBytes;
  if (phase_ == Phase::finish) return kSealedFinishBytes;
  return kSealedBytesMax;
}

void WebSocketPeer::release_incoming() {
  host_.stats().unfinished_bytes -= incoming_.size();
  // The memory goes too: most messages come in one piece and never stand here.
  incoming_ = {};
}

void WebSocketPeer::on_data(ByteView bytes, bool is_last) {
  heard_at_ = host_.now();
  // The phase stays as it is while a write holds the close frame up, but `closed` is told at once.
  if (ending_) return;
  if (incoming_.size() + bytes.size() > incoming_bytes_max())
    return on_protocol_error("a message is longer than the " + std::to_string(incoming_bytes_max()) +
                             " bytes that are allowed here");
  if (incoming_.empty() && is_last) return on_message(bytes);
  auto& unfinished = host_.stats().unfinished_bytes;
  unfinished += bytes.size();
  incoming_.insert(incoming_.end(), bytes.begin(), bytes.end());
  if (unfinished > host_.options().unfinished_bytes_max) host_.end_largest_holder();
  if (!is_last || ending_) return;
  const auto whole = std::move(incoming_);
  incoming_ = {};
  unfinished -= whole.size();
  on_message(whole);
}

void WebSocketPeer::give_up_unfinished() {
  ++host_.stats().unfinished_limit_closes;
  end(CloseReason::resource_limit, "the hub has too many unfinished messages; connect again later");
}

void WebSocketPeer::on_message(ByteView message) {
  ++stats_.packets_received;
  if (phase_ == Phase::hello) return answer_hello(message);
  if (phase_ == Phase::finish) return establish(message);
  deliver(message);
}

void WebSocketPeer::answer_hello(ByteView message) {
  auto handshake = SealedHub::accept(host_.hub(), host_.draw_seed(), message);
  if (!handshake) return on_protocol_error(handshake.error().message);
  handshake_.emplace(std::move(*handshake));
  answer_ = handshake_->answer();
  phase_ = Phase::finish;
}

void WebSocketPeer::establish(ByteView message) {
  auto channel = handshake_->establish(message);
  if (!channel) return on_protocol_error(channel.error().message);
  channel_.emplace(std::move(*channel));
  handshake_.reset();
  phase_ = Phase::open;
  was_established_ = true;
  host_.on_established(remote_);
  send_ping();
  Event event;
  event.kind = Event::Kind::connected;
  event.peer = id_;
  event.info = {TransportKind::websocket, channel_->binding(), remote_.to_string()};
  host_.emit(event);
}

void WebSocketPeer::deliver(ByteView message) {
  const auto opened = channel_->open(message);
  if (!opened) return on_protocol_error(opened.error().message);
  ++host_.stats().messages_received;
  Event event;
  event.kind = Event::Kind::message;
  event.peer = id_;
  event.lane = opened->lane;
  event.message = opened->message();
  host_.emit(event);
}

void WebSocketPeer::on_pong(std::string_view payload) {
  heard_at_ = host_.now();
  if (!is_ping_out_ || payload != std::to_string(pings_sent_)) return count_idle_frame();
  is_ping_out_ = false;
  // RFC 6298 section 2, as QUIC measures it too.
  const auto sample = host_.now() - pinged_at_;
  if (!has_rtt_) {
    has_rtt_ = true;
    stats_.rtt = sample;
    stats_.jitter = sample / 2;
    return;
  }
  const auto deviation = std::max(stats_.rtt, sample) - std::min(stats_.rtt, sample);
  stats_.jitter = (stats_.jitter * 3 + deviation) / 4;
  stats_.rtt = (stats_.rtt * 7 + sample) / 8;
}

void WebSocketPeer::on_ping() {
  heard_at_ = host_.now();
  count_idle_frame();
}

void WebSocketPeer::count_idle_frame() {
  if (host_.now() >= idle_frames_since_ + kIdleFramesWindow) {
    idle_frames_since_ = host_.now();
    idle_frames_ = 0;
  }
  if (++idle_frames_ > kIdleFramesMax)
    on_protocol_error("more than " + std::to_string(kIdleFramesMax) +
                      " pings or unasked pongs came in ten seconds; they carry nothing");
}

PeerStats WebSocketPeer::stats() const { return stats_; }

// ---- Sending ------------------------------------------------------------------------------------------------------

SendResult WebSocketPeer::send(Lane lane, const SharedBytes& message) {
  if (ending_) return SendResult::closed;
  if (message.size() > message_bytes_max(lane)) return SendResult::too_large;
  auto& waiting = queue(lane);
  const auto cost = message.size() + kHoldingBytes;
  const auto bound = host_.options().lane_bounds.of(lane);
  if (lane == Lane::presence)
    while (waiting.bytes + cost > bound && drop_oldest_presence()) {
    }
  else if (waiting.bytes != 0 && waiting.bytes + cost > bound) {
    ++host_.stats().sends_full;
    waiting.wants_writable = true;
    return SendResult::full;
  }
  waiting.messages.push_back(message);
  waiting.bytes += cost;
  return SendResult::queued;
}

bool WebSocketPeer::drop_oldest_presence() {
  auto& waiting = queue(Lane::presence);
  if (waiting.messages.empty()) return false;
  waiting.bytes -= waiting.messages.front().size() + kHoldingBytes;
  waiting.messages.pop_front();
  ++host_.stats().presence_dropped;
  return true;
}

bool WebSocketPeer::has_queued() const {
  return std::any_of(lanes_.begin(), lanes_.end(), [](const LaneQueue& lane) { return !lane.messages.empty(); });
}

void WebSocketPeer::write_raw(Bytes bytes) {
  is_writing_ = true;
  write_began_at_ = host_.now();
  ++stats_.packets_sent;
  link_->write(std::move(bytes));
}

void WebSocketPeer::write_next() {
  for (const auto lane : kWriteOrder) {
    auto& waiting = queue(lane);
    if (waiting.messages.empty()) continue;
    const auto message = std::move(waiting.messages.front());
    waiting.messages.pop_front();
    writing_lane_ = lane;
    writing_bytes_ = message.size() + kHoldingBytes;
    ++host_.stats().messages_sent;
    return write_raw(channel_->seal(lane, message.view()));
  }
}

void WebSocketPeer::write() {
  if (link_ == nullptr || is_writing_ || phase_ >= Phase::closing) return;
  if (!answer_.empty()) return write_raw(std::exchange(answer_, {}));
  if (ending_ && (phase_ != Phase::lingering || !has_queued())) return send_close_frame();
  if (channel_) write_next();
}

void WebSocketPeer::on_written() {
  is_writing_ = false;
  // What had to wait for room and got it was read by somebody, whose pongs could not come: our pings wait behind what
  // is being written. What is written at once may only lie in the system's buffer, and says nothing.
  if (host_.now() >= write_began_at_ + host_.options().keep_alive) heard_at_ = host_.now();
  if (!writing_lane_) return;
  queue(*writing_lane_).bytes -= writing_bytes_;
  writing_lane_.reset();
}

void WebSocketPeer::send_ping() {
  is_ping_out_ = true;
  pinged_at_ = host_.now();
  link_->ping(std::to_string(++pings_sent_));
}

// ---- Ending -------------------------------------------------------------------------------------------------------

void WebSocketPeer::on_protocol_error(const std::string& text) {
  if (ending_) return;
  if (was_established_) ++host_.stats().protocol_errors;
  end(CloseReason::protocol_error, text);
}

void WebSocketPeer::request_close(CloseReason reason, std::string text) {
  if (ending_) return;
  if (flushes_before_close(reason) && phase_ == Phase::open) {
    ending_ = Ending{reason, false, std::move(text)};
    phase_ = Phase::lingering;
    close_deadline_ = host_.now() + host_.options().linger;
    return;
  }
  end(reason, std::move(text));
}

void WebSocketPeer::end(CloseReason reason, std::string text) {
  if (ending_) return;
  ending_ = Ending{reason, false, std::move(text)};
  clear_queues();
  answer_.clear();
  release_incoming();
  close_deadline_ = host_.now() + host_.options().linger;
}

void WebSocketPeer::clear_queues() {
  for (auto& lane : lanes_) lane.messages.clear();
}

void WebSocketPeer::send_close_frame() {
  phase_ = Phase::closing;
  close_deadline_ = host_.now() + host_.options().linger;
  link_->close(static_cast<std::uint16_t>(kWebSocketCloseBase + static_cast<std::uint16_t>(ending_->reason)),
               cut_reason(ending_->text));
}

void WebSocketPeer::end_silently(Ending ending) {
  if (!ending_) ending_ = std::move(ending);
  phase_ = Phase::over;
}

void WebSocketPeer::on_ended(std::uint16_t code, std::string_view reason) {
  link_ = nullptr;
  end_silently({reason_of(code), code != 0,
                code == 0 ? std::string("the connection was lost without a close frame") : readable(reason)});
}

void WebSocketPeer::on_timer() {
  const auto now = host_.now();
  const auto& options = host_.options();
  if (phase_ == Phase::over) return;
  if (ending_) {
    if (now < close_deadline_) return;
    if (phase_ == Phase::lingering && !is_writing_) return clear_queues();
    link_->drop();
    link_ = nullptr;
    phase_ = Phase::over;
    return;
  }
  if (phase_ < Phase::open) {
    if (now >= began_at_ + options.handshake_timeout)
      end(CloseReason::idle_timeout, "the handshake took longer than this hub waits; connect again");
    return;
  }
  if (!is_writing_ && now >= heard_at_ + options.idle_timeout) {
    ++host_.stats().idle_timeouts;
    return end(CloseReason::idle_timeout, "nothing was heard of you for too long; connect again");
  }
  if (is_writing_ && now >= write_began_at_ + options.write_timeout) {
    ++host_.stats().slow_reader_closes;
    return end(CloseReason::resource_limit, "you read more slowly than this hub waits; connect again");
  }
  if (!is_ping_out_ && now >= pinged_at_ + options.keep_alive) send_ping();
}

MonotonicTime WebSocketPeer::next_timeout() const {
  const auto& options = host_.options();
  if (phase_ == Phase::over) return MonotonicTime::max();
  if (ending_) return close_deadline_;
  if (phase_ < Phase::open) return began_at_ + options.handshake_timeout;
  auto due = is_writing_ ? write_began_at_ + options.write_timeout : heard_at_ + options.idle_timeout;
  if (!is_ping_out_) due = std::min(due, pinged_at_ + options.keep_alive);
  return due;
}

void WebSocketPeer::tell_deferred() {
  if (ending_ && phase_ != Phase::lingering && was_established_ && !is_close_told_) {
    is_close_told_ = true;
    Event event;
    event.kind = Event::Kind::closed;
    event.peer = id_;
    event.reason = ending_->reason;
    event.closed_by_peer = ending_->by_peer;
    event.text = ending_->text;
    host_.emit(event);
  }
  if (ending_) return;
  for (const auto lane : {Lane::control, Lane::commands, Lane::bulk}) {
    auto& waiting = queue(lane);
    if (!waiting.wants_writable || waiting.bytes > host_.options().lane_bounds.of(lane) / 2) continue;
    waiting.wants_writable = false;
    Event event;
    event.kind = Event::Kind::writable;
    event.peer = id_;
    event.lane = lane;
    host_.emit(event);
    if (ending_) return;
  }
}

}  // namespace theta::transport

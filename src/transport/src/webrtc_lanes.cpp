#include <algorithm>
#include <utility>

#include "webrtc_session.h"

// The channels of a session, and the messages in them.

namespace theta::transport {
namespace {

/// However small presence messages are, no more wait.
constexpr std::size_t kPresenceMessagesMax = 256;
/// What a lane may leave unacknowledged in usrsctp: bulk leaves room for what is urgent.
constexpr std::size_t kUnacknowledgedMax = kSctpSendBufferBytes - 2 * kFragmentBytesMax;
constexpr std::size_t kUnacknowledgedBulkMax = kUnacknowledgedMax / 2;
/// Presence that would wait behind this is stale when it arrives. usrsctp keeps about twice as much memory for what it
/// counts here, for each peer of a crowd that does not keep up.
constexpr std::size_t kUnacknowledgedPresenceMax = kSctpSendBufferBytes / 8;

constexpr std::array kSendOrder{Lane::control, Lane::presence, Lane::commands, Lane::bulk};

std::size_t unacknowledged_max(Lane lane) {
  if (lane == Lane::bulk) return kUnacknowledgedBulkMax;
  return lane == Lane::presence ? kUnacknowledgedPresenceMax : kUnacknowledgedMax;
}

std::uint16_t priority_of(Lane lane) {
  const auto found = std::find(kSendOrder.begin(), kSendOrder.end(), lane);
  return static_cast<std::uint16_t>(found - kSendOrder.begin());
}

}  // namespace

WebRtcSession::Channel* WebRtcSession::channel_of(std::uint16_t stream) {
  const auto found = std::find_if(channels_.begin(), channels_.end(),
                                  [stream](const Channel& channel) { return channel.stream == stream; });
  return found == channels_.end() ? nullptr : &*found;
}

WebRtcSession::Channel* WebRtcSession::channel_of(Lane lane) {
  const auto found =
      std::find_if(channels_.begin(), channels_.end(), [lane](const Channel& channel) { return channel.lane == lane; });
  return found == channels_.end() ? nullptr : &*found;
}

void WebRtcSession::on_message(const SctpEvent& event) {
  if (ending_) return;
  // One message at a time comes in parts; none of ours is long enough to.
  if (unfinished_sctp_.size() + event.bytes.size() > kFragmentBytesMax) {
    return fail(CloseReason::protocol_error, "a data channel message is longer than 16 KiB; send it in fragments");
  }
  if (!event.is_end) {
    unfinished_sctp_.insert(unfinished_sctp_.end(), event.bytes.begin(), event.bytes.end());
    return;
  }
  ByteView bytes = event.bytes;
  if (!unfinished_sctp_.empty()) {
    unfinished_sctp_.insert(unfinished_sctp_.end(), event.bytes.begin(), event.bytes.end());
    bytes = unfinished_sctp_;
  }
  switch (static_cast<Ppid>(event.ppid)) {
    case Ppid::dcep: on_channel_open(event.stream, bytes); break;
    case Ppid::string:
    case Ppid::binary: {
      auto* channel = channel_of(event.stream);
      if (channel == nullptr) {
        fail(CloseReason::protocol_error, "data came on a channel that was never opened");
      } else {
        on_fragment(*channel, bytes);
      }
      break;
    }
    case Ppid::string_empty:
    case Ppid::binary_empty:
      fail(CloseReason::protocol_error, "an empty data channel message; each begins with a byte of its own");
      break;
    default: fail(CloseReason::protocol_error, "a payload of a kind that data channels do not have"); break;
  }
  Bytes().swap(unfinished_sctp_);
}

void WebRtcSession::on_channel_open(std::uint16_t stream, ByteView message) {
  // An acknowledgement would be of a channel that we opened, and we open none.
  const auto lane = parse_channel_open(message);
  if (!lane) return fail(CloseReason::protocol_error, lane.error().message);
  if (channel_of(stream) != nullptr || channel_of(*lane) != nullptr) {
    return fail(CloseReason::protocol_error, "a data channel was opened twice");
  }
  channels_.push_back({*lane, stream, FragmentReceiver(*lane)});
  sctp_->set_priority(stream, priority_of(*lane));
  const auto sent = sctp_->send({stream, static_cast<std::uint32_t>(Ppid::dcep), false, {&kChannelAck, 1}});
  if (sent != SctpAssociation::SendResult::sent) {
    return fail(CloseReason::internal_error, "a data channel could not be acknowledged");
  }
  if (channels_.size() == kLaneCount) establish();
}

void WebRtcSession::establish() {
  phase_ = Phase::open;
  was_established_ = true;
  progress_at_ = host_.now();
  host_.on_established(*this);
  Event event;
  event.kind = Event::Kind::connected;
  event.peer = identity_.peer;
  event.info.kind = TransportKind::webrtc;
  event.info.binding = rtc_channel_binding(offer_.fingerprint, host_.dtls().fingerprint());
  event.info.address = remote_.to_string();
  host_.emit(event);
}

void WebRtcSession::on_fragment(Channel& channel, ByteView fragment) {
  auto& stats = host_.stats();
  ByteView message;
  stats.unfinished_bytes -= channel.receiver.held_bytes();
  const auto status = channel.receiver.add(fragment, message);
  stats.unfinished_bytes += channel.receiver.held_bytes();
  switch (status) {
    case FragmentReceiver::Status::need_more:
      if (stats.unfinished_bytes > host_.options().unfinished_bytes_max) host_.end_largest_holder();
      return;
    case FragmentReceiver::Status::too_large:
      return fail(CloseReason::protocol_error, "a message is longer than its lane takes");
    case FragmentReceiver::Status::malformed:
      return fail(CloseReason::protocol_error, "a data channel message does not begin as a fragment does");
    case FragmentReceiver::Status::message: break;
  }
  if (phase_ != Phase::open) return fail(CloseReason::protocol_error, "a message came before all channels were open");
  ++stats.messages_received;
  Event event;
  event.kind = Event::Kind::message;
  event.peer = identity_.peer;
  event.lane = channel.lane;
  event.message = message;
  host_.emit(event);
  stats.unfinished_bytes -= channel.receiver.held_bytes();
  channel.receiver.release();
}

std::size_t WebRtcSession::held_bytes() const {
  std::size_t sum = 0;
  for (const auto& channel : channels_) sum += channel.receiver.held_bytes();
  return ending_ ? 0 : sum;
}

void WebRtcSession::give_up_unfinished() {
  auto& stats = host_.stats();
  ++stats.unfinished_limit_closes;
  for (auto& channel : channels_) {
    stats.unfinished_bytes -= channel.receiver.held_bytes();
    channel.receiver.release();
  }
  fail(CloseReason::resource_limit, "the hub holds too many unfinished messages; connect again later");
}

void WebRtcSession::on_stream_reset(std::uint16_t stream) {
  if (channel_of(stream) == nullptr || !sctp_) return;
  ++host_.stats().stream_resets;
  // Without an answer a browser's channel stays "closing" for ever.
  sctp_->reset_stream(stream);
  if (ending_) return;
  ending_ = Ending{CloseReason::none, true, "the other side closed a channel"};
  wants_close_ = true;
}

SendResult WebRtcSession::send(Lane lane, const SharedBytes& message) {
  if (phase_ != Phase::open || ending_) return SendResult::closed;
  if (message.size() > message_bytes_max(lane)) return SendResult::too_large;
  const auto& options = host_.options();
  const auto bound = options.lane_bounds.of(lane);
  auto& queue = sending(lane);
  if (lane == Lane::presence) {
    while (!queue.messages.empty() &&
           (queue.bytes + message.size() > bound || queue.messages.size() >= kPresenceMessagesMax)) {
      drop_oldest_presence();
    }
  } else {
    const auto fits = [&] { return queued_bytes() + message.size() <= options.peer_queue_bytes_max; };
    while (!fits() && !sending(Lane::presence).messages.empty()) drop_oldest_presence();
    const auto held = queue.bytes + queue.messages.size() * sizeof(SharedBytes);
    const bool is_full = held + message.size() > bound || !fits();
    if (!queue.messages.empty() && is_full) {
      queue.wants_writable = true;
      ++host_.stats().sends_full;
      return SendResult::full;
    }
  }
  if (!is_waiting()) progress_at_ = host_.now();
  queue.messages.push_back(message);
  queue.bytes += message.size();
  ++host_.stats().messages_sent;
  return SendResult::queued;
}

void WebRtcSession::drop_oldest_presence() {
  auto& queue = sending(Lane::presence);
  queue.bytes -= queue.messages.front().size();
  queue.messages.pop_front();
  ++host_.stats().presence_dropped;
}

std::size_t WebRtcSession::queued_bytes() const {
  std::size_t result = 0;
  for (const auto& lane : lanes_) result += lane.bytes;
  return result;
}

bool WebRtcSession::is_waiting() const {
  if (sctp_ && sctp_->unacknowledged_bytes() != 0) return true;
  return std::any_of(lanes_.begin(), lanes_.end(), [](const SendingLane& lane) { return !lane.messages.empty(); });
}

/// Hands to usrsctp what it may hold, the urgent first.
void WebRtcSession::pump() {
  if (!sctp_ || !host_.can_send()) return;
  for (const auto lane : kSendOrder) {
    while (!sending(lane).messages.empty() && sctp_->unacknowledged_bytes() < unacknowledged_max(lane)) {
      if (!pump_lane(lane)) return;
    }
  }
}

/// One fragment; false when usrsctp takes no more.
bool WebRtcSession::pump_lane(Lane lane) {
  auto& queue = sending(lane);
  const auto& message = queue.messages.front();
  const FragmentSender sender(message.view(), queue.offset);
  sender.write(fragment_);
  const auto piece = sender.piece_bytes();
  const auto sent = sctp_->send(
      {channel_of(lane)->stream, static_cast<std::uint32_t>(Ppid::binary), lane == Lane::presence, fragment_});
  if (sent == SctpAssociation::SendResult::failed) {
    end({CloseReason::unreachable, false, "the connection broke"});
    return false;
  }
  if (sent == SctpAssociation::SendResult::blocked) return false;
  queue.offset += piece;
  queue.bytes -= piece;
  if (queue.offset == message.size()) {
    queue.offset = 0;
    queue.messages.pop_front();
  }
  return true;
}

void WebRtcSession::tell_writable() {
  for (std::size_t at = 0; at < lanes_.size(); ++at) {
    auto& queue = lanes_[at];
    const auto lane = static_cast<Lane>(at);
    if (!queue.wants_writable || queue.bytes > host_.options().lane_bounds.of(lane) / 2) continue;
    if (queued_bytes() > host_.options().peer_queue_bytes_max / 2) continue;
    queue.wants_writable = false;
    Event event;
    event.kind = Event::Kind::writable;
    event.peer = identity_.peer;
    event.lane = lane;
    host_.emit(event);
  }
}

}  // namespace theta::transport

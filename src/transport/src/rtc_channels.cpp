#include "rtc_channels.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace theta::transport {
namespace {

constexpr std::uint8_t kChannelOpen = 0x03;
constexpr std::size_t kChannelOpenBytes = 12;  // before label and protocol
// Channel types of RFC 8832 section 5.1.
constexpr std::uint8_t kReliable = 0x00;
constexpr std::uint8_t kRetransmitsUnordered = 0x81;
constexpr std::size_t kCloseHeaderBytes = 3;
constexpr std::string_view kProtocol = "theta/1";
constexpr std::array<std::string_view, kLaneCount> kLabels{"control", "commands", "bulk", "presence"};

std::uint32_t big_endian(ByteView bytes) {
  std::uint32_t value = 0;
  for (const auto byte : bytes) value = value << 8 | byte;
  return value;
}

std::string_view as_text(ByteView bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

tl::unexpected<Failure<TransportError>> refuse(std::string_view sentence) {
  return fail(TransportError::malformed, "a data channel cannot be opened: " + std::string(sentence));
}

}  // namespace

TransportResult<Lane> parse_channel_open(ByteView message) {
  if (message.size() < kChannelOpenBytes || message.front() != kChannelOpen) {
    return refuse("expected a DATA_CHANNEL_OPEN of at least 12 bytes");
  }
  const auto type = message[1];
  const auto reliability = big_endian(message.subspan(4, 4));
  const auto label_bytes = big_endian(message.subspan(8, 2));
  const auto protocol_bytes = big_endian(message.subspan(10, 2));
  if (message.size() != kChannelOpenBytes + label_bytes + protocol_bytes) {
    return refuse("the lengths of label and protocol do not add up to the message's");
  }
  const auto label = as_text(message.subspan(kChannelOpenBytes, label_bytes));
  if (as_text(message.subspan(kChannelOpenBytes + label_bytes)) != kProtocol) {
    return refuse("its protocol must be theta/1; the page may be older or newer than the hub: reload it");
  }
  const auto found = std::find(kLabels.begin(), kLabels.end(), label);
  if (found == kLabels.end()) return refuse("its label must be control, commands, bulk or presence");
  const auto lane = static_cast<Lane>(found - kLabels.begin());
  const bool is_presence = lane == Lane::presence;
  if (type != (is_presence ? kRetransmitsUnordered : kReliable) || (is_presence && reliability != 0)) {
    return refuse("presence is unordered without retransmission, the others are ordered and reliable");
  }
  return lane;
}

Bytes write_channel_open(Lane lane) {
  const auto label = kLabels[static_cast<std::size_t>(lane)];
  Bytes message(kChannelOpenBytes + label.size() + kProtocol.size());
  message[0] = kChannelOpen;
  message[1] = lane == Lane::presence ? kRetransmitsUnordered : kReliable;
  message[9] = static_cast<std::uint8_t>(label.size());
  message[11] = static_cast<std::uint8_t>(kProtocol.size());
  const auto behind_label = std::copy(label.begin(), label.end(), message.begin() + kChannelOpenBytes);
  std::copy(kProtocol.begin(), kProtocol.end(), behind_label);
  return message;
}

Bytes write_close_fragment(CloseReason reason, std::string_view text) {
  if (text.size() > kCloseTextBytesMax) {
    auto end = kCloseTextBytesMax;
    // Never in the middle of a character: bytes that continue one begin with 10.
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
    text = text.substr(0, end);
  }
  const auto code = static_cast<std::uint16_t>(reason);
  Bytes fragment(kCloseHeaderBytes + text.size());
  fragment[0] = static_cast<std::uint8_t>(FragmentKind::close);
  fragment[1] = static_cast<std::uint8_t>(code & 0xff);
  fragment[2] = static_cast<std::uint8_t>(code >> 8);
  std::copy(text.begin(), text.end(), fragment.begin() + kCloseHeaderBytes);
  return fragment;
}

FragmentReceiver::Status FragmentReceiver::add(ByteView fragment, ByteView& message) {
  if (fragment.empty() || fragment.size() > kFragmentBytesMax) return Status::malformed;
  const auto kind = fragment.front();
  const auto piece = fragment.subspan(1);
  const bool is_last = kind == static_cast<std::uint8_t>(FragmentKind::last);
  if (!is_last && kind != static_cast<std::uint8_t>(FragmentKind::more)) return Status::malformed;
  // A presence message is one datagram; and a fragment of nothing would be a message without end for free.
  if (!is_last && (lane_ == Lane::presence || piece.empty())) return Status::malformed;
  if (partial_.size() + piece.size() > message_bytes_max(lane_)) return Status::too_large;
  if (is_last && partial_.empty()) {
    message = piece;
    return Status::message;
  }
  partial_.insert(partial_.end(), piece.begin(), piece.end());
  if (!is_last) return Status::need_more;
  message = partial_;
  return Status::message;
}

void FragmentReceiver::release() { Bytes().swap(partial_); }

std::size_t FragmentSender::piece_bytes() const { return std::min(kFragmentBytesMax - 1, message_.size() - offset_); }

void FragmentSender::write(Bytes& fragment) const {
  const auto size = piece_bytes();
  const bool is_last = offset_ + size == message_.size();
  fragment.clear();
  fragment.push_back(static_cast<std::uint8_t>(is_last ? FragmentKind::last : FragmentKind::more));
  const auto piece = message_.subspan(offset_, size);
  fragment.insert(fragment.end(), piece.begin(), piece.end());
}

}  // namespace theta::transport

#include "quic_lanes.h"

#include <algorithm>

#include "theta/base/check.h"

namespace theta::transport {
namespace {

/// More than any packet holds, so that `peek` never keeps a packet short.
constexpr std::size_t kPeekBytes = 2048;
/// A length takes at most three bytes below 2 MiB.
constexpr std::uint8_t kLengthBytesMax = 3;
static_assert(limits::kMessageBytesMax < (1U << (7 * kLengthBytesMax)));
/// A buffer larger than this is given back after its message, so that an idle lane holds next to nothing.
constexpr std::size_t kKeptBufferBytes = 4096;

ngtcp2_vec part_of(const std::uint8_t* bytes, std::size_t size) { return {const_cast<std::uint8_t*>(bytes), size}; }

}  // namespace

void LaneSender::push(Entry entry) {
  unsent_bytes_ += entry.size();
  entries_.push_back(std::move(entry));
}

void LaneSender::push_preface(std::uint8_t byte) {
  Entry entry;
  entry.prefix[entry.prefix_size++] = byte;
  push(std::move(entry));
}

void LaneSender::push_message(const SharedBytes& message) {
  Entry entry;
  entry.is_message = true;
  entry.message = message;
  held_bytes_ += message.size() + sizeof(Entry);
  ++held_messages_;
  auto rest = message.size();
  while (rest >= 0x80) {
    entry.prefix[entry.prefix_size++] = static_cast<std::uint8_t>(rest | 0x80);
    rest >>= 7;
  }
  entry.prefix[entry.prefix_size++] = static_cast<std::uint8_t>(rest);
  push(std::move(entry));
}

std::size_t LaneSender::peek(std::span<ngtcp2_vec> parts) const {
  std::size_t count = 0;
  std::size_t total = 0;
  auto skip = next_byte_;
  for (auto at = next_entry_; at < entries_.size() && count + 2 <= parts.size() && total < kPeekBytes; ++at) {
    const auto& entry = entries_[at];
    if (skip < entry.prefix_size) {
      parts[count++] = part_of(entry.prefix.data() + skip, entry.prefix_size - skip);
      total += entry.prefix_size - skip;
      skip = 0;
    } else {
      skip -= entry.prefix_size;
    }
    const auto rest = entry.message.view().subspan(skip);
    if (!rest.empty()) {
      parts[count++] = part_of(rest.data(), rest.size());
      total += rest.size();
    }
    skip = 0;
  }
  return count;
}

void LaneSender::mark_sent(std::size_t bytes) {
  THETA_CHECK(bytes <= unsent_bytes_);
  unsent_bytes_ -= bytes;
  next_byte_ += bytes;
  while (next_entry_ < entries_.size() && next_byte_ >= entries_[next_entry_].size()) {
    next_byte_ -= entries_[next_entry_].size();
    ++next_entry_;
  }
}

void LaneSender::mark_acknowledged(std::uint64_t end_offset) {
  while (next_entry_ > 0 && first_offset_ + entries_.front().size() <= end_offset) {
    const auto& first = entries_.front();
    first_offset_ += first.size();
    if (first.is_message) {
      held_bytes_ -= first.message.size() + sizeof(Entry);
      --held_messages_;
    }
    entries_.pop_front();
    --next_entry_;
  }
}

LaneReceiver::Status LaneReceiver::read_length(ByteView& input) {
  while (!input.empty()) {
    const auto byte = input.front();
    input = input.subspan(1);
    const bool is_overlong = length_bytes_ > 0 && byte == 0;
    if (is_overlong || length_bytes_ == kLengthBytesMax) return Status::malformed;
    length_ |= std::size_t{byte & 0x7fU} << (7 * length_bytes_);
    ++length_bytes_;
    if ((byte & 0x80) != 0) {
      // A fourth byte could only announce more than any lane takes.
      if (length_bytes_ == kLengthBytesMax) return Status::too_large;
      continue;
    }
    if (length_ > message_bytes_max(lane_)) return Status::too_large;
    has_length_ = true;
    return Status::message;
  }
  return Status::need_more;
}

LaneReceiver::Status LaneReceiver::next(ByteView& input, ByteView& message) {
  if (is_delivered_) {
    is_delivered_ = false;
    partial_.clear();
    if (partial_.capacity() > kKeptBufferBytes) partial_.shrink_to_fit();
  }
  if (expects_preface_ && !input.empty()) {
    if (input.front() != lane_preface(lane_)) return Status::malformed;
    expects_preface_ = false;
    input = input.subspan(1);
  }
  if (!has_length_) {
    const auto status = read_length(input);
    if (status != Status::message) return status;
  }
  if (partial_.empty() && input.size() >= length_) {
    message = input.first(length_);
    input = input.subspan(length_);
  } else {
    const auto taken = input.first(std::min(input.size(), length_ - partial_.size()));
    // Grows with what really arrives, whatever was announced, and never beyond that.
    const auto needed = partial_.size() + taken.size();
    if (needed > partial_.capacity()) partial_.reserve(std::min(length_, 2 * needed));
    partial_.insert(partial_.end(), taken.begin(), taken.end());
    input = input.subspan(taken.size());
    if (partial_.size() < length_) return Status::need_more;
    message = partial_;
    is_delivered_ = true;
  }
  has_length_ = false;
  length_ = 0;
  length_bytes_ = 0;
  return Status::message;
}

}  // namespace theta::transport

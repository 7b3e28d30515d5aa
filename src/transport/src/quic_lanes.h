#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <span>

#include <ngtcp2/ngtcp2.h>

#include "theta/transport/transport.h"

namespace theta::transport {

/// The first byte of each lane's stream: the lane's number, so that the server learns of all lanes at once and a peer
/// that means something else by its streams is noticed.
[[nodiscard]] constexpr std::uint8_t lane_preface(Lane lane) { return static_cast<std::uint8_t>(lane); }

/// The bytes of a lane that were not acknowledged yet, in stream order. ngtcp2 keeps pointers into them until the peer
/// has acknowledged them, so entries never move.
class LaneSender {
 public:
  /// Of messages, queued and in flight, with what it costs to hold each (so that empty ones are bounded too).
  [[nodiscard]] std::size_t held_bytes() const { return held_bytes_; }
  [[nodiscard]] std::size_t held_messages() const { return held_messages_; }
  [[nodiscard]] std::size_t unsent_bytes() const { return unsent_bytes_; }
  [[nodiscard]] bool has_unsent() const { return unsent_bytes_ != 0; }

  void push_preface(std::uint8_t byte);
  /// With its length before it.
  void push_message(const SharedBytes& message);
  /// The next unsent bytes, up to about a packet's worth; returns how many parts were filled.
  [[nodiscard]] std::size_t peek(std::span<ngtcp2_vec> parts) const;
  /// `bytes` of what `peek` showed went into a packet.
  void mark_sent(std::size_t bytes);
  /// All before this offset of the stream has arrived.
  void mark_acknowledged(std::uint64_t end_offset);

 private:
  struct Entry {
    std::array<std::uint8_t, 10> prefix{};
    std::uint8_t prefix_size = 0;
    bool is_message = false;
    SharedBytes message;
    [[nodiscard]] std::size_t size() const { return prefix_size + message.size(); }
  };
  void push(Entry entry);

  std::deque<Entry> entries_;
  std::uint64_t first_offset_ = 0;  // of entries_.front() in the stream
  std::size_t next_entry_ = 0;      // where unsent bytes begin
  std::size_t next_byte_ = 0;
  std::size_t held_bytes_ = 0;
  std::size_t held_messages_ = 0;
  std::size_t unsent_bytes_ = 0;
};

/// Cuts a lane's incoming bytes into messages. Holds at most one unfinished message.
class LaneReceiver {
 public:
  enum class Status : std::uint8_t {
    message,    // one more; call again
    need_more,  // the input is used up
    too_large,  // announced a message over the lane's limit: disconnect
    malformed,  // a length that no writer of ours writes, or a wrong preface: disconnect
  };

  /// `expects_preface`: the peer is the one who opened the stream.
  LaneReceiver(Lane lane, bool expects_preface) : lane_(lane), expects_preface_(expects_preface) {}

  /// Takes from the front of `input`. The message borrows from `input` or from here, until the next call.
  [[nodiscard]] Status next(ByteView& input, ByteView& message);
  /// What an unfinished message takes here.
  [[nodiscard]] std::size_t held_bytes() const { return partial_.capacity(); }
  /// Forgets it; nothing more is to be read here.
  void give_up() { Bytes().swap(partial_); }

 private:
  [[nodiscard]] Status read_length(ByteView& input);

  Lane lane_;
  bool expects_preface_;
  bool has_length_ = false;
  bool is_delivered_ = false;  // partial_ holds a message that was handed out
  std::uint8_t length_bytes_ = 0;
  std::size_t length_ = 0;
  Bytes partial_;
};

}  // namespace theta::transport

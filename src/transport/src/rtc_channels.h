#pragma once

#include <cstdint>
#include <optional>

#include "theta/base/bytes.h"
#include "theta/transport/error.h"
#include "theta/transport/transport.h"

namespace theta::transport {

// What travels in the data channels of a browser: the messages that open them (RFC 8832), and the fragments that lane
// messages are cut into (docs/format.md).

/// A data channel's message, with the byte that says whether more follow.
inline constexpr std::size_t kFragmentBytesMax = 16 * 1024;
enum class FragmentKind : std::uint8_t {
  last = 0,   // ends a message
  more = 1,   // another fragment of the message follows
  close = 2,  // control lane only: u16 LE CloseReason and a sentence; nothing follows
};
/// UTF-8, behind the reason of a `close`.
inline constexpr std::size_t kCloseTextBytesMax = 512;

/// Payload protocol identifiers (RFC 8831 section 8).
enum class Ppid : std::uint32_t {
  dcep = 50,
  string = 51,
  binary_partial = 52,  // deprecated
  binary = 53,
  string_partial = 54,  // deprecated
  string_empty = 56,
  binary_empty = 57,
};

/// DATA_CHANNEL_ACK.
inline constexpr std::uint8_t kChannelAck = 0x02;

/// Which lane a DATA_CHANNEL_OPEN opens. `malformed`, with a sentence, when it is not exactly one of the four: label,
/// protocol, order, reliability and length.
[[nodiscard]] TransportResult<Lane> parse_channel_open(ByteView message);
/// What a browser sends to open `lane`.
[[nodiscard]] Bytes write_channel_open(Lane lane);

/// A `close` fragment, the text cut to its bound at a character's end.
[[nodiscard]] Bytes write_close_fragment(CloseReason reason, std::string_view text);

/// Joins a lane's fragments. Holds at most one unfinished message.
class FragmentReceiver {
 public:
  enum class Status : std::uint8_t {
    message,    // `message` is whole
    need_more,  // it goes on
    too_large,  // more than the lane's limit: disconnect
    malformed,  // no fragment of ours: disconnect
  };

  explicit FragmentReceiver(Lane lane) : lane_(lane) {}
  /// The message borrows from `fragment` or from here, until `release`, which must come before the next fragment.
  [[nodiscard]] Status add(ByteView fragment, ByteView& message);
  /// The message that `add` gave is done with.
  void release();
  /// What an unfinished message takes here.
  [[nodiscard]] std::size_t held_bytes() const { return partial_.capacity(); }

 private:
  Lane lane_;
  Bytes partial_;
};

/// Cuts a message into fragments, one after the other.
class FragmentSender {
 public:
  explicit FragmentSender(ByteView message, std::size_t offset) : message_(message), offset_(offset) {}
  /// Writes the next fragment, without moving on.
  void write(Bytes& fragment) const;
  /// Of the message, in that fragment.
  [[nodiscard]] std::size_t piece_bytes() const;

 private:
  ByteView message_;
  std::size_t offset_;
};

}  // namespace theta::transport

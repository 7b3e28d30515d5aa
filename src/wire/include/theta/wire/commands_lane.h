#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "theta/base/bytes.h"
#include "theta/base/ids.h"
#include "theta/base/limits.h"
#include "theta/base/result.h"
#include "theta/wire/schema.h"

namespace theta::wire {

/// Messages of the commands lane, in a compact binary form (docs/format.md). Contents of packets and records are in
/// `log/compact.h`; here they are opaque bytes.

/// A refusal's sentence is cut to this on its way out, and a longer one is malformed.
inline constexpr std::size_t kRefusalTextBytesMax = 512;
/// A packet in compact form: header, signature and payload.
inline constexpr std::size_t kCompactPacketBytesMax = limits::kPayloadBytesMax + 256;

/// Peer to hub: one packet in compact form. Compressed when it pays.
struct Submit {
  ByteView packet;
};
/// Hub to peer: records `first_seq`, `first_seq + 1`, …, at least one, each in compact form. Compressed as a whole when
/// it pays. The sender keeps the whole below limits::kMessageBytesMax.
struct Records {
  Seq first_seq;
  std::vector<ByteView> records;
};
/// Hub to peer: the packet with this nonce was not sequenced.
struct Refusal {
  Nonce nonce;
  fb::RefusalCode code = fb::RefusalCode::none;
  std::uint32_t retry_after_ms = 0;
  Nonce expected;  // the next nonce that the hub would take
  std::string text;
};

enum class LaneError : std::uint8_t {
  malformed,  // not what a peer of this protocol sends
  too_large,  // over limits::kMessageBytesMax, or a packet over its cap, also after decompression
};

/// `decompressed` owns what the views of `message` point into when it came compressed; so it moves and is not copied.
struct DecodedLaneMessage {
  DecodedLaneMessage() = default;
  DecodedLaneMessage(DecodedLaneMessage&&) = default;
  DecodedLaneMessage& operator=(DecodedLaneMessage&&) = default;
  std::variant<Submit, Records, Refusal> message;
  Bytes decompressed;
};

[[nodiscard]] Bytes encode(const Submit& submit);
[[nodiscard]] Bytes encode(const Records& records);
/// The text is made plain (`to_plain_text`) and cut.
[[nodiscard]] Bytes encode(const Refusal& refusal);
/// Views borrow from `bytes` or from the result's own buffer.
[[nodiscard]] Expected<DecodedLaneMessage, LaneError> decode_lane_message(ByteView bytes);

}  // namespace theta::wire

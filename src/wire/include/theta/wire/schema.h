#pragma once

// The generated FlatBuffers code and its one verified way in. Bytes from a peer, a file or a store go through
// `verified_*`; nothing reads a buffer that has not.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "theta/base/bytes.h"
#include "theta/base/ids.h"
#include "theta/wire/generated/commands_generated.h"
#include "theta/wire/generated/messages_generated.h"
#include "theta/wire/generated/snapshot_generated.h"

namespace theta::wire {

/// Changes when old and new peers cannot talk at all. What a packet's header says rules what its bytes mean, so packets
/// of every version from `kProtocolVersionMin` on stay valid.
inline constexpr std::uint16_t kProtocolVersion = 2;
inline constexpr std::uint16_t kProtocolVersionMin = 1;
/// From here on the journal tells what a command wrote over, so that one undo after another goes back over all that an
/// author did to a register (docs/format.md).
inline constexpr std::uint16_t kProtocolVersionOfUndoChains = 2;
/// Counts up with every change to the schema; tells two peers with different hashes which one is older.
inline constexpr std::uint32_t kSchemaRevision = 4;
[[nodiscard]] Hash256 schema_hash();

/// FlatBuffers are read in place, so they must begin at a multiple of eight: what an own allocation begins with does,
/// a view into a frame does so by chance only. This borrows bytes that are aligned and copies those that are not.
class AlignedBytes {
 public:
  static constexpr std::size_t kAlignment = 8;
  [[nodiscard]] static bool is_aligned(ByteView bytes) {
    return reinterpret_cast<std::uintptr_t>(bytes.data()) % kAlignment == 0;
  }

  explicit AlignedBytes(ByteView bytes) : view_(bytes) {
    if (is_aligned(bytes)) return;
    copy_.assign(bytes.begin(), bytes.end());
    view_ = copy_;
  }
  AlignedBytes(const AlignedBytes&) = delete;
  AlignedBytes& operator=(const AlignedBytes&) = delete;

  /// Valid as long as this object and the bytes it was made from.
  [[nodiscard]] ByteView view() const { return view_; }

 private:
  Bytes copy_;
  ByteView view_;
};

/// Null when the bytes are no well-formed buffer of that type (structure only; values are checked in
/// `log/command_rules.h`) or do not begin at a multiple of eight: wrap views into frames, and blobs inside other
/// messages, in `AlignedBytes`. The result borrows from `bytes`. Time and depth are bounded by the number of bytes,
/// even for buffers that name one part many times. A union may hold a member that this build does not know: it is not
/// verified and must not be read.
///
/// Sizes: a payload has at most limits::kPayloadBytesMax, a message limits::kMessageBytesMax, presence
/// limits::kPresenceBytesMax, a snapshot 1 GiB. Payloads and presence have no file identifier, which saves eight bytes
/// of each: their place on the wire says what they are.
[[nodiscard]] const fb::CommandPayload* verified_payload(ByteView bytes);
[[nodiscard]] const fb::Message* verified_message(ByteView bytes);
[[nodiscard]] const fb::Snapshot* verified_snapshot(ByteView bytes);
[[nodiscard]] const fb::Presence* verified_presence(ByteView bytes);

/// What two peers tell each other when they meet.
struct PeerVersion {
  std::uint16_t protocol_version = 0;
  std::uint32_t schema_revision = 0;
  Hash256 schema_hash;
};
[[nodiscard]] PeerVersion own_version();
/// Empty when the two sides agree; else a sentence, as `own` would read it, that says which side is older and what to
/// do. A hub that refuses a peer passes the peer's version as `own`.
[[nodiscard]] std::optional<std::string> version_mismatch(const PeerVersion& own, const PeerVersion& peer);

// Between the schema's 32- and 64-byte structs and the typed ids.
template <class Fixed>
[[nodiscard]] Fixed from_fb(const fb::Bytes32& value) {
  static_assert(Fixed::kSize == 32);
  return Fixed::from(ByteView(value.bytes()->Data(), 32));
}
template <class Fixed>
[[nodiscard]] fb::Bytes32 to_fb32(const Fixed& value) {
  static_assert(Fixed::kSize == 32);
  return fb::Bytes32(flatbuffers::span<const std::uint8_t, 32>(value.bytes));
}
[[nodiscard]] Signature signature_from_fb(const fb::Bytes64& value);
[[nodiscard]] fb::Bytes64 signature_to_fb(const Signature& value);

}  // namespace theta::wire

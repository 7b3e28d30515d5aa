#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "theta/base/bytes.h"
#include "theta/base/ids.h"
#include "theta/base/result.h"
#include "theta/crypto/keys.h"

namespace theta::log {

/// What an author signs. Fixed binary layout of 160 bytes, little-endian, in this order (docs/format.md).
struct PacketHeader {
  static constexpr std::size_t kEncodedBytes = 160;

  std::uint16_t protocol_version = 0;
  std::uint16_t command_count = 0;  // of the payload, so that a rate limiter need not parse it
  std::uint32_t payload_size = 0;
  RoomId room;  // all zero in the packet that opens the room
  AuthorKey author;
  Nonce nonce;
  Hash256 prev;  // hash of the author's previous header in this room; zero for nonce 1
  Seq base_seq;  // last seq that the author had applied
  Stamp stamp;
  Hash256 payload_hash;

  friend bool operator==(const PacketHeader&, const PacketHeader&) = default;
};

/// 160 bytes.
[[nodiscard]] std::array<std::uint8_t, PacketHeader::kEncodedBytes> encode_header(const PacketHeader& header);
/// H("theta/packet-header/v1", header): what `prev` and, for the opening packet, the room id name.
[[nodiscard]] Hash256 hash_header(const PacketHeader& header);
/// H("theta/payload", payload).
[[nodiscard]] Hash256 hash_payload(ByteView payload);

/// A packet's commands, byte for byte, and their hash, which is taken once when the bytes come in.
class Payload {
 public:
  Payload() = default;
  explicit Payload(Bytes bytes);

  [[nodiscard]] ByteView view() const { return bytes_.view(); }
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  [[nodiscard]] bool empty() const { return bytes_.empty(); }
  /// As `hash_payload(view())`; zero for a payload that was never there.
  [[nodiscard]] const Hash256& hash() const { return hash_; }

 private:
  SharedBytes bytes_;
  Hash256 hash_;
};

/// A signed step of one author. The payload is empty in an archived packet.
struct CommandPacket {
  PacketHeader header;
  Signature signature;
  Payload payload;
  bool archived = false;  // the payload was cut; header and signature still verify
};

/// Fills payload size and hash into `header` and signs it (domain "theta/packet/v1"). Precondition: the payload has at
/// most limits::kPayloadBytesMax.
[[nodiscard]] CommandPacket sign_packet(PacketHeader header, Bytes payload, const crypto::KeyPair& author);
[[nodiscard]] bool verify_signature(const CommandPacket& packet);

enum class PacketError : std::uint8_t {
  malformed,  // not a packet, or its parts contradict each other
  too_large,  // a payload over limits::kPayloadBytesMax, told or real
};

/// Header, signature and flags of the stored form.
inline constexpr std::size_t kStoredPacketOverheadBytes = PacketHeader::kEncodedBytes + Signature::kSize + 1;

/// Stored form: header (160) | signature (64) | flags (1: archived) | payload. Self-contained.
[[nodiscard]] Bytes encode_packet(const CommandPacket& packet);
/// Checks sizes before it allocates, and the payload against the header's size and hash; not the signature.
[[nodiscard]] Expected<CommandPacket, PacketError> decode_packet(ByteView bytes);

}  // namespace theta::log

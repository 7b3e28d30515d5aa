#include "theta/log/packet.h"

#include "theta/base/byte_codec.h"
#include "theta/base/check.h"
#include "theta/base/limits.h"
#include "theta/crypto/hash.h"

namespace theta::log {
namespace {

constexpr std::string_view kHeaderDomain = "theta/packet-header/v1";
// So short that the commonest packet, one transform of one entity, is hashed as one block of BLAKE2b.
constexpr std::string_view kPayloadDomain = "theta/payload";
constexpr std::string_view kSignatureDomain = "theta/packet/v1";
constexpr std::uint8_t kArchivedFlag = 1;

PacketHeader read_header(ByteReader& reader) {
  PacketHeader header;
  header.protocol_version = reader.get<std::uint16_t>();
  header.command_count = reader.get<std::uint16_t>();
  header.payload_size = reader.get<std::uint32_t>();
  header.room = reader.get_fixed<RoomId>();
  header.author = reader.get_fixed<AuthorKey>();
  header.nonce = Nonce{reader.get<std::uint64_t>()};
  header.prev = reader.get_fixed<Hash256>();
  header.base_seq = Seq{reader.get<std::uint64_t>()};
  header.stamp = Stamp{reader.get<std::uint64_t>()};
  header.payload_hash = reader.get_fixed<Hash256>();
  return header;
}

// Places fixed-size fields one after the other.
class HeaderWriter {
 public:
  template <class Integer>
  void put(Integer value) {
    std::memcpy(out_.data() + at_, &value, sizeof value);
    at_ += sizeof value;
  }
  void put_bytes(ByteView bytes) {
    std::memcpy(out_.data() + at_, bytes.data(), bytes.size());
    at_ += bytes.size();
  }
  [[nodiscard]] const std::array<std::uint8_t, PacketHeader::kEncodedBytes>& finish() const {
    THETA_CHECK(at_ == out_.size());
    return out_;
  }

 private:
  std::array<std::uint8_t, PacketHeader::kEncodedBytes> out_{};
  std::size_t at_ = 0;
};

}  // namespace

std::array<std::uint8_t, PacketHeader::kEncodedBytes> encode_header(const PacketHeader& header) {
  HeaderWriter writer;
  writer.put(header.protocol_version);
  writer.put(header.command_count);
  writer.put(header.payload_size);
  writer.put_bytes(header.room.view());
  writer.put_bytes(header.author.view());
  writer.put(header.nonce.value());
  writer.put_bytes(header.prev.view());
  writer.put(header.base_seq.value());
  writer.put(header.stamp.value());
  writer.put_bytes(header.payload_hash.view());
  return writer.finish();
}

// Each starts from a hasher that has taken the domain already.
Hash256 hash_header(const PacketHeader& header) {
  static const crypto::Hasher kStart(kHeaderDomain);
  return crypto::Hasher(kStart).update(encode_header(header)).finish();
}

Hash256 hash_payload(ByteView payload) {
  static const crypto::Hasher kStart(kPayloadDomain);
  return crypto::Hasher(kStart).update(payload).finish();
}

Payload::Payload(Bytes bytes) : bytes_(std::move(bytes)), hash_(hash_payload(bytes_.view())) {}

CommandPacket sign_packet(PacketHeader header, Bytes payload, const crypto::KeyPair& author) {
  THETA_CHECK(payload.size() <= limits::kPayloadBytesMax);
  CommandPacket packet;
  packet.payload = Payload(std::move(payload));
  header.payload_size = static_cast<std::uint32_t>(packet.payload.size());
  header.payload_hash = packet.payload.hash();
  packet.signature = author.sign(kSignatureDomain, encode_header(header));
  packet.header = header;
  return packet;
}

bool verify_signature(const CommandPacket& packet) {
  return crypto::verify(kSignatureDomain, encode_header(packet.header), packet.signature, packet.header.author.view());
}

Bytes encode_packet(const CommandPacket& packet) {
  Bytes bytes;
  bytes.reserve(kStoredPacketOverheadBytes + packet.payload.size());
  ByteWriter writer(bytes);
  writer.put_bytes(encode_header(packet.header));
  writer.put_bytes(packet.signature.view());
  writer.put(static_cast<std::uint8_t>(packet.archived ? kArchivedFlag : 0));
  if (!packet.archived) writer.put_bytes(packet.payload.view());
  return bytes;
}

Expected<CommandPacket, PacketError> decode_packet(ByteView bytes) {
  if (bytes.size() < kStoredPacketOverheadBytes)
    return fail(PacketError::malformed, "Expected a packet of at least " + std::to_string(kStoredPacketOverheadBytes) +
                                            " bytes; got " + std::to_string(bytes.size()) + '.');
  if (bytes.size() > kStoredPacketOverheadBytes + limits::kPayloadBytesMax)
    return fail(PacketError::too_large, "Expected a payload of at most " + std::to_string(limits::kPayloadBytesMax) +
                                            " bytes; got " + std::to_string(bytes.size() - kStoredPacketOverheadBytes) +
                                            '.');
  ByteReader reader(bytes);
  CommandPacket packet;
  packet.header = read_header(reader);
  packet.signature = reader.get_fixed<Signature>();
  const auto flags = reader.get<std::uint8_t>();
  const auto payload = reader.rest();
  if (flags > kArchivedFlag)
    return fail(PacketError::malformed, "Expected packet flags 0 or 1; got " + std::to_string(flags) + '.');
  if (packet.header.payload_size > limits::kPayloadBytesMax)
    return fail(PacketError::too_large, "Expected a payload of at most " + std::to_string(limits::kPayloadBytesMax) +
                                            " bytes; the header says " + std::to_string(packet.header.payload_size) +
                                            '.');
  packet.archived = flags == kArchivedFlag;
  if (packet.archived) {
    if (!payload.empty())
      return fail(PacketError::malformed, "Expected no payload behind an archived packet; got some.");
    return packet;
  }
  if (payload.size() == packet.header.payload_size) packet.payload = Payload(Bytes(payload.begin(), payload.end()));
  if (packet.payload.size() != payload.size() || packet.payload.hash() != packet.header.payload_hash)
    return fail(PacketError::malformed, "Expected the payload that the packet's header names; got another.");
  return packet;
}

}  // namespace theta::log

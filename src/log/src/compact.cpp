#include "theta/log/compact.h"

#include "theta/base/byte_codec.h"
#include "theta/base/limits.h"
#include "theta/log/stamp.h"

namespace theta::log {
namespace {

constexpr std::uint8_t kArchivedFlag = 1;

auto malformed(const char* text) { return fail(PacketError::malformed, text); }

// Signed differences travel with the sign in the lowest bit, so that small ones stay short. Both directions are modulo
// 2^64: whatever the two numbers are, the receiver gets back the first.
std::uint64_t zigzag(std::uint64_t difference) { return (difference << 1) ^ ((difference >> 63) != 0 ? ~0ULL : 0ULL); }
std::uint64_t unzigzag(std::uint64_t value) { return (value >> 1) ^ ((value & 1) != 0 ? ~0ULL : 0ULL); }

// What a packet and a record share. `base` is the header's base_seq, or how far it lies behind the record's seq. Nonce
// and command count come first, for `peek_nonce` and `peek_command_count`.
void put_packet(ByteWriter& writer, const CommandPacket& packet, std::uint64_t base) {
  const auto& header = packet.header;
  writer.put_varint(header.nonce.value());
  writer.put_varint(header.command_count);
  writer.put(static_cast<std::uint8_t>(packet.archived ? kArchivedFlag : 0));
  writer.put_varint(header.protocol_version);
  writer.put_varint(base);
  writer.put(header.stamp.value());
  writer.put_bytes(packet.signature.view());
  if (packet.archived) {
    writer.put_varint(header.payload_size);
    writer.put_bytes(header.payload_hash.view());
  } else {
    writer.put_bytes(packet.payload.view());
  }
}

// Reads the rest of the bytes. Leaves room, author and prev of the header alone, and base_seq as it travels.
Expected<CommandPacket, PacketError> get_packet(ByteReader& reader) {
  CommandPacket packet;
  auto& header = packet.header;
  header.nonce = Nonce{reader.get_varint()};
  const auto command_count = reader.get_varint();
  const auto flags = reader.get<std::uint8_t>();
  const auto protocol_version = reader.get_varint();
  header.base_seq = Seq{reader.get_varint()};
  header.stamp = Stamp{reader.get<std::uint64_t>()};
  packet.signature = reader.get_fixed<Signature>();
  if (!reader.ok()) return malformed("Expected a packet in compact form; it is cut off or a number in it is not one.");
  if (command_count > UINT16_MAX || protocol_version > UINT16_MAX || flags > kArchivedFlag)
    return malformed("Expected a packet in compact form; its counts or flags are out of range.");
  header.command_count = static_cast<std::uint16_t>(command_count);
  header.protocol_version = static_cast<std::uint16_t>(protocol_version);
  packet.archived = flags == kArchivedFlag;
  std::uint64_t payload_size = reader.remaining();
  if (packet.archived) {
    payload_size = reader.get_varint();
    header.payload_hash = reader.get_fixed<Hash256>();
    if (!reader.done()) return malformed("Expected size and hash of an archived payload, and nothing more.");
  }
  if (payload_size > limits::kPayloadBytesMax)
    return fail(PacketError::too_large, "Expected a payload of at most " + std::to_string(limits::kPayloadBytesMax) +
                                            " bytes; got " + std::to_string(payload_size) + '.');
  header.payload_size = static_cast<std::uint32_t>(payload_size);
  if (!packet.archived) {
    const auto payload = reader.rest();
    packet.payload = Payload(Bytes(payload.begin(), payload.end()));
    header.payload_hash = packet.payload.hash();
  }
  return packet;
}

void fill_context(PacketHeader& header, const AuthorContext& context) {
  header.room = context.room;
  header.author = context.author;
  header.prev = context.prev;
}

// 0 says that the author's key follows; otherwise the slot is one less.
Expected<AuthorContext, PacketError> get_author(ByteReader& reader, const AuthorDirectory& authors) {
  const auto slot_and_one = reader.get_varint();
  if (slot_and_one == 0) {
    const auto key = reader.get_fixed<AuthorKey>();
    if (!reader.ok()) return malformed("Expected an author's slot or key in front of a record; it is cut off.");
    return authors.by_key(key);
  }
  if (slot_and_one > kNoSlot.value()) return malformed("Expected an author's slot below 65535.");
  const auto context = authors.by_slot(AuthorSlot{static_cast<std::uint16_t>(slot_and_one - 1)});
  if (!context) return malformed("Expected the slot of an author of this room; nobody has the one that came.");
  return *context;
}

}  // namespace

Bytes compact_packet(const CommandPacket& packet) {
  Bytes bytes;
  bytes.reserve(128 + packet.payload.size());
  ByteWriter writer(bytes);
  put_packet(writer, packet, packet.header.base_seq.value());
  return bytes;
}

std::optional<Nonce> peek_nonce(ByteView compact) {
  ByteReader reader(compact);
  const Nonce nonce{reader.get_varint()};
  if (!reader.ok()) return std::nullopt;
  return nonce;
}

std::optional<std::uint16_t> peek_command_count(ByteView compact) {
  ByteReader reader(compact);
  static_cast<void>(reader.get_varint());
  const auto count = reader.get_varint();
  if (!reader.ok() || count > UINT16_MAX) return std::nullopt;
  return static_cast<std::uint16_t>(count);
}

Expected<CommandPacket, PacketError> expand_packet(ByteView compact, const AuthorContext& context) {
  ByteReader reader(compact);
  auto packet = get_packet(reader);
  if (packet) fill_context(packet->header, context);
  return packet;
}

Bytes compact_record(const Record& record, AuthorSlot slot) {
  const auto& header = record.packet.header;
  Bytes bytes;
  bytes.reserve(160 + record.packet.payload.size());
  ByteWriter writer(bytes);
  if (slot == kNoSlot) {
    writer.put_varint(0);
    writer.put_bytes(header.author.view());
  } else {
    writer.put_varint(std::uint64_t{slot.value()} + 1);
  }
  // Relative to the stamp, which is near and travels anyway, so a record can be read without those before it.
  writer.put_varint(zigzag(to_unix_ms(record.hub_time) - stamp_ms(header.stamp)));
  put_packet(writer, record.packet, record.seq.value() - header.base_seq.value());
  return bytes;
}

Expected<Record, PacketError> expand_record(ByteView compact, Seq seq, const Hash256& previous,
                                            const AuthorDirectory& authors) {
  ByteReader reader(compact);
  auto author = get_author(reader, authors);
  if (!author) return tl::unexpected(std::move(author.error()));
  // The opening packet names no room: its hash is the room's id, which the receiver may know already.
  if (seq == Seq{1}) author->room = RoomId{};
  const auto hub_time_offset = unzigzag(reader.get_varint());
  auto packet = get_packet(reader);
  if (!packet) return tl::unexpected(std::move(packet.error()));
  auto& header = packet->header;
  fill_context(header, *author);
  header.base_seq = Seq{seq.value() - header.base_seq.value()};
  const auto hub_time_ms = stamp_ms(header.stamp) + hub_time_offset;
  if (hub_time_ms > kHubTimeMsMax) return malformed("Expected a record's hub time within its range.");
  Record record;
  record.seq = seq;
  record.hub_time = from_unix_ms(hub_time_ms);
  record.header_hash = hash_header(header);
  record.record_hash = hash_record(previous, seq, record.hub_time, record.header_hash);
  record.continues = previous;
  record.packet = std::move(*packet);
  return record;
}

}  // namespace theta::log

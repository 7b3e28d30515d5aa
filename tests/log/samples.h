#pragma once

#include "theta/crypto/keys.h"
#include "theta/log/compact.h"
#include "theta/log/record.h"
#include "theta/log/stamp.h"
#include "wire/sample_messages.h"

namespace theta::log::samples {

namespace fb = wire::fb;
using wire::samples::pack;
using wire::samples::payload_of;
using wire::samples::set_transform;

inline crypto::Seed seed(std::uint8_t number) {
  crypto::Seed seed;
  seed.bytes.fill(number);
  return seed;
}
inline crypto::KeyPair key(std::uint8_t number) { return crypto::KeyPair::from_seed(seed(number)); }

template <class Fixed>
Fixed filled(std::uint8_t value) {
  Fixed fixed;
  fixed.bytes.fill(value);
  return fixed;
}

inline constexpr std::uint64_t kNowMs = 1'790'000'000'000;

/// A header as an author in the middle of a long session would make it.
inline PacketHeader header(std::uint8_t author = 1) {
  PacketHeader header;
  header.protocol_version = wire::kProtocolVersion;
  header.command_count = 1;
  header.room = filled<RoomId>(0xaa);
  header.author = key(author).public_key<AuthorKey>();
  header.nonce = Nonce{100'000};
  header.prev = filled<Hash256>(0xbb);
  header.base_seq = Seq{1'000'000};
  header.stamp = make_stamp(kNowMs, 3);
  return header;
}

inline CommandPacket packet(std::uint8_t author = 1) {
  return sign_packet(header(author), pack(payload_of(set_transform({make_object_id(AuthorSlot{4}, 77).value()}))),
                     key(author));
}

inline Record record(std::uint64_t seq = 1'000'002) {
  Record record;
  record.seq = Seq{seq};
  record.hub_time = from_unix_ms(kNowMs + 12);
  record.packet = packet();
  record.header_hash = hash_header(record.packet.header);
  record.record_hash = hash_record(filled<Hash256>(0xcc), record.seq, record.hub_time, record.header_hash);
  return record;
}

inline void archive(CommandPacket& packet) {
  packet.archived = true;
  packet.payload = Payload();
}

}  // namespace theta::log::samples

#include "theta/log/checkpoint.h"

#include "theta/base/byte_codec.h"

namespace theta::log {
namespace {

constexpr std::string_view kCheckpointDomain = "theta/checkpoint/v1";
constexpr std::size_t kEncodedBytes = 232;

void put_statement(ByteWriter& writer, const Checkpoint& checkpoint) {
  writer.put_bytes(checkpoint.room.view());
  writer.put(checkpoint.seq.value());
  writer.put_bytes(checkpoint.record_hash.view());
  writer.put_bytes(checkpoint.state_hash.view());
  writer.put_bytes(checkpoint.snapshot_hash.view());
}

Bytes statement_of(const Checkpoint& checkpoint) {
  Bytes bytes;
  bytes.reserve(256);
  ByteWriter writer(bytes);
  put_statement(writer, checkpoint);
  return bytes;
}

}  // namespace

Checkpoint sign_checkpoint(Checkpoint unsigned_checkpoint, const crypto::KeyPair& hub) {
  unsigned_checkpoint.hub = hub.public_key<HubKey>();
  unsigned_checkpoint.signature = hub.sign(kCheckpointDomain, statement_of(unsigned_checkpoint));
  return unsigned_checkpoint;
}

bool verify_checkpoint(const Checkpoint& checkpoint) {
  return crypto::verify(kCheckpointDomain, statement_of(checkpoint), checkpoint.signature, checkpoint.hub.view());
}

Bytes encode_checkpoint(const Checkpoint& checkpoint) {
  Bytes bytes;
  bytes.reserve(kEncodedBytes);
  ByteWriter writer(bytes);
  put_statement(writer, checkpoint);
  writer.put_bytes(checkpoint.hub.view());
  writer.put_bytes(checkpoint.signature.view());
  return bytes;
}

std::optional<Checkpoint> decode_checkpoint(ByteView bytes) {
  ByteReader reader(bytes);
  Checkpoint checkpoint;
  checkpoint.room = reader.get_fixed<RoomId>();
  checkpoint.seq = Seq{reader.get<std::uint64_t>()};
  checkpoint.record_hash = reader.get_fixed<Hash256>();
  checkpoint.state_hash = reader.get_fixed<Hash256>();
  checkpoint.snapshot_hash = reader.get_fixed<Hash256>();
  checkpoint.hub = reader.get_fixed<HubKey>();
  checkpoint.signature = reader.get_fixed<Signature>();
  if (!reader.done()) return std::nullopt;
  return checkpoint;
}

Bytes encode_equivocation(const EquivocationProof& proof) {
  Bytes bytes;
  bytes.reserve(256);
  ByteWriter writer(bytes);
  for (const auto* packet : {&proof.first, &proof.second}) {
    const Bytes stored = encode_packet(*packet);
    writer.put_varint(stored.size());
    writer.put_bytes(stored);
  }
  return bytes;
}

std::optional<EquivocationProof> decode_equivocation(ByteView bytes) {
  ByteReader reader(bytes);
  EquivocationProof proof;
  for (auto* packet : {&proof.first, &proof.second}) {
    const auto size = reader.get_varint();
    if (size > reader.remaining()) return std::nullopt;
    auto decoded = decode_packet(reader.get_bytes(static_cast<std::size_t>(size)));
    if (!decoded) return std::nullopt;
    *packet = std::move(*decoded);
  }
  if (!reader.done()) return std::nullopt;
  const auto& first = proof.first.header;
  const auto& second = proof.second.header;
  const bool is_fork = first.room == second.room && first.author == second.author && first.nonce == second.nonce &&
                       hash_header(first) != hash_header(second);
  if (!is_fork || !verify_signature(proof.first) || !verify_signature(proof.second)) return std::nullopt;
  return proof;
}

}  // namespace theta::log

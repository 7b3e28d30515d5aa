#include "theta/log/record.h"

#include "theta/base/byte_codec.h"
#include "theta/base/limits.h"
#include "theta/crypto/hash.h"

namespace theta::log {
namespace {

constexpr std::string_view kRecordDomain = "theta/record/v1";
constexpr std::size_t kEnvelopeBytes = 8 + 8 + Hash256::kSize;

}  // namespace

Hash256 hash_record(const Hash256& previous, Seq seq, WallTime hub_time, const Hash256& header_hash) {
  static const crypto::Hasher kStart(kRecordDomain);
  crypto::Hasher hasher(kStart);
  hasher.update(previous.view()).update_integer(seq.value()).update_integer(to_unix_ms(hub_time));
  return hasher.update(header_hash.view()).finish();
}

Bytes encode_record(const Record& record) {
  const Bytes packet = encode_packet(record.packet);
  Bytes bytes;
  bytes.reserve(kEnvelopeBytes + packet.size());
  ByteWriter writer(bytes);
  writer.put(record.seq.value());
  writer.put(to_unix_ms(record.hub_time));
  writer.put_bytes(record.record_hash.view());
  writer.put_bytes(packet);
  return bytes;
}

Expected<Record, PacketError> decode_record(ByteView bytes) {
  ByteReader reader(bytes);
  Record record;
  record.seq = Seq{reader.get<std::uint64_t>()};
  const auto hub_time_ms = reader.get<std::uint64_t>();
  record.record_hash = reader.get_fixed<Hash256>();
  if (!reader.ok())
    return fail(PacketError::malformed, "Expected a record of at least " + std::to_string(kEnvelopeBytes) +
                                            " bytes; got " + std::to_string(bytes.size()) + '.');
  if (record.seq.value() == 0 || record.seq.value() > limits::kSeqMax || hub_time_ms > kHubTimeMsMax)
    return fail(PacketError::malformed, "Expected a record's number and time within their ranges; got seq " +
                                            std::to_string(record.seq.value()) + " at " + std::to_string(hub_time_ms) +
                                            " ms.");
  record.hub_time = from_unix_ms(hub_time_ms);
  auto packet = decode_packet(reader.rest());
  if (!packet) return tl::unexpected(std::move(packet.error()));
  record.packet = std::move(*packet);
  record.header_hash = hash_header(record.packet.header);
  return record;
}

Bytes archive_record(ByteView stored) {
  auto record = decode_record(stored);
  if (!record) return Bytes(stored.begin(), stored.end());
  record->packet.archived = true;
  record->packet.payload = Payload();
  return encode_record(*record);
}

}  // namespace theta::log

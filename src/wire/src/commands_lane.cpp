#include "theta/wire/commands_lane.h"

#include <algorithm>

#include "theta/base/byte_codec.h"
#include "theta/base/check.h"
#include "theta/wire/compression.h"
#include "theta/wire/text.h"

namespace theta::wire {
namespace {

// First byte of a message: its kind, and in the top bit whether the rest is one zstd frame.
enum class Kind : std::uint8_t { submit = 1, records = 2, refusal = 3 };
constexpr std::uint8_t kCompressed = 0x80;

// Below this a frame without a dictionary gains nothing worth its time.
constexpr std::size_t kCompressFromBytes = 512;

auto malformed(std::string text) { return fail(LaneError::malformed, std::move(text)); }
auto too_large(std::size_t size, std::size_t cap) {
  return fail(LaneError::too_large,
              "Expected at most " + std::to_string(cap) + " bytes; got " + std::to_string(size) + '.');
}

std::size_t body_bytes_max(Kind kind) {
  switch (kind) {
    case Kind::submit: return kCompactPacketBytesMax;
    case Kind::refusal: return kRefusalTextBytesMax + 64;
    case Kind::records: break;
  }
  return limits::kMessageBytesMax;
}

Bytes with_kind(Kind kind, ByteView body, bool may_compress) {
  Bytes message;
  if (may_compress && body.size() >= kCompressFromBytes) {
    const Bytes frame = compress(body);
    // An eighth is the least gain that pays for the reader's work.
    if (frame.size() + body.size() / 8 < body.size()) {
      message.reserve(frame.size() + 1);
      message.push_back(static_cast<std::uint8_t>(kind) | kCompressed);
      message.insert(message.end(), frame.begin(), frame.end());
      return message;
    }
  }
  message.reserve(body.size() + 1);
  message.push_back(static_cast<std::uint8_t>(kind));
  message.insert(message.end(), body.begin(), body.end());
  return message;
}

Expected<Records, LaneError> decode_records(ByteView body) {
  ByteReader reader(body);
  Records records;
  records.first_seq = Seq{reader.get_varint()};
  const auto count = reader.get_varint();
  const auto first = records.first_seq.value();
  // Every record takes at least its length's byte, so the count needs no allocation on trust.
  if (!reader.ok() || count == 0 || count > reader.remaining())
    return malformed("Expected a count of records that fits the message.");
  if (first == 0 || first > limits::kSeqMax || count - 1 > limits::kSeqMax - first)
    return malformed("Expected record numbers from 1 to " + std::to_string(limits::kSeqMax) + '.');
  records.records.reserve(static_cast<std::size_t>(count));
  for (std::uint64_t at = 0; at < count && reader.ok(); ++at) {
    const auto size = reader.get_varint();
    records.records.push_back(reader.get_bytes(static_cast<std::size_t>(std::min<std::uint64_t>(size, SIZE_MAX))));
  }
  if (!reader.done()) return malformed("Expected records whose lengths add up to the message.");
  return records;
}

Expected<Refusal, LaneError> decode_refusal(ByteView body) {
  ByteReader reader(body);
  Refusal refusal;
  refusal.nonce = Nonce{reader.get_varint()};
  refusal.code = static_cast<fb::RefusalCode>(reader.get<std::uint8_t>());
  const auto retry_after_ms = reader.get_varint();
  refusal.expected = Nonce{reader.get_varint()};
  if (!reader.ok() || retry_after_ms > UINT32_MAX) return malformed("Expected a refusal; its numbers are cut off.");
  refusal.retry_after_ms = static_cast<std::uint32_t>(retry_after_ms);
  if (*fb::EnumNameRefusalCode(refusal.code) == '\0' || refusal.code == fb::RefusalCode::none)
    return malformed("Expected a known refusal code; got " + std::to_string(static_cast<int>(refusal.code)) + '.');
  const auto rest = reader.rest();
  refusal.text.assign(reinterpret_cast<const char*>(rest.data()), rest.size());
  if (refusal.text.size() > kRefusalTextBytesMax || !is_plain_text(refusal.text))
    return malformed("Expected a refusal's sentence in plain UTF-8 of at most 512 bytes.");
  return refusal;
}

Expected<void, LaneError> decode_body(Kind kind, ByteView body, DecodedLaneMessage& decoded) {
  if (kind == Kind::submit) {
    decoded.message = Submit{body};
    return {};
  }
  if (kind == Kind::records) {
    auto records = decode_records(body);
    if (!records) return tl::unexpected(std::move(records.error()));
    decoded.message = std::move(*records);
    return {};
  }
  auto refusal = decode_refusal(body);
  if (!refusal) return tl::unexpected(std::move(refusal.error()));
  decoded.message = std::move(*refusal);
  return {};
}

}  // namespace

Bytes encode(const Submit& submit) { return with_kind(Kind::submit, submit.packet, true); }

Bytes encode(const Records& records) {
  THETA_CHECK(!records.records.empty());
  Bytes body;
  ByteWriter writer(body);
  writer.put_varint(records.first_seq.value());
  writer.put_varint(records.records.size());
  for (const auto record : records.records) {
    writer.put_varint(record.size());
    writer.put_bytes(record);
  }
  return with_kind(Kind::records, body, true);
}

Bytes encode(const Refusal& refusal) {
  Bytes body;
  ByteWriter writer(body);
  writer.put_varint(refusal.nonce.value());
  writer.put(static_cast<std::uint8_t>(refusal.code));
  writer.put_varint(refusal.retry_after_ms);
  writer.put_varint(refusal.expected.value());
  writer.put_bytes(as_bytes(to_plain_text(refusal.text, kRefusalTextBytesMax)));
  return with_kind(Kind::refusal, body, false);
}

Expected<DecodedLaneMessage, LaneError> decode_lane_message(ByteView bytes) {
  if (bytes.empty()) return malformed("Expected a message; got no bytes.");
  if (bytes.size() > limits::kMessageBytesMax) return too_large(bytes.size(), limits::kMessageBytesMax);
  const auto number = static_cast<std::uint8_t>(bytes.front() & ~kCompressed);
  if (number < static_cast<std::uint8_t>(Kind::submit) || number > static_cast<std::uint8_t>(Kind::refusal))
    return malformed("Expected a submit (1), records (2) or a refusal (3); got " + std::to_string(number) + '.');
  const auto kind = static_cast<Kind>(number);
  const auto cap = body_bytes_max(kind);
  DecodedLaneMessage decoded;
  ByteView body = bytes.subspan(1);
  if ((bytes.front() & kCompressed) != 0) {
    auto content = decompress(body, cap);
    if (!content) {
      const bool is_large = content.error().code == CompressionError::too_large;
      return fail(is_large ? LaneError::too_large : LaneError::malformed, std::move(content.error().message));
    }
    decoded.decompressed = std::move(*content);
    body = decoded.decompressed;
  }
  if (body.size() > cap) return too_large(body.size(), cap);
  // Moving the result moves the vector's buffer along, so the views stay good.
  if (auto done = decode_body(kind, body, decoded); !done) return tl::unexpected(std::move(done.error()));
  return decoded;
}

}  // namespace theta::wire

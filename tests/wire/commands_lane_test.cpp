#include "theta/wire/commands_lane.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "theta/base/byte_codec.h"
#include "theta/wire/compression.h"

namespace theta::wire {
namespace {

using ::testing::ElementsAreArray;

Bytes numbered(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t at = 0; at < size; ++at) bytes[at] = static_cast<std::uint8_t>(at);
  return bytes;
}

// Bytes that no compressor shortens (xorshift).
Bytes noise(std::size_t size) {
  Bytes bytes(size);
  std::uint64_t state = 88172645463325252U;
  for (auto& byte : bytes) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    byte = static_cast<std::uint8_t>(state);
  }
  return bytes;
}

LaneError error_of(ByteView bytes) {
  const auto decoded = decode_lane_message(bytes);
  EXPECT_FALSE(decoded.has_value());
  return decoded ? LaneError::malformed : decoded.error().code;
}

Bytes compressed_body(std::uint8_t kind, ByteView body) {
  Bytes message = compress(body);
  message.insert(message.begin(), static_cast<std::uint8_t>(kind | 0x80));
  return message;
}

TEST(CommandsLane, SubmitCarriesThePacketInOneByteMore) {
  const Bytes packet = numbered(190);
  const Bytes message = encode(Submit{packet});
  EXPECT_EQ(message.size(), packet.size() + 1);
  const auto decoded = decode_lane_message(message);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_THAT(std::get<Submit>(decoded->message).packet, ElementsAreArray(packet));
}

TEST(CommandsLane, LongRepetitiveMessagesAreCompressedAndNoiseIsNot) {
  const Bytes repetitive = numbered(20'000);
  const Bytes message = encode(Submit{repetitive});
  EXPECT_LT(message.size(), repetitive.size() / 4);
  const auto decoded = decode_lane_message(message);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_THAT(std::get<Submit>(decoded->message).packet, ElementsAreArray(repetitive));
  EXPECT_EQ(encode(Submit{noise(20'000)}).size(), 20'001U);
}

TEST(CommandsLane, DecodedViewsSurviveAMove) {
  auto decoded = decode_lane_message(encode(Submit{numbered(20'000)}));
  ASSERT_TRUE(decoded.has_value());
  const DecodedLaneMessage moved = std::move(*decoded);
  EXPECT_EQ(std::get<Submit>(moved.message).packet[300], static_cast<std::uint8_t>(300));
}

TEST(CommandsLane, RecordsKeepOrderAndBoundaries) {
  const Bytes first = numbered(3);
  const Bytes second = numbered(300);
  const Bytes message = encode(Records{Seq{41}, {first, ByteView(), second}});
  const auto decoded = decode_lane_message(message);
  ASSERT_TRUE(decoded.has_value());
  const auto& records = std::get<Records>(decoded->message);
  EXPECT_EQ(records.first_seq, Seq{41});
  ASSERT_EQ(records.records.size(), 3U);
  EXPECT_THAT(records.records[0], ElementsAreArray(first));
  EXPECT_TRUE(records.records[1].empty());
  EXPECT_THAT(records.records[2], ElementsAreArray(second));
}

TEST(CommandsLane, RefusalKeepsEverything) {
  const Refusal refusal{Nonce{UINT64_MAX}, fb::RefusalCode::rate_limited, 1500, Nonce{12}, "Too fast: wait 1.5 s."};
  const auto decoded = decode_lane_message(encode(refusal));
  ASSERT_TRUE(decoded.has_value());
  const auto& got = std::get<Refusal>(decoded->message);
  EXPECT_EQ(got.nonce, refusal.nonce);
  EXPECT_EQ(got.code, refusal.code);
  EXPECT_EQ(got.retry_after_ms, refusal.retry_after_ms);
  EXPECT_EQ(got.expected, refusal.expected);
  EXPECT_EQ(got.text, refusal.text);
}

TEST(CommandsLane, RefusalTextIsMadePlainAndCutOnItsWayOut) {
  const Refusal refusal{Nonce{1}, fb::RefusalCode::malformed, 0, Nonce{1}, "a\n" + std::string(2000, 'b')};
  const auto decoded = decode_lane_message(encode(refusal));
  ASSERT_TRUE(decoded.has_value());
  const auto& text = std::get<Refusal>(decoded->message).text;
  EXPECT_EQ(text.size(), kRefusalTextBytesMax);
  EXPECT_EQ(text.substr(0, 3), "a?b");
}

TEST(CommandsLane, RefusesEmptyAndUnknownMessages) {
  EXPECT_EQ(error_of({}), LaneError::malformed);
  EXPECT_EQ(error_of(Bytes{0}), LaneError::malformed);
  EXPECT_EQ(error_of(Bytes{4}), LaneError::malformed);
  EXPECT_EQ(error_of(Bytes{0x7f, 1}), LaneError::malformed);
}

TEST(CommandsLane, RefusesEveryTruncationOfRecords) {
  const Bytes message = encode(Records{Seq{1}, {numbered(5), numbered(7)}});
  for (std::size_t size = 1; size < message.size(); ++size)
    EXPECT_EQ(error_of(ByteView(message).first(size)), LaneError::malformed) << size;
  Bytes longer = message;
  longer.push_back(0);
  EXPECT_EQ(error_of(longer), LaneError::malformed);
}

TEST(CommandsLane, RefusesCountsAndNumbersThatCannotBe) {
  const auto records = [](std::uint64_t first, std::uint64_t count) {
    Bytes message = {2};
    ByteWriter writer(message);
    writer.put_varint(first);
    writer.put_varint(count);
    for (std::uint64_t at = 0; at < std::min<std::uint64_t>(count, 4); ++at) writer.put_varint(0);
    return message;
  };
  EXPECT_TRUE(decode_lane_message(records(1, 2)).has_value());
  EXPECT_TRUE(decode_lane_message(records(limits::kSeqMax - 1, 2)).has_value());
  EXPECT_EQ(error_of(records(1, 0)), LaneError::malformed);
  EXPECT_EQ(error_of(records(1, UINT64_MAX)), LaneError::malformed);
  EXPECT_EQ(error_of(records(0, 1)), LaneError::malformed);
  EXPECT_EQ(error_of(records(limits::kSeqMax, 2)), LaneError::malformed);
  EXPECT_EQ(error_of(records(limits::kSeqMax + 1, 1)), LaneError::malformed);
}

TEST(CommandsLane, RefusesUnknownRefusalCodesAndControlCharacters) {
  const Refusal refusal{Nonce{1}, fb::RefusalCode::gap, 0, Nonce{1}, "ab"};
  Bytes message = encode(refusal);
  ASSERT_EQ(message[2], static_cast<std::uint8_t>(fb::RefusalCode::gap));
  Bytes unknown = message;
  unknown[2] = 15;
  EXPECT_EQ(error_of(unknown), LaneError::malformed);
  unknown[2] = 0;
  EXPECT_EQ(error_of(unknown), LaneError::malformed);
  message.back() = '\n';
  EXPECT_EQ(error_of(message), LaneError::malformed);
}

TEST(CommandsLane, PacketsAreCappedBeforeAndAfterDecompression) {
  EXPECT_TRUE(decode_lane_message(encode(Submit{noise(kCompactPacketBytesMax)})).has_value());
  EXPECT_EQ(error_of(encode(Submit{noise(kCompactPacketBytesMax + 1)})), LaneError::too_large);
  EXPECT_TRUE(decode_lane_message(compressed_body(1, Bytes(kCompactPacketBytesMax))).has_value());
  EXPECT_EQ(error_of(compressed_body(1, Bytes(kCompactPacketBytesMax + 1))), LaneError::too_large);
}

TEST(CommandsLane, MessagesAreCapped) {
  EXPECT_EQ(error_of(Bytes(limits::kMessageBytesMax + 1, 2)), LaneError::too_large);
  EXPECT_EQ(error_of(compressed_body(2, Bytes(limits::kMessageBytesMax + 1))), LaneError::too_large);
}

TEST(CommandsLane, RefusesDamagedFrames) {
  Bytes message = encode(Submit{numbered(20'000)});
  message.resize(message.size() / 2);
  EXPECT_EQ(error_of(message), LaneError::malformed);
  EXPECT_EQ(error_of(Bytes{0x81}), LaneError::malformed);
}

}  // namespace
}  // namespace theta::wire

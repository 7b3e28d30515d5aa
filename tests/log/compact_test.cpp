#include "theta/log/compact.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "log/samples.h"
#include "theta/base/byte_codec.h"
#include "theta/base/limits.h"
#include "theta/log/members.h"
#include "theta/wire/commands_lane.h"

namespace theta::log {
namespace {

using ::testing::ElementsAreArray;

constexpr AuthorSlot kSlot{4};

AuthorContext context_of(const PacketHeader& header) { return {header.room, header.author, header.prev}; }

// Knows the sample's author under slot 4.
Members directory() {
  const PacketHeader header = samples::header();
  Members members;
  members.set_room(header.room);
  Member member;
  member.key = header.author;
  member.role = Role::editor;
  member.slot = kSlot;
  member.head = header.prev;
  members.put(member);
  return members;
}

Expected<Record, PacketError> expand(ByteView compact, std::uint64_t seq = 1'000'002) {
  return expand_record(compact, Seq{seq}, samples::filled<Hash256>(0xcc), directory());
}

void expect_same(const Record& got, const Record& wanted) {
  EXPECT_EQ(got.seq, wanted.seq);
  EXPECT_EQ(got.hub_time, wanted.hub_time);
  EXPECT_EQ(got.packet.header, wanted.packet.header);
  EXPECT_EQ(got.packet.signature, wanted.packet.signature);
  EXPECT_EQ(got.packet.archived, wanted.packet.archived);
  EXPECT_EQ(got.header_hash, wanted.header_hash);
  EXPECT_EQ(got.record_hash, wanted.record_hash);
  EXPECT_THAT(got.packet.payload.view(), ElementsAreArray(wanted.packet.payload.view()));
}

TEST(CompactPacket, OneEditFitsTwoHundredBytesOnTheWire) {
  const Bytes message = wire::encode(wire::Submit{compact_packet(samples::packet())});
  EXPECT_LE(message.size(), 200U);
}

TEST(CompactPacket, ReceiverRebuildsTheHeaderExactly) {
  const CommandPacket packet = samples::packet();
  const auto expanded = expand_packet(compact_packet(packet), context_of(packet.header));
  ASSERT_TRUE(expanded.has_value());
  EXPECT_EQ(expanded->header, packet.header);
  EXPECT_TRUE(verify_signature(*expanded));
}

TEST(CompactPacket, WrongGuessAboutTheAuthorFailsTheSignature) {
  const CommandPacket packet = samples::packet();
  AuthorContext context = context_of(packet.header);
  context.prev.bytes[0] ^= 1;
  const auto expanded = expand_packet(compact_packet(packet), context);
  ASSERT_TRUE(expanded.has_value());
  EXPECT_FALSE(verify_signature(*expanded));
}

TEST(CompactPacket, PeeksReadTheFirstNumbers) {
  const Bytes compact = compact_packet(samples::packet());
  EXPECT_EQ(peek_nonce(compact), Nonce{100'000});
  EXPECT_EQ(peek_command_count(compact), 1);
}

TEST(CompactPacket, PeeksRefuseHostileBytes) {
  EXPECT_EQ(peek_nonce({}), std::nullopt);
  EXPECT_EQ(peek_command_count({}), std::nullopt);
  EXPECT_EQ(peek_nonce(Bytes{0x80}), std::nullopt);                   // cut off
  EXPECT_EQ(peek_nonce(Bytes{0x80, 0x00}), std::nullopt);             // overlong
  EXPECT_EQ(peek_nonce(Bytes(11, 0xff)), std::nullopt);               // over 64 bits
  EXPECT_EQ(peek_command_count(Bytes{1}), std::nullopt);              // no count
  EXPECT_EQ(peek_command_count(Bytes{1, 0xff, 0xff, 0x03}), 0xffff);  // the largest
  EXPECT_EQ(peek_command_count(Bytes{1, 0x80, 0x80, 0x04}), std::nullopt);
}

TEST(CompactPacket, EveryTruncationOfWhatComesBeforeThePayloadIsRefused) {
  const CommandPacket packet = samples::packet();
  const Bytes compact = compact_packet(packet);
  for (std::size_t size = 0; size < compact.size() - packet.payload.size(); ++size)
    EXPECT_FALSE(expand_packet(ByteView(compact).first(size), context_of(packet.header)).has_value()) << size;
}

TEST(CompactPacket, PayloadAtTheCapIsTakenAndOneByteMoreIsTooLarge) {
  const auto packet = sign_packet(samples::header(), Bytes(limits::kPayloadBytesMax), samples::key(1));
  Bytes compact = compact_packet(packet);
  EXPECT_LE(compact.size(), wire::kCompactPacketBytesMax);
  EXPECT_TRUE(expand_packet(compact, context_of(packet.header)).has_value());
  compact.push_back(0);
  const auto expanded = expand_packet(compact, context_of(packet.header));
  ASSERT_FALSE(expanded.has_value());
  EXPECT_EQ(expanded.error().code, PacketError::too_large);
}

TEST(CompactPacket, UnknownFlagsAreRefused) {
  CommandPacket packet = samples::packet();
  packet.header.nonce = Nonce{1};
  Bytes compact = compact_packet(packet);
  ASSERT_EQ(compact[2], 0);  // nonce and count take a byte each
  compact[2] = 2;
  EXPECT_FALSE(expand_packet(compact, context_of(packet.header)).has_value());
}

TEST(CompactRecord, GivesBackTheSameRecordBySlot) {
  const Record record = samples::record();
  const Bytes compact = compact_record(record, kSlot);
  const auto expanded = expand(compact);
  ASSERT_TRUE(expanded.has_value());
  expect_same(*expanded, record);
  EXPECT_LE(compact.size(), 200U);
}

TEST(CompactRecord, GivesBackTheSameRecordByKeyForAuthorsWithoutASlot) {
  const Record record = samples::record();
  const auto expanded = expand(compact_record(record, kNoSlot));
  ASSERT_TRUE(expanded.has_value());
  expect_same(*expanded, record);
}

TEST(CompactRecord, CarriesArchivedPackets) {
  Record record = samples::record();
  samples::archive(record.packet);
  const Bytes compact = compact_record(record, kSlot);
  const auto expanded = expand(compact);
  ASSERT_TRUE(expanded.has_value());
  expect_same(*expanded, record);
  EXPECT_TRUE(verify_signature(expanded->packet));
  for (std::size_t size = 0; size < compact.size(); ++size)
    EXPECT_FALSE(expand(ByteView(compact).first(size)).has_value()) << size;
}

TEST(CompactRecord, ArchivedPayloadOverTheCapIsTooLarge) {
  Record record = samples::record();
  samples::archive(record.packet);
  record.packet.header.payload_size = limits::kPayloadBytesMax + 1;
  const auto expanded = expand(compact_record(record, kSlot));
  ASSERT_FALSE(expanded.has_value());
  EXPECT_EQ(expanded.error().code, PacketError::too_large);
}

TEST(CompactRecord, EditsMadeLongAgoAndBasesOfAnyKindSurvive) {
  for (const std::uint64_t stamp : {std::uint64_t{0}, UINT64_MAX, (samples::kNowMs - 86'400'000) << 16}) {
    for (const std::uint64_t base : {std::uint64_t{0}, std::uint64_t{1'000'001}, UINT64_MAX}) {
      Record record = samples::record();
      record.packet.header.stamp = Stamp{stamp};
      record.packet.header.base_seq = Seq{base};
      record.header_hash = hash_header(record.packet.header);
      record.record_hash = hash_record(samples::filled<Hash256>(0xcc), record.seq, record.hub_time, record.header_hash);
      const auto expanded = expand(compact_record(record, kSlot));
      ASSERT_TRUE(expanded.has_value());
      expect_same(*expanded, record);
    }
  }
}

TEST(CompactRecord, OpeningRecordNamesNoRoomThoughTheReceiverKnowsIt) {
  Record record = samples::record(1);
  record.packet.header.room = RoomId{};
  record.packet.header.nonce = Nonce{1};
  record.packet.header.base_seq = Seq{0};
  record.header_hash = hash_header(record.packet.header);
  record.record_hash = hash_record(samples::filled<Hash256>(0xcc), record.seq, record.hub_time, record.header_hash);
  const auto expanded = expand(compact_record(record, kNoSlot), 1);
  ASSERT_TRUE(expanded.has_value());
  expect_same(*expanded, record);
}

TEST(CompactRecord, SlotsThatNobodyHasAreRefused) {
  EXPECT_FALSE(expand(compact_record(samples::record(), AuthorSlot{5})).has_value());
  Bytes compact = {0x80, 0x80, 0x04};  // 65536
  EXPECT_FALSE(expand(compact).has_value());
}

TEST(CompactRecord, HubTimesOutOfRangeAreRefused) {
  Record record = samples::record();
  record.hub_time = from_unix_ms(kHubTimeMsMax);
  EXPECT_TRUE(expand(compact_record(record, kSlot)).has_value());
  record.hub_time = from_unix_ms(kHubTimeMsMax + 1);
  EXPECT_FALSE(expand(compact_record(record, kSlot)).has_value());
}

}  // namespace
}  // namespace theta::log

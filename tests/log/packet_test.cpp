#include "theta/log/packet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "log/samples.h"
#include "theta/base/hex.h"
#include "theta/base/limits.h"

namespace theta::log {
namespace {

using ::testing::ElementsAreArray;

void expect_same(const CommandPacket& got, const CommandPacket& wanted) {
  EXPECT_EQ(got.header, wanted.header);
  EXPECT_EQ(got.signature, wanted.signature);
  EXPECT_EQ(got.archived, wanted.archived);
  EXPECT_THAT(got.payload.view(), ElementsAreArray(wanted.payload.view()));
}

TEST(PacketHeader, LayoutIsTheDocumentedOne) {
  PacketHeader header;
  header.protocol_version = 0x0102;
  header.command_count = 0x0304;
  header.payload_size = 0x05060708;
  header.room = samples::filled<RoomId>(0x11);
  header.author = samples::filled<AuthorKey>(0x22);
  header.nonce = Nonce{0x0102030405060708};
  header.prev = samples::filled<Hash256>(0x33);
  header.base_seq = Seq{0x1112131415161718};
  header.stamp = Stamp{0x2122232425262728};
  header.payload_hash = samples::filled<Hash256>(0x44);
  const auto repeat = [](const char* digits) {
    std::string text;
    for (int count = 0; count < 32; ++count) text += digits;
    return text;
  };
  EXPECT_EQ(to_hex(encode_header(header)),
            "0201"
            "0403"
            "08070605" +
                repeat("11") + repeat("22") + "0807060504030201" + repeat("33") + "1817161514131211" +
                "2827262524232221" + repeat("44"));
}

TEST(CommandPacket, SignatureCoversEveryFieldOfTheHeader) {
  const CommandPacket good = samples::packet();
  ASSERT_TRUE(verify_signature(good));
  const auto broken = [&](auto change) {
    CommandPacket packet = good;
    change(packet.header);
    return verify_signature(packet);
  };
  EXPECT_FALSE(broken([](auto& header) { header.protocol_version += 1; }));
  EXPECT_FALSE(broken([](auto& header) { header.command_count += 1; }));
  EXPECT_FALSE(broken([](auto& header) { header.payload_size += 1; }));
  EXPECT_FALSE(broken([](auto& header) { header.room.bytes[31] ^= 1; }));
  EXPECT_FALSE(broken([](auto& header) { header.author = samples::key(2).public_key<AuthorKey>(); }));
  EXPECT_FALSE(broken([](auto& header) { header.nonce = Nonce{1}; }));
  EXPECT_FALSE(broken([](auto& header) { header.prev.bytes[0] ^= 1; }));
  EXPECT_FALSE(broken([](auto& header) { header.base_seq = Seq{1}; }));
  EXPECT_FALSE(broken([](auto& header) { header.stamp = Stamp{1}; }));
  EXPECT_FALSE(broken([](auto& header) { header.payload_hash.bytes[7] ^= 1; }));
}

TEST(CommandPacket, StoredFormGivesBackTheSamePacket) {
  const CommandPacket packet = samples::packet();
  const Bytes stored = encode_packet(packet);
  EXPECT_EQ(stored.size(), 225 + packet.payload.size());
  const auto decoded = decode_packet(stored);
  ASSERT_TRUE(decoded.has_value());
  expect_same(*decoded, packet);
}

TEST(CommandPacket, ArchivedFormKeepsHeaderAndSignature) {
  CommandPacket packet = samples::packet();
  samples::archive(packet);
  const auto decoded = decode_packet(encode_packet(packet));
  ASSERT_TRUE(decoded.has_value());
  expect_same(*decoded, packet);
  EXPECT_TRUE(verify_signature(*decoded));
}

TEST(CommandPacket, EveryTruncationAndEveryChangedPayloadByteIsRefused) {
  const Bytes stored = encode_packet(samples::packet());
  for (std::size_t size = 0; size < stored.size(); ++size)
    EXPECT_FALSE(decode_packet(ByteView(stored).first(size)).has_value()) << size;
  for (std::size_t at = kStoredPacketOverheadBytes; at < stored.size(); ++at) {
    Bytes changed = stored;
    changed[at] ^= 0x10;
    EXPECT_FALSE(decode_packet(changed).has_value()) << at;
  }
}

TEST(CommandPacket, UnknownFlagsAreRefused) {
  Bytes stored = encode_packet(samples::packet());
  stored[kStoredPacketOverheadBytes - 1] = 2;
  EXPECT_FALSE(decode_packet(stored).has_value());
}

TEST(CommandPacket, PayloadAtTheCapIsTakenAndOneByteMoreIsRefused) {
  const auto largest = sign_packet(samples::header(), Bytes(limits::kPayloadBytesMax), samples::key(1));
  Bytes stored = encode_packet(largest);
  EXPECT_TRUE(decode_packet(stored).has_value());
  stored.push_back(0);
  const auto decoded = decode_packet(stored);
  ASSERT_FALSE(decoded.has_value());
  EXPECT_EQ(decoded.error().code, PacketError::too_large);
}

TEST(CommandPacket, ArchivedPacketThatClaimsMoreThanTheCapIsRefused) {
  CommandPacket packet = samples::packet();
  samples::archive(packet);
  packet.header.payload_size = limits::kPayloadBytesMax + 1;
  const auto decoded = decode_packet(encode_packet(packet));
  ASSERT_FALSE(decoded.has_value());
  EXPECT_EQ(decoded.error().code, PacketError::too_large);
}

}  // namespace
}  // namespace theta::log

// The vectors of docs/format.md ("A room, byte for byte"), and what the page says follows from them, computed here from
// the page's words alone: offsets, domains and sums, not the code under test. tests/tools compares the hexadecimal
// with the page's.
#include <gtest/gtest.h>

#include "theta/base/byte_codec.h"
#include "theta/base/hex.h"
#include "theta/crypto/hash.h"
#include "theta/log/record.h"
#include "theta/replica/replica.h"
#include "theta/wire/schema.h"

namespace theta::replica {
namespace {

// OpenRoom "test"; CreateEntities of 0:1 called "a"; ChangeTags that adds "x" to it.
constexpr std::array<const char*, 3> kRecords = {
    "01000000000000000a68e5cf8b01000082e6adad3eded317c7f42302b97c74358da8d3dd3e62a6bd52809a89cdc157f901000100640000"
    "0000000000000000000000000000000000000000000000000000000000000000008a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94"
    "121bf3748801b40f6f5c010000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
    "00000000000a68e5cf8b0154a2f596b70203a0dcc2f284313b4edc0b88459754fec6d232d789eb0a61952ebf1f7db77a0bd316994fa908"
    "a753a46af32cec3e11c66b5ce693f01b47d18a4d4b1b8c16558e58b1195af8f5441c68d38337ab8b1c6552cbdb162d3fb4e70509000c00"
    "000008000c0004000800080000004c00000004000000010000000c0000000800280004000800080000002400000097ffc883c80bee7237"
    "ef95d9b9b703d4ad63e60a21e605867682b75b8b3f43030400000074657374000000000100000001000000",
    "02000000000000001468e5cf8b0100001e966e4e5092876d898ae648c4013777cbf6f7d4986a0e110f4dbc2dede3aa8501000100680000"
    "008aad582387b135c9165b74c4b0d64f8ba0107afa4f1cbdf180cf4aaaaef5cab28a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94"
    "121bf3748801b40f6f5c02000000000000008aad582387b135c9165b74c4b0d64f8ba0107afa4f1cbdf180cf4aaaaef5cab20100000000"
    "00000000001468e5cf8b013aa85463d55667e37d63d45b3af8f6938e2cec2f5988c0e09ba3ec1b009ba2d439d65ef7c54391246b1e421e"
    "77cee1778fadb7ae16438997e2705738a1cac54d54630a8c641ae5ff6e5e03f73b1b48a1f899d47fef99d9611e2b5c69c6771705001000"
    "00000000000008000c0004000800080000004c00000004000000010000000c000000000006000800040006000000040000000100000010"
    "00000000000a0010000800000004000a0000000c000000010000000000000001000000610000000100000006000000",
    "03000000000000001e68e5cf8b01000026fe9ee5ac627e50e7b39857291d3c42eacae1633f043834e6cc269a12947b9201000100500000"
    "008aad582387b135c9165b74c4b0d64f8ba0107afa4f1cbdf180cf4aaaaef5cab28a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94"
    "121bf3748801b40f6f5c03000000000000006b0f36b095737c5a8f1a810a4e1a8c371c555ce10dd6b16a6797ad91e7f1b39e0200000000"
    "00000000001e68e5cf8b0101bc4cd47bdc6f391915abc9d21779ec4ed7c90b30ee7b4440c5dc993fbc007fa33330cd3fd6f5b0657a5b9a"
    "5b8994914d053d5388a9d4ba67b4df0e9a4a65f0cbb4311d5a98da91b2bebe7782d61f72a450c35d15eb3fc5b2308b62c6770706000400"
    "0000ecffffff4000000004000000010000000c00000008000c000400080008000000180000000400000001000000040000000100000078"
    "0000000100000001000000000000000100000015000000"};
// After each record.
constexpr std::array<const char*, 3> kStateHashes = {
    "0786ebe7667e98fa8f02a6a2a7be4e31fbdc9dc4b1779a48a54ec6862ecf78b0",
    "d15e75d2a5cfc604673e76f531679a132be138854e78e1048c9468f1dad8442c",
    "20d95467b5f2b59670b6cb975d1b45e1e83743369fbe3f7a7777fa7dca3c7400"};
// Of the room's only author, at the end.
constexpr const char* kJournal =
    "0200010000000000010100000000000000000300000000000001010000000000000007000000000000000000001e68e5cf8b0100000003"
    "00000000000000";
// All registers at the end: existence, parent, name and tags of 0:1.
constexpr std::array<const char*, 4> kRegisters = {
    "010000000000000000000000000000000000001468e5cf8b01000000020000000000",
    "010000000000000001000000000000000000001468e5cf8b0100000002000000000100000000000000000000000001000000",
    "010000000000000002000000000000000000001468e5cf8b010000000200000000010100000061",
    "010000000000000007000000000000000000001e68e5cf8b01000000030000000001010000000100000078"};

Bytes bytes_of(const char* hex) { return *from_hex(hex); }

/// H of the page.
Hash256 hash(std::string_view domain, std::initializer_list<ByteView> parts) {
  Bytes bytes(domain.begin(), domain.end());
  bytes.push_back(0);
  for (const auto part : parts) bytes.insert(bytes.end(), part.begin(), part.end());
  return crypto::hash256(bytes);
}

/// The sum of little-endian numbers modulo 2^256, in the way of school.
Hash256 sum(const std::vector<Hash256>& elements) {
  Hash256 result;
  for (const auto& element : elements) {
    unsigned carry = 0;
    for (std::size_t at = 0; at < Hash256::kSize; ++at) {
      carry += unsigned{result.bytes[at]} + element.bytes[at];
      result.bytes[at] = static_cast<std::uint8_t>(carry);
      carry >>= 8;
    }
  }
  return result;
}

Replica replayed() {
  Replica replica;
  for (const auto* hex : kRecords) {
    const auto record = log::decode_record(bytes_of(hex));
    EXPECT_TRUE(record.has_value());
    EXPECT_TRUE(record && replica.apply(*record).has_value());
  }
  return replica;
}

TEST(Format, RecordsChainAsThePageSays) {
  Bytes previous(Hash256::kSize, 0);
  for (const auto* hex : kRecords) {
    const Bytes stored = bytes_of(hex);
    const ByteView record(stored);
    const auto header = record.subspan(48, 160);
    const auto payload = record.subspan(48 + 225);
    const auto payload_hash = hash("theta/payload/v1", {payload});
    EXPECT_EQ(to_hex(header.subspan(128, 32)), to_hex(payload_hash.view()));
    const auto header_hash = hash("theta/packet-header/v1", {header});
    const auto record_hash =
        hash("theta/record/v1", {previous, record.first(8), record.subspan(8, 8), header_hash.view()});
    EXPECT_EQ(to_hex(record.subspan(16, 32)), to_hex(record_hash.view()));
    previous.assign(record_hash.bytes.begin(), record_hash.bytes.end());
  }
}

TEST(Format, RecordsReadAndWriteBackAndGiveTheStateHashes) {
  Replica replica;
  for (std::size_t at = 0; at < kRecords.size(); ++at) {
    const auto record = log::decode_record(bytes_of(kRecords[at]));
    ASSERT_TRUE(record.has_value()) << at;
    EXPECT_EQ(to_hex(log::encode_record(*record)), kRecords[at]);
    ASSERT_TRUE(replica.apply(*record).has_value()) << at;
    EXPECT_EQ(to_hex(replica.state_hash().view()), kStateHashes[at]) << at;
  }
}

TEST(Format, JournalIsThePagesBytes) {
  const auto snapshot = replayed().save_snapshot();
  const auto* author = wire::verified_snapshot(snapshot)->authors()->Get(0);
  EXPECT_EQ(to_hex({author->journal()->data(), author->journal()->size()}), kJournal);
}

TEST(Format, StateHashIsTheSumOfThePagesElements) {
  const auto replica = replayed();
  std::vector<Hash256> registers;
  for (const auto* hex : kRegisters) registers.push_back(hash("theta/register/v1", {bytes_of(hex)}));
  const auto scene_hash = sum(registers);
  EXPECT_EQ(replica.scene().hash().value(), scene_hash);

  const Bytes last = bytes_of(kRecords[2]);
  const auto header = ByteView(last).subspan(48, 160);
  const auto head = hash("theta/packet-header/v1", {header});
  Bytes member;
  ByteWriter out(member);
  out.put_bytes(header.subspan(40, 32));  // key
  out.put_varint(0);                      // no name
  out.put<std::uint8_t>(3);               // admin
  out.put<std::uint16_t>(0);              // slot
  out.put<std::uint64_t>(3);              // nonce
  out.put_bytes(head.view());             // of its last header
  out.put_bytes(header.subspan(120, 8));  // its stamp
  out.put<std::uint64_t>(1);              // it has made 0:1
  out.put_varint(0);                      // nothing selected, and no tool
  // The entry of the create has 18 bytes; the one of the tags is the rest.
  const Bytes journal = bytes_of(kJournal);
  const Bytes slot(2, 0);
  const auto rest_hash =
      sum({hash("theta/member/v1", {member}), hash("theta/journal/v1", {slot, ByteView(journal).first(18)}),
           hash("theta/journal/v1", {slot, ByteView(journal).subspan(18)})});
  const auto first = bytes_of(kRecords[0]);
  const auto room = hash("theta/packet-header/v1", {ByteView(first).subspan(48, 160)});
  const auto state_hash =
      hash("theta/state/v1", {room.view(), ByteView(last).first(8), scene_hash.view(), rest_hash.view()});
  EXPECT_EQ(to_hex(state_hash.view()), kStateHashes[2]);
}

}  // namespace
}  // namespace theta::replica

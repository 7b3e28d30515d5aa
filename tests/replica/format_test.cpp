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
    "01000000000000000a68e5cf8b0100003b516b24657d29c2d70e30ea79429fdcc7a26ab7c52e2f6aecd8a88dd1f5860c01000100640000"
    "0000000000000000000000000000000000000000000000000000000000000000008a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94"
    "121bf3748801b40f6f5c010000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
    "00000000000a68e5cf8b018d21c523f8ad7cfb88b602a0fe7c58ca722b6ad9fe8b2f60fec00911c6917bd7e01eb45d69da9f9e606bac20"
    "a73175e62e815772c804fb3e23dcdee5084c4f8223e322d9c61563ec34a7f1ba1d59c75b6f91173a3068294539d0fe38827ff40b000c00"
    "000008000c0004000800080000004c00000004000000010000000c0000000800280004000800080000002400000097ffc883c80bee7237"
    "ef95d9b9b703d4ad63e60a21e605867682b75b8b3f43030400000074657374000000000100000001000000",
    "02000000000000001468e5cf8b010000bed85d9458cdf496ce38a5984d36ab4b2b895fa60b6940ee83062f6d56339be101000100680000"
    "0064ed7a5e103ee698d8fb5cfef5a47eeeb0090016510ff7085cc1e635c7bc4d518a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94"
    "121bf3748801b40f6f5c020000000000000064ed7a5e103ee698d8fb5cfef5a47eeeb0090016510ff7085cc1e635c7bc4d510100000000"
    "00000000001468e5cf8b019c4391dc8720eacce9fc2fcb2be933f5ed28368e540c9d30551c632d2ed9562e12957867bf99064ad4f459fb"
    "c924786ad10e1be3c6832b3fd7851cf015f0772aa6291309fef317c8de7f44de0548d5ef4ad7ca486767165004fc9e32bdb6ab09001000"
    "00000000000008000c0004000800080000004c00000004000000010000000c000000000006000800040006000000040000000100000010"
    "00000000000a0010000800000004000a0000000c000000010000000000000001000000610000000100000006000000",
    "03000000000000001e68e5cf8b010000de8539be3c7953d1df0810d46a9e4d67be06eee714a83c6cdfe97280151cf07a01000100500000"
    "0064ed7a5e103ee698d8fb5cfef5a47eeeb0090016510ff7085cc1e635c7bc4d518a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94"
    "121bf3748801b40f6f5c03000000000000004abbef7e7519414468101297c4d63a66dab27163f2736620d72014fead520ac90200000000"
    "00000000001e68e5cf8b0189247234c33a44a8056973748a383c78f18487cf8086a1102f0f4d9cde8d65bad76389ce6f90b7e81f3bec0d"
    "1b96783d255e7e638f76f347af155981e8e4245704e663b775203ae250219d679b3c3e6259a4ae396b23800e8c6f60147f09320f000400"
    "0000ecffffff4000000004000000010000000c00000008000c000400080008000000180000000400000001000000040000000100000078"
    "0000000100000001000000000000000100000015000000"};
// After each record.
constexpr std::array<const char*, 3> kStateHashes = {
    "be67746db33a4c1a292c0e57716187c2c354c31b8301df3b06021584c753aac8",
    "3e1c512f951c952a20f9169ded16d93ac2fac17b99e72bf7fa9bfd5881cb0735",
    "e24901b9ba1d7c056060fd9ddc35ff04fce7372c5b42d76f95d9a56cec311fb3"};
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
    const auto payload_hash = hash("theta/payload", {payload});
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
  out.put_varint(0);                      // nothing selected
  out.put_bytes(Hash256{}.view());        // came by no invite; and no tool
  // The entry of the create has 18 bytes; the one of the tags is the rest.
  const Bytes journal = bytes_of(kJournal);
  const Bytes slot(2, 0);
  const auto rest_hash =
      sum({hash("theta/member/v2", {member}), hash("theta/journal/v1", {slot, ByteView(journal).first(18)}),
           hash("theta/journal/v1", {slot, ByteView(journal).subspan(18)})});
  const auto first = bytes_of(kRecords[0]);
  const auto room = hash("theta/packet-header/v1", {ByteView(first).subspan(48, 160)});
  const auto state_hash =
      hash("theta/state/v1", {room.view(), ByteView(last).first(8), scene_hash.view(), rest_hash.view()});
  EXPECT_EQ(to_hex(state_hash.view()), kStateHashes[2]);
}

}  // namespace
}  // namespace theta::replica

#include "theta/log/checkpoint.h"

#include <gtest/gtest.h>

#include "log/samples.h"

namespace theta::log {
namespace {

Checkpoint sample_checkpoint() {
  Checkpoint checkpoint;
  checkpoint.room = samples::filled<RoomId>(1);
  checkpoint.seq = Seq{77};
  checkpoint.record_hash = samples::filled<Hash256>(2);
  checkpoint.state_hash = samples::filled<Hash256>(3);
  checkpoint.snapshot_hash = samples::filled<Hash256>(4);
  return sign_checkpoint(checkpoint, samples::key(9));
}

TEST(Checkpoint, GivesBackWhatWasSigned) {
  const Checkpoint checkpoint = sample_checkpoint();
  const Bytes bytes = encode_checkpoint(checkpoint);
  EXPECT_EQ(bytes.size(), 232U);
  const auto decoded = decode_checkpoint(bytes);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_TRUE(verify_checkpoint(*decoded));
  EXPECT_EQ(decoded->seq, Seq{77});
  EXPECT_EQ(decoded->hub, samples::key(9).public_key<HubKey>());
}

TEST(Checkpoint, SignatureCoversEveryByte) {
  const Bytes bytes = encode_checkpoint(sample_checkpoint());
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    Bytes changed = bytes;
    changed[at] ^= 1;
    const auto decoded = decode_checkpoint(changed);
    ASSERT_TRUE(decoded.has_value());
    EXPECT_FALSE(verify_checkpoint(*decoded)) << at;
  }
}

TEST(Checkpoint, OtherSizesAreRefused) {
  Bytes bytes = encode_checkpoint(sample_checkpoint());
  bytes.push_back(0);
  EXPECT_FALSE(decode_checkpoint(bytes).has_value());
  bytes.resize(231);
  EXPECT_FALSE(decode_checkpoint(bytes).has_value());
}

// Two packets of author 1 with one nonce and different bodies.
EquivocationProof sample_proof() {
  EquivocationProof proof{samples::packet(), samples::packet()};
  PacketHeader other = samples::header();
  other.stamp = make_stamp(samples::kNowMs, 4);
  proof.second = sign_packet(other, Bytes{1, 2, 3}, samples::key(1));
  return proof;
}

TEST(EquivocationProof, IsTakenWithAndWithoutPayloads) {
  EquivocationProof proof = sample_proof();
  EXPECT_TRUE(decode_equivocation(encode_equivocation(proof)).has_value());
  samples::archive(proof.first);
  samples::archive(proof.second);
  const auto decoded = decode_equivocation(encode_equivocation(proof));
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->second.header, proof.second.header);
}

TEST(EquivocationProof, OnePacketTwiceProvesNothing) {
  const EquivocationProof proof{samples::packet(), samples::packet()};
  EXPECT_FALSE(decode_equivocation(encode_equivocation(proof)).has_value());
}

TEST(EquivocationProof, DifferentAuthorsNoncesOrRoomsProveNothing) {
  const auto with_header = [](auto change, std::uint8_t author) {
    PacketHeader header = samples::header(author);
    change(header);
    const EquivocationProof proof{samples::packet(), sign_packet(header, Bytes{1}, samples::key(author))};
    return decode_equivocation(encode_equivocation(proof)).has_value();
  };
  EXPECT_TRUE(with_header([](auto&) {}, 1));
  EXPECT_FALSE(with_header([](auto&) {}, 2));
  EXPECT_FALSE(with_header([](auto& header) { header.nonce = Nonce{7}; }, 1));
  EXPECT_FALSE(with_header([](auto& header) { header.room.bytes[0] ^= 1; }, 1));
}

TEST(EquivocationProof, ForgedSignatureProvesNothing) {
  EquivocationProof proof = sample_proof();
  proof.second.signature.bytes[3] ^= 1;
  EXPECT_FALSE(decode_equivocation(encode_equivocation(proof)).has_value());
}

TEST(EquivocationProof, EveryTruncationIsRefused) {
  const Bytes bytes = encode_equivocation(sample_proof());
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(decode_equivocation(ByteView(bytes).first(size)).has_value()) << size;
}

}  // namespace
}  // namespace theta::log

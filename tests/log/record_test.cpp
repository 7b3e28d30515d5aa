#include "theta/log/record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "log/samples.h"
#include "theta/base/limits.h"

namespace theta::log {
namespace {

using ::testing::ElementsAreArray;

constexpr std::size_t kSeqAt = 0;
constexpr std::size_t kHubTimeAt = 8;

void put_u64(Bytes& bytes, std::size_t at, std::uint64_t value) {
  std::memcpy(bytes.data() + at, &value, sizeof value);
}

TEST(Record, StoredFormGivesBackTheSameRecord) {
  const Record record = samples::record();
  const auto decoded = decode_record(encode_record(record));
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->seq, record.seq);
  EXPECT_EQ(decoded->hub_time, record.hub_time);
  EXPECT_EQ(decoded->record_hash, record.record_hash);
  EXPECT_EQ(decoded->header_hash, record.header_hash);
  EXPECT_EQ(decoded->packet.header, record.packet.header);
}

TEST(Record, EveryTruncationIsRefused) {
  const Bytes stored = encode_record(samples::record());
  for (std::size_t size = 0; size < stored.size(); ++size)
    EXPECT_FALSE(decode_record(ByteView(stored).first(size)).has_value()) << size;
}

TEST(Record, NumbersAndTimesOutOfRangeAreRefused) {
  const Bytes good = encode_record(samples::record());
  const auto with = [&](std::size_t at, std::uint64_t value) {
    Bytes bytes = good;
    put_u64(bytes, at, value);
    return decode_record(bytes).has_value();
  };
  EXPECT_TRUE(with(kSeqAt, 1));
  EXPECT_TRUE(with(kSeqAt, limits::kSeqMax));
  EXPECT_FALSE(with(kSeqAt, 0));
  EXPECT_FALSE(with(kSeqAt, limits::kSeqMax + 1));
  EXPECT_TRUE(with(kHubTimeAt, kHubTimeMsMax));
  EXPECT_FALSE(with(kHubTimeAt, kHubTimeMsMax + 1));
  EXPECT_FALSE(with(kHubTimeAt, UINT64_MAX));
}

TEST(Record, HashDependsOnEveryPart) {
  const auto previous = samples::filled<Hash256>(1);
  const auto header = samples::filled<Hash256>(2);
  const auto hash = hash_record(previous, Seq{5}, from_unix_ms(9), header);
  EXPECT_NE(hash, hash_record(header, Seq{5}, from_unix_ms(9), header));
  EXPECT_NE(hash, hash_record(previous, Seq{6}, from_unix_ms(9), header));
  EXPECT_NE(hash, hash_record(previous, Seq{5}, from_unix_ms(10), header));
  EXPECT_NE(hash, hash_record(previous, Seq{5}, from_unix_ms(9), previous));
}

TEST(ArchiveRecord, CutsThePayloadAndKeepsTheChain) {
  const Record record = samples::record();
  const Bytes archived = archive_record(encode_record(record));
  EXPECT_EQ(archived.size(), 48U + kStoredPacketOverheadBytes);
  const auto decoded = decode_record(archived);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_TRUE(decoded->packet.archived);
  EXPECT_EQ(decoded->header_hash, record.header_hash);
  EXPECT_EQ(decoded->record_hash, record.record_hash);
  EXPECT_TRUE(verify_signature(decoded->packet));
  EXPECT_THAT(archive_record(archived), ElementsAreArray(archived));
}

TEST(ArchiveRecord, LeavesOtherBytesAlone) {
  const Bytes bytes = {1, 2, 3};
  EXPECT_EQ(archive_record(bytes), bytes);
}

}  // namespace
}  // namespace theta::log

#include "theta/base/byte_codec.h"

#include <limits>

#include <gtest/gtest.h>

#include "theta/base/ids.h"

namespace theta {
namespace {

Bytes varint(std::uint64_t value) {
  Bytes bytes;
  ByteWriter(bytes).put_varint(value);
  return bytes;
}

TEST(ByteCodec, ReadsBackWhatWasWritten) {
  Bytes bytes;
  ByteWriter writer(bytes);
  writer.put(std::uint8_t{7});
  writer.put(std::uint32_t{0x01020304});
  writer.put_varint(300);
  writer.put_bytes(as_bytes("theta"));
  writer.put(std::int64_t{-2});

  ByteReader reader(bytes);
  EXPECT_EQ(reader.get<std::uint8_t>(), 7);
  EXPECT_EQ(reader.get<std::uint32_t>(), 0x01020304U);
  EXPECT_EQ(reader.get_varint(), 300U);
  const auto text = reader.get_bytes(5);
  EXPECT_EQ(Bytes(text.begin(), text.end()), Bytes({'t', 'h', 'e', 't', 'a'}));
  EXPECT_FALSE(reader.done());
  EXPECT_EQ(reader.get<std::int64_t>(), -2);
  EXPECT_TRUE(reader.done());
}

TEST(ByteCodec, IntegersAreLittleEndian) {
  Bytes bytes;
  ByteWriter(bytes).put(std::uint32_t{0x01020304});
  EXPECT_EQ(bytes, Bytes({4, 3, 2, 1}));
}

TEST(ByteCodec, VarintsRoundTripAtEveryLength) {
  for (int bit = 0; bit < 64; ++bit) {
    for (const std::uint64_t value : {std::uint64_t{1} << bit, (std::uint64_t{1} << bit) - 1}) {
      const auto bytes = varint(value);
      ByteReader reader(bytes);
      EXPECT_EQ(reader.get_varint(), value);
      EXPECT_TRUE(reader.done());
    }
  }
  EXPECT_EQ(varint(std::numeric_limits<std::uint64_t>::max()).size(), 10U);
}

TEST(ByteCodec, RefusesVarintsThatAreOverlongOrOver64Bits) {
  const Bytes overlong{0x80, 0x00};
  const Bytes over_64_bits{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02};
  const Bytes eleven_bytes{0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01};
  for (const auto& bytes : {overlong, over_64_bits, eleven_bytes}) {
    ByteReader reader(bytes);
    EXPECT_EQ(reader.get_varint(), 0U);
    EXPECT_FALSE(reader.ok());
  }
}

TEST(ByteCodec, EveryTruncationIsNoticed) {
  Bytes whole;
  ByteWriter writer(whole);
  writer.put_varint(1'000'000);
  writer.put(std::uint64_t{5});
  writer.put_bytes(Hash256{}.view());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    ByteReader reader(ByteView(whole).first(size));
    (void)reader.get_varint();
    (void)reader.get<std::uint64_t>();
    EXPECT_EQ(reader.get_fixed<Hash256>(), Hash256{});
    EXPECT_FALSE(reader.done()) << size;
  }
}

TEST(ByteCodec, AfterAnErrorOnlyZerosCome) {
  const Bytes bytes{1, 2, 3, 4, 5};
  ByteReader reader(bytes);
  EXPECT_TRUE(reader.get_bytes(6).empty());
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.get<std::uint8_t>(), 0);
  EXPECT_EQ(reader.get_varint(), 0U);
  EXPECT_FALSE(reader.done());
}

TEST(ByteCodec, ASizeNearTheEndOfTheNumbersIsRefused) {
  const Bytes bytes{1};
  ByteReader reader(bytes);
  EXPECT_TRUE(reader.get_bytes(std::numeric_limits<std::size_t>::max()).empty());
  EXPECT_FALSE(reader.ok());
}

}  // namespace
}  // namespace theta

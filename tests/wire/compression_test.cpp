#include "theta/wire/compression.h"

#include <gtest/gtest.h>

namespace theta::wire {
namespace {

constexpr std::size_t kCap = 4096;

Bytes repetitive(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t at = 0; at < size; ++at) bytes[at] = static_cast<std::uint8_t>(at % 7);
  return bytes;
}

void expect_refused(ByteView bytes, CompressionError code) {
  const auto result = decompress(bytes, kCap);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, code) << result.error().message;
}

TEST(Compression, GivesBackWhatItTook) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{100}, kCap}) {
    const Bytes input = repetitive(size);
    const auto output = decompress(compress(input), kCap);
    ASSERT_TRUE(output.has_value());
    EXPECT_EQ(*output, input);
  }
}

TEST(Compression, RefusesOneByteOverTheCap) {
  expect_refused(compress(repetitive(kCap + 1)), CompressionError::too_large);
}

TEST(Compression, RefusesEveryTruncation) {
  const Bytes frame = compress(repetitive(1000));
  for (std::size_t size = 0; size < frame.size(); ++size)
    expect_refused(ByteView(frame).first(size), CompressionError::malformed);
}

TEST(Compression, RefusesASecondFrameAndTrailingBytes) {
  Bytes twice = compress(repetitive(100));
  const Bytes once = twice;
  twice.insert(twice.end(), once.begin(), once.end());
  expect_refused(twice, CompressionError::malformed);
  Bytes trailing = once;
  trailing.push_back(0);
  expect_refused(trailing, CompressionError::malformed);
}

TEST(Compression, RefusesSkippableFrames) {
  const Bytes skippable = {0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 1, 2};
  expect_refused(skippable, CompressionError::malformed);
}

TEST(Compression, RefusesALyingContentSize) {
  Bytes frame = compress(repetitive(100));
  // Frame header: magic (4), descriptor with single-segment flag and one-byte content size.
  ASSERT_EQ(frame[5], 100);
  frame[5] = 101;
  expect_refused(frame, CompressionError::malformed);
  frame[5] = 99;
  expect_refused(frame, CompressionError::malformed);
}

TEST(Compression, RefusesADictionary) {
  // Descriptor: single segment, one-byte content size, one-byte dictionary id; then one empty raw last block.
  const Bytes frame = {0x28, 0xb5, 0x2f, 0xfd, 0x21, 7, 0, 1, 0, 0};
  expect_refused(frame, CompressionError::malformed);
}

TEST(Compression, RefusesAFrameWithoutItsContentSize) {
  // Descriptor without single segment and without content size; window descriptor; one empty raw last block.
  const Bytes frame = {0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58, 1, 0, 0};
  expect_refused(frame, CompressionError::malformed);
}

TEST(Compression, RefusesOtherBytes) { expect_refused(repetitive(64), CompressionError::malformed); }

}  // namespace
}  // namespace theta::wire

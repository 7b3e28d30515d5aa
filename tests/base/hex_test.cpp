#include "theta/base/hex.h"

#include <string>

#include <gtest/gtest.h>

namespace theta {
namespace {

Bytes counting(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t at = 0; at < size; ++at) bytes[at] = static_cast<std::uint8_t>(at * 37 + 1);
  return bytes;
}

TEST(Hex, RoundTrips) {
  for (std::size_t size = 0; size < 40; ++size) EXPECT_EQ(from_hex(to_hex(counting(size))), counting(size));
}

TEST(Hex, WritesLowerCaseAndReadsBoth) {
  const Bytes bytes{0x00, 0xab, 0xff};
  EXPECT_EQ(to_hex(bytes), "00abff");
  EXPECT_EQ(from_hex("00ABff"), bytes);
}

TEST(Hex, RefusesOddLengthsAndOtherCharacters) {
  EXPECT_EQ(from_hex("abc"), std::nullopt);
  EXPECT_EQ(from_hex("0g"), std::nullopt);
  EXPECT_EQ(from_hex(" 00"), std::nullopt);
  EXPECT_EQ(from_hex(std::string("0\0", 2)), std::nullopt);
}

TEST(Base64url, MatchesTheVectorsOfRfc4648) {
  EXPECT_EQ(to_base64url(as_bytes("")), "");
  EXPECT_EQ(to_base64url(as_bytes("f")), "Zg");
  EXPECT_EQ(to_base64url(as_bytes("fo")), "Zm8");
  EXPECT_EQ(to_base64url(as_bytes("foo")), "Zm9v");
  EXPECT_EQ(to_base64url(as_bytes("foob")), "Zm9vYg");
  EXPECT_EQ(to_base64url(as_bytes("fooba")), "Zm9vYmE");
  EXPECT_EQ(to_base64url(as_bytes("foobar")), "Zm9vYmFy");
  EXPECT_EQ(to_base64url(Bytes{0xfb, 0xff}), "-_8");
}

TEST(Base64url, RoundTrips) {
  for (std::size_t size = 0; size < 70; ++size) EXPECT_EQ(from_base64url(to_base64url(counting(size))), counting(size));
}

TEST(Base64url, HasOneSpellingOnly) {
  EXPECT_EQ(from_base64url("Zh"), std::nullopt) << "bits left over";
  EXPECT_EQ(from_base64url("Zg=="), std::nullopt) << "padding";
  EXPECT_EQ(from_base64url("Z"), std::nullopt) << "no byte has six bits";
  EXPECT_EQ(from_base64url("+/8"), std::nullopt) << "the other alphabet";
}

}  // namespace
}  // namespace theta

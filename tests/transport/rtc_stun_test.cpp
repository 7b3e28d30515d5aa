#include "rtc_stun.h"

#include <gtest/gtest.h>

#include "theta/base/hex.h"
#include "transport/stun_request.h"

namespace theta::transport {
namespace {

using testing::stun_check;
using testing::StunRequestWriter;

constexpr std::string_view kPassword = "VOkJxbRl1RmTxUk/WvJxBt";

/// RFC 5769 section 2.1.
Bytes rfc5769_request() {
  return Bytes{0x00, 0x01, 0x00, 0x58, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86,
               0xfa, 0x87, 0xdf, 0xae, 0x80, 0x22, 0x00, 0x10, 0x53, 0x54, 0x55, 0x4e, 0x20, 0x74, 0x65, 0x73,
               0x74, 0x20, 0x63, 0x6c, 0x69, 0x65, 0x6e, 0x74, 0x00, 0x24, 0x00, 0x04, 0x6e, 0x00, 0x01, 0xff,
               0x80, 0x29, 0x00, 0x08, 0x93, 0x2f, 0xf9, 0xb1, 0x51, 0x26, 0x3b, 0x36, 0x00, 0x06, 0x00, 0x09,
               0x65, 0x76, 0x74, 0x6a, 0x3a, 0x68, 0x36, 0x76, 0x59, 0x20, 0x20, 0x20, 0x00, 0x08, 0x00, 0x14,
               0x9a, 0xea, 0xa7, 0x0c, 0xbf, 0xd8, 0xcb, 0x56, 0x78, 0x1e, 0xf2, 0xb5, 0xb2, 0xd3, 0xf2, 0x49,
               0xc1, 0xb5, 0x71, 0xa2, 0x80, 0x28, 0x00, 0x04, 0xe5, 0x7a, 0x3b, 0xcf};
}

TEST(RtcStun, TheSampleRequestOfRfc5769IsAccepted) {
  const auto bytes = rfc5769_request();
  StunRequest request;
  ASSERT_TRUE(parse_stun_request(bytes, request));
  EXPECT_EQ(request.username, "evtj:h6vY");
  EXPECT_TRUE(request.is_controlled);
  EXPECT_FALSE(request.use_candidate);
  EXPECT_TRUE(request.unknown.empty());
  EXPECT_TRUE(verify_stun_request(bytes, request, kPassword));
  EXPECT_FALSE(verify_stun_request(bytes, request, "VOkJxbRl1RmTxUk/WvJxBu"));
}

TEST(RtcStun, AnyChangedByteOfTheSampleRequestIsNoticed) {
  for (std::size_t at = 0; at < rfc5769_request().size(); ++at) {
    auto bytes = rfc5769_request();
    bytes[at] ^= 0x40;
    StunRequest request;
    EXPECT_FALSE(parse_stun_request(bytes, request) && verify_stun_request(bytes, request, kPassword)) << at;
  }
}

TEST(RtcStun, EveryShorterOrLongerDatagramIsRefused) {
  auto bytes = rfc5769_request();
  StunRequest request;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(parse_stun_request(ByteView(bytes).first(size), request)) << size;
  }
  bytes.push_back(0);
  EXPECT_FALSE(parse_stun_request(bytes, request));
}

TEST(RtcStun, TheMappedAddressesAreThoseOfRfc5769) {
  StunRequest request;
  ASSERT_TRUE(parse_stun_request(rfc5769_request(), request));
  const auto ipv4 = write_stun_success(request, SocketAddress::ipv4({192, 0, 2, 1}, 32853), kPassword);
  EXPECT_EQ(to_hex(ByteView(ipv4).subspan(20, 12)), "002000080001a147e112a643");
  const auto address = SocketAddress::parse("[2001:db8:1234:5678:11:2233:4455:6677]:32853");
  ASSERT_TRUE(address.has_value());
  const auto ipv6 = write_stun_success(request, *address, kPassword);
  EXPECT_EQ(to_hex(ByteView(ipv6).subspan(20, 24)), "002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9");
}

TEST(RtcStun, AnAnswerIsProtectedAsARequestIs) {
  StunRequest request;
  ASSERT_TRUE(parse_stun_request(rfc5769_request(), request));
  for (auto answer : {write_stun_success(request, SocketAddress::ipv4({1, 2, 3, 4}, 5), kPassword),
                      write_stun_error(request, StunErrorCode::role_conflict, kPassword)}) {
    EXPECT_TRUE(std::equal(request.transaction.begin(), request.transaction.end(), answer.begin() + 8));
    const auto integrity_at = answer.size() - 8 - 24;
    const auto fingerprint = ByteView(answer).last(4);
    const auto crc = StunRequestWriter::crc32(ByteView(answer).first(answer.size() - 8)) ^ 0x5354554eU;
    EXPECT_EQ(crc, std::uint32_t{fingerprint[0]} << 24 | std::uint32_t{fingerprint[1]} << 16 |
                       std::uint32_t{fingerprint[2]} << 8 | fingerprint[3]);
    // The integrity covers a length that ends behind it.
    auto covered = Bytes(answer.begin(), answer.begin() + static_cast<std::ptrdiff_t>(integrity_at));
    covered[3] = static_cast<std::uint8_t>(integrity_at + 24 - 20);
    Bytes digest(20);
    gnutls_hmac_fast(GNUTLS_MAC_SHA1, kPassword.data(), kPassword.size(), covered.data(), covered.size(),
                     digest.data());
    EXPECT_TRUE(
        std::equal(digest.begin(), digest.end(), answer.begin() + static_cast<std::ptrdiff_t>(integrity_at + 4)));
  }
}

TEST(RtcStun, WhatStandsBehindTheIntegrityIsNotLookedAt) {
  const auto bytes = StunRequestWriter()
                         .add_username("a:b")
                         .add_integrity(kPassword)
                         .add_use_candidate()
                         .add_controlled()
                         .add_username("c:d")
                         .add(0x0099, Bytes(4))
                         .add_fingerprint()
                         .bytes();
  StunRequest request;
  ASSERT_TRUE(parse_stun_request(bytes, request));
  EXPECT_TRUE(verify_stun_request(bytes, request, kPassword));
  EXPECT_EQ(request.username, "a:b");
  EXPECT_FALSE(request.use_candidate);
  EXPECT_FALSE(request.is_controlled);
  EXPECT_TRUE(request.unknown.empty());
}

TEST(RtcStun, IntegrityAndFingerprintMustBothBeThere) {
  StunRequest request;
  const auto without_fingerprint = StunRequestWriter().add_username("a:b").add_integrity(kPassword).bytes();
  ASSERT_TRUE(parse_stun_request(without_fingerprint, request));
  EXPECT_FALSE(verify_stun_request(without_fingerprint, request, kPassword));
  const auto without_integrity = StunRequestWriter().add_username("a:b").add_fingerprint().bytes();
  ASSERT_TRUE(parse_stun_request(without_integrity, request));
  EXPECT_FALSE(verify_stun_request(without_integrity, request, kPassword));
}

TEST(RtcStun, TheFingerprintEndsTheMessage) {
  const auto bytes =
      StunRequestWriter().add_username("a:b").add_integrity(kPassword).add_fingerprint().add_priority().bytes();
  StunRequest request;
  EXPECT_FALSE(parse_stun_request(bytes, request));
}

TEST(RtcStun, UnknownAttributesAreNamedUpToABound) {
  StunRequestWriter writer;
  writer.add_username("a:b").add(0xc057, Bytes(4));
  for (std::uint16_t type = 0x4001; type < 0x4001 + kStunUnknownAttributesMax + 3; ++type) writer.add(type, {});
  const auto bytes = writer.add_integrity(kPassword).add_fingerprint().bytes();
  StunRequest request;
  ASSERT_TRUE(parse_stun_request(bytes, request));
  ASSERT_EQ(request.unknown.size(), kStunUnknownAttributesMax);
  EXPECT_EQ(request.unknown.front(), 0x4001);
  EXPECT_TRUE(verify_stun_request(bytes, request, kPassword));
}

TEST(RtcStun, OnlyBindingRequestsAreRead) {
  for (const std::uint8_t low : {0x11, 0x03, 0x04, 0x09}) {
    auto bytes = stun_check("a:b", kPassword);
    bytes[1] = low;
    StunRequest request;
    EXPECT_FALSE(parse_stun_request(bytes, request)) << int{low};
  }
  auto response = stun_check("a:b", kPassword);
  response[0] = 1;
  StunRequest request;
  EXPECT_FALSE(parse_stun_request(response, request));
}

TEST(RtcStun, ARequestAtTheBoundIsReadAndOneBeyondIsNot) {
  const auto padded_to = [](std::size_t size) {
    StunRequestWriter writer;
    writer.add_username("a:b");
    writer.add(0xc001, Bytes(size - writer.bytes().size() - 4 - 24 - 8));
    return writer.add_integrity(kPassword).add_fingerprint().bytes();
  };
  StunRequest request;
  ASSERT_EQ(padded_to(kStunBytesMax).size(), kStunBytesMax);
  ASSERT_TRUE(parse_stun_request(padded_to(kStunBytesMax), request));
  EXPECT_TRUE(verify_stun_request(padded_to(kStunBytesMax), request, kPassword));
  EXPECT_FALSE(parse_stun_request(padded_to(kStunBytesMax + 4), request));
}

}  // namespace
}  // namespace theta::transport

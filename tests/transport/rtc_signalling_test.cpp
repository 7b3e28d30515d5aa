#include "theta/transport/rtc_signalling.h"

#include <gtest/gtest.h>

#include "theta/crypto/hash.h"

namespace theta::transport {
namespace {

constexpr std::string_view kFingerprintText =
    "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:FF";

CertificateFingerprint counting_fingerprint() {
  CertificateFingerprint result;
  for (std::size_t at = 0; at < result.bytes.size(); ++at) result.bytes[at] = static_cast<std::uint8_t>(at);
  result.bytes[31] = 0xff;
  return result;
}

crypto::KeyPair keys_of(std::uint8_t value) {
  crypto::Seed seed;
  seed.bytes.fill(value);
  return crypto::KeyPair::from_seed(seed);
}

std::string sdp_with(std::string_view line) { return "v=0\r\n" + std::string(line) + "\r\na=setup:actpass\r\n"; }

TEST(RtcSignalling, AnOfferIsBoundToAuthorHubTimeAndBytes) {
  const auto author = keys_of(1);
  const auto author_key = author.public_key<AuthorKey>();
  const auto hub = keys_of(2).public_key<HubKey>();
  const auto time = from_unix_ms(1'700'000'000'000);
  const auto signature = sign_offer(author, hub, time, "an offer");
  EXPECT_TRUE(verify_offer(author_key, hub, time, "an offer", signature));
  EXPECT_FALSE(verify_offer(keys_of(3).public_key<AuthorKey>(), hub, time, "an offer", signature));
  EXPECT_FALSE(verify_offer(author_key, keys_of(3).public_key<HubKey>(), time, "an offer", signature));
  EXPECT_FALSE(verify_offer(author_key, hub, from_unix_ms(1'700'000'000'001), "an offer", signature));
  EXPECT_FALSE(verify_offer(author_key, hub, time, "an offeR", signature));
}

TEST(RtcSignalling, AnAnswerIsBoundToItsOffer) {
  const auto hub = keys_of(2);
  const auto hub_key = hub.public_key<HubKey>();
  const auto signature = sign_answer(hub, "an offer", "an answer");
  EXPECT_TRUE(verify_answer(hub_key, "an offer", "an answer", signature));
  EXPECT_FALSE(verify_answer(hub_key, "another offer", "an answer", signature));
  EXPECT_FALSE(verify_answer(hub_key, "an offer", "another answer", signature));
  EXPECT_FALSE(verify_answer(keys_of(1).public_key<HubKey>(), "an offer", "an answer", signature));
}

TEST(RtcSignalling, ASignatureForOnePurposeIsWorthlessForAnother) {
  const auto hub = keys_of(2);
  const auto signature = sign_answer(hub, "x", "x");
  EXPECT_FALSE(verify_offer(hub.public_key<AuthorKey>(), hub.public_key<HubKey>(), from_unix_ms(0), "x", signature));
}

TEST(RtcSignalling, TheFingerprintIsFoundInUpperAndLowerCase) {
  const auto upper = find_fingerprint(sdp_with("a=fingerprint:sha-256 " + std::string(kFingerprintText)));
  ASSERT_TRUE(upper.has_value());
  EXPECT_EQ(*upper, counting_fingerprint());
  std::string small;
  for (const char letter : kFingerprintText) small += static_cast<char>(tolower(letter));
  const auto lower = find_fingerprint(sdp_with("a=fingerprint:SHA-256 " + small));
  ASSERT_TRUE(lower.has_value());
  EXPECT_EQ(*lower, counting_fingerprint());
  EXPECT_EQ(to_sdp_text(*lower), kFingerprintText);
}

TEST(RtcSignalling, LineEndsMayLackTheCarriageReturnAndTheLastItsEnd) {
  const auto text = "v=0\na=fingerprint:sha-256 " + std::string(kFingerprintText);
  EXPECT_TRUE(find_fingerprint(text).has_value());
}

TEST(RtcSignalling, TheSameFingerprintMayStandTwiceButNoOther) {
  const auto line = "a=fingerprint:sha-256 " + std::string(kFingerprintText) + "\r\n";
  auto other = line;
  other.replace(other.find("00:01"), 5, "99:01");
  EXPECT_TRUE(find_fingerprint(line + line).has_value());
  const auto refused = find_fingerprint(line + other);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, TransportError::malformed);
}

TEST(RtcSignalling, WhatIsNoSha256FingerprintIsRefused) {
  const std::string good(kFingerprintText);
  for (const auto& line : {std::string("a=setup:actpass"), "a=fingerprint:sha-1 " + good, std::string("a=fingerprint:"),
                           std::string("a=fingerprint:sha-256 "), "a=fingerprint:sha-256 " + good.substr(3),
                           "a=fingerprint:sha-256 " + good + ":00", "a=fingerprint:sha-256 " + good + " ",
                           "a=fingerprint:sha-256  " + good.substr(1), "a=fingerprint:sha-256 g" + good.substr(1),
                           " a=fingerprint:sha-256 " + good}) {
    const auto found = find_fingerprint(sdp_with(line));
    ASSERT_FALSE(found.has_value()) << line;
    EXPECT_EQ(found.error().code, TransportError::malformed);
    EXPECT_NE(found.error().message.find("fingerprint"), std::string::npos);
  }
}

TEST(RtcSignalling, TheBindingNamesBothCertificatesAndTheirSides) {
  CertificateFingerprint one;
  const auto other = counting_fingerprint();
  EXPECT_NE(rtc_channel_binding(one, other), rtc_channel_binding(other, one));
  EXPECT_NE(rtc_channel_binding(one, other), rtc_channel_binding(one, one));
  Bytes both(one.bytes.begin(), one.bytes.end());
  both.insert(both.end(), other.bytes.begin(), other.bytes.end());
  EXPECT_EQ(rtc_channel_binding(one, other).bytes, crypto::hash256("theta/rtc/binding/v1", both).bytes);
}

}  // namespace
}  // namespace theta::transport

#include "rtc_sdp.h"

#include <gtest/gtest.h>

#include "rtc_channels.h"

namespace theta::transport {
namespace {

constexpr std::string_view kFingerprint =
    "96:CF:7D:C9:47:51:96:EC:92:B9:10:F8:00:8E:B1:1F:91:BD:3E:92:BE:A0:A4:CB:94:0F:5E:4E:A0:FD:B4:14";

std::string with_fingerprint(std::string text) {
  const std::string_view kHole = "FINGERPRINT";
  text.replace(text.find(kHole), kHole.size(), kFingerprint);
  return text;
}

/// As Chromium 156 writes it.
std::string chromium_offer() {
  return with_fingerprint(
      "v=0\r\no=- 4130367205373951311 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n"
      "a=extmap-allow-mixed\r\na=msid-semantic: WMS\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"
      "c=IN IP4 0.0.0.0\r\na=candidate:1 1 udp 2113937151 6eb8a8c0-8a86-4d51-a0cc-0b31a19ac3bd.local 50544 typ host\r\n"
      "a=ice-ufrag:nvPo\r\na=ice-pwd:M1ysMGuhHhzCvJoRxhaDRZYF\r\na=ice-options:trickle\r\n"
      "a=fingerprint:sha-256 FINGERPRINT\r\na=setup:actpass\r\na=mid:0\r\na=sctp-port:5000\r\n"
      "a=max-message-size:262144\r\n");
}

/// As Firefox writes it: fingerprint and credentials partly at session level, another mid, larger messages.
std::string firefox_offer() {
  return with_fingerprint(
      "v=0\r\no=mozilla...THIS_IS_SDPARTA-99.0 8056427246013417325 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
      "a=sendrecv\r\na=fingerprint:sha-256 FINGERPRINT\r\na=group:BUNDLE 0\r\na=ice-options:trickle\r\n"
      "a=msid-semantic:WMS *\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n"
      "a=sendrecv\r\na=ice-pwd:d83b5c1b7ad0e9e6e8a0b4d7c6b1ee61\r\na=ice-ufrag:a4b0f2d1\r\na=mid:0\r\n"
      "a=setup:actpass\r\na=sctp-port:5000\r\na=max-message-size:1073741823\r\n");
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  text.replace(text.find(what), what.size(), by);
  return text;
}

TEST(RtcSdp, OffersOfBrowsersAreRead) {
  const auto chromium = parse_offer(chromium_offer());
  ASSERT_TRUE(chromium.has_value()) << chromium.error().message;
  EXPECT_EQ(chromium->mid, "0");
  EXPECT_TRUE(chromium->has_bundle);
  EXPECT_EQ(chromium->ice_ufrag, "nvPo");
  EXPECT_EQ(chromium->ice_pwd, "M1ysMGuhHhzCvJoRxhaDRZYF");
  EXPECT_EQ(to_sdp_text(chromium->fingerprint), kFingerprint);
  EXPECT_EQ(chromium->sctp_port, 5000);
  const auto firefox = parse_offer(firefox_offer());
  ASSERT_TRUE(firefox.has_value()) << firefox.error().message;
  EXPECT_EQ(firefox->ice_ufrag, "a4b0f2d1");
}

TEST(RtcSdp, WhatIsNoOfferOfDataChannelsIsRefusedWithASentence) {
  const auto good = chromium_offer();
  std::vector<std::string> refused{
      "",
      "v=0",
      "hello",
      "v=1\r\n" + good.substr(5),
      good.substr(0, good.find("m=application")),
      replaced(good, "m=application 9", "m=application 0"),
      replaced(good, "m=application 9", "m=application 99999"),
      replaced(good, "m=application", "m=audio"),
      replaced(good, "UDP/DTLS/SCTP", "DTLS/SCTP"),
      good + "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n",
      replaced(good, "a=mid:0", "a=mid:"),
      replaced(good, "a=mid:0", "a=mid:0\" onload"),
      replaced(good, "a=mid:0", "a=mid:" + std::string(33, '0')),
      replaced(good, "a=ice-ufrag:nvPo", "a=ice-ufrag:nvP"),
      replaced(good, "nvPo", "nv:o"),
      replaced(good, "nvPo", std::string(257, 'n')),
      replaced(good, "M1ysMGuhHhzCvJoRxhaDRZYF", "tooshort"),
      replaced(good, "a=setup:actpass", "a=setup:passive"),
      replaced(good, "a=setup:actpass", "a=setup:holdconn"),
      replaced(good, "a=setup:actpass\r\n", ""),
      replaced(good, "a=sctp-port:5000", "a=sctp-port:0"),
      replaced(good, "a=sctp-port:5000", "a=sctp-port:70000"),
      replaced(good, "a=sctp-port:5000", "a=sctp-port:5e3"),
      replaced(good, "a=sctp-port:5000\r\n", ""),
      replaced(good, "message-size:262144", "message-size:16383"),
      replaced(good, "message-size:262144", "message-size:-1"),
      replaced(good, "BUNDLE 0", "BUNDLE 1"),
      replaced(good, "a=fingerprint:sha-256", "a=fingerprint:sha-1"),
      replaced(good, "s=-\r\n", "s=-\r\na=ice-lite\r\n"),
      good + "a=ice-ufrag:other\r\n",
      replaced(good, "s=-", "s=" + std::string(1100, 'x')),
      replaced(good, "s=-", std::string("s=\0", 3)),
      replaced(good, "s=-", "s=\x1b[2J"),
  };
  refused.emplace_back("v=0\r\n").append(1000, '\n');
  for (const auto& offer : refused) {
    const auto result = parse_offer(offer);
    ASSERT_FALSE(result.has_value()) << offer.substr(0, 200);
    EXPECT_EQ(result.error().code, TransportError::malformed);
    EXPECT_GT(result.error().message.size(), 40U);
    EXPECT_LT(result.error().message.size(), 400U);
  }
}

TEST(RtcSdp, EveryTruncatedOfferIsRefusedOrWhole) {
  const auto good = chromium_offer();
  for (std::size_t size = 0; size < good.size(); ++size) {
    const auto parsed = parse_offer(good.substr(0, size));
    // The last line may be missing, and the number before it may be cut.
    EXPECT_TRUE(!parsed || size > good.find("a=sctp-port:") + 12) << size;
  }
}

TEST(RtcSdp, TheBoundsOfAnOffer) {
  const auto good = chromium_offer();
  const auto padded = [&](std::size_t size) {
    std::string text = good;
    while (text.size() < size) {
      const auto line = std::min<std::size_t>(size - text.size(), 200);
      text += line < 4 ? std::string(line, '\n') : "b=" + std::string(line - 4, 'x') + "\r\n";
    }
    return text;
  };
  ASSERT_EQ(padded(kOfferBytesMax).size(), kOfferBytesMax);
  EXPECT_TRUE(parse_offer(padded(kOfferBytesMax)).has_value());
  EXPECT_FALSE(parse_offer(padded(kOfferBytesMax + 1)).has_value());
}

TEST(RtcSdp, MessagesOfAnySizeAndOfTheDefaultSizeAreFine) {
  const auto good = chromium_offer();
  EXPECT_TRUE(parse_offer(replaced(good, "message-size:262144", "message-size:0")).has_value());
  EXPECT_TRUE(parse_offer(replaced(good, "a=max-message-size:262144\r\n", "")).has_value());
  EXPECT_TRUE(parse_offer(replaced(good, "message-size:262144", "message-size:16384")).has_value());
}

TEST(RtcSdp, TheAnswerSaysWhatABrowserNeedsAndCopiesNothingElse) {
  auto offer = parse_offer(replaced(chromium_offer(), "a=mid:0", "a=mid:data"));
  EXPECT_FALSE(offer.has_value()) << "BUNDLE names another section";
  offer = parse_offer(replaced(chromium_offer(), "t=0 0", "t=0 0\r\na=x-unknown:copied"));
  ASSERT_TRUE(offer.has_value());
  SdpAnswer answer;
  answer.ice_ufrag = "0123456789abcdef";
  answer.ice_pwd = "0123456789abcdef0123456789abcdef";
  answer.candidate = SocketAddress::ipv4({192, 0, 2, 7}, 4433);
  const auto text = write_answer(*offer, answer);
  for (const auto* line :
       {"v=0\r\n", "a=group:BUNDLE 0\r\n", "a=ice-lite\r\n", "a=mid:0\r\n", "a=ice-ufrag:0123456789abcdef\r\n",
        "m=application 4433 UDP/DTLS/SCTP webrtc-datachannel\r\n", "c=IN IP4 192.0.2.7\r\n", "a=setup:passive\r\n",
        "a=sctp-port:5000\r\n", "a=max-message-size:16384\r\n", "a=end-of-candidates\r\n",
        "a=candidate:1 1 udp 2130706431 192.0.2.7 4433 typ host\r\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line;
  }
  EXPECT_EQ(text.find("copied"), std::string::npos);
  EXPECT_EQ(text.find("actpass"), std::string::npos);
  EXPECT_LE(text.size(), kAnswerBytesMax);
}

TEST(RtcSdp, AnIpv6CandidateHasNoBracketsAndNoZone) {
  const auto offer = parse_offer(chromium_offer());
  ASSERT_TRUE(offer.has_value());
  SdpAnswer answer;
  answer.candidate = *SocketAddress::parse("[fe80::1%2]:4433");
  const auto text = write_answer(*offer, answer);
  EXPECT_NE(text.find("c=IN IP6 fe80::1\r\n"), std::string::npos) << text;
  EXPECT_NE(text.find(" fe80::1 4433 typ host\r\n"), std::string::npos) << text;
}

}  // namespace
}  // namespace theta::transport

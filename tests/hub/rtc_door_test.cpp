#include "rtc_door.h"

#include <gtest/gtest.h>

#include "theta/base/hex.h"

namespace theta::hub {
namespace {

crypto::KeyPair key_of(std::uint8_t fill) {
  crypto::Seed seed;
  seed.bytes.fill(fill);
  return crypto::KeyPair::from_seed(seed);
}

/// A door whose engine answers every offer with "answer to " and the offer, and a browser that knocks.
struct Knock {
  Knock()
      : door(hub, [this](const transport::RtcOffer& asked, MonotonicTime) -> transport::TransportResult<std::string> {
          ++asked_engine;
          candidate = asked.candidate.to_string();
          if (engine_says) return theta::fail(*engine_says, "a sentence");
          return "answer to " + std::string(asked.sdp);
        }) {
    sign(now.wall);
  }
  void sign(WallTime time) {
    author_text = to_base64url(author.public_key<AuthorKey>().view());
    time_text = std::to_string(to_unix_ms(time));
    signature_text = to_base64url(transport::sign_offer(author, hub.public_key<HubKey>(), time, offer).view());
  }
  HttpAnswer post(const std::string& from = "192.0.2.1:999") {
    HttpRequest request;
    request.method = "POST";
    request.content_type = content_type;
    request.body = offer;
    request.remote = *transport::SocketAddress::parse(from);
    request.theta_author = author_text;
    request.theta_time = time_text;
    request.theta_signature = signature_text;
    return door.answer(request, *transport::SocketAddress::parse("192.0.2.9:4433"), now);
  }

  crypto::KeyPair hub = key_of(1);
  crypto::KeyPair author = key_of(2);
  Now now{MonotonicTime(std::chrono::hours(1)), from_unix_ms(1'700'000'000'000)};
  std::string offer = "v=0\r\n";
  std::string content_type = "application/sdp";
  std::string author_text;
  std::string time_text;
  std::string signature_text;
  int asked_engine = 0;
  std::string candidate;
  std::optional<transport::TransportError> engine_says;
  RtcDoor door;
};

TEST(RtcDoor, SignedOfferIsAnsweredAndTheAnswerSigned) {
  Knock knock;
  const auto answer = knock.post();
  EXPECT_EQ(answer.status, 200U);
  EXPECT_EQ(answer.content_type, "application/sdp");
  const std::string sdp(answer.body.view().begin(), answer.body.view().end());
  EXPECT_EQ(sdp, "answer to v=0\r\n");
  EXPECT_EQ(knock.candidate, "192.0.2.9:4433");
  ASSERT_EQ(answer.fields.size(), 1U);
  EXPECT_EQ(answer.fields[0].first, "Theta-Signature");
  const auto signature = Signature::from(*from_base64url(answer.fields[0].second));
  EXPECT_TRUE(transport::verify_answer(knock.hub.public_key<HubKey>(), knock.offer, sdp, signature));
}

TEST(RtcDoor, OtherMediaTypesAndLongOffersAreRefused) {
  Knock knock;
  knock.content_type = "text/plain";
  EXPECT_EQ(knock.post().status, 415U);
  knock.content_type = "application/sdp";
  knock.offer.assign(transport::kOfferBytesMax, 'x');
  knock.sign(knock.now.wall);
  EXPECT_EQ(knock.post().status, 200U);
  knock.offer += 'x';
  EXPECT_EQ(knock.post().status, 413U);
  EXPECT_EQ(knock.asked_engine, 1);
}

TEST(RtcDoor, HeaderFieldsThatAreNotWhatTheyShouldBeAreRefused) {
  Knock good;
  const auto with = [&](std::string Knock::*field, const std::string& value) {
    Knock knock;
    knock.*field = value;
    return knock.post().status;
  };
  for (const auto field : {&Knock::author_text, &Knock::time_text, &Knock::signature_text})
    for (const auto& value : {std::string(), std::string("!"), std::string(5000, 'A'), good.author_text + "="})
      EXPECT_EQ(with(field, value), 400U) << value.substr(0, 60);
  for (const char* time : {"-1", "1.5", "0x10", " 1", "18446744073709551616", "99999999999999999"})
    EXPECT_EQ(with(&Knock::time_text, time), 400U) << time;
}

TEST(RtcDoor, OffersFromAnotherTimeAreRefused) {
  for (const auto minutes : {-5, 0, 5}) {
    Knock knock;
    knock.sign(knock.now.wall + std::chrono::minutes(minutes));
    EXPECT_EQ(knock.post().status, 200U) << minutes;
  }
  for (const auto off : {std::chrono::milliseconds(-300'001), std::chrono::milliseconds(300'001)}) {
    Knock knock;
    knock.sign(knock.now.wall + off);
    const auto answer = knock.post();
    EXPECT_EQ(answer.status, 403U);
    EXPECT_EQ(knock.door.stats().clock, 1U);
    EXPECT_EQ(knock.asked_engine, 0);
  }
}

TEST(RtcDoor, SignaturesOfOthersForOthersOrOverOtherOffersAreRefused) {
  Knock knock;
  knock.author_text = to_base64url(key_of(3).public_key<AuthorKey>().view());
  EXPECT_EQ(knock.post().status, 403U) << "another author";
  knock.sign(knock.now.wall);
  knock.offer = "v=1\r\n";
  EXPECT_EQ(knock.post().status, 403U) << "another offer";
  knock.signature_text = to_base64url(
      transport::sign_offer(knock.author, key_of(9).public_key<HubKey>(), knock.now.wall, knock.offer).view());
  EXPECT_EQ(knock.post().status, 403U) << "for another hub";
  knock.author_text = to_base64url(Bytes(32, 0));
  EXPECT_EQ(knock.post().status, 403U) << "a key of small order";
  EXPECT_EQ(knock.door.stats().signature, 4U);
  EXPECT_EQ(knock.asked_engine, 0);
}

TEST(RtcDoor, WhatTheEngineRefusesIsSaid) {
  Knock knock;
  knock.engine_says = transport::TransportError::malformed;
  EXPECT_EQ(knock.post().status, 400U);
  knock.engine_says = transport::TransportError::busy;
  const auto answer = knock.post();
  EXPECT_EQ(answer.status, 503U);
  EXPECT_EQ(std::string(answer.body.view().begin(), answer.body.view().end()), "a sentence\n");
}

TEST(RtcDoor, SourceOverItsRateWaitsAndOthersDoNot) {
  Knock knock;
  knock.signature_text = to_base64url(Bytes(64, 1));
  for (int count = 0; count < 30; ++count) EXPECT_EQ(knock.post().status, 403U) << "who is refused pays as well";
  const auto answer = knock.post();
  EXPECT_EQ(answer.status, 429U);
  EXPECT_EQ(answer.fields.front().first, "Retry-After");
  EXPECT_EQ(knock.door.stats().signature, 30U) << "no signature was looked at any more";
  EXPECT_EQ(knock.post("192.0.2.2:999").status, 403U);
  knock.now.monotonic += std::chrono::seconds(1);
  EXPECT_EQ(knock.post().status, 403U);
}

TEST(RtcDoor, Ipv6SourcesShareTheirSubnetsAndNetworksRate) {
  Knock knock;
  for (int count = 0; count < 30; ++count) (void)knock.post("[2001:db8:1:1::" + std::to_string(count) + "]:9");
  EXPECT_EQ(knock.post("[2001:db8:1:1::ffff]:9").status, 429U) << "one /64";
  int taken = 30;
  for (int subnet = 2; subnet < 200; ++subnet)
    taken += knock.post("[2001:db8:1:" + std::to_string(subnet) + "::1]:9").status == 200 ? 1 : 0;
  EXPECT_EQ(taken, 120) << "one /48";
}

TEST(RtcDoor, AllSourcesTogetherAreBounded) {
  Knock knock;
  int busy = 0;
  for (int source = 0; source < 600; ++source)
    busy +=
        knock.post("10.0." + std::to_string(source / 200) + "." + std::to_string(source % 200) + ":9").status == 503;
  EXPECT_EQ(busy, 100);
}

}  // namespace
}  // namespace theta::hub

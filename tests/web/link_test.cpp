#include "theta/web/link.h"

#include <gmock/gmock.h>

#include "theta/transport/sealed_channel.h"
#include "theta/web/limits.h"

namespace theta::web {
namespace {

using transport::CloseReason;
using transport::Lane;
using transport::SendResult;
using Kind = transport::Event::Kind;

crypto::KeyPair hub_key() {
  crypto::Seed seed;
  seed.bytes.fill(1);
  return crypto::KeyPair::from_seed(seed);
}

SharedBytes message(std::size_t size, std::uint8_t fill = 7) { return SharedBytes(Bytes(size, fill)); }

class WebRtcLink : public ::testing::Test {
 protected:
  void SetUp() override {
    peer = link.begin();
    link.open_webrtc({}, "hub");
    ASSERT_EQ(link.take_event()->event.kind, Kind::connected);
  }
  transport::Event next() {
    auto incoming = link.take_event();
    EXPECT_TRUE(incoming);
    return incoming ? incoming->event : transport::Event();
  }

  Link link{hub_key().public_key<HubKey>(), nullptr};
  transport::PeerId peer;
};

TEST_F(WebRtcLink, LongMessagesGoInFragmentsAndComeBackWhole) {
  const std::size_t size = 3 * limits::kFragmentBytesMax;
  ASSERT_EQ(link.send(peer, Lane::bulk, message(size)), SendResult::queued);
  std::size_t frames = 0;
  while (auto frame = link.next_frame(0xf)) {
    EXPECT_LE(frame->bytes.size(), limits::kFragmentBytesMax);
    EXPECT_EQ(frame->channel, 2U);
    link.receive(frame->channel, frame->bytes);
    ++frames;
  }
  EXPECT_EQ(frames, 4U) << "each has a byte of its own";
  const auto incoming = link.take_event();
  ASSERT_TRUE(incoming);
  EXPECT_EQ(incoming->event.lane, Lane::bulk);
  EXPECT_EQ(incoming->message, Bytes(size, 7));
}

TEST_F(WebRtcLink, AChannelThatIsNotWritableKeepsItsLaneOnly) {
  ASSERT_EQ(link.send(peer, Lane::commands, message(10)), SendResult::queued);
  ASSERT_EQ(link.send(peer, Lane::bulk, message(10)), SendResult::queued);
  const unsigned all_but_commands = 0xf & ~2U;
  EXPECT_EQ(link.next_frame(all_but_commands)->channel, 2U);
  EXPECT_FALSE(link.next_frame(all_but_commands));
  EXPECT_EQ(link.next_frame(2)->channel, 1U);
}

TEST_F(WebRtcLink, ALaneIsBoundedAndTellsWhenThereIsRoom) {
  const transport::LaneBounds bounds;
  const auto piece = bounds.control / 4;
  for (int count = 0; count < 4; ++count) ASSERT_EQ(link.send(peer, Lane::control, message(piece)), SendResult::queued);
  EXPECT_EQ(link.send(peer, Lane::control, message(1)), SendResult::full);
  EXPECT_EQ(link.queued_bytes(peer, Lane::control), bounds.control);
  while (link.queued_bytes(peer, Lane::control) > bounds.control / 2) ASSERT_TRUE(link.next_frame(0xf));
  const auto event = next();
  EXPECT_EQ(event.kind, Kind::writable);
  EXPECT_EQ(event.lane, Lane::control);
  EXPECT_EQ(link.send(peer, Lane::control, message(1)), SendResult::queued);
  EXPECT_EQ(link.send(peer, Lane::control, message(transport::message_bytes_max(Lane::control) + 1)),
            SendResult::too_large);
}

TEST_F(WebRtcLink, PresenceThatDoesNotFitPushesOutTheOldest) {
  const transport::LaneBounds bounds;
  for (std::size_t count = 0; count < 2 * bounds.presence / 1000; ++count)
    ASSERT_EQ(link.send(peer, Lane::presence, message(1000, static_cast<std::uint8_t>(count))), SendResult::queued);
  EXPECT_LE(link.queued_bytes(peer, Lane::presence), bounds.presence);
  EXPECT_NE(link.next_frame(0xf)->bytes[1], 0);
}

TEST_F(WebRtcLink, WhatNoHonestHubSendsEndsTheConnection) {
  const std::vector<std::pair<Lane, Bytes>> frames = {
      {Lane::control, {}}, {Lane::control, {2, 1}}, {Lane::presence, {1, 1}}};
  for (const auto& [lane, bytes] : frames) {
    peer = link.begin();
    link.open_webrtc({}, "hub");
    static_cast<void>(next());
    link.receive(static_cast<std::size_t>(lane), bytes);
    const auto event = next();
    EXPECT_EQ(event.kind, Kind::closed);
    EXPECT_EQ(event.reason, CloseReason::protocol_error);
    EXPECT_TRUE(link.take_close_request());
    EXPECT_EQ(link.send(peer, Lane::control, message(1)), SendResult::closed);
  }
}

TEST_F(WebRtcLink, TheHubsReasonForClosingIsToldAndTheRestIsNot) {
  const Bytes close{2, 8, 0, 'n', 'e', 'w', 'e', 'r'};
  link.receive(static_cast<std::size_t>(Lane::control), close);
  link.receive(static_cast<std::size_t>(Lane::control), Bytes{0, 'x'});
  const auto event = next();
  EXPECT_EQ(event.kind, Kind::closed);
  EXPECT_EQ(event.reason, CloseReason::superseded);
  EXPECT_EQ(event.text, "newer");
  EXPECT_TRUE(event.closed_by_peer);
  EXPECT_TRUE(link.take_close_request()) << "the page lets its connection go";
  link.closed(CloseReason::unreachable, "the channel closed", true);
  EXPECT_FALSE(link.take_event());
}

TEST_F(WebRtcLink, OnlyTheControlLaneCarriesAReason) {
  link.receive(static_cast<std::size_t>(Lane::commands), Bytes{2, 8, 0});
  EXPECT_EQ(next().reason, CloseReason::protocol_error);
}

TEST_F(WebRtcLink, AMessageThatIsTooLongIsNotKept) {
  Bytes fragment(limits::kFragmentBytesMax, 0);
  fragment[0] = 1;
  std::size_t count = 0;
  while (!link.take_close_request() && count < 1000) {
    link.receive(0, fragment);
    ++count;
  }
  EXPECT_EQ(count, transport::message_bytes_max(Lane::control) / (limits::kFragmentBytesMax - 1) + 1);
}

TEST_F(WebRtcLink, ClosingIsToldOnceAndALateWordOfAnOldConnectionIsNot) {
  link.close(peer, CloseReason::protocol_error, "bad");
  const auto request = link.take_close_request();
  ASSERT_TRUE(request);
  EXPECT_FALSE(request->flush);
  EXPECT_FALSE(link.take_close_request());
  link.closed(CloseReason::unreachable, "gone", true);
  EXPECT_FALSE(link.take_event()) << "the session knows";
  const auto second = link.begin();
  EXPECT_NE(second, peer);
  EXPECT_EQ(link.send(peer, Lane::control, message(1)), SendResult::closed);
}

TEST_F(WebRtcLink, AGoodbyeMayTakeWhatIsQueuedAlong) {
  ASSERT_EQ(link.send(peer, Lane::commands, message(5)), SendResult::queued);
  link.close(peer, CloseReason::none, "leaving");
  EXPECT_TRUE(link.take_close_request()->flush);
  EXPECT_TRUE(link.next_frame(0xf));
}

TEST(Link, CommandsWaitForTheStorageAndPresenceDoesNot) {
  StorageQueue storage{{}};
  Link link(hub_key().public_key<HubKey>(), &storage);
  const auto peer = link.begin();
  link.open_webrtc({}, "hub");
  ASSERT_TRUE(storage.append(Bytes{1}));
  ASSERT_EQ(link.send(peer, Lane::commands, message(5)), SendResult::queued);
  ASSERT_EQ(link.send(peer, Lane::presence, message(5)), SendResult::queued);
  EXPECT_EQ(link.next_frame(0xf)->channel, 3U);
  EXPECT_FALSE(link.next_frame(0xf));
  storage.committed(storage.newest());
  EXPECT_EQ(link.next_frame(0xf)->channel, 1U);
}

class WebSocketLink : public ::testing::Test {
 protected:
  crypto::Seed seed(std::uint8_t fill) {
    crypto::Seed result;
    result.bytes.fill(fill);
    return result;
  }
  void begin(const crypto::KeyPair& hub) {
    peer = link.begin();
    link.open_websocket(seed(3), "hub");
    ASSERT_EQ(link.send(peer, Lane::control, message(5)), SendResult::queued) << "waits for the handshake";
    auto accepted = transport::SealedHub::accept(hub, seed(4), link.next_frame(1)->bytes);
    ASSERT_TRUE(accepted);
    answering.emplace(std::move(*accepted));
    EXPECT_FALSE(link.next_frame(1));
    link.receive(0, answering->answer());
  }

  Link link{hub_key().public_key<HubKey>(), nullptr};
  transport::PeerId peer;
  std::optional<transport::SealedHub> answering;
};

TEST_F(WebSocketLink, LanesAreSealedToTheHubOfTheLink) {
  begin(hub_key());
  auto channel = answering->establish(link.next_frame(1)->bytes);
  ASSERT_TRUE(channel);
  const auto connected = link.take_event();
  ASSERT_TRUE(connected);
  EXPECT_EQ(connected->event.info.kind, transport::TransportKind::websocket);
  EXPECT_EQ(connected->event.info.binding, channel->binding());
  const auto opened = channel->open(link.next_frame(1)->bytes);
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->lane, Lane::control);
  EXPECT_EQ(opened->message().size(), 5U);
  link.receive(0, channel->seal(Lane::commands, Bytes{1, 2, 3}));
  const auto incoming = link.take_event();
  ASSERT_TRUE(incoming);
  EXPECT_EQ(incoming->event.lane, Lane::commands);
  EXPECT_EQ(incoming->message, (Bytes{1, 2, 3}));
}

TEST_F(WebSocketLink, AnotherHubIsNotTalkedTo) {
  crypto::Seed other;
  other.bytes.fill(9);
  begin(crypto::KeyPair::from_seed(other));
  const auto event = link.take_event();
  ASSERT_TRUE(event);
  EXPECT_EQ(event->event.kind, Kind::closed);
  EXPECT_EQ(event->event.reason, CloseReason::unauthenticated);
  EXPECT_FALSE(link.next_frame(1));
}

TEST_F(WebSocketLink, WhatDoesNotOpenEndsTheConnection) {
  begin(hub_key());
  static_cast<void>(link.take_event());
  link.receive(0, Bytes(40, 1));
  EXPECT_EQ(link.take_event()->event.reason, CloseReason::protocol_error);
}

}  // namespace
}  // namespace theta::web

#include "theta/transport/webrtc_engine.h"

#include <chrono>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "transport/rtc_wire.h"

namespace theta::transport::testing {
namespace {

using namespace std::chrono_literals;

/// A hub and one browser with four open channels.
struct Connected {
  explicit Connected(const WebRtcOptions& options = {}) : wire(options), client(wire.add_client()) {
    EXPECT_TRUE(wire.connect(client));
    peer = wire.last_peer();
  }
  [[nodiscard]] bool run_until_closed() {
    return wire.run_until([&] { return wire.sink.count(Event::Kind::closed) != 0; });
  }
  [[nodiscard]] const Event& closed() const { return wire.sink.first(Event::Kind::closed)->event; }
  [[nodiscard]] bool can_still_talk() {
    const auto before = client.texts(Lane::commands).size();
    if (wire.engine->send(peer, Lane::commands, bytes_of("still here")) != SendResult::queued) return false;
    return wire.run_until([&] { return client.texts(Lane::commands).size() > before; });
  }
  /// Nothing of the client's but its checks arrives any more.
  void mute() {
    wire.on_transmit = [this](RtcPacket& packet, MonotonicClock::duration&) {
      return packet.to != wire.hub_address() || packet.bytes.front() <= 3;
    };
  }
  RtcWire wire;
  RtcClient& client;
  PeerId peer;
};

TEST(WebRtcEngine, FourChannelsMakeAPeer) {
  Connected pair;
  ASSERT_EQ(pair.wire.sink.count(Event::Kind::connected), 1U);
  const auto& event = pair.wire.sink.first(Event::Kind::connected)->event;
  EXPECT_EQ(event.info.kind, TransportKind::webrtc);
  EXPECT_EQ(event.info.address, "127.0.0.1:2001");
  EXPECT_EQ(event.info.binding,
            rtc_channel_binding(pair.client.context->fingerprint(), pair.wire.engine->fingerprint()));
  EXPECT_EQ(kind_of(event.peer), TransportKind::webrtc);
  const auto& stats = pair.wire.engine->stats();
  EXPECT_EQ(stats.connections_completed, 1U);
  EXPECT_EQ(stats.pending, 0U);
  EXPECT_EQ(stats.connections, 1U);
}

TEST(WebRtcEngine, ABrowserMayBeginBeforeItNominates) {
  RtcWire wire;
  auto& client = wire.add_client();
  client.nominates = false;
  EXPECT_TRUE(wire.connect(client));
}

TEST(WebRtcEngine, MessagesOfEverySizeReachTheBrowser) {
  Connected pair;
  for (const auto lane : {Lane::control, Lane::commands, Lane::bulk, Lane::presence}) {
    for (const auto size : {std::size_t{0}, std::size_t{1}, std::size_t{1100}, std::size_t{16382}, std::size_t{16383},
                            std::size_t{16384}, std::size_t{40000}, message_bytes_max(lane)}) {
      if (size > message_bytes_max(lane)) continue;
      ASSERT_EQ(pair.wire.engine->send(pair.peer, lane, filled(size, 'h')), SendResult::queued);
      const auto before = pair.client.texts(lane).size();
      ASSERT_TRUE(pair.wire.run_until([&] {
        return pair.client.texts(lane).size() > before && pair.client.texts(lane).back().size() == size;
      })) << size;
    }
    EXPECT_EQ(pair.wire.engine->send(pair.peer, lane, filled(message_bytes_max(lane) + 1)), SendResult::too_large);
  }
}

TEST(WebRtcEngine, MessagesOfEverySizeReachTheHub) {
  Connected pair;
  for (const auto lane : {Lane::control, Lane::commands, Lane::bulk, Lane::presence}) {
    for (const std::size_t size : {0, 1, 1100, 16383, 16384, 60000}) {
      if (size > message_bytes_max(lane)) continue;
      const auto want = pair.wire.sink.texts(lane).size() + 1;
      pair.client.send(lane, std::string(size, 'b'));
      ASSERT_TRUE(pair.wire.run_until([&] { return pair.wire.sink.texts(lane).size() >= want; })) << size;
      EXPECT_EQ(pair.wire.sink.texts(lane).back(), std::string(size, 'b'));
    }
  }
  EXPECT_EQ(pair.wire.engine->stats().unfinished_bytes, 0U);
}

TEST(WebRtcEngine, ReliableLanesArriveWholeAndInOrderOverABadNetwork) {
  for (unsigned seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    RtcWire wire;
    auto& client = wire.add_client();
    wire.on_transmit = [&](RtcPacket& packet, MonotonicClock::duration& delay) {
      if (random() % 10 == 0) return false;
      delay += std::chrono::milliseconds{random() % 20};
      if (random() % 10 == 0) wire.inject(packet, delay + std::chrono::milliseconds{random() % 100});
      return true;
    };
    ASSERT_TRUE(wire.connect(client));
    const auto peer = wire.last_peer();
    for (int at = 0; at < 40; ++at) {
      const auto text = std::to_string(at);
      ASSERT_EQ(wire.engine->send(peer, Lane::commands, bytes_of(text)), SendResult::queued);
      ASSERT_EQ(wire.engine->send(peer, Lane::bulk, filled(20000, static_cast<std::uint8_t>(at))), SendResult::queued);
      client.send(Lane::control, text);
    }
    ASSERT_TRUE(wire.run_until([&] {
      return client.texts(Lane::commands).size() == 40 && wire.sink.count(Event::Kind::message) == 40 &&
             client.received_bytes(Lane::bulk) == 40 * 20000;
    }));
    for (std::size_t at = 0; at < 40; ++at) {
      EXPECT_EQ(client.texts(Lane::commands)[at], std::to_string(at));
      EXPECT_EQ(wire.sink.texts(Lane::control)[at], std::to_string(at));
      EXPECT_EQ(client.texts(Lane::bulk)[at], std::string(20000, static_cast<char>(at)));
    }
  }
}

TEST(WebRtcEngine, ACloseTellsTheBrowserWhy) {
  for (const auto reason : {CloseReason::none, CloseReason::going_away, CloseReason::superseded,
                            CloseReason::unauthenticated, CloseReason::resource_limit}) {
    Connected pair;
    pair.wire.engine->close(pair.peer, reason, "because of this");
    EXPECT_EQ(pair.wire.engine->send(pair.peer, Lane::commands, bytes_of("late")), SendResult::closed);
    ASSERT_TRUE(pair.run_until_closed());
    pair.wire.run_for(1s);
    EXPECT_EQ(pair.wire.sink.count(Event::Kind::closed), 1U);
    EXPECT_EQ(pair.closed().reason, reason);
    EXPECT_FALSE(pair.closed().closed_by_peer);
    EXPECT_EQ(pair.closed().text, "because of this");
    ASSERT_TRUE(pair.client.closed.has_value());
    EXPECT_EQ(pair.client.closed->first, reason);
    EXPECT_EQ(pair.client.closed->second, "because of this");
    EXPECT_EQ(pair.client.dtls->state(), DtlsSession::State::closed);
    EXPECT_EQ(pair.wire.engine->connection_count(), 0U);
    EXPECT_EQ(pair.wire.engine->send(pair.peer, Lane::commands, bytes_of("late")), SendResult::closed);
    pair.wire.engine->close(pair.peer, reason, "again");
    pair.wire.run_for(1s);
    EXPECT_EQ(pair.wire.sink.count(Event::Kind::closed), 1U);
  }
}

TEST(WebRtcEngine, WhatWasQueuedBeforeAFriendlyCloseArrivesFirst) {
  Connected pair;
  ASSERT_EQ(pair.wire.engine->send(pair.peer, Lane::bulk, filled(700'000)), SendResult::queued);
  ASSERT_EQ(pair.wire.engine->send(pair.peer, Lane::commands, bytes_of("last words")), SendResult::queued);
  pair.wire.engine->close(pair.peer, CloseReason::going_away, "restarting");
  ASSERT_TRUE(pair.run_until_closed());
  pair.wire.run_for(100ms);
  ASSERT_EQ(pair.client.texts(Lane::bulk).size(), 1U);
  EXPECT_EQ(pair.client.texts(Lane::bulk)[0].size(), 700'000U);
  EXPECT_EQ(pair.client.texts(Lane::commands), std::vector<std::string>{"last words"});
  EXPECT_TRUE(pair.client.closed.has_value());
}

TEST(WebRtcEngine, WhoIsRefusedIsToldInFullFirst) {
  for (const auto reason : {CloseReason::unauthenticated, CloseReason::version_mismatch}) {
    Connected pair;
    ASSERT_EQ(pair.wire.engine->send(pair.peer, Lane::control, bytes_of("the whole refusal")), SendResult::queued);
    pair.wire.engine->close(pair.peer, reason, "refused");
    ASSERT_TRUE(pair.run_until_closed());
    pair.wire.run_for(100ms);
    EXPECT_EQ(pair.client.texts(Lane::control), std::vector<std::string>{"the whole refusal"});
    ASSERT_TRUE(pair.client.closed.has_value());
    EXPECT_EQ(pair.client.closed->first, reason);
  }
}

TEST(WebRtcEngine, WhatWasQueuedBeforeAnErrorIsDropped) {
  Connected pair;
  ASSERT_EQ(pair.wire.engine->send(pair.peer, Lane::commands, bytes_of("never")), SendResult::queued);
  pair.wire.engine->close(pair.peer, CloseReason::protocol_error, "what is this");
  ASSERT_TRUE(pair.run_until_closed());
  pair.wire.run_for(100ms);
  EXPECT_TRUE(pair.client.texts(Lane::commands).empty());
  EXPECT_TRUE(pair.client.closed.has_value());
}

TEST(WebRtcEngine, ACloseThatNobodyAcknowledgesEndsAfterItsLinger) {
  Connected pair;
  pair.mute();
  ASSERT_EQ(pair.wire.engine->send(pair.peer, Lane::bulk, filled(700'000)), SendResult::queued);
  const auto began = pair.wire.now();
  pair.wire.engine->close(pair.peer, CloseReason::none, "bye");
  ASSERT_TRUE(pair.run_until_closed());
  EXPECT_LE(pair.wire.now() - began, 2100ms);
}

TEST(WebRtcEngine, ABrowserThatClosesIsToldOnce) {
  Connected pair;
  pair.client.sctp.reset();
  pair.client.dtls->close();
  ASSERT_TRUE(pair.run_until_closed());
  pair.wire.run_for(60s);
  EXPECT_EQ(pair.wire.sink.count(Event::Kind::closed), 1U);
  EXPECT_TRUE(pair.closed().closed_by_peer);
  EXPECT_EQ(pair.closed().reason, CloseReason::none);
  EXPECT_EQ(pair.wire.engine->connection_count(), 0U);
}

TEST(WebRtcEngine, AKilledTabIsNoticedByItsConsent) {
  Connected pair;
  pair.wire.run_for(1s);
  pair.wire.remove(pair.client);
  pair.wire.run_for(25s);
  EXPECT_EQ(pair.wire.sink.count(Event::Kind::closed), 0U);
  pair.wire.run_for(6s);
  ASSERT_EQ(pair.wire.sink.count(Event::Kind::closed), 1U);
  EXPECT_EQ(pair.closed().reason, CloseReason::idle_timeout);
  EXPECT_EQ(pair.wire.engine->stats().consent_expired, 1U);
  EXPECT_EQ(pair.wire.engine->connection_count(), 0U);
}

TEST(WebRtcEngine, NothingIsSentWithoutConsent) {
  Connected pair;
  pair.client.sends_checks = false;
  ASSERT_EQ(pair.wire.engine->send(pair.peer, Lane::bulk, filled(200'000)), SendResult::queued);
  ASSERT_TRUE(pair.run_until_closed());
  // DTLS goes on to verify, and still: consent is given by checks alone.
  EXPECT_EQ(pair.closed().reason, CloseReason::idle_timeout);
  const auto sent = pair.wire.engine->stats().datagrams_sent;
  pair.client.send(Lane::commands, "hello?");
  pair.wire.run_for(60s);
  EXPECT_EQ(pair.wire.engine->stats().datagrams_sent, sent);
}

TEST(WebRtcEngine, ChecksHoldAnIdleConnectionForHours) {
  Connected pair;
  pair.wire.run_for(3h);
  EXPECT_EQ(pair.wire.sink.count(Event::Kind::closed), 0U);
  EXPECT_TRUE(pair.can_still_talk());
}

TEST(WebRtcEngine, ALaneThatIsFullTellsWhenThereIsRoomAgain) {
  Connected pair;
  pair.mute();
  std::size_t taken = 0;
  while (pair.wire.engine->send(pair.peer, Lane::bulk, filled(60'000)) == SendResult::queued) ++taken;
  const WebRtcOptions options;
  EXPECT_EQ(taken, options.lane_bounds.bulk / 60'020);
  EXPECT_EQ(pair.wire.engine->queued_bytes(pair.peer, Lane::bulk), taken * 60'000);
  EXPECT_EQ(pair.wire.engine->stats().sends_full, 1U);
  EXPECT_EQ(pair.wire.engine->send(pair.peer, Lane::commands, bytes_of("another lane")), SendResult::queued);
  pair.wire.run_for(1s);
  EXPECT_EQ(pair.wire.sink.count(Event::Kind::writable), 0U);
  pair.wire.on_transmit = nullptr;
  ASSERT_TRUE(pair.wire.run_until([&] { return pair.wire.sink.count(Event::Kind::writable) != 0; }));
  EXPECT_EQ(pair.wire.sink.first(Event::Kind::writable)->event.lane, Lane::bulk);
  EXPECT_LE(pair.wire.engine->queued_bytes(pair.peer, Lane::bulk), options.lane_bounds.bulk / 2);
  EXPECT_EQ(pair.wire.engine->send(pair.peer, Lane::bulk, filled(60'000)), SendResult::queued);
}

TEST(WebRtcEngine, AnEmptyLaneTakesAnyMessageAndEmptyMessagesAreBoundedToo) {
  WebRtcOptions options;
  options.lane_bounds.bulk = 1000;
  Connected pair(options);
  pair.wire.is_blocked = true;
  EXPECT_EQ(pair.wire.engine->send(pair.peer, Lane::bulk, filled(500'000)), SendResult::queued);
  EXPECT_EQ(pair.wire.engine->send(pair.peer, Lane::bulk, filled(1)), SendResult::full);
  std::size_t empties = 0;
  while (empties < 100'000 && pair.wire.engine->send(pair.peer, Lane::commands, filled(0)) == SendResult::queued) {
    ++empties;
  }
  EXPECT_LT(empties, 100'000U);
}

TEST(WebRtcEngine, AcknowledgementsOfOneTurnLeaveTogether) {
  Connected pair;
  pair.wire.run_for(1s);
  for (int at = 0; at < 20; ++at) pair.client.send(Lane::commands, std::string(1000, 'x'));
  const auto bursts_before = pair.wire.bursts;
  const auto datagrams_before = pair.wire.engine->stats().datagrams_sent;
  ASSERT_TRUE(pair.wire.run_until([&] { return pair.wire.engine->stats().messages_received == 20; }));
  pair.wire.run_for(1ms);
  EXPECT_GE(pair.wire.engine->stats().datagrams_sent - datagrams_before, 5U);
  EXPECT_LE(pair.wire.bursts - bursts_before, 3U);
}

TEST(WebRtcEngine, PresenceIsNeverFullAndLosesItsOldest) {
  Connected pair;
  pair.wire.is_blocked = true;
  for (int at = 0; at < 500; ++at) {
    ASSERT_EQ(pair.wire.engine->send(pair.peer, Lane::presence, bytes_of(std::to_string(at))), SendResult::queued);
  }
  EXPECT_EQ(pair.wire.engine->stats().presence_dropped, 500U - 256U);
  pair.wire.is_blocked = false;
  ASSERT_TRUE(pair.wire.run_until([&] { return pair.client.texts(Lane::presence).size() == 256; }));
  EXPECT_EQ(pair.client.texts(Lane::presence).front(), "244");
}

TEST(WebRtcEngine, APeerThatDoesNotAcknowledgeIsSentLittlePresence) {
  Connected pair;
  pair.mute();
  const auto before = pair.wire.sink.entries.size();
  for (std::size_t at = 0; at < 300; ++at) {
    ASSERT_EQ(pair.wire.engine->send(pair.peer, Lane::presence, filled(1000)), SendResult::queued);
    pair.wire.run_for(5ms);
  }
  ASSERT_EQ(pair.wire.sink.entries.size(), before);
  const auto waiting = pair.wire.engine->queued_bytes(pair.peer, Lane::presence) / 1000;
  const auto handed_on = 300 - pair.wire.engine->stats().presence_dropped - waiting;
  EXPECT_GT(handed_on, 10U);
  EXPECT_LE(handed_on, 27U);
}

TEST(WebRtcEngine, APeerBeyondItsBoundLosesPresenceFirstAndIsThenFull) {
  WebRtcOptions options;
  options.peer_queue_bytes_max = 100'000;
  Connected pair(options);
  pair.wire.is_blocked = true;
  for (int at = 0; at < 10; ++at) (void)pair.wire.engine->send(pair.peer, Lane::presence, filled(1000));
  ASSERT_EQ(pair.wire.engine->send(pair.peer, Lane::commands, filled(60'000)), SendResult::queued);
  ASSERT_EQ(pair.wire.engine->send(pair.peer, Lane::bulk, filled(35'000)), SendResult::queued);
  EXPECT_EQ(pair.wire.engine->stats().presence_dropped, 5U);
  EXPECT_EQ(pair.wire.engine->send(pair.peer, Lane::commands, filled(20'000)), SendResult::full);
  EXPECT_EQ(pair.wire.engine->stats().presence_dropped, 10U);
}

TEST(WebRtcEngine, APeerThatAcknowledgesNothingIsDisconnected) {
  Connected pair;
  pair.mute();
  ASSERT_EQ(pair.wire.engine->send(pair.peer, Lane::bulk, filled(900'000)), SendResult::queued);
  const auto began = pair.wire.now();
  ASSERT_TRUE(pair.run_until_closed());
  EXPECT_EQ(pair.closed().reason, CloseReason::resource_limit);
  EXPECT_GE(pair.wire.now() - began, 30s);
  EXPECT_LE(pair.wire.now() - began, 35s);
  EXPECT_EQ(pair.wire.engine->stats().stalled_closes, 1U);
}

TEST(WebRtcEngine, LittleThatIsNeverAcknowledgedIsNoticedToo) {
  Connected pair;
  pair.mute();
  ASSERT_EQ(pair.wire.engine->send(pair.peer, Lane::commands, bytes_of("a few bytes")), SendResult::queued);
  const auto began = pair.wire.now();
  ASSERT_TRUE(pair.run_until_closed());
  EXPECT_EQ(pair.closed().reason, CloseReason::resource_limit);
  EXPECT_LE(pair.wire.now() - began, 35s);
}

TEST(WebRtcEngine, ALossyPeerThatFallsIdleIsNotTakenForOneThatAcknowledgesNothing) {
  Connected pair;
  std::mt19937 random(1);
  pair.wire.on_transmit = [&](RtcPacket& packet, MonotonicClock::duration&) {
    return packet.bytes.front() <= 3 || random() % 4 != 0;
  };
  for (int at = 0; at < 200; ++at) {
    ASSERT_EQ(pair.wire.engine->send(pair.peer, Lane::presence, filled(500)), SendResult::queued);
    if (at % 10 == 0) {
      ASSERT_EQ(pair.wire.engine->send(pair.peer, Lane::bulk, filled(5000)), SendResult::queued);
    }
    pair.wire.run_for(20ms);
  }
  pair.wire.run_for(10min);
  EXPECT_EQ(pair.wire.sink.count(Event::Kind::closed), 0U);
  EXPECT_EQ(pair.client.texts(Lane::bulk).size(), 20U);
}

TEST(WebRtcEngine, UrgentLanesOvertakeBulk) {
  Connected pair;
  // A slow network: 1 MB takes a while.
  ASSERT_EQ(pair.wire.engine->send(pair.peer, Lane::bulk, filled(1'000'000)), SendResult::queued);
  pair.wire.run_for(20ms);
  ASSERT_EQ(pair.wire.engine->send(pair.peer, Lane::commands, bytes_of("urgent")), SendResult::queued);
  ASSERT_TRUE(pair.wire.run_until([&] { return !pair.client.texts(Lane::commands).empty(); }));
  EXPECT_LT(pair.client.texts(Lane::bulk).back().size(), 500'000U);
}

TEST(WebRtcEngine, TheRoundTripIsMeasured) {
  Connected pair;
  pair.wire.delay = 30ms;
  pair.wire.run_for(2min);
  const auto stats = pair.wire.engine->peer_stats(pair.peer);
  EXPECT_GE(stats.rtt, 50ms);
  EXPECT_LE(stats.rtt, 70ms);
  EXPECT_LE(stats.jitter, 20ms);
  EXPECT_GT(stats.packets_sent, 0U);
  EXPECT_GT(stats.packets_received, 0U);
}

TEST(WebRtcEngine, WhatASystemsFullBufferHeldBackLeavesWithTheNextFlush) {
  Connected pair;
  pair.wire.run_for(1s);
  pair.wire.is_blocked = true;
  ASSERT_EQ(pair.wire.engine->send(pair.peer, Lane::commands, bytes_of("held")), SendResult::queued);
  pair.wire.run_for(100ms);
  EXPECT_TRUE(pair.client.texts(Lane::commands).empty());
  pair.wire.is_blocked = false;
  pair.wire.run_for(6ms);
  EXPECT_EQ(pair.client.texts(Lane::commands), std::vector<std::string>{"held"});
}

TEST(WebRtcEngine, AnEngineThatGoesAwayWithPeersTellsThem) {
  Connected pair;
  pair.wire.engine.reset();
  pair.wire.run_for(100ms);
  EXPECT_TRUE(pair.client.is_lost || pair.client.dtls->state() == DtlsSession::State::closed);
}

TEST(WebRtcEngine, AShutDownTellsEverybodyAndTakesNobody) {
  RtcWire wire;
  auto& first = wire.add_client(2001);
  auto& second = wire.add_client(2002);
  ASSERT_TRUE(wire.connect(first));
  ASSERT_TRUE(wire.connect(second));
  auto& pending = wire.add_client(2003);
  ASSERT_TRUE(wire.offer(pending, pending.offer()).has_value());
  wire.engine->shut_down(CloseReason::going_away, "restarting");
  ASSERT_TRUE(wire.run_until([&] { return wire.engine->connection_count() == 0; }));
  wire.run_for(100ms);
  EXPECT_EQ(wire.sink.count(Event::Kind::closed), 2U) << "nothing is told of who never was connected";
  for (const auto* client : {&first, &second}) {
    ASSERT_TRUE(client->closed.has_value());
    EXPECT_EQ(client->closed->first, CloseReason::going_away);
  }
  const auto late = wire.offer(pending, pending.offer());
  ASSERT_FALSE(late.has_value());
  EXPECT_EQ(late.error().code, TransportError::busy);
}

TEST(WebRtcEngine, AHandlerMayCloseAndSendFromWithin) {
  Connected pair;
  pair.wire.sink.on_each = [&](const Event& event) {
    if (event.kind != Event::Kind::message) return;
    (void)pair.wire.engine->send(event.peer, event.lane, bytes_of("echo"));
    pair.wire.engine->close(event.peer, CloseReason::none, "enough");
  };
  pair.client.send(Lane::commands, "one");
  pair.client.send(Lane::commands, "two");
  ASSERT_TRUE(pair.run_until_closed());
  pair.wire.run_for(100ms);
  EXPECT_EQ(pair.wire.sink.texts(Lane::commands), std::vector<std::string>{"one"});
  EXPECT_EQ(pair.client.texts(Lane::commands), std::vector<std::string>{"echo"});
}

TEST(WebRtcEngine, TheSameBrowserMayComeBackAtOnce) {
  Connected pair;
  auto& again = pair.wire.add_client(2002);
  ASSERT_TRUE(pair.wire.connect(again));
  EXPECT_NE(pair.wire.last_peer(), pair.peer);
  EXPECT_TRUE(pair.can_still_talk());
}

}  // namespace
}  // namespace theta::transport::testing

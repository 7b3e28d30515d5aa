// Method: the engine with links in memory, in virtual time. A link keeps what is written until the test lets it
// through, so what waits, in which order it leaves, and what is dropped can be seen.

#include "theta/transport/websocket_engine.h"

#include <gtest/gtest.h>

#include "transport/websocket_wire.h"

namespace theta::transport {
namespace {

using std::chrono::seconds;
using testing::bytes_of;
using testing::filled;
using testing::seed_filled;
using testing::WebSocketWire;
using Kind = Event::Kind;

TEST(WebSocketEngine, PeerIsConnectedWhenTheSealedChannelStands) {
  WebSocketWire wire;
  const auto accepted = wire.accept();
  EXPECT_TRUE(wire.sink.entries.empty());
  const auto browser = wire.connect("[2001:db8::7]:50000");
  const auto* connected = wire.sink.first(Kind::connected);
  ASSERT_NE(connected, nullptr);
  EXPECT_EQ(connected->event.peer, browser->peer);
  EXPECT_EQ(kind_of(browser->peer), TransportKind::websocket);
  EXPECT_EQ(connected->event.info.kind, TransportKind::websocket);
  EXPECT_EQ(connected->event.info.address, "[2001:db8::7]:50000");
  EXPECT_EQ(connected->event.info.binding, browser->channel->binding());
  EXPECT_EQ(wire.engine.stats().handshakes_completed, 1U);
  EXPECT_EQ(wire.engine.stats().half_open, 1U);
  EXPECT_EQ(wire.engine.stats().connections, 2U);
}

TEST(WebSocketEngine, EveryConnectionGetsASeedOfItsOwn) {
  WebSocketWire wire;
  const auto first = wire.connect();
  const auto second = wire.connect();
  EXPECT_NE(first->channel->binding(), second->channel->binding());
}

TEST(WebSocketEngine, MessagesTravelBothWaysOnEveryLane) {
  WebSocketWire wire;
  const auto browser = wire.connect();
  for (const auto lane : {Lane::control, Lane::commands, Lane::bulk, Lane::presence}) {
    browser->say(lane, "up");
    EXPECT_EQ(wire.sink.texts(lane), std::vector<std::string>{"up"});
    EXPECT_EQ(wire.engine.send(browser->peer, lane, bytes_of("down")), SendResult::queued);
    wire.engine.flush(wire.now);
    EXPECT_EQ(browser->take(), std::vector{std::to_string(static_cast<int>(lane)) + ":down"});
  }
  EXPECT_EQ(wire.engine.stats().messages_received, 4U);
  EXPECT_EQ(wire.engine.stats().messages_sent, 4U);
}

TEST(WebSocketEngine, MessageInPiecesIsDeliveredWhenItIsWhole) {
  WebSocketWire wire;
  const auto browser = wire.connect();
  const auto sealed = browser->channel->seal(Lane::commands, as_bytes("in three pieces"));
  const ByteView whole(sealed);
  browser->say(whole.first(5), false);
  browser->say(whole.subspan(5, 3), false);
  EXPECT_EQ(wire.engine.stats().unfinished_bytes, 8U);
  EXPECT_TRUE(wire.sink.texts(Lane::commands).empty());
  browser->say(whole.subspan(8), true);
  EXPECT_EQ(wire.sink.texts(Lane::commands), std::vector<std::string>{"in three pieces"});
  EXPECT_EQ(wire.engine.stats().unfinished_bytes, 0U);
}

TEST(WebSocketEngine, LargestMessageOfEachLaneTravelsAndALongerOneIsNotTaken) {
  WebSocketWire wire;
  const auto browser = wire.connect();
  for (const auto lane : {Lane::control, Lane::commands, Lane::bulk, Lane::presence}) {
    const auto largest = message_bytes_max(lane);
    EXPECT_EQ(wire.engine.send(browser->peer, lane, filled(largest)), SendResult::queued);
    EXPECT_EQ(wire.engine.send(browser->peer, lane, filled(largest + 1)), SendResult::too_large);
    wire.engine.flush(wire.now);
    EXPECT_EQ(browser->take().front().size(), largest + 2);
    browser->say(lane, std::string(largest, 'u'));
    EXPECT_EQ(wire.sink.texts(lane).back().size(), largest);
  }
}

TEST(WebSocketEngine, ControlLeavesBeforeCommandsBeforePresenceBeforeBulk) {
  WebSocketWire wire;
  const auto browser = wire.connect();
  for (const auto lane : {Lane::bulk, Lane::presence, Lane::commands, Lane::control})
    for (const char* text : {"a", "b"}) (void)wire.engine.send(browser->peer, lane, bytes_of(text));
  wire.engine.flush(wire.now);
  EXPECT_EQ(browser->take(), (std::vector<std::string>{"0:a", "0:b", "1:a", "1:b", "3:a", "3:b", "2:a", "2:b"}));
}

TEST(WebSocketEngine, FullLaneSaysSoAndTellsWhenThereIsRoom) {
  WebSocketOptions options;
  options.lane_bounds.commands = 10'000;
  WebSocketWire wire(options);
  const auto browser = wire.connect();
  int taken = 0;
  while (wire.engine.send(browser->peer, Lane::commands, filled(1000)) == SendResult::queued) ++taken;
  EXPECT_EQ(taken, 9);
  EXPECT_EQ(wire.engine.send(browser->peer, Lane::commands, filled(1000)), SendResult::full);
  EXPECT_EQ(wire.engine.send(browser->peer, Lane::control, filled(1000)), SendResult::queued) << "lanes are apart";
  EXPECT_LE(wire.engine.queued_bytes(browser->peer, Lane::commands), 10'000U);
  EXPECT_EQ(wire.sink.count(Kind::writable), 0U);
  wire.engine.flush(wire.now);
  browser->drain();
  ASSERT_EQ(wire.sink.count(Kind::writable), 1U);
  EXPECT_EQ(wire.sink.first(Kind::writable)->event.lane, Lane::commands);
  EXPECT_EQ(wire.engine.queued_bytes(browser->peer, Lane::commands), 0U);
  EXPECT_EQ(wire.engine.stats().sends_full, 2U);
}

TEST(WebSocketEngine, EmptyLaneTakesAMessageLargerThanItsBound) {
  WebSocketOptions options;
  options.lane_bounds.bulk = 1000;
  WebSocketWire wire(options);
  const auto browser = wire.connect();
  EXPECT_EQ(wire.engine.send(browser->peer, Lane::bulk, filled(message_bytes_max(Lane::bulk))), SendResult::queued);
  EXPECT_EQ(wire.engine.send(browser->peer, Lane::bulk, filled(1)), SendResult::full);
}

TEST(WebSocketEngine, EmptyMessagesAreBoundedToo) {
  WebSocketWire wire;
  const auto browser = wire.connect();
  std::size_t taken = 0;
  while (wire.engine.send(browser->peer, Lane::control, filled(0)) == SendResult::queued) ++taken;
  EXPECT_EQ(taken, LaneBounds{}.control / 64);
}

TEST(WebSocketEngine, PresenceThatDoesNotFitDropsTheOldest) {
  WebSocketOptions options;
  options.lane_bounds.presence = 3 * (1 + 64);
  WebSocketWire wire(options);
  const auto browser = wire.connect();
  // Something is being written, so that nothing of it leaves at once.
  (void)wire.engine.send(browser->peer, Lane::bulk, bytes_of("x"));
  wire.engine.flush(wire.now);
  for (const char* text : {"1", "2", "3", "4", "5"})
    EXPECT_EQ(wire.engine.send(browser->peer, Lane::presence, bytes_of(text)), SendResult::queued);
  EXPECT_EQ(browser->take(), (std::vector<std::string>{"2:x", "3:3", "3:4", "3:5"}));
  EXPECT_EQ(wire.engine.stats().presence_dropped, 2U);
}

TEST(WebSocketEngine, CloseDeliversWhatIsQueuedFirst) {
  WebSocketWire wire;
  const auto browser = wire.connect();
  (void)wire.engine.send(browser->peer, Lane::control, bytes_of("last words"));
  wire.engine.close(browser->peer, CloseReason::going_away, "The hub is stopping.");
  EXPECT_EQ(wire.engine.send(browser->peer, Lane::control, bytes_of("late")), SendResult::closed);
  wire.engine.flush(wire.now);
  EXPECT_FALSE(browser->link.close_code.has_value());
  EXPECT_EQ(browser->take(), std::vector<std::string>{"0:last words"});
  EXPECT_EQ(browser->link.close_code, 4001);
  EXPECT_EQ(browser->link.close_reason, "The hub is stopping.");
  const auto* closed = wire.sink.first(Kind::closed);
  ASSERT_NE(closed, nullptr);
  EXPECT_EQ(closed->event.reason, CloseReason::going_away);
  EXPECT_FALSE(closed->event.closed_by_peer);
  EXPECT_EQ(wire.engine.connection_count(), 1U) << "until the peer has answered";
  wire.engine.on_ended(browser->peer, 4001, "", wire.now);
  wire.engine.flush(wire.now);
  EXPECT_EQ(wire.engine.connection_count(), 0U);
  EXPECT_EQ(wire.sink.count(Kind::closed), 1U);
}

TEST(WebSocketEngine, WhoIsRefusedIsToldInFullFirst) {
  WebSocketWire wire;
  const auto browser = wire.connect();
  (void)wire.engine.send(browser->peer, Lane::control, bytes_of("the whole refusal"));
  wire.engine.close(browser->peer, CloseReason::unauthenticated, "refused");
  wire.engine.flush(wire.now);
  EXPECT_EQ(browser->take(), std::vector<std::string>{"0:the whole refusal"});
  EXPECT_EQ(browser->link.close_code, 4004);
}

TEST(WebSocketEngine, CloseForAnErrorDeliversNothingMore) {
  WebSocketWire wire;
  const auto browser = wire.connect();
  (void)wire.engine.send(browser->peer, Lane::control, bytes_of("never said"));
  wire.engine.close(browser->peer, CloseReason::protocol_error, "What is this?");
  wire.engine.flush(wire.now);
  EXPECT_TRUE(browser->link.written.empty());
  EXPECT_EQ(browser->link.close_code, 4002);
  browser->say(Lane::control, "still here");
  EXPECT_TRUE(wire.sink.texts(Lane::control).empty());
}

TEST(WebSocketEngine, NothingIsToldOfAPeerOnceItsCloseIsBegun) {
  for (const auto reason : {CloseReason::protocol_error, CloseReason::going_away}) {
    WebSocketWire wire;
    const auto browser = wire.connect();
    // Until this is read, the close frame has to wait.
    (void)wire.engine.send(browser->peer, Lane::bulk, bytes_of("unread"));
    wire.engine.flush(wire.now);
    ASSERT_TRUE(browser->link.is_writing);
    wire.engine.close(browser->peer, reason, "That is enough.");
    wire.engine.flush(wire.now);
    browser->say(Lane::commands, "in one piece");
    const auto sealed = browser->channel->seal(Lane::commands, as_bytes("in two pieces"));
    browser->say(ByteView(sealed).first(5), false);
    EXPECT_EQ(wire.engine.stats().unfinished_bytes, 0U) << "nothing is kept for a peer that is going";
    browser->say(ByteView(sealed).subspan(5), true);
    EXPECT_TRUE(wire.sink.texts(Lane::commands).empty());
    EXPECT_EQ(wire.engine.stats().messages_received, 0U);
    browser->drain();
    EXPECT_TRUE(browser->link.close_code.has_value());
    EXPECT_EQ(wire.sink.count(Kind::closed), 1U);
    EXPECT_EQ(wire.sink.count(Kind::message), 0U);
  }
}

TEST(WebSocketEngine, AHandshakeThatWasEndedDoesNotGoOn) {
  WebSocketWire wire;
  const auto browser = wire.accept();
  const SealedClient client(seed_filled(2), wire.hub_key.public_key<HubKey>());
  browser->say(client.hello());
  ASSERT_TRUE(browser->link.is_writing);
  auto established = client.establish(browser->link.written.front());
  ASSERT_TRUE(established.has_value());
  wire.engine.close(browser->peer, CloseReason::resource_limit, "That is enough.");
  wire.engine.flush(wire.now);
  browser->say(established->finish);
  EXPECT_TRUE(wire.sink.entries.empty());
  EXPECT_EQ(wire.engine.stats().handshakes_completed, 0U);
}

TEST(WebSocketEngine, CloseReasonIsCutToWhatACloseFrameCarriesBetweenCharacters) {
  WebSocketWire wire;
  const auto browser = wire.connect();
  std::string text(122, 'x');
  text += "\xc3\xa4 and more";
  wire.engine.close(browser->peer, CloseReason::protocol_error, text);
  wire.engine.flush(wire.now);
  EXPECT_EQ(browser->link.close_reason, std::string(122, 'x'));
}

TEST(WebSocketEngine, PeerThatReadsNothingIsLetGoAfterTheLinger) {
  WebSocketWire wire;
  const auto browser = wire.connect();
  (void)wire.engine.send(browser->peer, Lane::control, bytes_of("unread"));
  wire.engine.flush(wire.now);
  wire.engine.close(browser->peer, CloseReason::going_away, "bye");
  wire.engine.flush(wire.now);
  wire.run_for(seconds{2});
  EXPECT_TRUE(browser->link.is_dropped);
  EXPECT_EQ(wire.engine.connection_count(), 0U);
  EXPECT_EQ(wire.sink.count(Kind::closed), 1U);
}

TEST(WebSocketEngine, PeerThatDoesNotAnswerTheCloseFrameIsLetGoAfterTheLinger) {
  WebSocketWire wire;
  const auto browser = wire.connect();
  wire.engine.close(browser->peer, CloseReason::none, {});
  wire.engine.flush(wire.now);
  EXPECT_EQ(browser->link.close_code, 4000);
  wire.run_for(seconds{2});
  EXPECT_TRUE(browser->link.is_dropped);
  EXPECT_EQ(wire.engine.connection_count(), 0U);
}

TEST(WebSocketEngine, PeersCloseIsToldWithItsReason) {
  struct Case {
    std::uint16_t code;
    CloseReason reason;
    bool by_peer;
  };
  for (const auto& expected :
       {Case{1000, CloseReason::none, true}, Case{1001, CloseReason::none, true}, Case{1005, CloseReason::none, true},
        Case{4008, CloseReason::superseded, true}, Case{4009, CloseReason::internal_error, true},
        Case{4010, CloseReason::protocol_error, true}, Case{1002, CloseReason::protocol_error, true},
        Case{0, CloseReason::unreachable, false}}) {
    WebSocketWire wire;
    const auto browser = wire.connect();
    wire.engine.on_ended(browser->peer, expected.code, "tab\nclosed", wire.now);
    wire.engine.flush(wire.now);
    const auto* closed = wire.sink.first(Kind::closed);
    ASSERT_NE(closed, nullptr) << expected.code;
    EXPECT_EQ(closed->event.reason, expected.reason) << expected.code;
    EXPECT_EQ(closed->event.closed_by_peer, expected.by_peer) << expected.code;
    if (expected.by_peer) {
      EXPECT_EQ(closed->event.text, "tab?closed") << "no control characters of others";
    }
    EXPECT_EQ(wire.engine.connection_count(), 0U);
    EXPECT_EQ(wire.engine.send(browser->peer, Lane::control, bytes_of("x")), SendResult::closed);
  }
}

TEST(WebSocketEngine, UnfinishedHandshakeIsEndedAndToldToNobody) {
  WebSocketWire wire;
  const auto silent = wire.accept();
  wire.run_for(seconds{9});
  EXPECT_FALSE(silent->link.close_code.has_value());
  wire.run_for(seconds{1});
  EXPECT_EQ(silent->link.close_code, 4006);
  wire.run_for(seconds{2});
  EXPECT_TRUE(silent->link.is_dropped);
  EXPECT_TRUE(wire.sink.entries.empty());
  EXPECT_EQ(wire.engine.stats().handshakes_failed, 1U);
  EXPECT_EQ(wire.engine.stats().half_open, 0U);
}

TEST(WebSocketEngine, HandshakeMessageOverItsLengthIsRefusedPieceByPiece) {
  WebSocketWire wire;
  const auto browser = wire.accept();
  browser->say(Bytes(32, 9), false);
  EXPECT_EQ(wire.engine.stats().unfinished_bytes, 32U);
  browser->say(Bytes(1, 9), false);
  EXPECT_EQ(browser->link.close_code, 4002);
  EXPECT_EQ(browser->link.close_reason, "a message is longer than the 32 bytes that are allowed here");
  EXPECT_EQ(wire.engine.stats().unfinished_bytes, 0U);
  EXPECT_TRUE(wire.sink.entries.empty());
}

TEST(WebSocketEngine, MessageOverTheLargestIsRefusedBeforeItIsHeld) {
  WebSocketWire wire;
  const auto browser = wire.connect();
  browser->say(Bytes(kSealedBytesMax, 9), false);
  EXPECT_EQ(wire.engine.stats().unfinished_bytes, kSealedBytesMax);
  browser->say(Bytes(1, 9), false);
  EXPECT_EQ(browser->link.close_code, 4002);
  EXPECT_EQ(wire.engine.stats().unfinished_bytes, 0U);
  EXPECT_EQ(wire.engine.stats().protocol_errors, 1U);
  EXPECT_EQ(wire.sink.first(Kind::closed)->event.reason, CloseReason::protocol_error);
}

TEST(WebSocketEngine, UnfinishedMessagesOfAllTogetherAreBounded) {
  WebSocketOptions options;
  options.unfinished_bytes_max = 1000;
  WebSocketWire wire(options);
  const auto first = wire.connect();
  const auto second = wire.connect();
  first->say(Bytes(600, 1), false);
  second->say(Bytes(400, 1), false);
  EXPECT_FALSE(first->link.close_code.has_value());
  second->say(Bytes(1, 1), false);
  EXPECT_EQ(first->link.close_code, 4005) << "who holds the most goes, not who comes last";
  EXPECT_FALSE(second->link.close_code.has_value());
  EXPECT_EQ(wire.engine.stats().unfinished_bytes, 401U);
  EXPECT_EQ(wire.engine.stats().unfinished_limit_closes, 1U);
}

TEST(WebSocketEngine, MessageThatDoesNotOpenEndsTheConnection) {
  WebSocketWire wire;
  const auto browser = wire.connect();
  auto sealed = browser->channel->seal(Lane::commands, as_bytes("x"));
  sealed.back() ^= 1;
  browser->say(sealed);
  EXPECT_EQ(browser->link.close_code, 4002);
  EXPECT_TRUE(wire.sink.texts(Lane::commands).empty());
  EXPECT_EQ(wire.engine.stats().protocol_errors, 1U);
}

TEST(WebSocketEngine, TextMessageEndsTheConnection) {
  WebSocketWire wire;
  const auto browser = wire.connect();
  wire.engine.on_protocol_error(browser->peer, "expected binary messages, got text", wire.now);
  wire.engine.flush(wire.now);
  EXPECT_EQ(browser->link.close_code, 4002);
  EXPECT_EQ(browser->link.close_reason, "expected binary messages, got text");
}

TEST(WebSocketEngine, SilentPeerIsPingedAndThenLetGo) {
  WebSocketWire wire;
  const auto browser = wire.connect();
  EXPECT_EQ(browser->link.pings.size(), 1U);
  wire.engine.on_pong(browser->peer, browser->link.pings.back(), wire.now);
  wire.engine.flush(wire.now);
  wire.run_for(seconds{29});
  EXPECT_EQ(browser->link.pings.size(), 2U);
  EXPECT_FALSE(browser->link.close_code.has_value());
  wire.run_for(seconds{1});
  EXPECT_EQ(browser->link.close_code, 4006);
  EXPECT_EQ(wire.engine.stats().idle_timeouts, 1U);
  EXPECT_EQ(wire.sink.first(Kind::closed)->event.reason, CloseReason::idle_timeout);
}

TEST(WebSocketEngine, PeerThatReadsALargeMessageSlowlyIsNotSilent) {
  WebSocketWire wire;
  const auto browser = wire.connect();
  browser->drain();
  wire.run_for(seconds{10});
  ASSERT_EQ(wire.engine.send(browser->peer, Lane::bulk, filled(256 * 1024)), SendResult::queued);
  wire.engine.flush(wire.now);
  ASSERT_TRUE(browser->link.is_writing);
  // No pong comes: the ping waits behind the message.
  wire.run_for(seconds{45});
  EXPECT_FALSE(browser->link.close_code.has_value());
  browser->drain();
  wire.run_for(seconds{5});
  EXPECT_FALSE(browser->link.close_code.has_value());
  wire.run_for(seconds{30});
  EXPECT_EQ(browser->link.close_code, 4006) << "and then nothing was heard";
}

TEST(WebSocketEngine, PeerThatAnswersPingsStays) {
  WebSocketWire wire;
  const auto browser = wire.connect();
  for (int minute = 0; minute < 60; ++minute) {
    wire.engine.on_pong(browser->peer, browser->link.pings.back(), wire.now);
    wire.engine.flush(wire.now);
    wire.run_for(seconds{20});
  }
  EXPECT_FALSE(browser->link.close_code.has_value());
  EXPECT_GT(browser->link.pings.size(), 50U);
}

TEST(WebSocketEngine, PeerThatFloodsWithPingsIsLetGoAndOneThatPingsNowAndThenStays) {
  WebSocketWire wire;
  const auto patient = wire.connect();
  for (std::size_t window = 0; window < 3; ++window) {
    for (std::size_t count = 0; count < kIdleFramesMax; ++count) wire.engine.on_ping(patient->peer, wire.now);
    wire.engine.flush(wire.now);
    wire.run_for(kIdleFramesWindow);
  }
  EXPECT_FALSE(patient->link.close_code.has_value());
  const auto flooding = wire.connect();
  for (std::size_t count = 0; count < kIdleFramesMax; ++count) wire.engine.on_ping(flooding->peer, wire.now);
  EXPECT_EQ(wire.engine.stats().protocol_errors, 0U);
  wire.engine.on_pong(flooding->peer, "never asked", wire.now);
  wire.engine.flush(wire.now);
  EXPECT_EQ(wire.engine.stats().protocol_errors, 1U);
  EXPECT_EQ(flooding->link.close_code, 4002);
}

TEST(WebSocketEngine, RoundTripIsMeasuredByPingsAndForeignPongsAreIgnored) {
  WebSocketWire wire;
  const auto browser = wire.connect();
  wire.now += std::chrono::milliseconds{40};
  wire.engine.on_pong(browser->peer, "never asked", wire.now);
  EXPECT_EQ(wire.engine.peer_stats(browser->peer).rtt.count(), 0);
  wire.engine.on_pong(browser->peer, browser->link.pings.back(), wire.now);
  EXPECT_EQ(wire.engine.peer_stats(browser->peer).rtt, std::chrono::milliseconds{40});
  EXPECT_EQ(wire.engine.peer_stats(browser->peer).jitter, std::chrono::milliseconds{20});
  wire.engine.on_pong(browser->peer, browser->link.pings.back(), wire.now + seconds{9});
  EXPECT_EQ(wire.engine.peer_stats(browser->peer).rtt, std::chrono::milliseconds{40}) << "answered once already";
}

TEST(WebSocketEngine, SlowReaderIsDisconnected) {
  WebSocketWire wire;
  const auto browser = wire.connect();
  (void)wire.engine.send(browser->peer, Lane::bulk, filled(1000));
  wire.engine.flush(wire.now);
  for (int step = 0; step < 6; ++step) {
    EXPECT_EQ(wire.sink.count(Kind::closed), 0U) << step;
    wire.run_for(seconds{10});
    browser->say(Lane::presence, "I am here");
  }
  EXPECT_EQ(wire.sink.count(Kind::closed), 1U);
  EXPECT_EQ(wire.sink.first(Kind::closed)->event.reason, CloseReason::resource_limit);
  EXPECT_EQ(wire.engine.stats().slow_reader_closes, 1U);
  wire.run_for(seconds{2});
  EXPECT_TRUE(browser->link.is_dropped) << "no close frame can pass what is being written";
}

TEST(WebSocketEngine, ConnectionsAreBoundedInAllAndBySourceAndNetwork) {
  WebSocketOptions options;
  options.connections_max = 5;
  options.connections_per_source_max = 2;
  options.connections_per_network_max = 3;
  WebSocketWire wire(options);
  std::vector<std::unique_ptr<WebSocketWire::Browser>> kept;
  const auto refusal = [&](const std::string& address) {
    testing::FakeLink link;
    const auto peer = wire.engine.accept(link, *SocketAddress::parse(address), wire.now);
    return peer ? std::string() : peer.error().message;
  };
  kept.push_back(wire.connect("[2001:db8:0:1::1]:1"));
  kept.push_back(wire.connect("[2001:db8:0:1::2]:1"));
  EXPECT_EQ(refusal("[2001:db8:0:1::3]:1"), "Too many connections from your address or network; close some.");
  EXPECT_EQ(wire.engine.stats().refused_source_limit, 1U);
  kept.push_back(wire.connect("[2001:db8:0:2::1]:1"));
  EXPECT_EQ(refusal("[2001:db8:0:3::1]:1"), "Too many connections from your address or network; close some.");
  EXPECT_EQ(wire.engine.stats().refused_network_limit, 1U);
  kept.push_back(wire.connect("10.0.0.1:1"));
  kept.push_back(wire.connect("10.0.0.2:1"));
  EXPECT_EQ(refusal("10.0.0.3:1"), "The hub has as many connections as it takes; try again later.");
  EXPECT_EQ(wire.engine.stats().refused_connection_limit, 1U);
  wire.engine.on_ended(kept[0]->peer, 1001, "", wire.now);
  wire.engine.flush(wire.now);
  EXPECT_EQ(refusal("[2001:db8:0:1::3]:1"), "") << "a place became free";
}

TEST(WebSocketEngine, HandshakesUnderWayAreBounded) {
  WebSocketOptions options;
  options.half_open_max = 3;
  options.half_open_per_source_max = 1;
  WebSocketWire wire(options);
  testing::FakeLink link;
  const auto try_from = [&](const std::string& address) {
    return wire.engine.accept(link, *SocketAddress::parse(address), wire.now).has_value();
  };
  EXPECT_TRUE(try_from("10.0.0.1:1"));
  EXPECT_FALSE(try_from("10.0.0.1:2"));
  EXPECT_TRUE(try_from("10.0.0.2:1"));
  EXPECT_TRUE(try_from("10.0.0.3:1"));
  EXPECT_FALSE(try_from("10.0.0.4:1"));
  EXPECT_EQ(wire.engine.stats().refused_half_open_limit, 2U);
  wire.run_for(seconds{12});
  EXPECT_TRUE(try_from("10.0.0.4:1")) << "those under way took too long";
}

TEST(WebSocketEngine, EstablishedPeersDoNotCountAsHalfOpen) {
  WebSocketOptions options;
  options.half_open_per_source_max = 1;
  WebSocketWire wire(options);
  const auto first = wire.connect();
  const auto second = wire.connect();
  EXPECT_EQ(wire.sink.count(Kind::connected), 2U);
}

TEST(WebSocketEngine, ShutDownTellsEverybodyAndTakesNobodyMore) {
  WebSocketWire wire;
  const auto half_open = wire.accept();
  const auto browser = wire.connect();
  wire.engine.shut_down(CloseReason::going_away, "bye");
  wire.engine.flush(wire.now);
  EXPECT_EQ(browser->link.close_code, 4001);
  EXPECT_EQ(half_open->link.close_code, 4001);
  testing::FakeLink link;
  const auto late = wire.engine.accept(link, browser->remote, wire.now);
  ASSERT_FALSE(late.has_value());
  EXPECT_EQ(late.error().code, WebSocketRefusal::not_serving);
  wire.run_for(seconds{2});
  EXPECT_EQ(wire.engine.connection_count(), 0U);
  EXPECT_EQ(wire.engine.next_timeout(), MonotonicTime::max());
}

TEST(WebSocketEngine, HandlersMaySendAndCloseFromWithin) {
  WebSocketWire wire;
  wire.sink.on_each = [&](const Event& event) {
    if (event.kind == Kind::connected) (void)wire.engine.send(event.peer, Lane::control, bytes_of("hello"));
    if (event.kind == Kind::message) wire.engine.close(event.peer, CloseReason::superseded, "newer");
  };
  const auto browser = wire.connect();
  EXPECT_EQ(browser->take(), std::vector<std::string>{"0:hello"});
  browser->say(Lane::control, "x");
  EXPECT_EQ(browser->link.close_code, 4008);
  EXPECT_EQ(wire.sink.count(Kind::closed), 1U);
}

TEST(WebSocketEngine, WhatIsSaidOfAPeerThatIsGoneIsIgnored) {
  WebSocketWire wire;
  const auto browser = wire.connect();
  wire.engine.on_ended(browser->peer, 1000, "", wire.now);
  wire.engine.flush(wire.now);
  wire.engine.on_data(browser->peer, Bytes(3, 3), true, wire.now);
  wire.engine.on_written(browser->peer, wire.now);
  wire.engine.on_ended(browser->peer, 1000, "", wire.now);
  wire.engine.close(browser->peer, CloseReason::none, {});
  EXPECT_EQ(wire.sink.count(Kind::closed), 1U);
}

}  // namespace
}  // namespace theta::transport

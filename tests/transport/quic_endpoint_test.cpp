#include "theta/transport/quic_endpoint.h"

#include <array>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "theta/base/hex.h"

#include "transport/quic_loop.h"

// Method: hub and client endpoints on loopback sockets in one poll loop. Every test waits for a condition; the only
// times in it are options that make the condition come soon.

namespace theta::transport {
namespace {

using namespace std::chrono_literals;
using testing::bytes_of;
using ::testing::ElementsAre;
using testing::filled;
using ::testing::HasSubstr;
using testing::loopback;
using testing::QuicLoop;
using testing::RecordingSink;
using testing::seed_of;
using testing::steady_now;

constexpr std::array kAllLanes{Lane::control, Lane::commands, Lane::bulk, Lane::presence};

QuicOptions hub_options() {
  QuicOptions options;
  options.hub_seed = seed_of(1);
  return options;
}

/// A hub and one client that is connected to it.
struct Connected {
  explicit Connected(const QuicOptions& for_hub = hub_options(), const QuicOptions& for_client = {},
                     const SocketAddress& listen = loopback())
      : hub(loop.open(hub_sink, for_hub, listen)), client(loop.open(client_sink, for_client, listen)) {}

  void connect() {
    at_client = client.connect(hub.local_address(), hub.hub_key(), steady_now());
    ASSERT_TRUE(loop.run_until([&] {
      return hub_sink.first(Event::Kind::connected) != nullptr && client_sink.first(Event::Kind::connected) != nullptr;
    }));
    at_hub = hub_sink.first(Event::Kind::connected)->event.peer;
  }
  [[nodiscard]] Event await_closed(const RecordingSink& sink) {
    EXPECT_TRUE(loop.run_until([&] { return sink.first(Event::Kind::closed) != nullptr; }));
    const auto* entry = sink.first(Event::Kind::closed);
    return entry == nullptr ? Event{} : entry->event;
  }

  QuicLoop loop;
  RecordingSink hub_sink;
  RecordingSink client_sink;
  QuicEndpoint& hub;
  QuicEndpoint& client;
  PeerId at_client;
  PeerId at_hub;
};

TEST(QuicEndpoint, ConnectedIsToldAtBothEndsWithTheSameBinding) {
  Connected pair;
  pair.connect();
  const auto& at_hub = pair.hub_sink.first(Event::Kind::connected)->event.info;
  const auto& at_client = pair.client_sink.first(Event::Kind::connected)->event.info;
  EXPECT_EQ(at_hub.binding, at_client.binding);
  EXPECT_FALSE(at_hub.binding.is_zero());
  EXPECT_EQ(at_hub.kind, TransportKind::quic);
  EXPECT_EQ(at_hub.address, pair.client.local_address().to_string());
  EXPECT_EQ(at_client.address, pair.hub.local_address().to_string());
}

TEST(QuicEndpoint, EveryLaneCarriesBothWays) {
  Connected pair;
  pair.hub_sink.on_each = [&](const Event& event) {
    if (event.kind != Event::Kind::message) return;
    Bytes echo(event.message.begin(), event.message.end());
    EXPECT_EQ(pair.hub.send(event.peer, event.lane, SharedBytes(std::move(echo))), SendResult::queued);
  };
  pair.connect();
  for (const auto lane : kAllLanes) {
    const auto text = "lane " + std::to_string(static_cast<int>(lane));
    EXPECT_EQ(pair.client.send(pair.at_client, lane, bytes_of(text)), SendResult::queued);
  }
  ASSERT_TRUE(pair.loop.run_until([&] { return pair.client_sink.count(Event::Kind::message) == kAllLanes.size(); }));
  for (const auto lane : kAllLanes) {
    EXPECT_THAT(pair.client_sink.texts(lane), ElementsAre("lane " + std::to_string(static_cast<int>(lane))));
  }
}

TEST(QuicEndpoint, MessagesSentBeforeTheHandshakeArriveInOrder) {
  Connected pair;
  const auto peer = pair.client.connect(pair.hub.local_address(), pair.hub.hub_key(), steady_now());
  std::vector<std::string> sent;
  for (int i = 0; i < 50; ++i) {
    sent.push_back("early " + std::to_string(i));
    ASSERT_EQ(pair.client.send(peer, Lane::commands, bytes_of(sent.back())), SendResult::queued);
  }
  ASSERT_TRUE(pair.loop.run_until([&] { return pair.hub_sink.texts(Lane::commands).size() == sent.size(); }));
  EXPECT_EQ(pair.hub_sink.texts(Lane::commands), sent);
}

TEST(QuicEndpoint, AnotherHubsKeyIsRefusedWithBothFingerprints) {
  Connected pair;
  const auto expected = crypto::KeyPair::from_seed(seed_of(9)).public_key<HubKey>();
  pair.client.connect(pair.hub.local_address(), expected, steady_now());
  const auto closed = pair.await_closed(pair.client_sink);
  EXPECT_EQ(closed.reason, CloseReason::unauthenticated);
  EXPECT_THAT(closed.text, HasSubstr("expected hub fingerprint " + to_base64url(expected.view())));
  EXPECT_THAT(closed.text, HasSubstr("got " + to_base64url(pair.hub.hub_key()->view())));
  EXPECT_EQ(pair.client_sink.count(Event::Kind::connected), 0U);
  EXPECT_EQ(pair.client.stats().hub_key_mismatches, 1U);
  ASSERT_TRUE(pair.loop.run_until([&] { return pair.hub.stats().handshakes_failed == 1; }));
  EXPECT_EQ(pair.hub_sink.entries.size(), 0U) << "a server tells nothing of attempts that never completed";
}

TEST(QuicEndpoint, AnotherProtocolIsRefusedAtBothEnds) {
  QuicOptions other;
  other.alpn = "theta/2";
  Connected pair(hub_options(), other);
  pair.client.connect(pair.hub.local_address(), pair.hub.hub_key(), steady_now());
  const auto closed = pair.await_closed(pair.client_sink);
  EXPECT_EQ(closed.reason, CloseReason::version_mismatch);
  EXPECT_THAT(closed.text, HasSubstr("theta/"));
  ASSERT_TRUE(pair.loop.run_until([&] { return pair.hub.stats().handshakes_failed == 1; }));
  EXPECT_EQ(pair.hub_sink.count(Event::Kind::connected), 0U);
  EXPECT_EQ(pair.client_sink.count(Event::Kind::connected), 0U);
}

TEST(QuicEndpoint, AMessageAtTheLimitPassesAndOneOverItIsTooLarge) {
  Connected pair;
  pair.connect();
  for (const auto lane : kAllLanes) {
    const auto limit = message_bytes_max(lane);
    EXPECT_EQ(pair.client.send(pair.at_client, lane, filled(limit)), SendResult::queued);
    EXPECT_EQ(pair.client.send(pair.at_client, lane, filled(limit + 1)), SendResult::too_large);
  }
  ASSERT_TRUE(pair.loop.run_until([&] { return pair.hub_sink.count(Event::Kind::message) == kAllLanes.size(); }));
  for (const auto lane : kAllLanes) EXPECT_EQ(pair.hub_sink.texts(lane).front().size(), message_bytes_max(lane));
}

TEST(QuicEndpoint, AnEmptyMessageIsAMessage) {
  Connected pair;
  pair.connect();
  for (const auto lane : kAllLanes) (void)pair.client.send(pair.at_client, lane, SharedBytes());
  ASSERT_TRUE(pair.loop.run_until([&] { return pair.hub_sink.count(Event::Kind::message) == kAllLanes.size(); }));
}

TEST(QuicEndpoint, AFullLaneRefusesAndWritableFollows) {
  Connected pair;
  pair.connect();
  std::size_t taken = 0;
  while (pair.client.send(pair.at_client, Lane::commands, filled(100'000)) == SendResult::queued) ++taken;
  EXPECT_EQ(taken, 10U) << "1 MiB holds ten messages of 100,000 bytes";
  EXPECT_EQ(pair.client.stats().sends_full, 1U);
  EXPECT_GE(pair.client.queued_bytes(pair.at_client, Lane::commands), 1'000'000U);
  ASSERT_TRUE(pair.loop.run_until([&] { return pair.client_sink.first(Event::Kind::writable) != nullptr; }));
  EXPECT_EQ(pair.client_sink.first(Event::Kind::writable)->event.lane, Lane::commands);
  EXPECT_EQ(pair.client.send(pair.at_client, Lane::commands, filled(100'000)), SendResult::queued);
  ASSERT_TRUE(pair.loop.run_until([&] { return pair.hub_sink.count(Event::Kind::message) == taken + 1; }));
  EXPECT_EQ(pair.client_sink.count(Event::Kind::writable), 1U);
  EXPECT_EQ(pair.client.queued_bytes(pair.at_client, Lane::commands), 0U);
}

TEST(QuicEndpoint, PresenceDropsItsOldestWhenItsQueueIsFull) {
  QuicOptions options;
  options.lane_bounds.presence = 3000;
  Connected pair(hub_options(), options);
  pair.connect();
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(pair.client.send(pair.at_client, Lane::presence, filled(1000, static_cast<std::uint8_t>('0' + i))),
              SendResult::queued);
  }
  (void)pair.client.send(pair.at_client, Lane::commands, bytes_of("end"));
  ASSERT_TRUE(pair.loop.run_until([&] { return !pair.hub_sink.texts(Lane::commands).empty(); }));
  ASSERT_TRUE(pair.loop.run_until([&] { return pair.hub_sink.texts(Lane::presence).size() == 3; }));
  std::string order;
  for (const auto& text : pair.hub_sink.texts(Lane::presence)) order += text[0];
  EXPECT_EQ(order, "789");
  EXPECT_EQ(pair.client.stats().presence_dropped, 7U);
}

TEST(QuicEndpoint, EveryCloseReasonReachesThePeerWithItsText) {
  for (int code = 0; code <= static_cast<int>(CloseReason::internal_error); ++code) {
    Connected pair;
    pair.connect();
    const auto reason = static_cast<CloseReason>(code);
    pair.hub.close(pair.at_hub, reason, "because of " + std::to_string(code));
    EXPECT_EQ(pair.hub.send(pair.at_hub, Lane::control, bytes_of("late")), SendResult::closed);
    const auto told = pair.await_closed(pair.client_sink);
    EXPECT_EQ(told.reason, reason);
    EXPECT_EQ(told.text, "because of " + std::to_string(code));
    EXPECT_TRUE(told.closed_by_peer);
    const auto own = pair.await_closed(pair.hub_sink);
    EXPECT_EQ(own.reason, reason);
    EXPECT_FALSE(own.closed_by_peer);
    EXPECT_EQ(pair.client.send(pair.at_client, Lane::control, bytes_of("x")), SendResult::closed);
    EXPECT_EQ(pair.hub.connection_count(), 0U);
  }
}

TEST(QuicEndpoint, ACleanCloseDeliversWhatWasQueued) {
  Connected pair;
  pair.connect();
  for (int i = 0; i < 4; ++i) (void)pair.hub.send(pair.at_hub, Lane::bulk, filled(400'000));
  pair.hub.close(pair.at_hub, CloseReason::going_away, "the hub restarts");
  EXPECT_EQ(pair.await_closed(pair.client_sink).reason, CloseReason::going_away);
  EXPECT_EQ(pair.client_sink.texts(Lane::bulk).size(), 4U);
}

TEST(QuicEndpoint, ShutDownTellsEveryPeerAndRefusesNewcomers) {
  Connected pair;
  pair.connect();
  pair.hub.shut_down(CloseReason::going_away, "the hub stops");
  EXPECT_EQ(pair.await_closed(pair.client_sink).reason, CloseReason::going_away);
  EXPECT_EQ(pair.hub.connection_count(), 0U);
  pair.client.connect(pair.hub.local_address(), pair.hub.hub_key(), steady_now());
  ASSERT_TRUE(pair.loop.run_until([&] { return pair.hub.stats().dropped_not_serving > 0; }));
}

TEST(QuicEndpoint, ARestartedHubResetsConnectionsOfItsFormerLife) {
  Connected pair;
  pair.connect();
  const auto address = pair.hub.local_address();
  pair.loop.kill(pair.hub);
  RecordingSink second_life;
  auto& hub = pair.loop.open(second_life, hub_options(), address);
  (void)pair.client.send(pair.at_client, Lane::commands, filled(1000));
  const auto closed = pair.await_closed(pair.client_sink);
  EXPECT_EQ(closed.reason, CloseReason::unreachable);
  EXPECT_EQ(pair.client.stats().stateless_resets_received, 1U);
  EXPECT_GE(hub.stats().stateless_resets_sent, 1U);
}

TEST(QuicEndpoint, NobodyThereIsUnreachable) {
  QuicLoop loop;
  RecordingSink sink;
  QuicOptions options;
  options.handshake_timeout = 200ms;
  auto& client = loop.open(sink, options);
  client.connect(loopback(1), std::nullopt, steady_now());
  ASSERT_TRUE(loop.run_until([&] { return sink.first(Event::Kind::closed) != nullptr; }));
  EXPECT_EQ(sink.first(Event::Kind::closed)->event.reason, CloseReason::unreachable);
  EXPECT_THAT(sink.first(Event::Kind::closed)->event.text, HasSubstr("127.0.0.1:1"));
}

TEST(QuicEndpoint, UnderLoadNewcomersProveTheirAddressFirst) {
  auto options = hub_options();
  options.half_open_before_retry = 0;
  Connected pair(options);
  pair.connect();
  EXPECT_EQ(pair.hub.stats().retries_sent, 1U);
  EXPECT_EQ(pair.hub.stats().connections_accepted, 1U);
}

TEST(QuicEndpoint, WithoutLoadNobodyIsAskedTwice) {
  Connected pair;
  pair.connect();
  EXPECT_EQ(pair.hub.stats().retries_sent, 0U);
}

TEST(QuicEndpoint, ConnectionLimitsRefuseWithASentence) {
  for (const bool by_source : {false, true}) {
    auto options = hub_options();
    (by_source ? options.connections_per_source_max : options.connections_max) = 1;
    Connected pair(options);
    pair.connect();
    RecordingSink other_sink;
    auto& other = pair.loop.open(other_sink, {});
    other.connect(pair.hub.local_address(), pair.hub.hub_key(), steady_now());
    const auto closed = pair.await_closed(other_sink);
    EXPECT_EQ(closed.reason, CloseReason::resource_limit);
    EXPECT_THAT(closed.text, HasSubstr("connections"));
    const auto& stats = pair.hub.stats();
    EXPECT_EQ(by_source ? stats.dropped_source_limit : stats.dropped_connection_limit, 1U);
    // The place is free again when the first has left.
    pair.client.close(pair.at_client, CloseReason::none, "");
    ASSERT_TRUE(pair.loop.run_until([&] { return pair.hub.connection_count() == 0; }));
    other.connect(pair.hub.local_address(), pair.hub.hub_key(), steady_now());
    ASSERT_TRUE(pair.loop.run_until([&] { return other_sink.first(Event::Kind::connected) != nullptr; }));
  }
}

TEST(QuicEndpoint, BothFamiliesReachAWildcardHub) {
  const auto wildcard = SocketAddress::parse("[::]:0");
  ASSERT_TRUE(wildcard.has_value());
  QuicLoop loop;
  RecordingSink hub_sink;
  auto& hub = loop.open(hub_sink, hub_options(), *wildcard);
  for (const auto* text : {"127.0.0.1:1", "[::1]:1"}) {
    RecordingSink client_sink;
    auto& client = loop.open(client_sink, {}, *wildcard);
    auto address = SocketAddress::parse(text);
    ASSERT_TRUE(address.has_value());
    address->port = hub.local_address().port;
    const auto peer = client.connect(*address, hub.hub_key(), steady_now());
    (void)client.send(peer, Lane::commands, bytes_of("hello"));
    ASSERT_TRUE(loop.run_until([&] { return client_sink.first(Event::Kind::connected) != nullptr; })) << text;
    const auto& told = client_sink.first(Event::Kind::connected)->event.info.address;
    EXPECT_EQ(told, address->to_string());
    loop.kill(client);
  }
  ASSERT_TRUE(loop.run_until([&] { return hub_sink.texts(Lane::commands).size() == 2; }));
}

TEST(QuicEndpoint, PeerStatsMeasureTheRoundTrip) {
  Connected pair;
  pair.connect();
  for (int i = 0; i < 10; ++i) (void)pair.client.send(pair.at_client, Lane::commands, filled(10'000));
  ASSERT_TRUE(pair.loop.run_until([&] { return pair.hub_sink.count(Event::Kind::message) == 10; }));
  const auto stats = pair.client.peer_stats(pair.at_client);
  EXPECT_GT(stats.packets_sent, 10U);
  EXPECT_GT(stats.packets_received, 0U);
  EXPECT_GT(stats.rtt, 0ns);
  EXPECT_LT(stats.rtt, 10s);
  EXPECT_EQ(pair.client.peer_stats(PeerId{999}).packets_sent, 0U);
}

TEST(QuicEndpoint, ManyMessagesFromManyPeersAllArrive) {
  constexpr std::size_t kClients = 20;
  constexpr std::size_t kMessages = 200;
  Connected pair;
  pair.connect();
  std::vector<PeerId> peers{pair.at_client};
  while (peers.size() < kClients) {
    peers.push_back(pair.client.connect(pair.hub.local_address(), pair.hub.hub_key(), steady_now()));
  }
  for (std::size_t i = 0; i < kMessages; ++i) {
    for (const auto peer : peers) ASSERT_EQ(pair.client.send(peer, Lane::commands, filled(i)), SendResult::queued);
  }
  ASSERT_TRUE(pair.loop.run_until([&] { return pair.hub_sink.count(Event::Kind::message) == kClients * kMessages; }));
  std::map<PeerId, std::size_t> next;
  for (const auto& [event, message] : pair.hub_sink.entries) {
    if (event.kind != Event::Kind::message) continue;
    EXPECT_EQ(message.size(), next[event.peer]++);
  }
}

TEST(QuicEndpoint, HandlersMaySendCloseAndConnect) {
  Connected pair;
  pair.hub_sink.on_each = [&](const Event& event) {
    if (event.kind != Event::Kind::message) return;
    (void)pair.hub.send(event.peer, Lane::commands, bytes_of("bye"));
    pair.hub.close(event.peer, CloseReason::none, "done");
    pair.hub.connect(pair.client.local_address(), std::nullopt, steady_now());
  };
  pair.connect();
  for (int i = 0; i < 3; ++i) (void)pair.client.send(pair.at_client, Lane::commands, bytes_of("go"));
  EXPECT_EQ(pair.await_closed(pair.client_sink).text, "done");
  EXPECT_THAT(pair.client_sink.texts(Lane::commands), ElementsAre("bye"));
  EXPECT_EQ(pair.hub_sink.count(Event::Kind::message), 1U) << "nothing is delivered after close";
}

}  // namespace
}  // namespace theta::transport

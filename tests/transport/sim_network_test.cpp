#include "theta/transport/sim_network.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "transport/recording_sink.h"

// Method: two or three endpoints on one SimNetwork, each with a sink that records. Time is virtual, so a test names the
// fault, lets virtual minutes pass and looks at what each end was told.

namespace theta::transport {
namespace {

using namespace std::chrono_literals;
using testing::bytes_of;
using ::testing::ElementsAre;
using testing::filled;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::RecordingSink;
using ::testing::SizeIs;

constexpr std::uint64_t kSeed = 7;

struct Pair {
  explicit Pair(SimOptions options = {}, std::uint64_t seed = kSeed)
      : net(options, seed), hub(net.add_endpoint(hub_sink, "hub")), client(net.add_endpoint(client_sink, "client")) {}

  void run_for(MonotonicClock::duration time) { net.advance_to(net.now() + time); }
  void connect() {
    at_client = client.connect(hub);
    run_for(100ms);
    ASSERT_NE(hub_sink.first(Event::Kind::connected), nullptr);
    at_hub = hub_sink.first(Event::Kind::connected)->event.peer;
  }
  [[nodiscard]] const Event& closed(const RecordingSink& sink) const {
    static const Event none;
    const auto* entry = sink.first(Event::Kind::closed);
    EXPECT_NE(entry, nullptr) << "no closed event";
    return entry == nullptr ? none : entry->event;
  }

  RecordingSink hub_sink;
  RecordingSink client_sink;
  SimNetwork net;
  SimEndpoint& hub;
  SimEndpoint& client;
  PeerId at_client;
  PeerId at_hub;
};

std::string transcript(const RecordingSink& sink) {
  std::string result;
  for (const auto& [event, message] : sink.entries) {
    result += std::to_string(static_cast<int>(event.kind)) + ":" + std::to_string(event.peer.value()) + ":" +
              std::to_string(static_cast<int>(event.lane)) + ":" + std::string(message.begin(), message.end()) + "\n";
  }
  return result;
}

SimOptions bad_network() {
  SimOptions options;
  options.link.jitter = 20ms;
  options.link.loss = 0.2;
  options.link.duplicate = 0.2;
  options.link.reorder = 0.3;
  return options;
}

std::string run_bad_network(std::uint64_t seed) {
  Pair pair(bad_network(), seed);
  pair.client.connect(pair.hub);
  const PeerId peer{2};
  for (int i = 0; i < 100; ++i) {
    (void)pair.client.send(peer, static_cast<Lane>(i % 4), bytes_of(std::to_string(i)));
    pair.run_for(3ms);
  }
  pair.run_for(10s);
  return transcript(pair.hub_sink) + transcript(pair.client_sink);
}

TEST(SimNetwork, ConnectedIsToldAtBothEndsWithTheSameBinding) {
  Pair pair;
  pair.connect();
  const auto* at_hub = pair.hub_sink.first(Event::Kind::connected);
  const auto* at_client = pair.client_sink.first(Event::Kind::connected);
  ASSERT_TRUE(at_hub != nullptr && at_client != nullptr);
  EXPECT_EQ(at_hub->event.info.binding, at_client->event.info.binding);
  EXPECT_FALSE(at_hub->event.info.binding.is_zero());
  EXPECT_EQ(at_hub->event.info.kind, TransportKind::simulated);
  EXPECT_EQ(at_hub->event.info.address, "sim:client");
}

TEST(SimNetwork, EveryLaneCarriesBothWays) {
  Pair pair;
  pair.connect();
  for (const auto lane : {Lane::control, Lane::commands, Lane::bulk, Lane::presence}) {
    EXPECT_EQ(pair.client.send(pair.at_client, lane, bytes_of("up")), SendResult::queued);
    EXPECT_EQ(pair.hub.send(pair.at_hub, lane, bytes_of("down")), SendResult::queued);
  }
  pair.run_for(1s);
  for (const auto lane : {Lane::control, Lane::commands, Lane::bulk, Lane::presence}) {
    EXPECT_THAT(pair.hub_sink.texts(lane), ElementsAre("up"));
    EXPECT_THAT(pair.client_sink.texts(lane), ElementsAre("down"));
  }
}

TEST(SimNetwork, SameSeedSameRun) { EXPECT_EQ(run_bad_network(11), run_bad_network(11)); }

TEST(SimNetwork, OtherSeedOtherRun) { EXPECT_NE(run_bad_network(11), run_bad_network(12)); }

TEST(SimNetwork, NothingHappensBeforeItsTime) {
  Pair pair;
  pair.connect();
  (void)pair.client.send(pair.at_client, Lane::commands, bytes_of("x"));
  ASSERT_TRUE(pair.net.next_event_time().has_value());
  EXPECT_EQ(*pair.net.next_event_time(), pair.net.now() + 5ms);
  pair.run_for(5ms - 1ns);
  EXPECT_THAT(pair.hub_sink.texts(Lane::commands), IsEmpty());
  pair.run_for(1ns);
  EXPECT_THAT(pair.hub_sink.texts(Lane::commands), ElementsAre("x"));
}

TEST(SimNetwork, ReliableLanesStayInOrderOnABadNetwork) {
  Pair pair(bad_network());
  pair.at_client = pair.client.connect(pair.hub);
  std::vector<std::string> sent;
  for (int i = 0; i < 200; ++i) {
    sent.push_back(std::to_string(i));
    ASSERT_EQ(pair.client.send(pair.at_client, Lane::commands, bytes_of(sent.back())), SendResult::queued);
  }
  pair.run_for(60s);
  EXPECT_EQ(pair.hub_sink.texts(Lane::commands), sent);
  EXPECT_GT(pair.net.counters().retransmitted, 0U);
}

TEST(SimNetwork, PresenceIsLostRepeatedAndReordered) {
  Pair pair(bad_network());
  pair.connect();
  for (int i = 0; i < 200; ++i) {
    (void)pair.client.send(pair.at_client, Lane::presence, bytes_of(std::to_string(1000 + i)));
    pair.run_for(1ms);
  }
  pair.run_for(10s);
  const auto got = pair.hub_sink.texts(Lane::presence);
  EXPECT_FALSE(std::is_sorted(got.begin(), got.end()));
  EXPECT_GT(pair.net.counters().lost, 0U);
  EXPECT_GT(pair.net.counters().duplicated, 0U);
  EXPECT_GT(pair.net.counters().reordered, 0U);
  EXPECT_LT(got.size(), 240U);
}

TEST(SimNetwork, ABulkMessageDoesNotHoldUpCommands) {
  SimOptions options;
  options.link.bytes_per_second = 1'000'000;
  Pair pair(options);
  pair.connect();
  (void)pair.client.send(pair.at_client, Lane::bulk, filled(1'000'000));
  (void)pair.client.send(pair.at_client, Lane::commands, bytes_of("quick"));
  pair.run_for(100ms);
  EXPECT_THAT(pair.hub_sink.texts(Lane::commands), ElementsAre("quick"));
  EXPECT_THAT(pair.hub_sink.texts(Lane::bulk), IsEmpty());
  pair.run_for(1s);
  EXPECT_THAT(pair.hub_sink.texts(Lane::bulk), SizeIs(1));
}

TEST(SimNetwork, AStuckReaderFillsTheLaneAndWritableFollows) {
  Pair pair;
  pair.connect();
  pair.hub.set_read_bytes_per_second(0);
  int taken = 0;
  while (pair.client.send(pair.at_client, Lane::commands, filled(64 * 1024)) == SendResult::queued) ++taken;
  // 256 KiB travel to the receiver's window, 1 MiB waits with the sender.
  EXPECT_EQ(taken, 4 + 16);
  EXPECT_EQ(pair.client.queued_bytes(pair.at_client, Lane::commands), 1024U * 1024);
  pair.run_for(60s);
  EXPECT_EQ(pair.client_sink.count(Event::Kind::writable), 0U);
  EXPECT_EQ(pair.hub_sink.count(Event::Kind::message), 0U);

  pair.hub.set_read_bytes_per_second(10'000'000);
  pair.run_for(10s);
  EXPECT_EQ(pair.hub_sink.count(Event::Kind::message), static_cast<std::size_t>(taken));
  EXPECT_EQ(pair.client_sink.count(Event::Kind::writable), 1U);
  EXPECT_EQ(pair.client_sink.first(Event::Kind::writable)->event.lane, Lane::commands);
}

TEST(SimNetwork, PresenceDropsItsOldestWhenTheLinkIsSlow) {
  SimOptions options;
  options.link.bytes_per_second = 10'000;
  options.lane_bounds.presence = 3000;
  Pair pair(options);
  pair.connect();
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(pair.client.send(pair.at_client, Lane::presence, filled(1000, static_cast<std::uint8_t>('0' + i))),
              SendResult::queued);
  }
  pair.run_for(10s);
  std::string order;
  for (const auto& text : pair.hub_sink.texts(Lane::presence)) order += text[0];
  EXPECT_EQ(order, "0789");
  EXPECT_EQ(pair.net.counters().presence_dropped, 6U);
}

TEST(SimNetwork, AMessageAtTheLimitPassesAndOneOverItIsTooLarge) {
  Pair pair;
  pair.connect();
  for (const auto lane : {Lane::control, Lane::commands, Lane::bulk, Lane::presence}) {
    const auto limit = message_bytes_max(lane);
    EXPECT_EQ(pair.client.send(pair.at_client, lane, filled(limit)), SendResult::queued);
    EXPECT_EQ(pair.client.send(pair.at_client, lane, filled(limit + 1)), SendResult::too_large);
  }
  pair.run_for(1s);
  EXPECT_EQ(pair.hub_sink.count(Event::Kind::message), kLaneCount);
}

TEST(SimNetwork, AShortPartitionDelaysReliableMessagesAndLosesPresence) {
  Pair pair;
  pair.connect();
  (void)pair.client.send(pair.at_client, Lane::commands, bytes_of("in the air"));
  pair.net.set_partitioned(pair.client, pair.hub, true);
  (void)pair.client.send(pair.at_client, Lane::commands, bytes_of("behind the wall"));
  (void)pair.client.send(pair.at_client, Lane::presence, bytes_of("gone"));
  pair.run_for(20s);
  EXPECT_EQ(pair.hub_sink.count(Event::Kind::message), 0U);
  pair.net.set_partitioned(pair.client, pair.hub, false);
  (void)pair.client.send(pair.at_client, Lane::commands, bytes_of("after"));
  pair.run_for(60s);
  EXPECT_THAT(pair.hub_sink.texts(Lane::commands), ElementsAre("in the air", "behind the wall", "after"));
  EXPECT_THAT(pair.hub_sink.texts(Lane::presence), IsEmpty());
  EXPECT_EQ(pair.hub_sink.count(Event::Kind::closed), 0U);
}

TEST(SimNetwork, ALongPartitionEndsTheConnectionAtBothEndsByIdleTimeout) {
  Pair pair;
  pair.connect();
  pair.net.set_partitioned(pair.client, pair.hub, true);
  pair.run_for(30s - 1ms);
  EXPECT_EQ(pair.hub_sink.count(Event::Kind::closed), 0U);
  pair.run_for(1ms);
  EXPECT_EQ(pair.closed(pair.hub_sink).reason, CloseReason::idle_timeout);
  EXPECT_EQ(pair.closed(pair.client_sink).reason, CloseReason::idle_timeout);
  EXPECT_EQ(pair.client.send(pair.at_client, Lane::commands, bytes_of("x")), SendResult::closed);
}

TEST(SimNetwork, AnIntactConnectionNeverIdlesOut) {
  Pair pair;
  pair.connect();
  pair.run_for(24h);
  EXPECT_EQ(pair.hub_sink.count(Event::Kind::closed), 0U);
  EXPECT_EQ(pair.client.send(pair.at_client, Lane::commands, bytes_of("x")), SendResult::queued);
}

TEST(SimNetwork, OneBlockedDirectionEndsTheDeafEndFirst) {
  Pair pair;
  pair.connect();
  pair.net.set_direction_blocked(pair.client, pair.hub, true);
  pair.run_for(31s);
  EXPECT_EQ(pair.closed(pair.hub_sink).reason, CloseReason::idle_timeout);
  EXPECT_EQ(pair.client_sink.count(Event::Kind::closed), 0U);
  pair.run_for(30s);
  EXPECT_EQ(pair.closed(pair.client_sink).reason, CloseReason::idle_timeout);
}

TEST(SimNetwork, ACrashSaysNothingUntilTheIdleTimeout) {
  Pair pair;
  pair.connect();
  (void)pair.hub.send(pair.at_hub, Lane::commands, bytes_of("x"));
  pair.client.crash();
  pair.run_for(29s);
  EXPECT_EQ(pair.hub_sink.count(Event::Kind::closed), 0U);
  pair.run_for(1s);
  EXPECT_EQ(pair.closed(pair.hub_sink).reason, CloseReason::idle_timeout);
  EXPECT_EQ(pair.client_sink.count(Event::Kind::closed), 0U) << "the dead hear nothing";
  EXPECT_EQ(pair.client_sink.count(Event::Kind::message), 0U);
}

TEST(SimNetwork, ARestartedEndpointResetsItsFormerPeersAndAcceptsNewOnes) {
  Pair pair;
  pair.connect();
  pair.hub.crash();
  pair.run_for(2s);
  EXPECT_EQ(pair.client_sink.count(Event::Kind::closed), 0U);
  RecordingSink second_life;
  pair.hub.restart(second_life);
  pair.run_for(2s);
  EXPECT_EQ(pair.closed(pair.client_sink).reason, CloseReason::unreachable);
  EXPECT_EQ(pair.net.counters().resets, 1U);
  const auto again = pair.client.connect(pair.hub);
  EXPECT_NE(again, pair.at_client);
  pair.run_for(1s);
  EXPECT_EQ(second_life.count(Event::Kind::connected), 1U);
}

TEST(SimNetwork, ConnectingToACrashedEndpointIsUnreachable) {
  Pair pair;
  pair.hub.crash();
  pair.client.connect(pair.hub);
  pair.run_for(11s);
  EXPECT_EQ(pair.closed(pair.client_sink).reason, CloseReason::unreachable);
  EXPECT_THAT(pair.closed(pair.client_sink).text, HasSubstr("hub"));
  EXPECT_EQ(pair.client_sink.count(Event::Kind::connected), 0U);
}

TEST(SimNetwork, ConnectingWhileTheHubRestartsSucceedsLater) {
  Pair pair;
  pair.hub.crash();
  const auto peer = pair.client.connect(pair.hub);
  EXPECT_EQ(pair.client.send(peer, Lane::commands, bytes_of("early")), SendResult::queued);
  pair.run_for(3s);
  pair.hub.restart(pair.hub_sink);
  pair.run_for(3s);
  EXPECT_THAT(pair.hub_sink.texts(Lane::commands), ElementsAre("early"));
}

TEST(SimNetwork, AResetEndsBothEndsAtOnce) {
  Pair pair;
  pair.connect();
  pair.net.reset_connections(pair.client, pair.hub);
  pair.run_for(0s);
  EXPECT_EQ(pair.closed(pair.hub_sink).reason, CloseReason::unreachable);
  EXPECT_EQ(pair.closed(pair.client_sink).reason, CloseReason::unreachable);
}

TEST(SimNetwork, DetectedCorruptionFailsTheConnectionButOnlyDropsPresence) {
  SimOptions options;
  options.link.corrupt = 1;
  Pair pair(options);
  pair.connect();
  (void)pair.client.send(pair.at_client, Lane::presence, bytes_of("x"));
  pair.run_for(1s);
  EXPECT_EQ(pair.hub_sink.count(Event::Kind::closed), 0U);
  EXPECT_EQ(pair.net.counters().corrupted, 1U);
  (void)pair.client.send(pair.at_client, Lane::commands, bytes_of("x"));
  pair.run_for(1s);
  EXPECT_EQ(pair.hub_sink.count(Event::Kind::message), 0U);
  EXPECT_EQ(pair.closed(pair.hub_sink).reason, CloseReason::protocol_error);
  EXPECT_EQ(pair.closed(pair.client_sink).reason, CloseReason::protocol_error);
  EXPECT_TRUE(pair.closed(pair.client_sink).closed_by_peer);
}

TEST(SimNetwork, DeliveredCorruptionFlipsBitsAndSparesTheSendersBuffer) {
  SimOptions options;
  options.link.corrupt = 1;
  options.corruption = SimOptions::Corruption::delivered;
  Pair pair(options);
  pair.connect();
  const auto message = filled(64);
  (void)pair.client.send(pair.at_client, Lane::commands, message);
  pair.run_for(1s);
  ASSERT_EQ(pair.hub_sink.count(Event::Kind::message), 1U);
  const auto& got = pair.hub_sink.first(Event::Kind::message)->message;
  EXPECT_EQ(got.size(), 64U);
  EXPECT_NE(got, Bytes(64, 'x'));
  EXPECT_THAT(message.view(), ::testing::Each('x'));
}

TEST(SimNetwork, ACleanCloseDeliversWhatWasQueuedAndTellsWhy) {
  SimOptions options;
  options.link.bytes_per_second = 1'000'000;
  Pair pair(options);
  pair.connect();
  (void)pair.hub.send(pair.at_hub, Lane::bulk, filled(200'000));
  pair.hub.close(pair.at_hub, CloseReason::going_away, "The hub restarts.");
  EXPECT_EQ(pair.hub.send(pair.at_hub, Lane::control, bytes_of("late")), SendResult::closed);
  pair.run_for(5s);
  EXPECT_THAT(pair.client_sink.texts(Lane::bulk), SizeIs(1));
  const auto& told = pair.closed(pair.client_sink);
  EXPECT_EQ(told.reason, CloseReason::going_away);
  EXPECT_EQ(told.text, "The hub restarts.");
  EXPECT_TRUE(told.closed_by_peer);
  EXPECT_FALSE(pair.closed(pair.hub_sink).closed_by_peer);
  EXPECT_EQ(pair.hub_sink.count(Event::Kind::closed), 1U);
}

TEST(SimNetwork, AnErrorClosesWithoutFlushing) {
  SimOptions options;
  options.link.bytes_per_second = 1'000'000;
  Pair pair(options);
  pair.connect();
  (void)pair.hub.send(pair.at_hub, Lane::bulk, filled(200'000));
  pair.hub.close(pair.at_hub, CloseReason::protocol_error, "That is no message.");
  pair.run_for(5s);
  EXPECT_THAT(pair.client_sink.texts(Lane::bulk), IsEmpty());
  EXPECT_EQ(pair.closed(pair.client_sink).reason, CloseReason::protocol_error);
}

TEST(SimNetwork, TheConnectionLimitRefusesWithASentence) {
  SimOptions options;
  options.connections_per_endpoint_max = 1;
  Pair pair(options);
  pair.connect();
  RecordingSink other_sink;
  auto& other = pair.net.add_endpoint(other_sink, "other");
  other.connect(pair.hub);
  pair.run_for(1s);
  EXPECT_EQ(pair.closed(other_sink).reason, CloseReason::resource_limit);
  EXPECT_FALSE(pair.closed(other_sink).text.empty());
  EXPECT_EQ(pair.hub_sink.count(Event::Kind::connected), 1U);
}

TEST(SimNetwork, HandlersMaySendCloseConnectAndCrash) {
  Pair pair;
  pair.hub_sink.on_each = [&](const Event& event) {
    if (event.kind != Event::Kind::message) return;
    (void)pair.hub.send(event.peer, Lane::commands, bytes_of("echo"));
    pair.hub.close(event.peer, CloseReason::none, "done");
    pair.client.crash();
    pair.hub.connect(pair.client);
  };
  pair.connect();
  (void)pair.client.send(pair.at_client, Lane::commands, bytes_of("go"));
  pair.run_for(60s);
  EXPECT_EQ(pair.client_sink.count(Event::Kind::closed), 0U);
  EXPECT_EQ(pair.hub_sink.count(Event::Kind::closed), 2U);
  EXPECT_FALSE(pair.net.next_event_time().has_value()) << "a network where nobody is connected comes to rest";
}

}  // namespace
}  // namespace theta::transport

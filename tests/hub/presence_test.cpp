#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "hub/hub_world.h"

namespace theta::hub::testing {
namespace {

struct ThreePeople {
  explicit ThreePeople(const HubConfig& config = {})
      : world(config),
        admin(world.add_member(1)),
        room(world.open_room(admin)),
        second(world.add_editor(2, room, admin)),
        third(world.add_editor(3, room, admin)) {
    world.settle();
  }
  HubWorld world;
  ScriptedPeer& admin;
  RoomId room;
  ScriptedPeer& second;
  ScriptedPeer& third;
};

TEST(HubPresence, ReachesTheOthersAndNotItsSender) {
  ThreePeople people;
  people.second.send_presence(1);
  ASSERT_TRUE(people.world.run_until([&] { return !people.admin.presence.empty() && !people.third.presence.empty(); }));
  people.world.settle();
  EXPECT_TRUE(people.second.presence.empty());
  EXPECT_EQ(people.admin.presence.front().session, people.second.last<fb::AttachedT>()->session);
  EXPECT_EQ(people.admin.presence.front().counter, 1U);
}

TEST(HubPresence, TheLatestOfAFlushWins) {
  HubConfig config;
  config.presence_flush = std::chrono::milliseconds(500);
  ThreePeople people(config);
  for (std::uint32_t counter = 1; counter <= 9; ++counter) {
    people.second.send_presence(counter);
    people.world.run_for(std::chrono::milliseconds(10));
  }
  people.world.settle();
  ASSERT_FALSE(people.admin.presence.empty());
  EXPECT_LE(people.admin.presence.size(), 2U);
  EXPECT_EQ(people.admin.presence.back().counter, 9U);
}

TEST(HubPresence, AnOlderCounterIsPassedOver) {
  ThreePeople people;
  people.second.send_presence(5);
  people.world.settle();
  people.second.send_presence(4);
  people.world.settle();
  ASSERT_EQ(people.admin.presence.size(), 1U);
  EXPECT_EQ(people.admin.presence.front().counter, 5U);
}

TEST(HubPresence, OverTheRateIsDroppedAndCounted) {
  HubConfig config;
  config.log.presence = {10, 10};
  ThreePeople people(config);
  for (std::uint32_t counter = 1; counter <= 30; ++counter) people.second.send_presence(counter);
  people.world.settle();
  EXPECT_EQ(people.world.metric("presence_rate_drops"), 20);
  EXPECT_FALSE(people.second.closed);
}

TEST(HubPresence, MalformedOrTooLargeIsDroppedAndCounted) {
  ThreePeople people;
  people.second.send(transport::Lane::presence, SharedBytes(Bytes{9, 9, 9}));
  people.second.send(transport::Lane::presence, SharedBytes(Bytes(limits::kPresenceBytesMax, 0)));
  people.world.settle();
  EXPECT_EQ(people.world.metric("presence_malformed_drops"), 1);
  EXPECT_EQ(people.world.metric("presence_size_drops"), 1);
  EXPECT_FALSE(people.second.closed);
  EXPECT_TRUE(people.admin.presence.empty());
}

TEST(HubPresence, InNoRoomIsDroppedAndCounted) {
  HubWorld world;
  auto& peer = world.add_member(1);
  peer.send_presence(1);
  world.settle();
  EXPECT_EQ(world.metric("presence_misplaced_drops"), 1);
  EXPECT_FALSE(peer.closed);
}

TEST(HubPresence, ManySessionsShareDatagramsAndTakeTurns) {
  HubConfig config;
  config.presence_datagrams_per_flush = 2;
  HubWorld world(config);
  auto& admin = world.add_member(1);
  const auto room = world.open_room(admin);
  std::vector<ScriptedPeer*> peers;
  for (std::uint8_t seed = 2; seed < 22; ++seed) peers.push_back(&world.add_editor(seed, room, admin));
  world.settle();
  for (auto* peer : peers) peer->send_presence(1, 200);
  world.settle();
  std::set<std::uint32_t> seen;
  for (const auto& update : admin.presence) seen.insert(update.session);
  EXPECT_EQ(seen.size(), peers.size()) << "everybody's turn comes";
  EXPECT_LT(admin.presence_datagrams, peers.size()) << "several travel together";
}

/// 20 peers who send presence of a quarter of a datagram five times a second, and an admin who watches.
struct Crowd {
  explicit Crowd(const HubConfig& config) : world(config), admin(world.add_member(1)), room(world.open_room(admin)) {
    for (std::uint8_t seed = 2; seed < 22; ++seed) peers.push_back(&world.add_editor(seed, room, admin));
    world.settle();
  }
  /// For ten seconds.
  void send() {
    for (std::uint32_t counter = 1; counter <= 50; ++counter) {
      for (auto* peer : peers) peer->send_presence(counter, 200);
      world.run_for(std::chrono::milliseconds(200));
    }
  }
  HubWorld world;
  ScriptedPeer& admin;
  RoomId room;
  std::vector<ScriptedPeer*> peers;
};

TEST(HubPresence, ARoomSendsEachReceiverItsShareAndEverybodyTakesTurns) {
  HubConfig config;
  config.presence_to_receiver = {5, 10};
  Crowd crowd(config);
  crowd.send();
  EXPECT_LE(crowd.admin.presence_datagrams, 5U + 11 * 10U);
  EXPECT_GT(crowd.admin.presence_datagrams, 80U) << "the share is used";
  EXPECT_GT(crowd.world.metric("presence_waits"), 0);
  std::map<std::uint32_t, std::size_t> seen;
  for (const auto& update : crowd.admin.presence) ++seen[update.session];
  ASSERT_EQ(seen.size(), crowd.peers.size());
  for (const auto& [session, count] : seen) EXPECT_GT(count, 8U) << "session " << session;
  crowd.world.settle();
  const auto newest = std::find_if(crowd.admin.presence.rbegin(), crowd.admin.presence.rend(), [&](const auto& update) {
    return update.session == crowd.admin.presence.front().session;
  });
  EXPECT_EQ(newest->counter, 50U) << "what waited went as it was at the end";
}

TEST(HubPresence, ARoomSendsAllReceiversItsShare) {
  HubConfig config;
  config.presence_to_room = {100, 200};
  Crowd crowd(config);
  const auto before = crowd.world.metric("presence_datagrams");
  crowd.send();
  EXPECT_LE(crowd.world.metric("presence_datagrams") - before, 100 + 11 * 200);
  EXPECT_GT(crowd.world.metric("presence_datagrams") - before, 1600);
  EXPECT_GT(crowd.world.metric("presence_waits"), 0);
}

TEST(HubPresence, WhoeverLeftIsNotSentAnyMore) {
  HubConfig config;
  config.presence_flush = std::chrono::seconds(5);
  ThreePeople people(config);
  people.second.send_presence(1);
  people.world.run_for(std::chrono::milliseconds(200));
  people.second.detach();
  people.second.send_presence(2);
  people.world.run_for(std::chrono::seconds(10));
  EXPECT_TRUE(people.admin.presence.empty()) << "what a flush had not taken yet left with its sender";
  people.third.send_presence(7);
  ASSERT_TRUE(people.world.run_until([&] { return !people.admin.presence.empty(); }));
  EXPECT_EQ(people.admin.presence.front().counter, 7U);
}

}  // namespace
}  // namespace theta::hub::testing

// What a session does when a snapshot skips records in which its own packets may stand. Several packets are taken by
// the hub while the answers get lost; the peer comes back to a snapshot of a moment between them. Whatever is cut then
// and whenever, each command must be in the log exactly once, and must be settled once.

#include <gtest/gtest.h>

#include "peers.h"
#include "theta/client/session.h"

namespace theta::client {
namespace {

using testing::author_key;
using testing::create_one;
using testing::TestPeer;
using testing::World;
using How = CommandSettled::How;

/// Five packets of one command each are in the log, none was answered, and the hub's snapshot is of the moment after
/// the third.
class HistorySearch : public ::testing::Test {
 protected:
  void SetUp() override {
    cube = create_one(*admin, "cube");
    ASSERT_TRUE(world.run_until([&] { return admin->is_idle(); }));
    world.hub.relays = false;
    for (int i = 0; i < 5; ++i) {
      const auto before = world.hub.log().size();
      ASSERT_TRUE(admin->submit(commands::translate({&cube, 1}, {1, 0, 0})));
      ASSERT_TRUE(world.run_until([&] { return world.hub.log().size() == before + 1; }));
      if (i == 2) world.hub.take_snapshot();
    }
    ASSERT_EQ(admin->statistics().packets_in_flight, 5U);
    world.hub.resume_records_max = 0;
    world.hub.relays = true;
    world.hub.submitted.clear();
  }

  void lose_connection() { world.network.reset_connections(admin.endpoint(), *world.hub_endpoint); }
  void restart() {
    const auto options = world.admin_options();
    admin.crash();
    admin.start(options, author_key(1));
    ASSERT_TRUE(admin.restored) << admin.restored.error().message;
  }
  void expect_each_once() {
    ASSERT_TRUE(world.run_until([&] { return admin->caught_up() && admin->is_idle(); }));
    EXPECT_TRUE(world.hub.submitted.empty()) << "nothing was missing in the log";
    EXPECT_EQ(world.hub.replica().scene().transform(cube)->position.x, 5);
    EXPECT_TRUE(world.all_equal());
  }

  World world;
  TestPeer& admin = world.add_admin();
  ObjectId cube;
};

TEST_F(HistorySearch, PacketsOnBothSidesOfTheSnapshotsEdgeAreFoundWithoutAsking) {
  lose_connection();
  expect_each_once();
  EXPECT_EQ(admin.settled(How::acknowledged), 6U);
  EXPECT_EQ(world.hub.history_queries, 0U) << "a packet in the log proves those before it";
}

TEST_F(HistorySearch, ADeathBetweenTheSnapshotAndTheRecordsBehindItSendsNothingTwice) {
  // The records behind the snapshot come one at a time, so that the process can die in between.
  world.hub.relays = false;
  lose_connection();
  const auto after_snapshot = world.hub.log().size() - 2;
  ASSERT_TRUE(world.run_until([&] { return admin->confirmed_head().value() == after_snapshot; }));
  restart();
  world.hub.resume_records_max = 100;
  world.hub.relays = true;
  expect_each_once();
}

class ChainMovedInHistory : public HistorySearch {
 protected:
  void SetUp() override {
    HistorySearch::SetUp();
    // Another device took over, after the snapshot.
    world.hub.sequence(testing::packet_from_elsewhere(world, commands::rename(cube, "from elsewhere"), 1));
    world.hub.take_snapshot();
    world.hub.sequence(testing::packet_from_elsewhere(world, commands::rename(cube, "again"), 1));
  }
};

TEST_F(ChainMovedInHistory, TheHistoryTellsWhichPacketsAreInTheLog) {
  lose_connection();
  expect_each_once();
  EXPECT_EQ(admin.settled(How::acknowledged), 6U);
  EXPECT_GE(world.hub.history_queries, 1U);
}

TEST_F(ChainMovedInHistory, ALostConnectionDuringTheSearchSendsNothingTwice) {
  world.hub.ignores_history = true;
  lose_connection();
  ASSERT_TRUE(world.run_until([&] { return world.hub.history_queries == 1; }));
  // Nothing is skipped when the peer comes back this time; the question stands.
  world.hub.ignores_history = false;
  lose_connection();
  expect_each_once();
  EXPECT_EQ(admin.settled(How::acknowledged), 6U);
}

TEST_F(ChainMovedInHistory, ADeathDuringTheSearchSendsNothingTwice) {
  world.hub.ignores_history = true;
  lose_connection();
  ASSERT_TRUE(world.run_until([&] { return world.hub.history_queries == 1; }));
  restart();
  world.hub.ignores_history = false;
  expect_each_once();
  EXPECT_EQ(admin.settled(How::acknowledged), 5U);
}

TEST_F(ChainMovedInHistory, AnAnswerThatLeavesARecordOutIsNotBelieved) {
  world.hub.withheld = Seq{world.hub.log().size() - 2};
  lose_connection();
  static_cast<void>(world.run_until([&] { return world.hub.history_queries >= 2; }));
  EXPECT_TRUE(world.hub.submitted.empty()) << "what the hub hides would be signed a second time";
  EXPECT_FALSE(admin->is_idle());
}

TEST_F(ChainMovedInHistory, AHubThatCannotTellIsAskedAgain) {
  for (const auto code : {wire::fb::RefusalCode::internal, wire::fb::RefusalCode::rate_limited}) {
    SCOPED_TRACE(wire::fb::EnumNameRefusalCode(code));
    world.hub.history_refusal = code;
    const auto before = world.hub.history_queries;
    lose_connection();
    ASSERT_TRUE(world.run_until([&] { return world.hub.history_queries >= before + 2; }));
    EXPECT_FALSE(admin->is_idle());
  }
  world.hub.history_refusal.reset();
  expect_each_once();
  EXPECT_EQ(admin.settled(How::acknowledged), 6U);
}

}  // namespace
}  // namespace theta::client

#include "theta/models/room_import.h"

#include <gmock/gmock.h>

#include "client/peers.h"
#include "theta/crypto/hash.h"
#include "theta/models/room_export.h"

namespace theta::models {
namespace {

using client::testing::TestPeer;
using client::testing::World;
using ::testing::HasSubstr;
using Phase = RoomImport::Phase;

/// A chain of nodes, each below the one before.
interchange::ImportedScene nodes(std::size_t count, std::size_t name_bytes = 0) {
  interchange::ImportedScene scene;
  for (std::size_t at = 0; at < count; ++at) {
    interchange::SceneNode node;
    node.name = "node " + std::to_string(at) + std::string(name_bytes, 'x');
    node.parent = at % 100 == 0 ? -1 : static_cast<int>(at) - 1;
    scene.nodes.push_back(node);
  }
  return scene;
}

class Importing : public ::testing::Test {
 protected:
  /// Drives the import to its end, as a program would.
  void finish(RoomImport& import) {
    std::size_t seen = admin.events.size();
    const bool over = world.run_until([&] {
      for (; seen < admin.events.size(); ++seen) import.on_event(admin.events[seen]);
      while (import.has_work()) import.advance();
      if (import.trouble()) import.advance();
      return import.is_over();
    });
    EXPECT_TRUE(over);
  }

  World world;
  TestPeer& admin = world.add_admin();
};

TEST_F(Importing, EntitiesComeInBelowOneThatHoldsThem) {
  RoomImportOptions options;
  options.name = "model";
  options.transform.position.y = 2;
  RoomImport import(*admin, nodes(3), options);
  finish(import);
  ASSERT_EQ(import.phase(), Phase::done);
  const auto& scene = admin->scene();
  EXPECT_EQ(scene.children(kNoObject), std::vector{import.top()});
  EXPECT_EQ(*scene.name(import.top()), "model");
  EXPECT_EQ(scene.transform(import.top())->position.y, 2);
  EXPECT_EQ(scene.subtree(import.top(), 10).size(), 4U);
  EXPECT_EQ(*scene.name(scene.children(import.top()).front()), "node 0");
}

TEST_F(Importing, ManyEntitiesTakeFewPacketsAndKeepTheirOrder) {
  RoomImport import(*admin, nodes(1000, 100), {});
  finish(import);
  ASSERT_EQ(import.phase(), Phase::done);
  EXPECT_EQ(admin->scene().entity_count(), 1001U);
  EXPECT_LE(world.hub.log().size(), 9U) << "48 KiB and more a packet";
  EXPECT_TRUE(world.all_equal());
}

TEST_F(Importing, WhatIsRefusedHalfWayIsTakenBack) {
  std::size_t packets = 0;
  world.hub.refuse = [&](Nonce nonce) -> std::optional<wire::Refusal> {
    if (++packets != 2) return std::nullopt;
    return wire::Refusal{nonce, wire::fb::RefusalCode::quota, 0, nonce, "the room is full"};
  };
  RoomImport import(*admin, nodes(1000, 100), {});
  finish(import);
  EXPECT_EQ(import.phase(), Phase::failed);
  EXPECT_THAT(import.trouble()->text, HasSubstr("the room is full"));
  EXPECT_THAT(import.trouble()->text, HasSubstr("taken back"));
  EXPECT_EQ(admin->scene().entity_count(), 0U);
  EXPECT_TRUE(world.all_equal());
}

TEST_F(Importing, WhatIsCancelledLeavesNothing) {
  RoomImport import(*admin, nodes(1000, 100), {});
  import.advance();
  import.advance();
  EXPECT_GT(admin->scene().entity_count(), 0U);
  import.cancel();
  finish(import);
  EXPECT_EQ(import.phase(), Phase::failed);
  EXPECT_THAT(import.trouble()->text, HasSubstr("cancelled"));
  EXPECT_EQ(admin->scene().entity_count(), 0U);
}

/// Without the hub, to its end.
void end_offline(RoomImport& import) {
  for (int step = 0; step < 100 && !import.is_over(); ++step) import.advance();
  EXPECT_EQ(import.phase(), Phase::failed);
}

TEST_F(Importing, WhatIsCancelledOfflineIsGoneAtOnceAndAfterARestart) {
  admin->go_offline();
  RoomImport import(*admin, nodes(1000, 100), {.may_end_offline = true});
  import.advance();
  import.advance();
  import.advance();
  EXPECT_GT(import.commands().size(), 1U);
  import.cancel();
  end_offline(import);
  EXPECT_FALSE(import.has_work());
  EXPECT_EQ(admin->scene().entity_count(), 0U);
  world.turn();
  admin.crash();
  admin.start(world.admin_options(), client::testing::author_key(1));
  EXPECT_EQ(admin->scene().entity_count(), 0U);
  ASSERT_TRUE(world.run_until([&] { return admin->caught_up() && admin->is_idle(); }));
  EXPECT_EQ(world.hub.replica().scene().entity_count(), 0U);
  EXPECT_TRUE(world.all_equal());
}

TEST_F(Importing, WhatWasInBeforeTheHubWasLostIsTakenBackOfflineToo) {
  RoomImport import(*admin, nodes(1000, 100), {.may_end_offline = true});
  import.advance();
  import.advance();
  ASSERT_TRUE(world.run_until([&] { return admin->is_idle(); }));
  for (const auto& event : admin.events) import.on_event(event);
  admin->go_offline();
  import.advance();
  import.cancel();
  end_offline(import);
  EXPECT_EQ(admin->scene().entity_count(), 0U);
  EXPECT_FALSE(import.trouble()->stands);
  admin->go_online();
  ASSERT_TRUE(world.run_until([&] { return admin->caught_up() && admin->is_idle(); }));
  EXPECT_EQ(world.hub.replica().scene().entity_count(), 0U);
}

TEST_F(Importing, TakingBackWaitsForAnAnswerThatNobodyHasPolled) {
  RoomImport import(*admin, nodes(1000, 100), {});
  import.advance();
  import.advance();
  ASSERT_TRUE(world.run_until([&] { return admin->is_idle(); }));
  import.cancel();
  import.advance();
  EXPECT_EQ(import.phase(), Phase::taking_back);
  EXPECT_FALSE(import.has_work());
  for (const auto& event : admin.events) import.on_event(event);
  finish(import);
  EXPECT_EQ(import.phase(), Phase::failed);
  EXPECT_EQ(world.hub.replica().scene().entity_count(), 0U);
}

TEST_F(Importing, WhatThePersonMadeMeanwhileStopsNothingAndIsNotTakenBack) {
  RoomImport import(*admin, nodes(1000, 100), {});
  import.advance();
  import.advance();
  client::testing::create_one(*admin, "mine");
  import.advance();
  EXPECT_FALSE(import.trouble()) << import.trouble()->text;
  import.cancel();
  finish(import);
  EXPECT_EQ(import.phase(), Phase::failed);
  ASSERT_TRUE(world.run_until([&] { return admin->is_idle(); }));
  EXPECT_EQ(world.hub.replica().scene().entity_count(), 1U);
}

TEST_F(Importing, WhatSomebodyHasChangedStandsAndThatIsSaid) {
  auto& bob = world.add_member(admin, "Bob", 2);
  RoomImport import(*admin, nodes(1000, 100), {});
  import.advance();
  import.advance();
  ASSERT_TRUE(world.run_until([&] { return admin->is_idle() && bob->scene().contains(import.top()); }));
  ASSERT_TRUE(bob->submit(client::commands::rename(bob->scene().children(import.top()).front(), "Bob's")));
  ASSERT_TRUE(world.run_until([&] { return bob->is_idle() && admin->confirmed_head() == bob->confirmed_head(); }));
  import.cancel();
  for (const auto& event : admin.events) import.on_event(event);
  finish(import);
  EXPECT_EQ(import.phase(), Phase::failed);
  EXPECT_TRUE(import.trouble()->stands);
  EXPECT_THAT(import.trouble()->text,
              HasSubstr("stands, since it could not be taken back (undo was rejected: Bob has changed it"));
  EXPECT_TRUE(world.hub.replica().scene().contains(import.top()));
}

interchange::ImportedScene one_with_a_mesh() {
  auto scene = nodes(1);
  Bytes bytes(100'000, 3);
  const auto asset = AssetId::from(crypto::hash256(bytes).view());
  scene.assets.push_back({asset, SharedBytes(std::move(bytes))});
  scene.nodes[0].mesh = asset;
  return scene;
}

TEST_F(Importing, WithoutAHubItEndsWhenAllIsQueuedIfItMay) {
  admin->go_offline();
  RoomImport import(*admin, one_with_a_mesh(), {.may_end_offline = true});
  while (!import.is_over()) import.advance();
  EXPECT_EQ(import.phase(), Phase::done);
  EXPECT_EQ(admin->scene().entity_count(), 2U);
  admin->go_online();
  ASSERT_TRUE(world.run_until([&] { return admin->caught_up() && admin->is_idle(); }));
  EXPECT_EQ(admin.all<client::AssetStored>().size(), 1U);
  EXPECT_EQ(world.hub.replica().scene().entity_count(), 2U);
}

TEST_F(Importing, WithoutAHubItWaitsIfItMustNotEnd) {
  admin->go_offline();
  RoomImport import(*admin, one_with_a_mesh(), {});
  while (import.has_work()) import.advance();
  EXPECT_EQ(import.phase(), Phase::uploading);
  admin->go_online();
  finish(import);
  EXPECT_EQ(import.phase(), Phase::done);
}

TEST_F(Importing, WithoutARoleNothingIsTried) {
  auto& viewer = world.add_member(admin, "Vera", 2, wire::fb::Role::viewer);
  RoomImport import(*viewer, nodes(2), {});
  while (!import.is_over()) import.advance();
  EXPECT_EQ(import.phase(), Phase::failed);
  EXPECT_EQ(std::get<client::ClientError>(import.trouble()->cause), client::ClientError::not_permitted);
}

TEST_F(Importing, AnExportOfSomeEntitiesHoldsThemAndAllBelowOnce) {
  RoomImport import(*admin, nodes(3), {});
  finish(import);
  const auto& scene = admin->scene();
  const auto below = scene.children(import.top()).front();
  const std::vector<ObjectId> chosen = {below, import.top()};
  RoomExport whole(*admin, chosen);
  EXPECT_EQ(whole.node_count(), 4U);
  RoomExport part(*admin, std::vector{below});
  EXPECT_EQ(part.node_count(), 3U);
  EXPECT_EQ(RoomExport(*admin, {}).node_count(), 4U);
  ASSERT_TRUE(part.is_ready());
  EXPECT_TRUE(part.encode().has_value());
}

}  // namespace
}  // namespace theta::models

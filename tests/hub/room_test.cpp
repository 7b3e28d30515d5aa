#include <gtest/gtest.h>

#include "hub/hub_world.h"

namespace theta::hub::testing {
namespace {

using log::RefusalCode;

TEST(HubRoom, OpeningWithTheAdminTokenMakesTheOpenerAdmin) {
  HubWorld world;
  auto& admin = world.add_member(1);
  const auto room = world.open_room(admin, "atelier");
  const auto* attached = admin.last<fb::AttachedT>();
  ASSERT_NE(attached, nullptr);
  EXPECT_EQ(wire::from_fb<RoomId>(*attached->room), room);
  EXPECT_EQ(attached->role, fb::Role::admin);
  EXPECT_EQ(attached->slot, 0);
  EXPECT_EQ(attached->nonce, 1U);
  EXPECT_EQ(admin.replica.room_name(), "atelier");
}

TEST(HubRoom, OpeningWithAnotherTokenIsForbidden) {
  HubWorld world;
  auto& admin = world.add_member(1);
  fb::OpenRoomRequestT request;
  request.admin_token = Bytes(32, 8);
  request.packet = Bytes(10, 0);
  admin.send_control(message_of(std::move(request)));
  ASSERT_TRUE(world.run_until([&] { return admin.is_refused(RefusalCode::forbidden); }));
  EXPECT_EQ(world.metric("admin_token_rejections"), 1);
}

TEST(HubRoom, AttachingToAnUnknownRoomIsRefused) {
  HubWorld world;
  auto& peer = world.add_member(1);
  RoomId room;
  room.bytes.fill(3);
  peer.attach(room);
  ASSERT_TRUE(world.run_until([&] { return peer.is_refused(RefusalCode::no_such_room); }));
  EXPECT_EQ(world.hub->loaded_room_count(), 0U);
}

TEST(HubRoom, AnEditReachesItsAuthorAndTheOthers) {
  HubWorld world;
  auto& admin = world.add_member(1);
  const auto room = world.open_room(admin);
  auto& editor = world.add_editor(2, room, admin);
  editor.submit(payload_of(create_entities(AuthorSlot{1}, 1)));
  ASSERT_TRUE(world.run_until([&] { return admin.head().value() == 3 && editor.head().value() == 3; }));
  EXPECT_EQ(admin.replica.state_hash(), editor.replica.state_hash());
  EXPECT_EQ(admin.replica.scene().entity_count(), 1U);
  EXPECT_EQ(world.metric("total_appended"), 3);
  EXPECT_TRUE(editor.refusals.empty());
}

TEST(HubRoom, NothingIsRelayedBeforeItIsOnDisk) {
  HubWorld world;
  auto& admin = world.add_member(1);
  world.open_room(admin);
  world.is_store_held = true;
  admin.submit(payload_of(create_entities(AuthorSlot{0}, 1)));
  world.run_for(std::chrono::seconds(1));
  EXPECT_EQ(admin.head().value(), 1U);
  world.is_store_held = false;
  EXPECT_TRUE(world.run_until([&] { return admin.head().value() == 2; }));
}

TEST(HubRoom, AStrangerWithoutInviteIsNotLetIn) {
  HubWorld world;
  auto& admin = world.add_member(1);
  const auto room = world.open_room(admin);
  auto& stranger = world.add_member(2);
  stranger.attach(room);
  ASSERT_TRUE(world.run_until([&] { return stranger.is_refused(RefusalCode::not_member); }));
}

}  // namespace
}  // namespace theta::hub::testing

// Method: changes of roles wait for a disk that is slow, while others send what is wrong only because of them. Then the
// disk takes those changes, or it fails, or the hub is killed. Whatever was refused for good must rest on records that
// are on disk.

#include <gtest/gtest.h>

#include "hub/hub_world.h"
#include "theta/hub/limits.h"

namespace theta::hub::testing {
namespace {

using log::RefusalCode;

HubConfig generous() {
  HubConfig config;
  config.log.commands = {1'000'000, 1'000'000};
  return config;
}

/// A room with its admin and one editor (slot 1).
struct Governed {
  Governed() : admin(world.add_member(1)), room(world.open_room(admin)), editor(world.add_editor(2, room, admin)) {
    EXPECT_TRUE(world.run_until([&] { return admin.head().value() == 2; }));
  }
  Bytes edit(std::uint64_t counter) { return payload_of(create_entities(AuthorSlot{1}, counter)); }
  /// The hub sequences it, and the disk does not answer.
  void sequence(ScriptedPeer& author, Bytes payload) {
    world.is_store_held = true;
    author.submit(std::move(payload));
    world.run_for(std::chrono::milliseconds(200));
  }
  Bytes demotion() {
    fb::GrantRoleT grant;
    grant.author = boxed(editor.author);
    grant.role = log::Role::viewer;
    return payload_of(std::move(grant));
  }
  Bytes revocation() {
    fb::RevokeRoleT revoke;
    revoke.author = boxed(editor.author);
    return payload_of(std::move(revoke));
  }
  void attach_as_stranger(ScriptedPeer& stranger) {
    ScriptedPeer::AttachOptions options;
    options.join = log::encode_packet(stranger.make_join(room, ticket));
    stranger.attach(room, std::move(options));
    world.run_for(std::chrono::milliseconds(200));
  }
  void sequence_revoked_invite() {
    fb::RevokeInviteT revoke;
    revoke.invite = boxed(ticket.invite.key);
    sequence(admin, payload_of(std::move(revoke)));
  }
  void fill_disk() {
    world.disk.set_fault_hook([](store::DiskOperation operation, const std::string&) {
      const bool is_change = operation == store::DiskOperation::write || operation == store::DiskOperation::resize;
      return is_change ? store::DiskFault::no_space : store::DiskFault::none;
    });
  }
  bool is_writable_again() {
    world.disk.set_fault_hook({});
    return world.run_until([&] { return editor.has_notice(fb::NoticeKind::room_writable); }, std::chrono::minutes(2));
  }

  HubWorld world{generous()};
  ScriptedPeer& admin;
  RoomId room;
  ScriptedPeer& editor;
  log::RoomLink::Ticket ticket = world.make_ticket(room, admin);
};

TEST(HubRefusal, WaitsForTheRecordsThatItRestsOn) {
  Governed governed;
  governed.sequence(governed.admin, governed.demotion());
  governed.editor.submit(governed.edit(1));
  governed.editor.submit(governed.edit(2));
  governed.world.settle();
  EXPECT_TRUE(governed.editor.refusals.empty()) << "that the role was changed is not on disk";

  governed.world.is_store_held = false;
  ASSERT_TRUE(governed.world.run_until([&] { return governed.editor.refusals.size() == 2; }));
  EXPECT_EQ(governed.editor.refusals[0].code, RefusalCode::role_too_low);
  EXPECT_EQ(governed.editor.refusals[1].code, RefusalCode::gap) << "in the order of the packets";
}

TEST(HubRefusal, IsPutOffWhenTheDiskLosesWhatItRestsOn) {
  Governed governed;
  governed.sequence(governed.admin, governed.demotion());
  const auto packet = governed.editor.submit(governed.edit(1));
  governed.world.settle();
  governed.fill_disk();
  governed.world.is_store_held = false;
  ASSERT_TRUE(governed.world.run_until([&] { return !governed.editor.refusals.empty(); }));
  EXPECT_EQ(governed.editor.refusals[0].code, RefusalCode::room_read_only);
  EXPECT_EQ(governed.editor.refusals[0].nonce, packet.header.nonce);
  EXPECT_GT(governed.editor.refusals[0].retry_after_ms, 0U);

  ASSERT_TRUE(governed.is_writable_again());
  governed.editor.submit_packet(packet);
  ASSERT_TRUE(governed.world.run_until([&] { return governed.editor.head().value() == 3; }));
  EXPECT_EQ(governed.editor.replica.scene().entity_count(), 1U) << "an editor all the while";
  EXPECT_EQ(governed.editor.refusals.size(), 1U);
}

TEST(HubRefusal, OfAnUploadWaitsForTheRoleThatItRestsOn) {
  Governed governed;
  governed.sequence(governed.admin, governed.demotion());
  fb::AssetPutT put;
  put.asset = boxed(governed.room);
  put.total_bytes = 4;
  put.bytes = {1, 2, 3, 4};
  governed.editor.send(transport::Lane::bulk, message_of(put));
  ASSERT_TRUE(governed.world.run_until([&] { return governed.editor.is_refused(RefusalCode::hub_busy); }));

  governed.world.is_store_held = false;
  governed.world.settle();
  governed.editor.send(transport::Lane::bulk, message_of(put));
  EXPECT_TRUE(governed.world.run_until([&] { return governed.editor.is_refused(RefusalCode::role_too_low); }));
}

TEST(HubRefusal, OfAJoinWaitsForTheRevocationThatItRestsOn) {
  Governed governed;
  auto& stranger = governed.world.add_member(3);
  governed.sequence_revoked_invite();
  governed.attach_as_stranger(stranger);
  EXPECT_EQ(stranger.count<fb::RequestRefusedT>(), 0U);

  governed.world.is_store_held = false;
  ASSERT_TRUE(governed.world.run_until([&] { return stranger.count<fb::RequestRefusedT>() == 1; }));
  EXPECT_TRUE(stranger.is_refused(RefusalCode::invite_revoked));
}

TEST(HubRefusal, AStrangerComesInWhenTheDiskLosesTheRevocation) {
  Governed governed;
  auto& stranger = governed.world.add_member(3);
  governed.sequence_revoked_invite();
  governed.attach_as_stranger(stranger);
  governed.fill_disk();
  governed.world.is_store_held = false;
  ASSERT_TRUE(governed.world.run_until([&] { return stranger.count<fb::RequestRefusedT>() == 1; }));
  EXPECT_TRUE(stranger.is_refused(RefusalCode::room_read_only)) << "asks again, rather than giving up";

  ASSERT_TRUE(governed.is_writable_again());
  governed.attach_as_stranger(stranger);
  EXPECT_TRUE(governed.world.run_until([&] { return stranger.last<fb::AttachedT>() != nullptr; }));
}

TEST(HubRefusal, AStrangerComesInWhenTheHubIsKilledBeforeTheRevocationIsOnDisk) {
  Governed governed;
  auto& stranger = governed.world.add_member(3);
  governed.sequence_revoked_invite();
  governed.attach_as_stranger(stranger);
  governed.world.restart_hub();
  governed.world.is_store_held = false;
  ASSERT_TRUE(governed.world.run_until([&] { return stranger.closed.has_value(); }, std::chrono::minutes(2)));
  EXPECT_EQ(stranger.count<fb::RequestRefusedT>(), 0U);
  stranger.messages.clear();
  stranger.connect();
  ASSERT_TRUE(governed.world.run_until([&] { return stranger.last<fb::HubHelloT>() != nullptr; }));
  stranger.log_in();
  governed.attach_as_stranger(stranger);
  EXPECT_TRUE(governed.world.run_until([&] { return stranger.last<fb::AttachedT>() != nullptr; }));
}

TEST(HubRefusal, ARevokedMemberIsPutOutWhenTheDiskLosesALaterChange) {
  Governed governed;
  auto& viewer = governed.world.add_editor(3, governed.room, governed.admin, log::Role::viewer);
  ASSERT_TRUE(governed.world.run_until([&] { return governed.admin.head().value() == 3; }));
  governed.sequence(governed.admin, governed.revocation());
  // The disk has the revocation, and the hub hears of it only when it has sequenced another change of members.
  std::vector<store::Completion> completions;
  governed.world.engine->poll(completions);
  fb::GrantRoleT grant;
  grant.author = boxed(viewer.author);
  grant.role = log::Role::editor;
  governed.sequence(governed.admin, payload_of(std::move(grant)));
  governed.world.hub->on_completions(completions, governed.world.now());
  governed.fill_disk();
  governed.world.is_store_held = false;
  EXPECT_TRUE(governed.world.run_until([&] { return governed.editor.is_refused(RefusalCode::forbidden); }));
}

TEST(HubRefusal, WhatWaitsForTheDiskKeepsToItsBound) {
  Governed governed;
  governed.sequence(governed.admin, governed.demotion());
  const auto kept = [&] { return governed.world.hub->usage().rooms.at(0).refusals_kept_max; };
  for (std::uint64_t count = 1; count <= limits::kRefusalsKeptMax; ++count)
    governed.editor.submit(governed.edit(count));
  governed.world.settle();
  EXPECT_EQ(kept(), limits::kRefusalsKeptMax);
  EXPECT_FALSE(governed.editor.closed);
  governed.editor.submit(governed.edit(1));
  ASSERT_TRUE(governed.world.run_until([&] { return governed.editor.closed.has_value(); }, std::chrono::minutes(2)));
  EXPECT_EQ(governed.editor.closed->reason, transport::CloseReason::resource_limit);
  EXPECT_EQ(kept(), 0U);
}

}  // namespace
}  // namespace theta::hub::testing

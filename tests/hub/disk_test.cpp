// Method: the hub runs on a simulated disk whose capacity is taken away, or whose operations fail, while peers write.
// Whatever a peer saw in its log must be in the hub's log after recovery and restart; whatever was refused may be sent
// again, byte for byte.

#include <gtest/gtest.h>

#include "hub/hub_world.h"

namespace theta::hub::testing {
namespace {

using log::RefusalCode;

struct OnePerson {
  OnePerson() : admin(world.add_member(1)), room(world.open_room(admin)) {}
  Bytes edit(std::uint64_t counter) { return payload_of(create_entities(AuthorSlot{0}, counter)); }
  void fill_disk() {
    world.disk.set_fault_hook([](store::DiskOperation operation, const std::string&) {
      const bool is_change = operation == store::DiskOperation::write || operation == store::DiskOperation::resize;
      return is_change ? store::DiskFault::no_space : store::DiskFault::none;
    });
  }
  void free_disk() { world.disk.set_fault_hook({}); }

  HubWorld world;
  ScriptedPeer& admin;
  RoomId room;
};

TEST(HubDisk, AFullDiskMakesTheRoomReadOnlyAndLosesNothing) {
  OnePerson one;
  one.admin.submit(one.edit(1));
  ASSERT_TRUE(one.world.run_until([&] { return one.admin.head().value() == 2; }));
  one.fill_disk();
  const auto packet = one.admin.submit(one.edit(2));
  ASSERT_TRUE(one.world.run_until([&] { return one.admin.refusal_count(RefusalCode::room_read_only) == 1; }));
  EXPECT_EQ(one.admin.refusals.back().nonce, packet.header.nonce);
  EXPECT_GT(one.admin.refusals.back().retry_after_ms, 0U);
  EXPECT_EQ(one.world.metric("read_only_rejections"), 1);
  EXPECT_TRUE(one.world.run_until([&] { return one.admin.has_notice(fb::NoticeKind::room_read_only); }));
  EXPECT_EQ(one.admin.head().value(), 2U) << "what is not on disk is shown to nobody";

  one.admin.submit_packet(packet);
  EXPECT_TRUE(one.world.run_until([&] { return one.admin.refusal_count(RefusalCode::room_read_only) == 2; }));

  one.free_disk();
  ASSERT_TRUE(one.world.run_until([&] { return one.admin.has_notice(fb::NoticeKind::room_writable); },
                                  std::chrono::minutes(2)));
  one.admin.submit_packet(packet);
  ASSERT_TRUE(one.world.run_until([&] { return one.admin.head().value() == 3; })) << one.admin.replica_error;
  EXPECT_EQ(one.admin.replica.scene().entity_count(), 2U);
}

TEST(HubDisk, SeveralPacketsUnderWayAreAllPutOff) {
  OnePerson one;
  one.fill_disk();
  std::vector<log::CommandPacket> packets;
  for (std::uint64_t counter = 1; counter <= 5; ++counter) packets.push_back(one.admin.submit(one.edit(counter)));
  ASSERT_TRUE(one.world.run_until([&] { return one.admin.refusal_count(RefusalCode::room_read_only) >= 5; }));
  one.free_disk();
  ASSERT_TRUE(one.world.run_until([&] { return one.admin.has_notice(fb::NoticeKind::room_writable); },
                                  std::chrono::minutes(2)));
  for (const auto& packet : packets) one.admin.submit_packet(packet);
  ASSERT_TRUE(one.world.run_until([&] { return one.admin.head().value() == 6; }));
}

TEST(HubDisk, AnAppendThatFailedAndReachedTheDiskAllTheSameIsOneRecord) {
  OnePerson one;
  // The disk takes what is written and fails to say that it is safe; then the hub is killed, so that nothing takes it
  // back. What was refused may then be in the log.
  one.world.disk.set_fault_hook([](store::DiskOperation operation, const std::string&) {
    return operation == store::DiskOperation::sync ? store::DiskFault::io : store::DiskFault::none;
  });
  const auto packet = one.admin.submit(one.edit(1));
  ASSERT_TRUE(one.world.run_until([&] { return one.admin.refusal_count(RefusalCode::room_read_only) == 1; }));
  EXPECT_EQ(one.admin.head().value(), 1U);
  one.free_disk();
  one.world.restart_hub();
  ASSERT_TRUE(one.world.run_until([&] { return one.admin.closed.has_value(); }, std::chrono::minutes(2)));
  one.admin.messages.clear();
  one.admin.connect();
  ASSERT_TRUE(one.world.run_until([&] { return one.admin.last<fb::HubHelloT>() != nullptr; }));
  one.admin.log_in();
  one.admin.attach(one.room, {.resume = true});
  ASSERT_TRUE(one.world.run_until([&] { return one.admin.last<fb::AttachedT>() != nullptr; }));
  EXPECT_EQ(one.admin.last<fb::AttachedT>()->head_seq, 2U) << "the method: the refused record is in the log";

  // The author sends the same bytes again, as the refusal said.
  one.admin.submit_packet(packet);
  one.world.settle();
  EXPECT_EQ(one.admin.head().value(), 2U);
  EXPECT_EQ(one.admin.replica.scene().entity_count(), 1U);
  EXPECT_EQ(one.world.metric("equivocations"), 0);
  one.admin.reset_chain();
  one.admin.submit(one.edit(2));
  ASSERT_TRUE(one.world.run_until([&] { return one.admin.head().value() == 3; })) << one.admin.replica_error;
  EXPECT_EQ(one.admin.replica.scene().entity_count(), 2U);
}

TEST(HubDisk, AReadOnlyRoomStillLetsPeopleRead) {
  OnePerson one;
  auto& editor = one.world.add_editor(2, one.room, one.admin);
  one.fill_disk();
  one.admin.submit(one.edit(1));
  ASSERT_TRUE(one.world.run_until([&] { return one.admin.has_notice(fb::NoticeKind::room_read_only); }));
  editor.detach();
  editor.messages.clear();
  editor.attach(one.room, {.resume = true});
  ASSERT_TRUE(one.world.run_until([&] { return editor.last<fb::AttachedT>() != nullptr; }));
  EXPECT_TRUE(one.world.run_until([&] { return editor.has_notice(fb::NoticeKind::room_read_only); }));
}

TEST(HubDisk, OpeningARoomOnAFullDiskIsRefused) {
  HubWorld world;
  auto& admin = world.add_member(1);
  world.disk.set_fault_hook([](store::DiskOperation operation, const std::string&) {
    return operation == store::DiskOperation::write ? store::DiskFault::io : store::DiskFault::none;
  });
  fb::OpenRoomT open;
  open.name = "late";
  open.hub = boxed(world.hub_key.public_key<HubKey>());
  fb::OpenRoomRequestT request;
  request.admin_token = world.admin_token;
  request.packet = log::encode_packet(admin.make_packet(payload_of(std::move(open)), Nonce{1}, Hash256{}));
  admin.send_control(message_of(std::move(request)));
  ASSERT_TRUE(world.run_until([&] { return admin.is_refused(RefusalCode::room_read_only); }));
}

TEST(HubDisk, WhatAPeerSawIsThereAfterTheHubWasKilled) {
  OnePerson one;
  for (std::uint64_t counter = 1; counter <= 20; ++counter) one.admin.submit(one.edit(counter));
  ASSERT_TRUE(one.world.run_until([&] { return one.admin.head().value() == 21; }));
  const auto hash = one.admin.replica.state_hash();
  one.world.restart_hub();
  ASSERT_TRUE(one.world.run_until([&] { return one.admin.closed.has_value(); }, std::chrono::minutes(2)));
  one.admin.messages.clear();
  one.admin.connect();
  ASSERT_TRUE(one.world.run_until([&] { return one.admin.last<fb::HubHelloT>() != nullptr; }));
  one.admin.log_in();
  one.admin.attach(one.room);
  ASSERT_TRUE(one.world.run_until([&] { return one.admin.last<fb::AttachedT>() != nullptr; }));
  EXPECT_EQ(one.admin.last<fb::AttachedT>()->head_seq, 21U);
  EXPECT_TRUE(one.world.run_until([&] { return one.admin.snapshot.size() > 0; }));
  EXPECT_EQ(one.admin.replica.state_hash(), hash);
}

}  // namespace
}  // namespace theta::hub::testing

// Method: the hub runs on a simulated disk whose capacity is taken away, or whose operations fail, while peers write.
// Whatever a peer saw in its log must be in the hub's log after recovery and restart; whatever was refused may be sent
// again, byte for byte.

#include <gtest/gtest.h>

#include "hub/hub_world.h"
#include "theta/base/byte_codec.h"
#include "theta/crypto/hash.h"
#include "theta/log/checkpoint.h"
#include "theta/log/record.h"

namespace theta::hub::testing {
namespace {

using log::RefusalCode;

struct OnePerson {
  explicit OnePerson(const HubConfig& config = {})
      : world(config), admin(world.add_member(1)), room(world.open_room(admin)) {}
  Bytes edit(std::uint64_t counter) { return payload_of(create_entities(AuthorSlot{0}, counter)); }
  void fill_disk() {
    world.disk.set_fault_hook([](store::DiskOperation operation, const std::string&) {
      const bool is_change = operation == store::DiskOperation::write || operation == store::DiskOperation::resize;
      return is_change ? store::DiskFault::no_space : store::DiskFault::none;
    });
  }
  void free_disk() { world.disk.set_fault_hook({}); }
  /// One entity each, with time for the disk between them.
  void write(std::uint64_t from, std::uint64_t count) {
    for (std::uint64_t counter = from; counter < from + count; ++counter) {
      admin.submit(edit(counter));
      if (counter % 16 == 0) world.run_for(std::chrono::milliseconds(20));
    }
    ASSERT_TRUE(world.run_until([&] { return admin.head().value() == from + count; })) << admin.replica_error;
  }
  /// The hub is killed and comes back on the same disk; the admin asks for the room as one who knows nothing of it.
  void restart_and_attach() {
    world.restart_hub();
    ASSERT_TRUE(world.run_until([&] { return admin.closed.has_value(); }, std::chrono::minutes(2)));
    admin.messages.clear();
    admin.connect();
    ASSERT_TRUE(world.run_until([&] { return admin.last<fb::HubHelloT>() != nullptr; }));
    admin.log_in();
    admin.attach(room);
  }
  [[nodiscard]] bool is_archived(std::uint64_t seq) {
    admin.messages.clear();
    fb::LogQueryT query;
    query.from_seq = seq;
    query.count_max = 1;
    admin.send(transport::Lane::bulk, message_of(std::move(query)));
    EXPECT_TRUE(world.run_until([&] { return admin.last<fb::LogRangeT>() != nullptr; }));
    ByteReader reader(admin.last<fb::LogRangeT>()->records);
    const auto record = log::decode_record(reader.get_bytes(reader.get_varint()));
    EXPECT_TRUE(record.has_value());
    return record && record->packet.archived;
  }

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
  one.restart_and_attach();
  ASSERT_TRUE(one.world.run_until([&] { return one.admin.last<fb::AttachedT>() != nullptr; }));
  EXPECT_EQ(one.admin.last<fb::AttachedT>()->head_seq, 21U);
  EXPECT_TRUE(one.world.run_until([&] { return one.admin.snapshot.size() > 0; }));
  EXPECT_EQ(one.admin.replica.state_hash(), hash);
}

// ---- A folder that somebody has edited ----------------------------------------------------------------------------

HubConfig with_many_snapshots() {
  HubConfig config;
  config.log.commands = {10'000, 10'000};
  config.snapshot_every_records = 32;
  return config;
}

/// A checkpoint like the stored one, changed and signed anew.
void sign_anew(store::StoredSnapshot& stored, const crypto::KeyPair& key,
               const std::function<void(log::Checkpoint&)>& change) {
  auto checkpoint = log::decode_checkpoint(stored.checkpoint.view());
  ASSERT_TRUE(checkpoint.has_value());
  checkpoint->hub = key.public_key<HubKey>();
  change(*checkpoint);
  stored.checkpoint = SharedBytes(log::encode_checkpoint(log::sign_checkpoint(*checkpoint, key)));
}

TEST(HubDisk, NothingIsArchivedForASnapshotThatDoesNotLoad) {
  auto config = with_many_snapshots();
  config.archive_after_records = 16;
  config.resume_records_max = 16;
  OnePerson one(config);
  one.world.alter_answer = [&](store::Answer& answer) {
    auto* stored = std::get_if<store::StoredSnapshot>(&answer);
    if (stored == nullptr) return;
    stored->bytes = SharedBytes(Bytes(100, 7));
    sign_anew(*stored, one.world.hub_key,
              [&](log::Checkpoint& checkpoint) { checkpoint.snapshot_hash = crypto::hash256(stored->bytes.view()); });
  };
  one.write(1, 100);
  one.world.settle();
  EXPECT_FALSE(one.is_archived(3));
  EXPECT_GT(one.world.metric("snapshots_unusable"), 0);
  EXPECT_NE(one.world.last_logged("snapshot_unusable"), nullptr);

  one.world.alter_answer = nullptr;
  one.write(101, 64);
  one.world.settle();
  EXPECT_TRUE(one.is_archived(3));
}

TEST(HubDisk, ASnapshotThatThisHubDidNotSignIsPassedOver) {
  const auto other = key_of(77);
  const std::vector<std::function<void(OnePerson&, store::StoredSnapshot&)>> forgeries{
      [&](OnePerson&, store::StoredSnapshot& stored) { sign_anew(stored, other, [](log::Checkpoint&) {}); },
      [&](OnePerson&, store::StoredSnapshot& stored) {
        auto checkpoint = *log::decode_checkpoint(stored.checkpoint.view());
        checkpoint.signature.bytes[5] ^= 1;
        stored.checkpoint = SharedBytes(log::encode_checkpoint(checkpoint));
      },
      [&](OnePerson& one, store::StoredSnapshot& stored) {
        sign_anew(stored, one.world.hub_key, [](log::Checkpoint& checkpoint) { checkpoint.state_hash.bytes[0] ^= 1; });
      }};
  for (std::size_t which = 0; which < forgeries.size(); ++which) {
    OnePerson one(with_many_snapshots());
    one.write(1, 100);
    one.world.settle();
    const auto hash = one.admin.replica.state_hash();
    bool is_altered = false;
    one.world.alter_answer = [&](store::Answer& answer) {
      auto* stored = std::get_if<store::StoredSnapshot>(&answer);
      if (stored == nullptr) return;
      is_altered = true;
      forgeries[which](one, *stored);
    };
    one.restart_and_attach();
    ASSERT_TRUE(one.world.run_until([&] { return one.admin.last<fb::AttachedT>() != nullptr; })) << which;
    EXPECT_TRUE(is_altered) << "the method: there is a snapshot";
    EXPECT_EQ(one.world.metric("snapshots_unusable"), 1) << which;
    ASSERT_TRUE(one.world.run_until([&] { return one.admin.snapshot.size() > 0; }));
    EXPECT_EQ(one.admin.replica.state_hash(), hash) << "the log was replayed";
  }
}

TEST(HubDisk, ARecordThatItsAuthorDidNotSignIsNotServed) {
  OnePerson one;
  one.write(1, 10);
  one.world.alter_answer = [](store::Answer& answer) {
    auto* range = std::get_if<store::RecordRange>(&answer);
    if (range == nullptr || range->records.empty()) return;
    auto& last = range->records.back();
    auto record = log::decode_record(last.bytes.view());
    record->packet.signature.bytes[5] ^= 1;
    last.bytes = SharedBytes(log::encode_record(*record));
  };
  one.restart_and_attach();
  ASSERT_TRUE(one.world.run_until([&] { return one.admin.is_refused(RefusalCode::internal); }));
  const auto* dead = one.world.last_logged("room_dead");
  ASSERT_NE(dead, nullptr);
  EXPECT_NE(dead->text.find("record 11: "), std::string::npos) << dead->text;
  EXPECT_NE(dead->text.find("signature"), std::string::npos) << dead->text;
}

TEST(HubDisk, AnotherRoomsLogIsNotServed) {
  OnePerson one;
  auto& other_admin = one.world.add_member(2);
  const auto other = one.world.open_room(other_admin);
  ASSERT_NE(other, one.room);
  std::optional<store::RecordRange> others_log;
  // Another room's snapshot is passed over, so the log is read from its first record.
  const auto drop_snapshot = [](store::Answer& answer) {
    if (auto* stored = std::get_if<store::StoredSnapshot>(&answer)) stored->checkpoint = {};
  };
  one.world.alter_answer = [&](store::Answer& answer) {
    drop_snapshot(answer);
    if (auto* range = std::get_if<store::RecordRange>(&answer)) others_log = *range;
  };
  one.world.restart_hub();
  for (auto* admin : {&one.admin, &other_admin}) {
    ASSERT_TRUE(one.world.run_until([&] { return admin->closed.has_value(); }, std::chrono::minutes(2)));
    admin->messages.clear();
    admin->connect();
    ASSERT_TRUE(one.world.run_until([&] { return admin->last<fb::HubHelloT>() != nullptr; }));
    admin->log_in();
  }
  other_admin.attach(other);
  ASSERT_TRUE(one.world.run_until([&] { return other_admin.last<fb::AttachedT>() != nullptr; }));
  ASSERT_TRUE(others_log.has_value());
  ASSERT_EQ(others_log->records.size(), 1U) << "the method: the whole log was read";

  one.world.alter_answer = [&](store::Answer& answer) {
    drop_snapshot(answer);
    if (auto* range = std::get_if<store::RecordRange>(&answer)) *range = *others_log;
  };
  one.admin.attach(one.room);
  ASSERT_TRUE(one.world.run_until([&] { return one.admin.is_refused(RefusalCode::internal); }));
  const auto* dead = one.world.last_logged("room_dead");
  ASSERT_NE(dead, nullptr);
  EXPECT_NE(dead->text.find("the log is of room "), std::string::npos) << dead->text;
}

}  // namespace
}  // namespace theta::hub::testing

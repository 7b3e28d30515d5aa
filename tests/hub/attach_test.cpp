#include <gtest/gtest.h>

#include "hub/hub_world.h"
#include "theta/base/byte_codec.h"
#include "theta/log/checkpoint.h"
#include "theta/log/record.h"

namespace theta::hub::testing {
namespace {

using log::RefusalCode;

HubConfig generous() {
  HubConfig config;
  config.log.commands = {1'000'000, 1'000'000};
  return config;
}

/// Entities of the admin's, one packet each.
void write(HubWorld& world, ScriptedPeer& admin, std::uint64_t from, std::uint64_t count) {
  const auto head = admin.head().value();
  for (std::uint64_t index = 0; index < count; ++index) {
    admin.submit(payload_of(create_entities(AuthorSlot{0}, from + index)));
    // Small batches, as people make them.
    if (index % 32 == 31) world.run_for(std::chrono::milliseconds(20));
  }
  ASSERT_TRUE(world.run_until([&] { return admin.head().value() == head + count; }));
}

void reconnect(HubWorld& world, ScriptedPeer& peer) {
  if (!peer.closed) {
    peer.close();
    ASSERT_TRUE(world.run_until([&] { return peer.closed.has_value(); }));
  }
  peer.messages.clear();
  peer.connect();
  ASSERT_TRUE(world.run_until([&] { return peer.last<fb::HubHelloT>() != nullptr; }));
  peer.log_in();
  ASSERT_TRUE(world.run_until([&] { return peer.last<fb::WelcomeT>() != nullptr; }));
}

TEST(HubAttach, AnInviteLetsAStrangerInAsWhatItSays) {
  HubWorld world;
  auto& admin = world.add_member(1);
  const auto room = world.open_room(admin);
  auto& editor = world.add_editor(2, room, admin);
  const auto* attached = editor.last<fb::AttachedT>();
  ASSERT_NE(attached, nullptr);
  EXPECT_EQ(attached->role, fb::Role::editor);
  EXPECT_EQ(attached->slot, 1);
  EXPECT_EQ(attached->nonce, 1U);
  EXPECT_TRUE(world.run_until([&] { return admin.head().value() == 2; }));
}

TEST(HubAttach, AJoinByWhoeverIsAMemberIsIgnored) {
  HubWorld world;
  auto& admin = world.add_member(1);
  const auto room = world.open_room(admin);
  auto& editor = world.add_editor(2, room, admin);
  reconnect(world, editor);
  ScriptedPeer::AttachOptions again;
  again.join = log::encode_packet(editor.make_join(room, world.make_ticket(room, admin)));
  editor.attach(room, std::move(again));
  ASSERT_TRUE(world.run_until([&] { return editor.last<fb::AttachedT>() != nullptr; }));
  EXPECT_EQ(admin.head().value(), 2U);
}

TEST(HubAttach, AnInviteForAnotherRoomIsRefused) {
  HubWorld world;
  auto& admin = world.add_member(1);
  const auto room = world.open_room(admin);
  auto& stranger = world.add_member(2);
  RoomId other = room;
  other.bytes[0] ^= 1;
  ScriptedPeer::AttachOptions options;
  options.join = log::encode_packet(stranger.make_join(room, world.make_ticket(other, admin)));
  stranger.attach(room, std::move(options));
  ASSERT_TRUE(world.run_until([&] { return stranger.is_refused(RefusalCode::invite_invalid); }));
  EXPECT_EQ(admin.head().value(), 1U);
}

TEST(HubAttach, AnExpiredInviteIsRefused) {
  HubWorld world;
  auto& admin = world.add_member(1);
  const auto room = world.open_room(admin);
  auto& stranger = world.add_member(2);
  log::InviteTerms terms;
  terms.expires_at = world.now().wall - std::chrono::seconds(1);
  ScriptedPeer::AttachOptions options;
  options.join = log::encode_packet(stranger.make_join(room, world.make_ticket(room, admin, terms)));
  stranger.attach(room, std::move(options));
  ASSERT_TRUE(world.run_until([&] { return stranger.is_refused(RefusalCode::invite_expired); }));
}

TEST(HubAttach, BytesThatAreNoJoinPacketAreRefused) {
  HubWorld world;
  auto& admin = world.add_member(1);
  const auto room = world.open_room(admin);
  auto& stranger = world.add_member(2);
  ScriptedPeer::AttachOptions options;
  options.join = Bytes(300, 5);
  stranger.attach(room, std::move(options));
  ASSERT_TRUE(world.run_until([&] { return stranger.is_refused(RefusalCode::malformed); }));
  EXPECT_FALSE(stranger.closed);
}

TEST(HubAttach, ResumingSendsOnlyWhatIsMissing) {
  HubWorld world(generous());
  auto& admin = world.add_member(1);
  const auto room = world.open_room(admin);
  auto& editor = world.add_editor(2, room, admin);
  editor.close();
  ASSERT_TRUE(world.run_until([&] { return editor.closed.has_value(); }));
  write(world, admin, 1, 50);
  reconnect(world, editor);
  editor.attach(room, {.resume = true});
  ASSERT_TRUE(world.run_until([&] { return editor.head() == admin.head(); }));
  EXPECT_EQ(editor.last<fb::AttachedT>()->snapshot, nullptr);
  EXPECT_EQ(editor.last<fb::AttachedT>()->from_seq, 3U);
  EXPECT_EQ(editor.replica.state_hash(), admin.replica.state_hash());
}

TEST(HubAttach, ResumingWithAnotherHistoryIsRefused) {
  HubWorld world;
  auto& admin = world.add_member(1);
  const auto room = world.open_room(admin);
  auto& editor = world.add_editor(2, room, admin);
  reconnect(world, editor);
  Hash256 other;
  other.bytes.fill(1);
  editor.attach(room, {.resume = true, .claimed_hash = other});
  ASSERT_TRUE(world.run_until([&] { return editor.is_refused(RefusalCode::bad_reference); }));
  EXPECT_FALSE(editor.closed);
}

TEST(HubAttach, ResumingBehindTheRoomsMemoryReadsTheStore) {
  auto config = generous();
  config.ring_records_max = 8;
  HubWorld world(config);
  auto& admin = world.add_member(1);
  const auto room = world.open_room(admin);
  auto& editor = world.add_editor(2, room, admin);
  editor.close();
  ASSERT_TRUE(world.run_until([&] { return editor.closed.has_value(); }));
  write(world, admin, 1, 200);
  reconnect(world, editor);
  editor.attach(room, {.resume = true});
  ASSERT_TRUE(world.run_until([&] { return editor.head() == admin.head(); })) << editor.replica_error;
  EXPECT_EQ(editor.replica.state_hash(), admin.replica.state_hash());
  EXPECT_GE(world.metric("store_catch_ups"), 1);
}

TEST(HubAttach, WhoeverLacksTooMuchGetsASnapshot) {
  auto config = generous();
  config.resume_records_max = 20;
  HubWorld world(config);
  auto& admin = world.add_member(1);
  const auto room = world.open_room(admin);
  auto& editor = world.add_editor(2, room, admin);
  editor.close();
  ASSERT_TRUE(world.run_until([&] { return editor.closed.has_value(); }));
  write(world, admin, 1, 40);
  reconnect(world, editor);
  editor.attach(room, {.resume = true});
  ASSERT_TRUE(world.run_until([&] { return editor.head() == admin.head(); }));
  EXPECT_NE(editor.last<fb::AttachedT>()->snapshot, nullptr);
  EXPECT_EQ(editor.replica.state_hash(), admin.replica.state_hash());
}

TEST(HubAttach, AKeptSnapshotServesJoinersUntilItsTailIsLong) {
  auto config = generous();
  config.join_tail_records_max = 30;
  HubWorld world(config);
  auto& admin = world.add_member(1);
  const auto room = world.open_room(admin);
  const auto saved = world.metric("snapshots_saved");
  world.add_editor(2, room, admin);
  write(world, admin, 1, 20);
  world.add_editor(3, room, admin);
  EXPECT_EQ(world.metric("snapshots_saved"), saved);
  write(world, admin, 21, 20);
  auto& late = world.add_editor(4, room, admin);
  EXPECT_EQ(world.metric("snapshots_saved"), saved + 1);
  ASSERT_TRUE(world.run_until([&] { return late.head() == admin.head(); }));
  EXPECT_EQ(late.replica.state_hash(), admin.replica.state_hash());
}

TEST(HubAttach, JoiningWhileOthersWriteWaitsForTheDiskAndMissesNothing) {
  HubWorld world(generous());
  auto& admin = world.add_member(1);
  const auto room = world.open_room(admin);
  auto& late = world.add_member(2);
  ScriptedPeer::AttachOptions options;
  options.join = log::encode_packet(late.make_join(room, world.make_ticket(room, admin)));
  world.is_store_held = true;
  for (std::uint64_t counter = 1; counter <= 10; ++counter)
    admin.submit(payload_of(create_entities(AuthorSlot{0}, counter)));
  late.attach(room, std::move(options));
  world.run_for(std::chrono::seconds(1));
  EXPECT_EQ(late.last<fb::AttachedT>(), nullptr);
  world.is_store_held = false;
  ASSERT_TRUE(world.run_until([&] { return late.head().value() == 12 && admin.head().value() == 12; }));
  EXPECT_EQ(late.replica.state_hash(), admin.replica.state_hash());
}

TEST(HubAttach, ASnapshotOfManyChunksArrivesWhole) {
  HubWorld world(generous());
  auto& admin = world.add_member(1);
  const auto room = world.open_room(admin);
  for (std::uint64_t packet = 0; packet < 40; ++packet) {
    std::vector<fb::CommandUnion> commands(1);
    commands[0].Set(create_entities(AuthorSlot{0}, 1 + packet * 400, 400));
    admin.submit(payload_of(std::move(commands)));
    world.run_for(std::chrono::milliseconds(20));
  }
  ASSERT_TRUE(world.run_until([&] { return admin.head().value() == 41; }));
  world.run_for(std::chrono::minutes(2));  // the small snapshot of the beginning is forgotten
  auto& late = world.add_editor(2, room, admin);
  EXPECT_GT(late.snapshot.size(), 2 * limits::kAssetChunkBytes);
  EXPECT_EQ(late.replica.state_hash(), admin.replica.state_hash());
}

TEST(HubAttach, ASlowReaderCatchesUpFromTheStoreAndMissesNothing) {
  auto config = generous();
  config.ring_records_max = 16;
  HubWorld world(config);
  auto& admin = world.add_member(1);
  const auto room = world.open_room(admin);
  auto& slow = world.add_editor(2, room, admin);
  slow.endpoint->set_read_bytes_per_second(0);
  // Distinct bytes, so that compression does not make the backlog small.
  for (std::uint64_t packet = 0; packet < 120; ++packet) {
    fb::SetAppComponentT app;
    auto create = create_entities(AuthorSlot{0}, 1 + packet);
    std::vector<fb::CommandUnion> commands(2);
    app.targets = {make_object_id(AuthorSlot{0}, 1 + packet).value()};
    app.component = 1;
    std::uint32_t state = static_cast<std::uint32_t>(packet * 2654435761U + 1);
    for (int index = 0; index < 16'000; ++index) {
      state = state * 1664525U + 1013904223U;
      app.value.push_back(static_cast<std::uint8_t>(state >> 24));
    }
    commands[0].Set(std::move(create));
    commands[1].Set(std::move(app));
    admin.submit(payload_of(std::move(commands)));
    world.run_for(std::chrono::milliseconds(50));
  }
  ASSERT_TRUE(world.run_until([&] { return admin.head().value() == 122; }));
  EXPECT_LT(slow.head().value(), 122U);
  slow.endpoint->set_read_bytes_per_second(std::nullopt);
  ASSERT_TRUE(world.run_until([&] { return slow.head() == admin.head(); })) << slow.replica_error;
  EXPECT_EQ(slow.replica.state_hash(), admin.replica.state_hash());
  EXPECT_GE(world.metric("store_catch_ups"), 1);
}

TEST(HubAttach, ARevokedMemberIsPutOutAndNotLetInAgain) {
  HubWorld world;
  auto& admin = world.add_member(1);
  const auto room = world.open_room(admin);
  auto& editor = world.add_editor(2, room, admin);
  ASSERT_TRUE(world.run_until([&] { return admin.head().value() == 2; }));
  fb::RevokeRoleT revoke;
  revoke.author = boxed(editor.author);
  admin.submit(payload_of(std::move(revoke)));
  ASSERT_TRUE(world.run_until([&] { return editor.is_refused(RefusalCode::forbidden); }));
  EXPECT_EQ(editor.head().value(), 3U) << "the record that says so is shown first";
  editor.messages.clear();
  editor.attach(room);
  ASSERT_TRUE(world.run_until([&] { return editor.is_refused(RefusalCode::forbidden); }));
}

TEST(HubAttach, WhoeverIsRevokedWhileWaitingIsNotLetIn) {
  auto config = generous();
  config.ring_records_max = 1;
  HubWorld world(config);
  auto& admin = world.add_member(1);
  const auto room = world.open_room(admin);
  auto& editor = world.add_editor(2, room, admin);
  write(world, admin, 1, 10);
  ASSERT_TRUE(world.run_until([&] { return editor.head() == admin.head(); }));
  reconnect(world, editor);
  write(world, admin, 11, 10);
  // The store is asked for the editor's record, and answers only after the revocation has been sequenced.
  world.is_store_held = true;
  editor.attach(room, {.resume = true});
  world.run_for(std::chrono::milliseconds(200));
  fb::RevokeRoleT revoke;
  revoke.author = boxed(editor.author);
  admin.submit(payload_of(std::move(revoke)));
  world.run_for(std::chrono::milliseconds(200));
  world.is_store_held = false;
  ASSERT_TRUE(world.run_until([&] { return editor.is_refused(RefusalCode::forbidden); }));
  world.settle();
  const auto head = admin.head();
  admin.submit(payload_of(create_entities(AuthorSlot{0}, 100)));
  ASSERT_TRUE(world.run_until([&] { return admin.head() > head; }));
  world.settle();
  EXPECT_LT(editor.head(), admin.head()) << "nothing more is shown to it";
}

TEST(HubAttach, SessionsAreToldWhoComesAndGoes) {
  HubWorld world;
  auto& admin = world.add_member(1);
  const auto room = world.open_room(admin);
  auto& editor = world.add_editor(2, room, admin);
  ASSERT_TRUE(world.run_until([&] { return admin.count<fb::SessionInfoT>() == 1; }));
  EXPECT_TRUE(admin.last<fb::SessionInfoT>()->connected);
  EXPECT_EQ(wire::from_fb<AuthorKey>(*admin.last<fb::SessionInfoT>()->author), editor.author);
  ASSERT_TRUE(world.run_until([&] { return editor.count<fb::SessionInfoT>() == 1; }));
  EXPECT_EQ(wire::from_fb<AuthorKey>(*editor.last<fb::SessionInfoT>()->author), admin.author);
  editor.close();
  ASSERT_TRUE(world.run_until([&] { return admin.count<fb::SessionInfoT>() == 2; }));
  EXPECT_FALSE(admin.last<fb::SessionInfoT>()->connected);
}

TEST(HubAttach, AnIdleRoomLeavesMemoryAndComesBackTheSame) {
  auto config = generous();
  config.roomless_timeout = std::chrono::minutes(10);
  HubWorld world(config);
  auto& admin = world.add_member(1);
  const auto room = world.open_room(admin);
  write(world, admin, 1, 100);
  admin.detach();
  ASSERT_TRUE(world.run_until([&] { return world.hub->loaded_room_count() == 0; }, std::chrono::minutes(3)));
  admin.attach(room, {.resume = true});
  admin.messages.clear();
  ASSERT_TRUE(world.run_until([&] { return admin.last<fb::AttachedT>() != nullptr; }));
  admin.submit(payload_of(create_entities(AuthorSlot{0}, 1000)));
  ASSERT_TRUE(world.run_until([&] { return admin.head().value() == 102; })) << admin.replica_error;
}

TEST(HubAttach, OldPayloadsAreArchivedAndPeopleStillComeIn) {
  auto config = generous();
  config.archive_after_records = 16;
  config.resume_records_max = 16;
  config.snapshot_every_records = 32;
  HubWorld world(config);
  auto& admin = world.add_member(1);
  const auto room = world.open_room(admin);
  auto& editor = world.add_editor(2, room, admin);
  editor.close();
  ASSERT_TRUE(world.run_until([&] { return editor.closed.has_value(); }));
  write(world, admin, 1, 100);
  world.settle();
  fb::LogQueryT query;
  query.from_seq = 3;
  query.count_max = 1;
  admin.send(transport::Lane::bulk, message_of(std::move(query)));
  ASSERT_TRUE(world.run_until([&] { return admin.last<fb::LogRangeT>() != nullptr; }));
  ByteReader reader(admin.last<fb::LogRangeT>()->records);
  const auto size = reader.get_varint();
  const auto record = log::decode_record(reader.get_bytes(size));
  ASSERT_TRUE(record.has_value());
  EXPECT_TRUE(record->packet.archived);

  reconnect(world, editor);
  editor.attach(room, {.resume = true});
  ASSERT_TRUE(world.run_until([&] { return editor.head() == admin.head(); })) << editor.replica_error;
  EXPECT_EQ(editor.replica.state_hash(), admin.replica.state_hash());
}

TEST(HubAttach, CheckpointsAreSignedAndMatchTheState) {
  HubWorld world(generous());
  auto& admin = world.add_member(1);
  world.open_room(admin);
  std::optional<Hash256> state_at_256;
  write(world, admin, 1, 255);
  state_at_256 = admin.replica.state_hash();
  ASSERT_TRUE(world.run_until([&] {
    const auto* checkpoint = admin.last<fb::CheckpointT>();
    return checkpoint != nullptr && checkpoint->seq == 256;
  }));
  const auto* sent = admin.last<fb::CheckpointT>();
  log::Checkpoint checkpoint{wire::from_fb<RoomId>(*sent->room),
                             Seq{sent->seq},
                             wire::from_fb<Hash256>(*sent->record_hash),
                             wire::from_fb<Hash256>(*sent->state_hash),
                             {},
                             wire::from_fb<HubKey>(*sent->hub),
                             wire::signature_from_fb(*sent->signature)};
  EXPECT_TRUE(log::verify_checkpoint(checkpoint));
  EXPECT_EQ(checkpoint.state_hash, *state_at_256);
  EXPECT_EQ(checkpoint.record_hash, admin.replica.record_hash());
}

}  // namespace
}  // namespace theta::hub::testing

#include <gtest/gtest.h>

#include "hub/hub_world.h"
#include "theta/log/checkpoint.h"
#include "theta/log/stamp.h"

namespace theta::hub::testing {
namespace {

using log::RefusalCode;

/// A room with its admin and one editor (slot 1).
struct TwoPeople {
  explicit TwoPeople(const HubConfig& config = {})
      : world(config),
        admin(world.add_member(1)),
        room(world.open_room(admin)),
        editor(world.add_editor(2, room, admin)) {}

  bool is_refused(RefusalCode code) {
    return world.run_until([&] { return editor.refusal_count(code) > 0; });
  }
  bool is_at(std::uint64_t seq) {
    return world.run_until([&] { return admin.head().value() == seq && editor.head().value() == seq; });
  }
  /// The hub is killed and comes back; the editor resumes.
  void restart_and_attach() {
    world.restart_hub();
    ASSERT_TRUE(world.run_until([&] { return editor.closed.has_value(); }, std::chrono::seconds(60)));
    editor.messages.clear();
    editor.connect();
    ASSERT_TRUE(world.run_until([&] { return editor.last<fb::HubHelloT>() != nullptr; }));
    editor.log_in();
    editor.attach(room, {.resume = true});
    ASSERT_TRUE(world.run_until([&] { return editor.last<fb::AttachedT>() != nullptr; }));
    editor.reset_chain();
  }
  Bytes edit(std::uint64_t counter = 1) { return payload_of(create_entities(AuthorSlot{1}, counter)); }

  HubWorld world;
  ScriptedPeer& admin;
  RoomId room;
  ScriptedPeer& editor;
};

TEST(HubPackets, AGapIsRefusedWithTheNonceThatIsExpected) {
  TwoPeople two;
  const auto packet = two.editor.make_packet(two.edit(), Nonce{9}, Hash256{});
  two.editor.submit_packet(packet);
  ASSERT_TRUE(two.is_refused(RefusalCode::gap));
  EXPECT_EQ(two.editor.refusals.back().nonce, Nonce{9});
  EXPECT_EQ(two.editor.refusals.back().expected, Nonce{2});
  EXPECT_EQ(two.world.metric("gap_rejections"), 1);
}

TEST(HubPackets, AResentPacketIsAnsweredAsReplayAndChangesNothing) {
  TwoPeople two;
  const auto packet = two.editor.submit(two.edit());
  ASSERT_TRUE(two.is_at(3));
  two.editor.submit_packet(packet);
  ASSERT_TRUE(two.is_refused(RefusalCode::replay));
  EXPECT_EQ(two.editor.refusals.back().expected, Nonce{3});
  EXPECT_EQ(two.admin.head().value(), 3U);
  EXPECT_EQ(two.world.metric("replay_rejections"), 1);
  EXPECT_EQ(two.world.metric("equivocations"), 0);
}

TEST(HubPackets, AResendOfWhatWaitsForTheDiskIsAnsweredByItsRecord) {
  TwoPeople two;
  two.world.is_store_held = true;
  const auto packet = two.editor.submit(two.edit());
  two.editor.submit_packet(packet);
  two.world.run_for(std::chrono::milliseconds(200));
  two.world.is_store_held = false;
  ASSERT_TRUE(two.is_at(3));
  two.world.settle();
  EXPECT_TRUE(two.editor.refusals.empty());
}

TEST(HubPackets, TwoBodiesWithOneNonceSuspendTheAuthorAndKeepTheProof) {
  TwoPeople two;
  const auto first = two.editor.submit(two.edit(1));
  ASSERT_TRUE(two.is_at(3));
  const auto second = two.editor.make_packet(two.edit(5), first.header.nonce, first.header.prev);
  two.editor.submit_packet(second);
  ASSERT_TRUE(two.is_refused(RefusalCode::equivocation));
  EXPECT_TRUE(two.world.run_until([&] { return two.admin.has_notice(fb::NoticeKind::equivocation); }));
  EXPECT_EQ(two.world.metric("equivocations"), 1);
  two.world.settle();
  two.world.engine->submit(store::ReadEquivocations{two.room});
  std::vector<store::Completion> completions;
  two.world.engine->poll(completions);
  ASSERT_EQ(completions.size(), 1U);
  const auto& proofs = std::get<store::Equivocations>(*completions.front().result).proofs;
  ASSERT_EQ(proofs.size(), 1U);
  EXPECT_TRUE(log::decode_equivocation(proofs.front().second.view()).has_value());
  EXPECT_LT(proofs.front().second.size(), 1024U) << "headers and signatures, no payloads";

  // The suspension outlives the process: the proof is in the store.
  two.restart_and_attach();
  two.editor.submit(two.edit(9));
  EXPECT_TRUE(two.is_refused(RefusalCode::suspended));
  EXPECT_EQ(two.world.metric("suspended_rejections"), 1);
}

TEST(HubPackets, AnEquivocationOlderThanTheRoomsMemoryIsFoundOnDisk) {
  HubConfig config;
  config.ring_records_max = 2;
  config.log.commands = {1000, 1000};
  TwoPeople two(config);
  const auto first = two.editor.submit(two.edit(1));
  ASSERT_TRUE(two.is_at(3));
  for (std::uint64_t count = 2; count <= 20; ++count) {
    two.editor.submit(two.edit(count));
    ASSERT_TRUE(two.is_at(2 + count));
  }
  two.editor.submit_packet(first);
  ASSERT_TRUE(two.is_refused(RefusalCode::replay));
  EXPECT_EQ(two.editor.refusals.back().expected, Nonce{22});
  EXPECT_EQ(two.world.metric("equivocations"), 0) << "the very packet again is no fork";

  two.editor.submit_packet(two.editor.make_packet(two.edit(50), first.header.nonce, first.header.prev));
  ASSERT_TRUE(two.is_refused(RefusalCode::equivocation));
  EXPECT_TRUE(two.world.run_until([&] { return two.admin.has_notice(fb::NoticeKind::equivocation); }));
  EXPECT_EQ(two.world.metric("equivocations"), 1);
  two.world.settle();

  two.restart_and_attach();
  two.editor.submit(two.edit(60));
  EXPECT_TRUE(two.is_refused(RefusalCode::suspended));
}

TEST(HubPackets, LookingForOldPacketsCostsTheirAuthor) {
  HubConfig config;
  config.ring_records_max = 1;
  config.log.commands = {1000, 1000};
  config.log.bulk = {512.0 * 1024, 10};
  TwoPeople two(config);
  const auto first = two.editor.submit(two.edit(1));
  ASSERT_TRUE(two.is_at(3));
  for (std::uint64_t count = 2; count <= 4; ++count) two.editor.submit(two.edit(count));
  ASSERT_TRUE(two.is_at(6));
  two.world.is_store_held = true;
  for (int count = 0; count < 100; ++count) two.editor.submit_packet(first);
  two.world.settle();
  EXPECT_LE(two.world.engine->pending(), 8U) << "half a megabyte is not more records than that";
  two.world.is_store_held = false;
  ASSERT_TRUE(two.world.run_until([&] { return two.editor.refusal_count(RefusalCode::replay) == 100; }));
}

TEST(HubPackets, AForgedSecondBodyIsAReplayAndSuspendsNobody) {
  TwoPeople two;
  const auto first = two.editor.submit(two.edit(1));
  ASSERT_TRUE(two.is_at(3));
  auto forged = two.editor.make_packet(two.edit(5), first.header.nonce, first.header.prev);
  forged.signature.bytes[3] ^= 1;
  two.editor.submit_packet(forged);
  ASSERT_TRUE(two.is_refused(RefusalCode::replay));
  EXPECT_EQ(two.world.metric("equivocations"), 0);
}

TEST(HubPackets, AForgedSignatureIsRefusedAndCounted) {
  TwoPeople two;
  const auto* member = two.editor.replica.members().find(two.editor.author);
  auto packet = two.editor.make_packet(two.edit(), Nonce{2}, member->head);
  packet.signature.bytes[0] ^= 1;
  two.editor.submit_packet(packet);
  ASSERT_TRUE(two.is_refused(RefusalCode::bad_signature));
  EXPECT_EQ(two.world.metric("signature_rejections"), 1);
  EXPECT_EQ(two.admin.head().value(), 2U);
}

TEST(HubPackets, OverTheRateIsRefusedWithAWaitAfterWhichItIsTaken) {
  HubConfig config;
  config.log.commands = {5, 1};
  TwoPeople two(config);
  two.world.run_for(std::chrono::seconds(10));
  for (std::uint64_t count = 1; count <= 6; ++count) two.editor.submit(two.edit(count));
  ASSERT_TRUE(two.is_refused(RefusalCode::rate_limited));
  ASSERT_TRUE(two.is_at(7));
  const auto wait = std::chrono::milliseconds(two.editor.refusals.back().retry_after_ms);
  EXPECT_GT(wait.count(), 0);
  EXPECT_LE(wait, std::chrono::seconds(11));
  EXPECT_EQ(two.world.metric("rate_limit_drops"), 1);
  two.world.run_for(wait);
  two.editor.reset_chain();
  two.editor.submit(two.edit(6));
  EXPECT_TRUE(two.is_at(8));
}

TEST(HubPackets, ReconnectingDoesNotRefillTheRate) {
  HubConfig config;
  config.log.commands = {5, 0.01};
  TwoPeople two(config);
  for (std::uint64_t count = 1; count <= 4; ++count) two.editor.submit(two.edit(count));
  ASSERT_TRUE(two.is_at(6));
  two.editor.close();
  ASSERT_TRUE(two.world.run_until([&] { return two.editor.closed.has_value(); }));
  two.editor.messages.clear();
  two.editor.connect();
  ASSERT_TRUE(two.world.run_until([&] { return two.editor.last<fb::HubHelloT>() != nullptr; }));
  two.editor.log_in();
  two.editor.attach(two.room, {.resume = true});
  ASSERT_TRUE(two.world.run_until([&] { return two.editor.last<fb::AttachedT>() != nullptr; }));
  two.editor.submit(two.edit(5));
  EXPECT_TRUE(two.is_refused(RefusalCode::rate_limited));
}

TEST(HubPackets, AStampTooFarAheadIsRefusedUntilTheClockComesNear) {
  TwoPeople two;
  const auto* member = two.editor.replica.members().find(two.editor.author);
  two.world.wall_offset = std::chrono::minutes(5);
  const auto packet = two.editor.make_packet(two.edit(), Nonce{2}, member->head);
  two.world.wall_offset = {};
  two.editor.submit_packet(packet);
  ASSERT_TRUE(two.is_refused(RefusalCode::clock_skew));
  EXPECT_EQ(two.world.metric("clock_skew_rejections"), 1);
  two.world.run_for(std::chrono::milliseconds(two.editor.refusals.back().retry_after_ms));
  two.editor.submit_packet(packet);
  EXPECT_TRUE(two.is_at(3));
}

TEST(HubPackets, APayloadOverTheHubsBoundIsRefusedAndCounted) {
  HubConfig config;
  config.log.payload_bytes_max = 1000;
  TwoPeople two(config);
  two.editor.submit(payload_of(create_entities(AuthorSlot{1}, 1, 100)));
  ASSERT_TRUE(two.is_refused(RefusalCode::too_large));
  EXPECT_EQ(two.world.metric("payload_guard_drops"), 1);
}

TEST(HubPackets, TooManyCommandsAreRefusedAndCounted) {
  HubConfig config;
  config.log.commands_per_packet_max = 2;
  TwoPeople two(config);
  std::vector<fb::CommandUnion> commands(3);
  for (std::size_t index = 0; index < commands.size(); ++index)
    commands[index].Set(create_entities(AuthorSlot{1}, index + 1));
  two.editor.submit(payload_of(std::move(commands)));
  ASSERT_TRUE(two.is_refused(RefusalCode::too_many_commands));
  EXPECT_EQ(two.world.metric("command_count_drops"), 1);
  EXPECT_EQ(two.world.metric("payload_guard_drops"), 0);
}

TEST(HubPackets, AViewersEditIsRefusedForItsRole) {
  TwoPeople two;
  auto& viewer = two.world.add_editor(3, two.room, two.admin, log::Role::viewer);
  ASSERT_TRUE(two.is_at(3));
  two.editor.submit(two.edit());
  ASSERT_TRUE(two.is_at(4));
  viewer.submit(payload_of(rename(make_object_id(AuthorSlot{1}, 1), "mine")));
  ASSERT_TRUE(two.world.run_until([&] { return viewer.refusal_count(RefusalCode::role_too_low) == 1; }));
}

TEST(HubPackets, EntityQuotasOfRoomAndAuthorHold) {
  HubConfig config;
  config.log.entities_per_author_max = 2;
  config.log.entities_per_room_max = 3;
  TwoPeople two(config);
  two.editor.submit(payload_of(create_entities(AuthorSlot{1}, 1, 2)));
  ASSERT_TRUE(two.is_at(3));
  two.editor.submit(two.edit(3));
  ASSERT_TRUE(two.is_refused(RefusalCode::quota));
  EXPECT_EQ(two.world.metric("quota_rejections", "guards.entities_per_author_max"), 1);
  two.admin.submit(payload_of(create_entities(AuthorSlot{0}, 1, 2)));
  ASSERT_TRUE(two.world.run_until([&] { return two.admin.refusal_count(RefusalCode::quota) == 1; }));
  EXPECT_EQ(two.world.metric("quota_rejections", "guards.entities_per_room_max"), 1);
  two.admin.reset_chain();
  two.admin.submit(payload_of(create_entities(AuthorSlot{0}, 1, 1)));
  EXPECT_TRUE(two.is_at(4));
}

TEST(HubPackets, TheLogsSizeQuotaHoldsAcrossARestart) {
  HubConfig config;
  config.log.log_bytes_per_room_max = 6000;
  TwoPeople two(config);
  std::uint64_t counter = 1;
  while (two.editor.refusals.empty()) {
    two.editor.submit(payload_of(create_entities(AuthorSlot{1}, counter, 10)));
    counter += 10;
    two.world.settle();
    ASSERT_LT(counter, 1000U);
  }
  EXPECT_EQ(two.editor.refusals.back().code, RefusalCode::quota);
  EXPECT_EQ(two.world.metric("quota_rejections", "guards.log_bytes_per_room_max"), two.editor.refusals.size());
  EXPECT_GT(two.editor.head().value(), 3U);
  two.restart_and_attach();
  two.editor.submit(payload_of(create_entities(AuthorSlot{1}, counter, 10)));
  EXPECT_TRUE(two.world.run_until([&] { return two.editor.refusal_count(RefusalCode::quota) == 2; }));
}

/// Rooms that a few hundred packets fill.
HubConfig small_log() {
  HubConfig config;
  config.log.log_bytes_per_room_max = std::uint64_t{128} * 1024;
  config.log.commands = {10'000, 10'000};
  return config;
}

TEST(HubPackets, AFullLogTakesWhatAnAdminGovernsWith) {
  TwoPeople two(small_log());
  std::uint64_t counter = 1;
  while (two.editor.refusals.empty()) {
    two.editor.submit(two.edit(counter++));
    two.world.settle();
    ASSERT_LT(counter, 1000U);
  }
  const auto& refusal = two.editor.refusals.back();
  EXPECT_EQ(refusal.code, RefusalCode::quota);
  EXPECT_NE(refusal.text.find("rooms.archive_after_records"), std::string::npos) << refusal.text;

  two.admin.submit(payload_of(create_entities(AuthorSlot{0}, 1)));
  ASSERT_TRUE(two.world.run_until([&] { return two.admin.refusal_count(RefusalCode::quota) == 1; }))
      << "an admin's edits would fill what governing needs";
  two.admin.reset_chain();
  fb::RevokeRoleT revoke;
  revoke.author = boxed(two.editor.author);
  two.admin.submit(payload_of(std::move(revoke)));
  EXPECT_TRUE(two.world.run_until([&] { return two.editor.is_refused(RefusalCode::forbidden); }));
  fb::DeleteEntitiesT clean;
  clean.targets = {make_object_id(AuthorSlot{1}, 1).value()};
  two.admin.submit(payload_of(std::move(clean)));
  EXPECT_TRUE(two.world.run_until([&] { return two.admin.replica.scene().entity_count() == counter - 3; }));
}

TEST(HubPackets, TheReserveForGoverningEndsAtTheQuota) {
  TwoPeople two(small_log());
  const auto count_of = [](const ScriptedPeer& peer) { return peer.refusal_count(RefusalCode::quota); };
  for (int packets = 0; count_of(two.admin) == 0; ++packets) {
    ASSERT_LT(packets, 1000);
    fb::GrantRoleT grant;
    grant.author = boxed(two.editor.author);
    grant.role = packets % 2 == 0 ? log::Role::viewer : log::Role::editor;
    two.admin.submit(payload_of(std::move(grant)));
    two.world.settle();
  }
  EXPECT_EQ(two.world.metric("quota_rejections", "guards.log_bytes_per_room_max"), 1);
}

TEST(HubPackets, ArchivingMakesPlaceInAFullLog) {
  auto config = small_log();
  const std::uint64_t needed = 2 * config.log.log_bytes_per_room_max;
  config.archive_after_records = 16;
  config.resume_records_max = 16;
  config.snapshot_every_records = 32;
  TwoPeople two(config);
  std::uint64_t counter = 1;
  for (std::uint64_t written = 0; written < needed;) {
    auto payload = payload_of(create_entities(AuthorSlot{1}, counter, 40));
    counter += 40;
    written += payload.size();
    two.editor.submit(std::move(payload));
    two.world.settle();
    ASSERT_TRUE(two.editor.refusals.empty()) << two.editor.refusals.back().text;
  }
}

TEST(HubPackets, ASupersededWriterOnlyReads) {
  TwoPeople two;
  auto& second = two.world.add_member(2);  // the editor's key again
  second.attach(two.room);
  ASSERT_TRUE(two.world.run_until([&] { return second.head().value() == 2; }));
  ASSERT_TRUE(two.world.run_until([&] { return two.editor.has_notice(fb::NoticeKind::superseded); }));
  two.editor.submit(two.edit());
  ASSERT_TRUE(two.is_refused(RefusalCode::not_writer));
  EXPECT_EQ(two.world.metric("not_writer_rejections"), 1);
  second.submit(two.edit());
  EXPECT_TRUE(two.is_at(3));
}

TEST(HubPackets, APacketWithoutARoomIsPutOff) {
  HubWorld world;
  auto& peer = world.add_member(1);
  peer.submit_packet(peer.make_packet(payload_of(create_entities(AuthorSlot{0}, 1)), Nonce{1}, Hash256{}));
  world.settle();
  EXPECT_FALSE(peer.closed);
  EXPECT_EQ(peer.refusal_count(RefusalCode::hub_busy), 1U);
}

TEST(HubPackets, ACompactPacketThatDoesNotDecodeIsRefusedAndCounted) {
  TwoPeople two;
  two.editor.send(transport::Lane::commands, SharedBytes(wire::encode(wire::Submit{Bytes{}})));
  two.world.settle();
  const bool is_handled = two.editor.closed.has_value() || two.editor.refusal_count(RefusalCode::malformed) == 1;
  EXPECT_TRUE(is_handled);
  EXPECT_EQ(two.world.metric("malformed_messages"), 1);
}

}  // namespace
}  // namespace theta::hub::testing

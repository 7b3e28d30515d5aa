// Method: one guard at a time is made small, a peer goes over it, and the hub's answer and the guard's own counter are
// looked at. Time is virtual, so a refill is as exact as a refusal.

#include <gtest/gtest.h>

#include "hub/hub_world.h"
#include "theta/hub/limits.h"

namespace theta::hub::testing {
namespace {

using log::RefusalCode;
using transport::Lane;

struct GuardedRoom {
  explicit GuardedRoom(const HubConfig& config = {})
      : world(config),
        admin(world.add_member(1)),
        room(world.open_room(admin)),
        editor(world.add_editor(2, room, admin)) {
    world.settle();
  }
  /// Leaves the room and enters it again, as one who resumes.
  void attach_again() {
    editor.detach();
    editor.messages.clear();
    editor.attach(room, {.resume = true});
    ASSERT_TRUE(world.run_until([&] { return editor.last<fb::AttachedT>() != nullptr; }));
  }
  void query_log() {
    fb::LogQueryT query;
    query.request = 4;
    query.from_seq = 1;
    editor.send(Lane::bulk, message_of(std::move(query)));
  }

  HubWorld world;
  ScriptedPeer& admin;
  RoomId room;
  ScriptedPeer& editor;
};

std::size_t requests_refused(const ScriptedPeer& peer, RefusalCode code) {
  std::size_t result = 0;
  for (const auto& message : peer.messages) {
    const auto* refused = message->body.AsRequestRefused();
    result += refused != nullptr && refused->code == code ? 1 : 0;
  }
  return result;
}

// ---- Requests -----------------------------------------------------------------------------------------------------

TEST(HubGuards, AttachingTooOftenIsPutOffAndCounted) {
  HubConfig config;
  config.requests = {3, 1};
  HubWorld world(config);
  auto& peer = world.add_member(1);
  for (int count = 0; count < 4; ++count) peer.attach(RoomId{});
  world.run_for(std::chrono::milliseconds(500));
  EXPECT_EQ(requests_refused(peer, RefusalCode::no_such_room), 3U);
  ASSERT_EQ(requests_refused(peer, RefusalCode::rate_limited), 1U);
  EXPECT_EQ(world.metric("request_rate_drops"), 1);
  EXPECT_EQ(world.metric("rate_limit_drops"), 0) << "no packet was refused";
  const auto wait = std::chrono::milliseconds(peer.last<fb::RequestRefusedT>()->retry_after_ms);
  EXPECT_GT(wait.count(), 0);
  world.run_for(wait);
  peer.attach(RoomId{});
  EXPECT_TRUE(world.run_until([&] { return requests_refused(peer, RefusalCode::no_such_room) == 4; }));
}

TEST(HubGuards, OpeningRoomsIsARequestToo) {
  HubConfig config;
  config.requests = {1, 0.01};
  HubWorld world(config);
  auto& peer = world.add_member(1);
  for (int count = 0; count < 2; ++count) {
    fb::OpenRoomRequestT request;
    request.admin_token = Bytes(32, 8);
    request.packet = Bytes(10, 0);
    peer.send_control(message_of(std::move(request)));
  }
  world.settle();
  EXPECT_EQ(requests_refused(peer, RefusalCode::forbidden), 1U);
  EXPECT_EQ(requests_refused(peer, RefusalCode::rate_limited), 1U);
  EXPECT_EQ(world.metric("admin_token_rejections"), 1);
  EXPECT_EQ(world.metric("request_rate_drops"), 1);
}

TEST(HubGuards, DetachingIsNeverRefusedAndCountsAgainstTheNextAttach) {
  HubConfig config;
  config.requests = {4, 0.01};
  GuardedRoom guarded(config);  // one request to attach
  guarded.editor.detach();
  guarded.editor.detach();
  guarded.editor.detach();
  guarded.editor.detach();
  ASSERT_TRUE(guarded.world.run_until([&] {
    const auto* info = guarded.admin.last<fb::SessionInfoT>();
    return info != nullptr && !info->connected;
  }));
  guarded.editor.attach(guarded.room, {.resume = true});
  EXPECT_TRUE(guarded.world.run_until([&] { return guarded.editor.is_refused(RefusalCode::rate_limited); }));
}

TEST(HubGuards, AttachingAgainRefillsNeitherPresenceNorBulk) {
  HubConfig config;
  config.log.presence = {5, 0.001};
  config.log.bulk = {1200.0 * 1024, 100};
  GuardedRoom guarded(config);
  for (std::uint32_t counter = 1; counter <= 5; ++counter) guarded.editor.send_presence(counter);
  guarded.query_log();
  guarded.query_log();
  ASSERT_TRUE(guarded.world.run_until([&] { return guarded.editor.count<fb::LogRangeT>() == 2; }));
  EXPECT_EQ(guarded.world.metric("presence_rate_drops"), 0);
  EXPECT_EQ(guarded.world.metric("bulk_rate_drops"), 0);

  guarded.attach_again();
  guarded.editor.send_presence(6);
  guarded.query_log();
  ASSERT_TRUE(guarded.world.run_until([&] { return guarded.editor.is_refused(RefusalCode::rate_limited); }));
  EXPECT_EQ(guarded.world.metric("presence_rate_drops"), 1);
  EXPECT_EQ(guarded.world.metric("bulk_rate_drops"), 1);
}

TEST(HubGuards, ASnapshotIsChargedToBulk) {
  HubConfig config;
  config.log.bulk = {600.0 * 1024, 10.0 * 1024};
  config.join_tail_records_max = 0;  // a snapshot of the present for everybody
  GuardedRoom guarded(config);
  guarded.admin.submit(payload_of(create_entities(AuthorSlot{0}, 1, 400)));
  ASSERT_TRUE(guarded.world.run_until([&] { return guarded.editor.head().value() == 3; }));
  // What is left of the bucket in the end is less than any request costs, and a snapshot of 400 entities is more.
  guarded.query_log();
  ASSERT_TRUE(guarded.world.run_until([&] { return guarded.editor.count<fb::LogRangeT>() == 1; }));
  fb::AssetQueryT query;
  query.asset = boxed(AssetId{});
  while (!guarded.editor.is_refused(RefusalCode::rate_limited)) {
    query.request += 1;
    guarded.editor.send(Lane::bulk, message_of(fb::AssetQueryT(query)));
    guarded.world.run_for(std::chrono::milliseconds(20));
    ASSERT_LT(query.request, 1000U);
  }
  const auto before = guarded.world.metric("bulk_rate_drops");
  guarded.editor.detach();
  guarded.editor.messages.clear();
  guarded.editor.attach(guarded.room);
  ASSERT_TRUE(guarded.world.run_until([&] { return guarded.editor.is_refused(RefusalCode::rate_limited); }));
  EXPECT_EQ(guarded.world.metric("bulk_rate_drops"), before + 1);
  EXPECT_EQ(guarded.editor.last<fb::AttachedT>(), nullptr);
  const auto wait = std::chrono::milliseconds(guarded.editor.last<fb::RequestRefusedT>()->retry_after_ms);
  guarded.world.run_for(wait);
  guarded.editor.attach(guarded.room);
  EXPECT_TRUE(guarded.world.run_until([&] { return guarded.editor.last<fb::AttachedT>() != nullptr; }));
}

TEST(HubGuards, BulkRequestsWithoutARoomAreChargedToo) {
  HubConfig config;
  config.log.bulk = {2048, 1};
  HubWorld world(config);
  auto& peer = world.add_member(1);
  for (std::uint32_t request = 1; request <= 4; ++request) {
    fb::AssetQueryT query;
    query.request = request;
    query.asset = boxed(AssetId{});
    peer.send(Lane::bulk, message_of(std::move(query)));
  }
  world.settle();
  EXPECT_EQ(requests_refused(peer, RefusalCode::bad_request), 2U);
  EXPECT_EQ(requests_refused(peer, RefusalCode::rate_limited), 2U);
  EXPECT_EQ(world.metric("bulk_rate_drops"), 2);
}

TEST(HubGuards, RequestsOfEarlierAttachmentsCountUntilTheStoreHasAnswered) {
  HubConfig config;
  config.requests = {1'000'000, 1'000'000};
  config.log.bulk = {1e12, 1e12};
  GuardedRoom guarded(config);
  guarded.world.is_store_held = true;
  for (int round = 0; round < 200; ++round) {
    for (int count = 0; count < 4; ++count) guarded.query_log();
    guarded.editor.detach();
    guarded.editor.attach(guarded.room, {.resume = true});
    guarded.world.run_for(std::chrono::milliseconds(10));
  }
  EXPECT_LE(guarded.world.engine->pending(), config.bulk_requests_per_session_max + 2);
  EXPECT_GT(guarded.world.metric("quota_rejections", "sessions.bulk_requests_max"), 0);
  guarded.world.is_store_held = false;
  guarded.world.settle();
  guarded.editor.messages.clear();
  guarded.query_log();
  EXPECT_TRUE(guarded.world.run_until([&] { return guarded.editor.count<fb::LogRangeT>() == 1; }));
}

// ---- Packets ------------------------------------------------------------------------------------------------------

TEST(HubGuards, PacketsWithoutARoomAreChargedToTheirAuthor) {
  HubConfig config;
  config.log.commands = {3, 0.01};
  HubWorld world(config);
  auto& peer = world.add_member(1);
  const auto packet = peer.make_packet(payload_of(create_entities(AuthorSlot{0}, 1)), Nonce{1}, Hash256{});
  for (int count = 0; count < 5; ++count) peer.submit_packet(packet);
  world.settle();
  EXPECT_EQ(peer.refusal_count(RefusalCode::hub_busy), 3U);
  EXPECT_EQ(peer.refusal_count(RefusalCode::rate_limited), 2U);
  EXPECT_EQ(world.metric("rate_limit_drops"), 2);
  EXPECT_EQ(world.metric("busy_rejections"), 3);
}

TEST(HubGuards, PacketsThatAreTooLargeForTheLaneAreChargedToTheirAuthor) {
  HubConfig config;
  config.log.commands = {3, 0.01};
  HubWorld world(config);
  auto& peer = world.add_member(1);
  Bytes large(theta::limits::kPayloadBytesMax + 8192, 0);
  large[0] = 1;  // a Submit that is not compressed
  for (int count = 0; count < 5; ++count) peer.send(Lane::commands, SharedBytes(Bytes(large)));
  world.settle();
  EXPECT_EQ(peer.refusal_count(RefusalCode::too_large), 3U);
  EXPECT_EQ(peer.refusal_count(RefusalCode::rate_limited), 2U);
  EXPECT_EQ(world.metric("payload_guard_drops"), 3);
  EXPECT_EQ(world.metric("rate_limit_drops"), 2);
}

TEST(HubGuards, AllAuthorsOfARoomShareABucketToo) {
  HubConfig config;
  config.log.commands = {6, 0.01};
  config.log.room_commands = {7, 0.5};
  GuardedRoom guarded(config);
  for (std::uint64_t counter = 1; counter <= 4; ++counter)
    guarded.admin.submit(payload_of(create_entities(AuthorSlot{0}, counter)));
  for (std::uint64_t counter = 1; counter <= 3; ++counter)
    guarded.editor.submit(payload_of(create_entities(AuthorSlot{1}, counter)));
  ASSERT_TRUE(guarded.world.run_until([&] { return guarded.admin.head().value() == 9; }));
  const auto packet = guarded.editor.submit(payload_of(create_entities(AuthorSlot{1}, 4)));
  ASSERT_TRUE(guarded.world.run_until([&] { return guarded.editor.refusal_count(RefusalCode::rate_limited) == 1; }));
  EXPECT_EQ(guarded.world.metric("room_rate_drops"), 1);
  EXPECT_EQ(guarded.world.metric("rate_limit_drops"), 0) << "the author has some left";
  guarded.world.run_for(std::chrono::milliseconds(guarded.editor.refusals.back().retry_after_ms));
  guarded.editor.submit_packet(packet);
  EXPECT_TRUE(guarded.world.run_until([&] { return guarded.admin.head().value() == 10; }));
}

TEST(HubGuards, WhoMayNotWriteCannotEmptyTheRoomsBucket) {
  HubConfig config;
  config.log.commands = {6, 0.01};
  config.log.room_commands = {7, 0.01};
  GuardedRoom guarded(config);
  auto& viewer = guarded.world.add_editor(3, guarded.room, guarded.admin, log::Role::viewer);
  const auto packet = viewer.submit(payload_of(create_entities(AuthorSlot{2}, 1)));
  auto forged = packet;
  forged.signature.bytes[0] ^= 1;
  for (int count = 0; count < 3; ++count) viewer.submit_packet(forged);
  viewer.submit_packet(packet);
  ASSERT_TRUE(guarded.world.run_until([&] { return viewer.refusal_count(RefusalCode::role_too_low) == 2; }));
  EXPECT_EQ(viewer.refusal_count(RefusalCode::bad_signature), 3U);

  for (std::uint64_t counter = 1; counter <= 4; ++counter)
    guarded.admin.submit(payload_of(create_entities(AuthorSlot{0}, counter)));
  for (std::uint64_t counter = 1; counter <= 3; ++counter)
    guarded.editor.submit(payload_of(create_entities(AuthorSlot{1}, counter)));
  EXPECT_TRUE(guarded.world.run_until([&] { return guarded.admin.head().value() == 10; })) << "seven find room";
  EXPECT_EQ(guarded.world.metric("room_rate_drops"), 0);
}

TEST(HubGuards, ARoomTakesWhatItsAuthorsMaySend) {
  HubConfig config;
  config.log.commands = {5, 0.01};
  config.log.room_commands = {1, 0.01};
  GuardedRoom guarded(config);
  for (std::uint64_t counter = 1; counter <= 4; ++counter)
    guarded.admin.submit(payload_of(create_entities(AuthorSlot{0}, counter)));
  EXPECT_TRUE(guarded.world.run_until([&] { return guarded.admin.head().value() == 6; }));
  EXPECT_EQ(guarded.world.metric("room_rate_drops"), 0);
}

/// Asks to join with an invite of `issuer`, who need not be an admin.
void ask_to_join(GuardedRoom& guarded, ScriptedPeer& peer, const ScriptedPeer& issuer) {
  ScriptedPeer::AttachOptions options;
  options.join = log::encode_packet(peer.make_join(guarded.room, guarded.world.make_ticket(guarded.room, issuer)));
  peer.attach(guarded.room, std::move(options));
}

TEST(HubGuards, JoiningARoomHasABucketThatStrangersCannotEmpty) {
  HubConfig config;
  config.log.room_joins = {2, 0.5};
  GuardedRoom guarded(config);  // one has joined
  auto& stranger = guarded.world.add_member(9);
  for (int count = 0; count < 3; ++count) ask_to_join(guarded, stranger, guarded.editor);
  guarded.world.settle();
  EXPECT_EQ(guarded.world.metric("room_join_drops"), 0);
  guarded.world.run_for(std::chrono::seconds(10));

  std::vector<ScriptedPeer*> invited;
  for (std::uint8_t seed = 3; seed < 6; ++seed) invited.push_back(&guarded.world.add_member(seed));
  for (auto* peer : invited) ask_to_join(guarded, *peer, guarded.admin);
  auto& late = *invited.back();
  ASSERT_TRUE(guarded.world.run_until([&] { return late.is_refused(RefusalCode::rate_limited); }));
  EXPECT_EQ(guarded.world.metric("room_join_drops"), 1);
  EXPECT_EQ(guarded.world.metric("rate_limit_drops"), 0);
  guarded.attach_again();  // members do not join
  guarded.world.run_for(std::chrono::milliseconds(late.last<fb::RequestRefusedT>()->retry_after_ms));
  ask_to_join(guarded, late, guarded.admin);
  EXPECT_TRUE(guarded.world.run_until([&] { return late.last<fb::AttachedT>() != nullptr; }));
}

// ---- Connections --------------------------------------------------------------------------------------------------

TEST(HubGuards, AFirstMessageTooLargeForALoginIsNotEvenVerified) {
  HubWorld world;
  auto& peer = world.add_peer(1);
  peer.connect();
  ASSERT_TRUE(world.run_until([&] { return peer.last<fb::HubHelloT>() != nullptr; }));
  fb::AttachT attach;
  attach.room = boxed(RoomId{});
  attach.join = Bytes(5000, 1);
  peer.send_control(message_of(std::move(attach)));
  ASSERT_TRUE(world.run_until([&] { return peer.closed.has_value(); }));
  EXPECT_EQ(peer.closed->reason, transport::CloseReason::unauthenticated);
  EXPECT_EQ(world.metric("messages_before_login"), 1);
  EXPECT_EQ(world.metric("malformed_messages"), 0);
}

TEST(HubGuards, WhoeverLogsInAndEntersNoRoomIsClosed) {
  HubConfig config;
  config.roomless_timeout = std::chrono::seconds(20);
  GuardedRoom guarded(config);
  auto& idle = guarded.world.add_member(3);
  guarded.world.run_for(std::chrono::seconds(10));
  EXPECT_FALSE(idle.closed);
  guarded.editor.detach();
  ASSERT_TRUE(guarded.world.run_until([&] { return idle.closed.has_value(); }));
  EXPECT_EQ(idle.closed->reason, transport::CloseReason::resource_limit);
  EXPECT_EQ(guarded.world.metric("roomless_timeouts"), 1);
  EXPECT_FALSE(guarded.editor.closed) << "its time began when it left";
  ASSERT_TRUE(guarded.world.run_until([&] { return guarded.editor.closed.has_value(); }));
  guarded.world.settle();
  EXPECT_FALSE(guarded.admin.closed);
}

TEST(HubGuards, OneSessionTooManyOfAnAuthorEndsTheOldest) {
  HubConfig config;
  config.sessions_per_author_max = 2;
  GuardedRoom guarded(config);
  std::vector<ScriptedPeer*> later;
  for (int count = 0; count < 2; ++count) {
    later.push_back(&guarded.world.add_member(2));  // the editor's key again
    later.back()->attach(guarded.room);
    ASSERT_TRUE(guarded.world.run_until([&] { return later.back()->last<fb::AttachedT>() != nullptr; }));
  }
  ASSERT_TRUE(guarded.world.run_until([&] { return guarded.editor.closed.has_value(); }));
  EXPECT_EQ(guarded.editor.closed->reason, transport::CloseReason::superseded);
  EXPECT_FALSE(later[0]->closed);
  EXPECT_FALSE(later[1]->closed);
  EXPECT_FALSE(guarded.admin.closed);
  EXPECT_EQ(guarded.world.metric("quota_rejections", "sessions.per_author_and_room_max"), 1);
}

// ---- Slow readers -------------------------------------------------------------------------------------------------

/// Writes records that do not compress, so that a lane is soon full.
void write_noise(HubWorld& world, ScriptedPeer& admin, std::uint64_t first, std::uint64_t count) {
  for (auto counter = first; counter < first + count; ++counter) {
    fb::SetAppComponentT app;
    app.targets = {make_object_id(AuthorSlot{0}, counter).value()};
    app.component = 1;
    auto state = static_cast<std::uint32_t>(counter * 2654435761U + 1);
    for (int index = 0; index < 16'000; ++index) {
      state = state * 1664525U + 1013904223U;
      app.value.push_back(static_cast<std::uint8_t>(state >> 24));
    }
    std::vector<fb::CommandUnion> commands(2);
    commands[0].Set(create_entities(AuthorSlot{0}, counter));
    commands[1].Set(std::move(app));
    const auto head = admin.head().value();
    admin.submit(payload_of(std::move(commands)));
    ASSERT_TRUE(world.run_until([&] { return admin.head().value() == head + 1; }));
  }
}

HubConfig for_slow_readers() {
  HubConfig config;
  config.log.commands = {1'000'000, 1'000'000};
  config.ring_records_max = 16;
  return config;
}

TEST(HubGuards, AReaderWhoseLaneIsFullCostsNoWorkUntilItReads) {
  GuardedRoom guarded(for_slow_readers());
  guarded.editor.endpoint->set_read_bytes_per_second(0);
  write_noise(guarded.world, guarded.admin, 1, 130);
  const auto reads = guarded.world.metric("store_catch_ups");
  const auto messages = guarded.world.hub->metrics().find("compress_latency")->count;
  write_noise(guarded.world, guarded.admin, 131, 40);
  EXPECT_EQ(guarded.world.metric("store_catch_ups"), reads);
  EXPECT_EQ(guarded.world.hub->metrics().find("compress_latency")->count, messages + 40) << "the admin's alone";
  guarded.editor.endpoint->set_read_bytes_per_second(std::nullopt);
  ASSERT_TRUE(guarded.world.run_until([&] { return guarded.editor.head() == guarded.admin.head(); }));
  EXPECT_EQ(guarded.editor.replica.state_hash(), guarded.admin.replica.state_hash());
}

TEST(HubGuards, AReaderThatDoesNotMoveIsClosedAndOneThatDoesIsNot) {
  auto config = for_slow_readers();
  config.stalled_timeout = std::chrono::seconds(20);
  GuardedRoom guarded(config);
  auto& slow = guarded.world.add_editor(3, guarded.room, guarded.admin);
  guarded.world.settle();
  guarded.editor.endpoint->set_read_bytes_per_second(0);
  slow.endpoint->set_read_bytes_per_second(20'000);
  write_noise(guarded.world, guarded.admin, 1, 130);
  ASSERT_TRUE(guarded.world.run_until([&] { return guarded.editor.closed.has_value(); }, std::chrono::seconds(60)));
  EXPECT_EQ(guarded.editor.closed->reason, transport::CloseReason::resource_limit);
  EXPECT_EQ(guarded.world.metric("stalled_closes"), 1);
  ASSERT_TRUE(guarded.world.run_until([&] { return slow.head() == guarded.admin.head(); }, std::chrono::minutes(10)));
  EXPECT_FALSE(slow.closed);
  EXPECT_EQ(guarded.world.metric("stalled_closes"), 1);
}

TEST(HubGuards, RefusalsThatNobodyReadsAreKeptUpToTheirBound) {
  GuardedRoom guarded(for_slow_readers());
  guarded.world.settle();
  guarded.editor.endpoint->set_read_bytes_per_second(0);
  write_noise(guarded.world, guarded.admin, 1, 130);
  const auto send_out_of_order = [&] {
    guarded.editor.submit_packet(
        guarded.editor.make_packet(payload_of(create_entities(AuthorSlot{1}, 1)), Nonce{99}, Hash256{}));
  };
  const auto kept = [&] { return guarded.world.hub->usage().rooms.at(0).refusals_kept_max; };
  // The lane has room for the first ones, less than for a record.
  for (std::size_t count = 0; count < limits::kRefusalsKeptMax; ++count) send_out_of_order();
  guarded.world.settle();
  ASSERT_GT(kept(), 0U);
  for (auto count = kept(); count < limits::kRefusalsKeptMax; ++count) send_out_of_order();
  guarded.world.settle();
  EXPECT_EQ(kept(), limits::kRefusalsKeptMax);
  EXPECT_EQ(guarded.world.metric("slow_peer_closes"), 0);
  send_out_of_order();
  guarded.world.settle();
  EXPECT_EQ(guarded.world.metric("slow_peer_closes"), 1);
  EXPECT_EQ(kept(), 0U);
}

TEST(HubGuards, WhatWaitsForTheDiskAndWhatIsKeptForReadersKeepToTheirBounds) {
  HubConfig config;
  config.uncommitted_records_max = 5;
  config.ring_records_max = 3;
  GuardedRoom guarded(config);
  guarded.world.settle();
  guarded.world.is_store_held = true;
  for (std::uint64_t counter = 1; counter <= 8; ++counter)
    guarded.admin.submit(payload_of(create_entities(AuthorSlot{0}, counter)));
  guarded.world.settle();
  EXPECT_EQ(guarded.world.hub->usage().rooms[0].uncommitted_records, 5U);
  EXPECT_GT(guarded.world.hub->usage().rooms[0].uncommitted_bytes, 0U);
  EXPECT_EQ(guarded.world.metric("uncommitted_records"), 5);
  EXPECT_GT(guarded.admin.refusal_count(RefusalCode::hub_busy), 0U);
  guarded.world.is_store_held = false;
  guarded.world.settle();
  const auto usage = guarded.world.hub->usage().rooms[0];
  EXPECT_EQ(usage.uncommitted_records, 0U);
  EXPECT_EQ(usage.uncommitted_bytes, 0U);
  EXPECT_EQ(usage.ring_records, 3U);
  EXPECT_EQ(usage.sessions, 2U);
}

TEST(HubGuards, ComingAndGoingDoesNotCostASlowReaderItsConnection) {
  HubConfig config;
  config.requests = {1'000'000, 1'000'000};
  GuardedRoom guarded(config);
  guarded.admin.endpoint->set_read_bytes_per_second(0);
  for (int round = 0; round < 3000; ++round) {
    guarded.editor.detach();
    guarded.editor.attach(guarded.room, {.resume = true});
    if (round % 10 == 9) guarded.world.run_for(std::chrono::milliseconds(20));
  }
  guarded.world.settle();
  EXPECT_FALSE(guarded.admin.closed);
  EXPECT_EQ(guarded.world.metric("slow_peer_closes"), 0);
  guarded.admin.endpoint->set_read_bytes_per_second(std::nullopt);
  const auto number = guarded.editor.last<fb::AttachedT>()->session;
  EXPECT_TRUE(guarded.world.run_until([&] {
    const auto* info = guarded.admin.last<fb::SessionInfoT>();
    return info != nullptr && info->connected && info->session == number;
  })) << "who is there now is told in the end";
}

// ---- The store's queue --------------------------------------------------------------------------------------------

TEST(HubGuards, AFullQueueOfTheStoreKillsNoRoom) {
  HubWorld world({}, 3);
  auto& admin = world.add_member(1);
  world.open_room(admin);
  world.settle();
  world.is_store_held = true;
  std::vector<log::CommandPacket> packets;
  for (std::uint64_t counter = 1; counter <= 12; ++counter) {
    packets.push_back(admin.submit(payload_of(create_entities(AuthorSlot{0}, counter))));
    world.run_for(std::chrono::milliseconds(20));  // an append each
  }
  world.is_store_held = false;
  ASSERT_TRUE(world.run_until([&] { return admin.refusal_count(RefusalCode::room_read_only) > 0; }));
  ASSERT_TRUE(world.run_until([&] { return admin.has_notice(fb::NoticeKind::room_writable); }));
  for (const auto& packet : packets) admin.submit_packet(packet);
  ASSERT_TRUE(world.run_until([&] { return admin.head().value() == 13; })) << admin.replica_error;
  EXPECT_FALSE(admin.closed);
  EXPECT_EQ(requests_refused(admin, RefusalCode::internal), 0U);
}

}  // namespace
}  // namespace theta::hub::testing

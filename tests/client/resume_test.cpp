// How a session comes back: from lost connections, refusals, crashes and long absences. The fault is injected at the
// hub or by killing the peer's process; then everything submitted must be in the log exactly once.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "peers.h"
#include "theta/client/limits.h"
#include "theta/client/session.h"
#include "theta/log/rate_limiter.h"

namespace theta::client {
namespace {

using testing::at;
using testing::author_key;
using testing::create_one;
using testing::packet_from_elsewhere;
using testing::World;
using How = CommandSettled::How;
using wire::fb::RefusalCode;

wire::Refusal refusal(RefusalCode code, std::uint32_t retry_after_ms = 0) {
  return {{}, code, retry_after_ms, {}, "refused by the test"};
}

TEST(Resume, AnOpeningThatGotLostIsSentAgain) {
  World world;
  world.hub.ignores_open = true;
  auto& admin = world.add_peer("admin");
  admin.start(world.admin_options(), author_key(1));
  world.run_for(std::chrono::milliseconds{200});
  world.hub.ignores_open = false;
  world.hub.disconnect_all();
  EXPECT_TRUE(world.run_until([&] { return admin->caught_up(); }));
}

TEST(Resume, ARefusedCommandComesBackAndItsEffectDisappears) {
  World world;
  auto& admin = world.add_admin();
  const auto cube = create_one(*admin, "cube");
  ASSERT_TRUE(world.run_until([&] { return admin->is_idle(); }));
  bool refused_once = false;
  world.hub.refuse = [&](Nonce) -> std::optional<wire::Refusal> {
    if (std::exchange(refused_once, true)) return std::nullopt;
    return refusal(RefusalCode::quota);
  };
  const auto handle = admin->submit(commands::set_transform(cube, at(5)));
  ASSERT_TRUE(handle);
  EXPECT_EQ(admin->scene().transform(cube)->position.x, 5);
  world.turn();
  // Follows in a packet of its own, which is refused for the gap before it and must be signed anew.
  ASSERT_TRUE(admin->submit(commands::rename(cube, "kept")));
  admin.events.clear();
  ASSERT_TRUE(world.run_until([&] { return admin->is_idle(); }));
  EXPECT_EQ(admin->scene().transform(cube), nullptr) << "rolled back";
  bool rollback_was_told = false;
  for (const auto& event : admin.all<Changed>())
    for (const auto& key : event.registers)
      rollback_was_told = rollback_was_told || (key.entity == cube && key.component == scene::Component::transform);
  EXPECT_TRUE(rollback_was_told);
  EXPECT_EQ(*world.hub.replica().scene().name(cube), "kept");
  ASSERT_EQ(admin.settled(How::refused), 1U);
  for (const auto& event : admin.all<CommandSettled>()) {
    if (event.how != How::refused) continue;
    EXPECT_EQ(event.handle, *handle);
  }
  EXPECT_TRUE(world.all_equal());
}

TEST(Resume, OfSeveralCommandsInAPacketOnlyTheOneAtFaultIsDropped) {
  World world;
  auto& admin = world.add_admin();
  const auto cube = create_one(*admin, "cube");
  ASSERT_TRUE(world.run_until([&] { return admin->is_idle(); }));
  // Refuses every packet that holds the command to be blamed.
  world.hub.refuse = [&](Nonce) -> std::optional<wire::Refusal> {
    const auto& bytes = world.hub.submitted.back();
    const std::string text(bytes.begin(), bytes.end());
    if (text.find("forbidden-name") == std::string::npos) return std::nullopt;
    return refusal(RefusalCode::bad_value);
  };
  ASSERT_TRUE(admin->submit(commands::set_visibility({&cube, 1}, false)));
  const auto bad = admin->submit(commands::rename(cube, "forbidden-name"));
  ASSERT_TRUE(bad);
  ASSERT_TRUE(admin->submit(commands::set_transform(cube, at(3))));
  ASSERT_TRUE(world.run_until([&] { return admin->is_idle(); }));
  EXPECT_EQ(admin.settled(How::refused), 1U);
  EXPECT_EQ(admin.settled(How::acknowledged), 3U);
  for (const auto& event : admin.all<CommandSettled>()) {
    if (event.how != How::refused) continue;
    EXPECT_EQ(event.handle, *bad);
    ASSERT_TRUE(event.refusal);
    EXPECT_EQ(event.refusal->code, RefusalCode::bad_value);
    EXPECT_FALSE(event.refusal->text.empty());
  }
  EXPECT_EQ(*admin->scene().name(cube), "cube") << "rolled back";
  EXPECT_EQ(world.hub.replica().scene().transform(cube)->position.x, 3);
  EXPECT_TRUE(world.all_equal());
}

TEST(Resume, WhatIsRefusedForNowIsHeldAndSentAgainUntilNothingIsLost) {
  World world;
  auto& admin = world.add_admin();
  const auto cube = create_one(*admin, "cube");
  int count = 0;
  const RefusalCode codes[] = {RefusalCode::rate_limited, RefusalCode::room_read_only, RefusalCode::hub_busy,
                               RefusalCode::clock_skew};
  world.hub.refuse = [&](Nonce) -> std::optional<wire::Refusal> {
    if (++count % 3 != 0) return refusal(codes[count % 4], 50);
    return std::nullopt;
  };
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(admin->submit(commands::translate({&cube, 1}, {1, 0, 0})));
    world.run_for(std::chrono::milliseconds{3});
  }
  ASSERT_TRUE(world.run_until([&] { return admin->is_idle(); }));
  EXPECT_EQ(world.hub.replica().scene().transform(cube)->position.x, 200) << "each exactly once";
  EXPECT_EQ(admin.settled(How::acknowledged), 201U);
  EXPECT_EQ(admin.settled(How::refused), 0U);
  EXPECT_GT(admin->statistics().packets_resent, 0U);
}

TEST(Resume, KeepsToTheAdvertisedRateSoThatNothingIsRefused) {
  World world;
  world.hub.commands_burst = 100;
  world.hub.commands_per_second = 10;
  log::RateLimiter limiter;
  auto& admin = world.add_admin();
  world.hub.refuse = [&](Nonce) -> std::optional<wire::Refusal> {
    const auto count = log::peek_command_count(world.hub.submitted.back()).value_or(1);
    const auto wait = limiter.charge(count, {100, 10}, world.network.now());
    if (wait.count() == 0) return std::nullopt;
    return refusal(RefusalCode::rate_limited, 1000);
  };
  const auto cube = create_one(*admin, "cube");
  for (int i = 0; i < 500; ++i) ASSERT_TRUE(admin->submit(commands::translate({&cube, 1}, {1, 0, 0})));
  ASSERT_TRUE(world.run_until([&] { return admin->is_idle(); }));
  EXPECT_EQ(world.hub.replica().scene().transform(cube)->position.x, 500);
  EXPECT_EQ(admin->statistics().refusals, 0U);
  EXPECT_LE(world.hub.submitted.size(), 120U) << "a backlog is packed";
}

TEST(Resume, ALostConnectionResendsTheVerySameBytes) {
  World world;
  auto& admin = world.add_admin();
  const auto cube = create_one(*admin, "cube");
  ASSERT_TRUE(world.run_until([&] { return admin->is_idle(); }));
  world.hub.ignores_packets = true;
  world.hub.submitted.clear();
  ASSERT_TRUE(admin->submit(commands::rename(cube, "a")));
  ASSERT_TRUE(world.run_until([&] { return world.hub.submitted.size() == 1; }));
  world.hub.ignores_packets = false;
  world.network.reset_connections(admin.endpoint(), *world.hub_endpoint);
  ASSERT_TRUE(world.run_until([&] { return admin->is_idle(); }));
  ASSERT_EQ(world.hub.submitted.size(), 2U);
  EXPECT_EQ(world.hub.submitted[0], world.hub.submitted[1]);
  EXPECT_EQ(*world.hub.replica().scene().name(cube), "a");
}

TEST(Resume, APacketThatReachedTheLogBeforeTheConnectionBrokeIsNotSentAgain) {
  World world;
  auto& admin = world.add_admin();
  const auto cube = create_one(*admin, "cube");
  ASSERT_TRUE(world.run_until([&] { return admin->is_idle(); }));
  world.hub.relays = false;
  ASSERT_TRUE(admin->submit(commands::translate({&cube, 1}, {1, 0, 0})));
  const auto before = world.hub.log().size();
  ASSERT_TRUE(world.run_until([&] { return world.hub.log().size() == before + 1; }));
  world.network.reset_connections(admin.endpoint(), *world.hub_endpoint);
  world.hub.relays = true;
  world.hub.submitted.clear();
  ASSERT_TRUE(world.run_until([&] { return admin->is_idle() && admin->caught_up(); }));
  EXPECT_TRUE(world.hub.submitted.empty());
  EXPECT_EQ(admin->scene().transform(cube)->position.x, 1);
}

/// What happens between sending and the answer when the process dies; the hub either has the packet or not.
class CrashTest : public ::testing::TestWithParam<bool> {};

TEST_P(CrashTest, BetweenSendingAndTheAnswerLeavesTheCommandInTheLogOnce) {
  const bool hub_took_it = GetParam();
  World world;
  auto& admin = world.add_admin();
  const auto cube = create_one(*admin, "cube");
  ASSERT_TRUE(world.run_until([&] { return admin->is_idle(); }));
  world.hub.relays = false;
  world.hub.ignores_packets = !hub_took_it;
  world.hub.submitted.clear();
  ASSERT_TRUE(admin->submit(commands::translate({&cube, 1}, {1, 0, 0})));
  ASSERT_TRUE(world.run_until([&] { return world.hub.submitted.size() == 1; }));
  const auto options = world.admin_options();
  admin.crash();
  world.hub.relays = true;
  world.hub.ignores_packets = false;
  admin.start(options, author_key(1));
  ASSERT_TRUE(admin.restored) << admin.restored.error().message;
  EXPECT_EQ(admin->scene().transform(cube)->position.x, 1) << "shown at once, before any connection";
  ASSERT_TRUE(admin->submit(commands::translate({&cube, 1}, {2, 0, 0})));
  ASSERT_TRUE(world.run_until([&] { return admin->is_idle() && admin->caught_up(); }));
  EXPECT_EQ(world.hub.replica().scene().transform(cube)->position.x, 3);
  EXPECT_TRUE(world.all_equal());
  if (!hub_took_it) {
    EXPECT_EQ(world.hub.submitted[0], world.hub.submitted[1]) << "byte for byte";
  }
}
INSTANTIATE_TEST_SUITE_P(Resume, CrashTest, ::testing::Bool());

TEST(Resume, FiveThousandOfflineEditsAcrossARestartAllArrive) {
  World world;
  auto& admin = world.add_admin();
  std::vector<ObjectId> ids;
  std::vector<NewEntity> entities(500);
  ids = admin->create_entities(entities)->ids;
  ASSERT_TRUE(world.run_until([&] { return admin->is_idle(); }));
  const auto options = world.admin_options();
  admin->go_offline();
  world.run_for(std::chrono::hours{1});
  for (int i = 0; i < 2500; ++i)
    ASSERT_TRUE(admin->submit(commands::translate({&ids[static_cast<std::size_t>(i) % 500], 1}, {1, 0, 0})));
  admin.crash();
  admin.start(options, author_key(1));
  admin->go_offline();
  ASSERT_EQ(admin->statistics().queued_commands, 2500U);
  for (int i = 0; i < 2500; ++i)
    ASSERT_TRUE(admin->submit(commands::translate({&ids[static_cast<std::size_t>(i) % 500], 1}, {1, 0, 0})));
  admin->go_online();
  ASSERT_TRUE(world.run_until([&] { return admin->caught_up() && admin->is_idle(); }, std::chrono::hours{1}));
  for (const auto id : ids) EXPECT_EQ(world.hub.replica().scene().transform(id)->position.x, 10);
  EXPECT_TRUE(world.all_equal());
}

TEST(Resume, ATornJournalLosesNothingThatWasWhole) {
  World world;
  auto& admin = world.add_admin();
  const auto cube = create_one(*admin, "cube");
  ASSERT_TRUE(world.run_until([&] { return admin->is_idle(); }));
  const auto options = world.admin_options();
  admin->go_offline();
  ASSERT_TRUE(admin->submit(commands::rename(cube, "whole")));
  const auto whole = admin.disk.stored.journal.size();
  ASSERT_TRUE(admin->submit(commands::set_visibility({&cube, 1}, false)));
  const auto full = admin.disk.stored;
  for (std::size_t size = whole; size < full.journal.size(); ++size) {
    admin.disk.stored = full;
    admin.disk.stored.journal.resize(size);
    admin.crash();
    admin.start(options, author_key(1));
    ASSERT_TRUE(admin.restored) << admin.restored.error().message;
    EXPECT_EQ(*admin->scene().name(cube), "whole") << size;
    EXPECT_EQ(admin->statistics().queued_commands, 1U) << size;
  }
}

TEST(Resume, ADamagedJournalIsRefusedAndKept) {
  World world;
  auto& admin = world.add_admin();
  const auto cube = create_one(*admin, "cube");
  ASSERT_TRUE(world.run_until([&] { return admin->is_idle(); }));
  admin->save();
  const auto options = world.admin_options();
  admin->go_offline();
  ASSERT_TRUE(admin->submit(commands::rename(cube, "first")));
  const auto first = admin.disk.stored.journal.size();
  ASSERT_TRUE(admin->submit(commands::set_visibility({&cube, 1}, false)));
  const auto good = admin.disk.stored;
  // Past the first bytes of an entry, which say how long it is.
  for (std::size_t i = 3; i < first; ++i) {
    admin.disk.stored = good;
    admin.disk.stored.journal[i] ^= 0x10;
    const auto damaged = admin.disk.stored.journal;
    admin.crash();
    admin.start(options, author_key(1));
    ASSERT_FALSE(admin.restored) << i;
    EXPECT_EQ(admin.restored.error().code, ClientError::storage);
    EXPECT_EQ(admin.disk.stored.journal, damaged) << "kept for whoever can mend it";
  }
}

TEST(Resume, AJournalThatEndsInZerosLosesNothingThatWasWhole) {
  World world;
  auto& admin = world.add_admin();
  const auto cube = create_one(*admin, "cube");
  ASSERT_TRUE(world.run_until([&] { return admin->is_idle(); }));
  const auto options = world.admin_options();
  admin->go_offline();
  ASSERT_TRUE(admin->submit(commands::rename(cube, "whole")));
  admin.disk.stored.journal.resize(admin.disk.stored.journal.size() + 300);
  admin.crash();
  admin.start(options, author_key(1));
  ASSERT_TRUE(admin.restored) << admin.restored.error().message;
  EXPECT_EQ(admin->statistics().queued_commands, 1U);
}

TEST(Resume, ADamagedStateIsRefusedAndKept) {
  World world;
  auto& admin = world.add_admin();
  admin->save();
  const auto options = world.admin_options();
  const auto good = admin.disk.stored;
  for (std::size_t i = 0; i < good.state.size(); i += 7) {
    admin.disk.stored = good;
    admin.disk.stored.state[i] ^= 0x10;
    const auto damaged = admin.disk.stored.state;
    admin.crash();
    admin.start(options, author_key(1));
    ASSERT_FALSE(admin.restored) << i;
    EXPECT_EQ(admin.restored.error().code, ClientError::storage);
    EXPECT_EQ(admin.disk.stored.state, damaged) << "kept for whoever can mend it";
  }
}

TEST(Resume, AFullDiskIsToldAndMendsItself) {
  World world;
  auto& admin = world.add_admin();
  admin.disk.fails = true;
  const auto cube = create_one(*admin, "cube");
  ASSERT_TRUE(world.run_until([&] { return !admin.all<StorageFailed>().empty(); }));
  ASSERT_TRUE(admin->submit(commands::rename(cube, "after")));
  admin.disk.fails = false;
  world.run_for(std::chrono::seconds{30});
  const auto options = world.admin_options();
  admin.crash();
  admin.start(options, author_key(1));
  EXPECT_EQ(*admin->scene().name(cube), "after");
}

TEST(Resume, AnAssetOfflineShowsAtOnceAndGoesUpAfterARestartBeforeTheCommandThatNamesIt) {
  World world;
  auto& admin = world.add_admin();
  const auto options = world.admin_options();
  admin->go_offline();
  const SharedBytes bytes(Bytes(700'000, 5));
  const auto asset = admin->upload_asset(bytes);
  ASSERT_TRUE(asset);
  ASSERT_TRUE(admin->create_entities({NewEntity{.name = "cube", .mesh = *asset}}));
  ASSERT_TRUE(admin->download_asset(*asset));
  world.turn();
  ASSERT_EQ(admin.all<AssetReady>().size(), 1U) << "its own bytes, without a hub";
  admin.crash();
  admin.start(options, author_key(1));
  EXPECT_EQ(admin->statistics().uploads, 1U);
  const auto log_before = world.hub.log().size();
  ASSERT_TRUE(world.run_until([&] { return admin->caught_up(); }));
  bool came_too_early = false;
  ASSERT_TRUE(world.run_until([&] {
    came_too_early = came_too_early || (world.hub.log().size() > log_before && admin.all<AssetStored>().empty());
    return admin->is_idle();
  }));
  EXPECT_FALSE(came_too_early) << "whoever sees the cube asks for its mesh at once";
  world.turn();
  EXPECT_TRUE(admin.disk.kept.empty()) << "the hub has it now";
  auto& other = world.add_member(admin, "Bob", 2);
  ASSERT_TRUE(other->download_asset(*asset));
  ASSERT_TRUE(world.run_until([&] { return !other.all<AssetReady>().empty(); }));
}

TEST(Resume, AnAssetThatTheDiskHadNoRoomForIsKeptWithTheNextState) {
  World world;
  auto& admin = world.add_admin();
  admin->go_offline();
  admin.disk.fails = true;
  ASSERT_TRUE(admin->upload_asset(SharedBytes(Bytes{1, 2, 3})));
  world.turn();
  EXPECT_FALSE(admin.all<StorageFailed>().empty());
  admin.disk.fails = false;
  world.run_for(std::chrono::seconds{30});
  EXPECT_EQ(admin.disk.kept.size(), 1U);
}

TEST(Resume, WhileCommandsWaitForAnAssetTheSessionDoesNotSpin) {
  World world;
  auto& admin = world.add_admin();
  world.hub.ignores_assets = true;
  const auto asset = admin->upload_asset(SharedBytes(Bytes{1, 2, 3}));
  ASSERT_TRUE(asset);
  ASSERT_TRUE(admin->create_entities({NewEntity{.mesh = *asset}}));
  world.run_for(std::chrono::milliseconds{500});
  EXPECT_FALSE(admin->is_idle());
  ASSERT_TRUE(admin->next_wakeup());
  EXPECT_GT(*admin->next_wakeup(), world.network.now() + std::chrono::milliseconds{10});
}

TEST(Resume, WhatARestartWouldSendAgainIsNotSentWhileTheDiskCannotSayThatItWas) {
  World world;
  auto& admin = world.add_admin();
  const auto cube = create_one(*admin, "cube");
  ASSERT_TRUE(world.run_until([&] { return admin->is_idle(); }));
  admin->go_offline();
  ASSERT_TRUE(admin->submit(commands::translate({&cube, 1}, {1, 0, 0})));
  admin.disk.fails = true;
  world.hub.submitted.clear();
  admin->go_online();
  ASSERT_TRUE(world.run_until([&] { return admin->caught_up(); }));
  world.run_for(std::chrono::seconds{20});
  EXPECT_TRUE(world.hub.submitted.empty());
  ASSERT_TRUE(admin->next_wakeup());
  EXPECT_GT(*admin->next_wakeup(), world.network.now()) << "it waits for the disk, and does not spin";
  const auto options = world.admin_options();
  admin.crash();
  admin.disk.fails = false;
  admin.start(options, author_key(1));
  ASSERT_TRUE(world.run_until([&] { return admin->caught_up() && admin->is_idle(); }));
  EXPECT_EQ(world.hub.replica().scene().transform(cube)->position.x, 1) << "exactly once";
}

TEST(Resume, WhatTheDiskNeverHadIsSentWithoutIt) {
  World world;
  auto& admin = world.add_admin();
  const auto cube = create_one(*admin, "cube");
  ASSERT_TRUE(world.run_until([&] { return admin->is_idle(); }));
  admin.disk.fails = true;
  ASSERT_TRUE(admin->submit(commands::translate({&cube, 1}, {1, 0, 0})));
  ASSERT_TRUE(admin->submit(commands::translate({&cube, 1}, {2, 0, 0})));
  ASSERT_TRUE(world.run_until([&] { return admin->is_idle(); }));
  const auto options = world.admin_options();
  admin.crash();
  admin.disk.fails = false;
  admin.start(options, author_key(1));
  ASSERT_TRUE(world.run_until([&] { return admin->caught_up() && admin->is_idle(); }));
  EXPECT_EQ(world.hub.replica().scene().transform(cube)->position.x, 3) << "each exactly once";
}

TEST(Resume, ARefusalIsToldWhenTheDiskCanForgetTheCommand) {
  World world;
  auto& admin = world.add_admin();
  const auto cube = create_one(*admin, "cube");
  ASSERT_TRUE(world.run_until([&] { return admin->is_idle(); }));
  world.hub.refuse = [&](Nonce) -> std::optional<wire::Refusal> {
    admin.disk.fails = true;
    return refusal(RefusalCode::quota);
  };
  ASSERT_TRUE(admin->submit(commands::translate({&cube, 1}, {1, 0, 0})));
  world.run_for(std::chrono::seconds{20});
  EXPECT_TRUE(admin.disk.fails) << "the method: the packet was refused";
  EXPECT_EQ(admin.settled(How::refused), 0U) << "a restart would send it again";
  ASSERT_TRUE(admin->next_wakeup());
  EXPECT_GT(*admin->next_wakeup(), world.network.now()) << "it waits for the disk, and does not spin";

  world.hub.refuse = nullptr;
  admin.disk.fails = false;
  ASSERT_TRUE(world.run_until([&] { return admin->is_idle(); }));
  EXPECT_EQ(admin.settled(How::refused), 1U);
  const auto options = world.admin_options();
  admin.crash();
  admin.start(options, author_key(1));
  ASSERT_TRUE(world.run_until([&] { return admin->caught_up() && admin->is_idle(); }));
  EXPECT_EQ(world.hub.replica().scene().transform(cube), nullptr) << "it never moved";
}

TEST(Resume, ANewcomerJoinsFromASnapshot) {
  World world;
  auto& admin = world.add_admin();
  for (int i = 0; i < 300; ++i) create_one(*admin, "entity " + std::to_string(i));
  ASSERT_TRUE(world.run_until([&] { return admin->is_idle(); }));
  world.hub.resume_records_max = 2;
  auto& other = world.add_member(admin, "Bob", 2);
  EXPECT_EQ(world.hub.snapshots_sent, 1U);
  EXPECT_EQ(other->scene().entity_count(), 300U);
  create_one(*other, "mine");
  ASSERT_TRUE(world.run_until([&] { return other->is_idle() && admin->confirmed_head() == other->confirmed_head(); }));
  EXPECT_TRUE(world.all_equal());
}

TEST(Resume, ASnapshotThatHoldsWhatWasInFlightAcknowledgesIt) {
  World world;
  auto& admin = world.add_admin();
  const auto cube = create_one(*admin, "cube");
  ASSERT_TRUE(world.run_until([&] { return admin->is_idle(); }));
  world.hub.relays = false;
  ASSERT_TRUE(admin->submit(commands::translate({&cube, 1}, {1, 0, 0})));
  const auto before = world.hub.log().size();
  ASSERT_TRUE(world.run_until([&] { return world.hub.log().size() == before + 1; }));
  world.hub.resume_records_max = 0;
  world.hub.relays = true;
  world.network.reset_connections(admin.endpoint(), *world.hub_endpoint);
  world.hub.submitted.clear();
  ASSERT_TRUE(world.run_until([&] { return admin->caught_up() && admin->is_idle(); }));
  EXPECT_EQ(world.hub.snapshots_sent, 1U);
  EXPECT_TRUE(world.hub.submitted.empty());
  EXPECT_EQ(admin->scene().transform(cube)->position.x, 1);
  EXPECT_EQ(admin.settled(How::acknowledged), 2U);
}

/// Whether the hub tells the peer by records or by a snapshot what happened while it was away.
class MovedChainTest : public ::testing::TestWithParam<bool> {};

TEST_P(MovedChainTest, CommandsAreSignedAnewWhenAnotherProcessContinuedTheChain) {
  World world;
  auto& admin = world.add_admin();
  const auto cube = create_one(*admin, "cube");
  ASSERT_TRUE(world.run_until([&] { return admin->is_idle(); }));
  // The first of two packets gets into the log, the second does not; then another process writes.
  world.hub.relays = false;
  const auto before = world.hub.log().size();
  ASSERT_TRUE(admin->submit(commands::translate({&cube, 1}, {1, 0, 0})));
  ASSERT_TRUE(world.run_until([&] { return world.hub.log().size() == before + 1; }));
  world.hub.ignores_packets = true;
  ASSERT_TRUE(admin->submit(commands::translate({&cube, 1}, {10, 0, 0})));
  const auto made_here = create_one(*admin, "made here");
  world.run_for(std::chrono::milliseconds{100});
  world.network.set_partitioned(admin.endpoint(), *world.hub_endpoint, true);
  wire::fb::CreateEntitiesT create;
  create.entities.push_back(std::make_unique<wire::fb::EntityDescriptionT>());
  create.entities.back()->id = made_here.value();  // the same counter, taken by somebody with the same key
  create.entities.back()->name = "made elsewhere";
  wire::fb::CommandUnion command;
  command.Set(std::move(create));
  world.hub.sequence(packet_from_elsewhere(world, Command(std::move(command)), 1));
  world.hub.relays = true;
  world.hub.ignores_packets = false;
  if (GetParam()) world.hub.resume_records_max = 0;
  world.network.set_partitioned(admin.endpoint(), *world.hub_endpoint, false);
  world.network.reset_connections(admin.endpoint(), *world.hub_endpoint);
  ASSERT_TRUE(world.run_until([&] { return admin->caught_up() && admin->is_idle(); }));
  EXPECT_EQ(world.hub.replica().scene().transform(cube)->position.x, 11) << "each exactly once";
  EXPECT_EQ(*admin->scene().name(made_here), "made elsewhere");
  const auto remapped = admin.all<IdsRemapped>();
  ASSERT_EQ(remapped.size(), 1U);
  ASSERT_EQ(remapped[0].ids.size(), 1U);
  EXPECT_EQ(remapped[0].ids[0].first, made_here);
  EXPECT_EQ(*admin->scene().name(remapped[0].ids[0].second), "made here");
  EXPECT_EQ(admin.settled(How::refused), 0U);
  EXPECT_TRUE(world.all_equal());
}
INSTANTIATE_TEST_SUITE_P(Resume, MovedChainTest, ::testing::Bool());

TEST(Resume, LanesMayOvertakeTheMessageThatAttaches) {
  World world;
  auto& admin = world.add_admin();
  for (int i = 0; i < 40; ++i) create_one(*admin, "part " + std::to_string(i));
  ASSERT_TRUE(world.run_until([&] { return admin->is_idle(); }));
  world.hub.attached_comes_last = true;
  for (const std::size_t resume_records_max : {std::size_t{1'000'000}, std::size_t{1}}) {
    world.hub.resume_records_max = resume_records_max;
    auto& peer = world.add_member(admin, "Bob", static_cast<std::uint8_t>(10 + world.peers.size()));
    EXPECT_TRUE(peer->caught_up());
    EXPECT_TRUE(peer.all<Disconnected>().empty());
    EXPECT_EQ(peer->statistics().messages_refused, 0U);
  }
  EXPECT_EQ(world.hub.snapshots_sent, 1U);
  EXPECT_TRUE(world.all_equal());
}

TEST(Resume, AHubThatAttachesNobodyAndSendsOnIsLeftAtABound) {
  World world;
  auto& admin = world.add_admin();
  auto& peer = world.add_peer("Bob");
  peer.start(world.member_options(admin, "Bob"), author_key(2));
  admin->go_offline();
  world.hub.ignores_attach = true;
  ASSERT_TRUE(world.run_until([&] { return peer->phase() == SessionPhase::attaching; }));
  ASSERT_TRUE(world.run_until([&] {
    world.hub.send_unasked(Bytes(64 * 1024, 7));
    return !peer.all<Disconnected>().empty();
  }));
  EXPECT_EQ(peer.all<Disconnected>().front().reason, transport::CloseReason::resource_limit);
  EXPECT_LE(world.hub.unasked_bytes, limits::kHeldMessageBytesMax + 8 * 1024 * 1024);
}

TEST(Resume, ARevokedAuthorIsToldAndDisconnectedWhileLive) {
  World world;
  auto& admin = world.add_admin();
  auto& peer = world.add_member(admin, "Bob", 2);
  ASSERT_TRUE(admin->submit(commands::revoke_role(peer->author())));
  ASSERT_TRUE(world.run_until([&] { return !peer.all<Disconnected>().empty(); }));
  EXPECT_THAT(peer.all<Disconnected>().front().text, ::testing::HasSubstr("revoked"));
  EXPECT_TRUE(peer.all<Disconnected>().front().will_retry);
  EXPECT_EQ(peer->phase(), SessionPhase::offline);
  // Slowly: each attempt costs the hub a login, and nothing is likely to have changed.
  const auto before = world.hub.attaches;
  world.run_for(std::chrono::minutes{5});
  EXPECT_GE(world.hub.attaches, before + 2);
  EXPECT_LE(world.hub.attaches, before + 10);
  EXPECT_NE(peer->phase(), SessionPhase::stopped);
}

TEST(Resume, AnAuthorWhoIsGrantedARoleAgainComesBackAndSendsTheOutbox) {
  World world;
  auto& admin = world.add_admin();
  auto& peer = world.add_member(admin, "Bob", 2);
  const auto cube = create_one(*admin, "cube");
  ASSERT_TRUE(world.run_until([&] { return peer->scene().contains(cube); }));
  peer->go_offline();
  ASSERT_TRUE(peer->submit(commands::rename(cube, "Bob's")));
  ASSERT_TRUE(admin->submit(commands::revoke_role(peer->author())));
  ASSERT_TRUE(world.run_until([&] { return admin->is_idle(); }));
  peer->go_online();
  ASSERT_TRUE(world.run_until([&] { return peer.all<Disconnected>().size() >= 2; }));
  ASSERT_TRUE(admin->submit(commands::grant_role(peer->author(), wire::fb::Role::editor)));
  ASSERT_TRUE(world.run_until([&] { return peer->caught_up() && peer->is_idle(); }));
  EXPECT_EQ(peer.settled(How::acknowledged), 1U);
  EXPECT_EQ(*admin->scene().name(cube), "Bob's");
  EXPECT_TRUE(world.all_equal());
}

TEST(Resume, ASilentHubIsLeftAndTriedAgain) {
  World world;
  auto& admin = world.add_admin();
  world.hub.ignores_packets = true;
  create_one(*admin, "cube");
  ASSERT_TRUE(world.run_until([&] { return !admin.all<Disconnected>().empty(); }));
  EXPECT_TRUE(admin.all<Disconnected>()[0].will_retry);
  world.hub.ignores_packets = false;
  ASSERT_TRUE(world.run_until([&] { return admin->is_idle() && admin->caught_up(); }));
  EXPECT_EQ(world.hub.replica().scene().entity_count(), 1U);
}

TEST(Resume, ASupersededWriterKeepsItsCommandsUntilItIsTheWriterAgain) {
  World world;
  auto& admin = world.add_admin();
  world.hub.notice(wire::fb::NoticeKind::superseded, "another session writes");
  ASSERT_TRUE(world.run_until([&] { return !admin.all<WriterLost>().empty(); }));
  create_one(*admin, "cube");
  world.run_for(std::chrono::seconds{2});
  EXPECT_FALSE(admin->is_idle());
  EXPECT_EQ(world.hub.replica().scene().entity_count(), 0U);
  admin->take_writer();
  ASSERT_TRUE(world.run_until([&] { return admin->is_idle() && admin->caught_up(); }));
  EXPECT_EQ(world.hub.replica().scene().entity_count(), 1U);
}

TEST(Resume, ASessionThatANewerOneHasDisplacedSaysWhyAndStaysAway) {
  World world;
  auto& admin = world.add_admin();
  const auto before = world.hub.attaches;
  world.hub.disconnect_all(transport::CloseReason::superseded, "a ninth session began");
  ASSERT_TRUE(world.run_until([&] { return !admin.all<Disconnected>().empty(); }));
  EXPECT_EQ(admin.all<Disconnected>().front().reason, transport::CloseReason::superseded);
  EXPECT_EQ(admin.all<Disconnected>().front().text, "a ninth session began");
  EXPECT_FALSE(admin.all<Disconnected>().front().will_retry);
  create_one(*admin, "cube");
  world.run_for(std::chrono::minutes{10});
  EXPECT_EQ(world.hub.attaches, before) << "it would put out the next one";
  admin->go_online();
  ASSERT_TRUE(world.run_until([&] { return admin->is_idle() && admin->caught_up(); })) << "when somebody wants it back";
  EXPECT_EQ(world.hub.replica().scene().entity_count(), 1U);
}

}  // namespace
}  // namespace theta::client

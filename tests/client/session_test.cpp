#include "theta/client/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "peers.h"
#include "theta/client/limits.h"
#include "theta/wire/text.h"

namespace theta::client {
namespace {

using testing::World;
using How = CommandSettled::How;

using testing::at;
using testing::author_key;
using testing::create_one;

TEST(Session, OpensARoomAndSeesItsFirstCommandSettled) {
  World world;
  auto& admin = world.add_admin();
  EXPECT_EQ(admin->role(), wire::fb::Role::admin);
  EXPECT_EQ(admin->slot(), AuthorSlot{0});
  const auto created = admin->create_entities({NewEntity{.name = "cube", .transform = at(2)}});
  ASSERT_TRUE(created) << created.error().message;
  EXPECT_TRUE(admin->scene().contains(created->ids.front())) << "shown before the hub has answered";
  ASSERT_TRUE(world.run_until([&] { return admin->is_idle(); }));
  const auto settled = admin.all<CommandSettled>();
  ASSERT_EQ(settled.size(), 1U);
  EXPECT_EQ(settled[0].handle, created->handle);
  EXPECT_EQ(settled[0].how, How::acknowledged);
  ASSERT_TRUE(settled[0].outcome);
  EXPECT_EQ(settled[0].outcome->status, replica::OutcomeStatus::applied);
  EXPECT_EQ(*admin->scene().name(created->ids.front()), "cube");
  EXPECT_TRUE(world.all_equal());
}

TEST(Session, WhoOpensARoomHasANameForOthers) {
  World world;
  auto& admin = world.add_admin();
  auto& other = world.add_member(admin, "Bob", 2);
  const auto* opener = other->replica().members().find(admin->author());
  ASSERT_NE(opener, nullptr);
  EXPECT_EQ(opener->display_name, "Ada");
  EXPECT_TRUE(world.all_equal());
}

TEST(Session, TheHubsPageIsTakenOnlyWhenItIsAnAddress) {
  World world;
  auto& admin = world.add_admin();
  EXPECT_EQ(admin->hub_page(), "");
  const auto said = [&](std::string page) {
    admin->go_offline();
    world.hub.page = std::move(page);
    admin->go_online();
    EXPECT_TRUE(world.run_until([&] { return admin->caught_up(); }));
    return admin->hub_page();
  };
  EXPECT_EQ(said("https://hub.example:4480"), "https://hub.example:4480");
  EXPECT_EQ(said("javascript:alert(1)"), "");
  EXPECT_EQ(said("https://hub.example:4480"), "https://hub.example:4480");
  EXPECT_EQ(said("https://" + std::string(wire::kPageBytesMax, 'a')), "");
}

TEST(Session, TwoPeersSeeEachOthersEdits) {
  World world;
  auto& admin = world.add_admin();
  auto& other = world.add_member(admin, "Bob", 2);
  const auto cube = create_one(*admin, "cube");
  ASSERT_TRUE(world.run_until([&] { return other->scene().contains(cube); }));
  ASSERT_TRUE(other->submit(commands::set_transform(cube, at(5))));
  ASSERT_TRUE(world.run_until(
      [&] { return admin->scene().transform(cube) != nullptr && admin->scene().transform(cube)->position.x == 5; }));
  ASSERT_TRUE(world.run_until([&] { return other->is_idle(); }));
  EXPECT_TRUE(world.all_equal());
}

TEST(Session, ABadCallFailsWithASentenceAndChangesNothing) {
  World world;
  auto& admin = world.add_admin();
  const auto cube = create_one(*admin, "cube");
  const auto before = admin->statistics().queued_commands;
  const auto repeated = std::vector<ObjectId>{cube, cube};
  const auto bad = admin->submit(commands::set_visibility(repeated, true));
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code, ClientError::bad_command);
  EXPECT_FALSE(bad.error().message.empty());
  EXPECT_EQ(admin->submit(Command(Bytes{1, 2, 3})).error().code, ClientError::bad_command);
  const auto gone = admin->submit(commands::rename(make_object_id(AuthorSlot{0}, 999), "x"));
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, ClientError::rejected);
  EXPECT_EQ(admin->statistics().queued_commands, before);
  EXPECT_TRUE(admin->scene().contains(cube)) << "what was shown before still is";
}

TEST(Session, CallsBeforeTheRoomWasEverAttachedFail) {
  World world;
  auto& peer = world.add_peer("early");
  peer.start(world.admin_options(), testing::author_key(1));
  EXPECT_EQ(peer->create_entities({NewEntity{}}).error().code, ClientError::not_ready);
  EXPECT_EQ(peer->undo().error().code, ClientError::not_ready);
}

TEST(Session, AViewerSeesAndIsToldWhyItCannotEdit) {
  World world;
  auto& admin = world.add_admin();
  const auto cube = create_one(*admin, "cube");
  auto& viewer = world.add_member(admin, "Vera", 3, wire::fb::Role::viewer);
  ASSERT_TRUE(world.run_until([&] { return viewer->scene().contains(cube); }));
  const auto refused = viewer->submit(commands::rename(cube, "mine"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ClientError::not_permitted);
  EXPECT_EQ(viewer->mint_ids(1).error().code, ClientError::not_permitted);
}

TEST(Session, NewEntitiesNameEarlierOnesOfTheSameCallAsParents) {
  World world;
  auto& admin = world.add_admin();
  NewEntity child{.name = "child"};
  child.parent_index = 0;
  const auto created = admin->create_entities({NewEntity{.name = "parent"}, child});
  ASSERT_TRUE(created) << created.error().message;
  EXPECT_EQ(admin->scene().place(created->ids[1]).parent, created->ids[0]);
  const auto copies = admin->duplicate({created->ids.data(), 1});
  ASSERT_TRUE(copies) << copies.error().message;
  EXPECT_EQ(admin->scene().entity_count(), 4U);
  ASSERT_TRUE(world.run_until([&] { return admin->is_idle(); }));
  EXPECT_EQ(world.hub.replica().scene().entity_count(), 4U);
}

TEST(Session, UndoAndRedoWorkOnWhatTheHubHasNotSeenYet) {
  World world;
  auto& admin = world.add_admin();
  const auto cube = create_one(*admin, "cube");
  const auto ball = create_one(*admin, "ball");
  admin->go_offline();
  // Packed into one packet when it is signed, so that the places the overlay gave them are not the ones they get.
  ASSERT_TRUE(admin->submit(commands::translate({&cube, 1}, {1, 0, 0})));
  ASSERT_TRUE(admin->submit(commands::translate({&ball, 1}, {2, 0, 0})));
  ASSERT_TRUE(admin->submit(commands::rename(cube, "dice")));
  ASSERT_TRUE(admin->undo());
  EXPECT_EQ(*admin->scene().name(cube), "cube");
  ASSERT_TRUE(admin->undo());
  EXPECT_EQ(admin->scene().transform(ball), nullptr);
  ASSERT_TRUE(admin->redo());
  EXPECT_EQ(admin->scene().transform(ball)->position.x, 2);
  admin->go_online();
  ASSERT_TRUE(world.run_until([&] { return admin->caught_up() && admin->is_idle(); }));
  EXPECT_EQ(*world.hub.replica().scene().name(cube), "cube");
  EXPECT_EQ(world.hub.replica().scene().transform(ball)->position.x, 2);
  EXPECT_TRUE(admin.all<Conflict>().empty());
  EXPECT_TRUE(world.all_equal());
}

TEST(Session, UndoPassesOverStepsThatSomebodyHasChangedSince) {
  World world;
  auto& admin = world.add_admin();
  auto& bob = world.add_member(admin, "Bob", 2);
  EXPECT_FALSE(bob->can_undo()) << "he has done nothing yet";
  const auto cube = create_one(*admin, "cube");
  const auto moved = admin->submit(commands::translate({&cube, 1}, {1, 0, 0}));
  const auto renamed = admin->submit(commands::rename(cube, "dice"));
  ASSERT_TRUE(moved && renamed);
  ASSERT_TRUE(world.run_until([&] { return world.all_equal() && admin->is_idle(); }));
  ASSERT_TRUE(bob->submit(commands::rename(cube, "Bob's")));
  ASSERT_TRUE(world.run_until([&] { return world.all_equal() && bob->is_idle(); }));
  EXPECT_TRUE(admin->can_undo());
  const auto step = admin->undo();
  ASSERT_TRUE(step) << step.error().message;
  EXPECT_EQ(admin->meant_by(*step), *moved);
  EXPECT_EQ(*admin->scene().name(cube), "Bob's");
  EXPECT_EQ(admin->scene().transform(cube), nullptr);
  ASSERT_TRUE(admin->can_redo());
  const auto again = admin->redo();
  ASSERT_TRUE(again);
  EXPECT_EQ(admin->meant_by(*again), *moved);
  EXPECT_EQ(admin->scene().transform(cube)->position.x, 1);
  ASSERT_TRUE(world.run_until([&] { return world.all_equal() && admin->is_idle(); }));
  EXPECT_TRUE(admin.all<Conflict>().empty());
}

TEST(Session, UndoThatIsBlockedAllTheWayNamesWhoStandsInTheWay) {
  World world;
  auto& admin = world.add_admin();
  auto& bob = world.add_member(admin, "Bob", 2);
  const auto cube = create_one(*admin, "cube");
  ASSERT_TRUE(world.run_until([&] { return world.all_equal() && admin->is_idle(); }));
  ASSERT_TRUE(bob->submit(commands::rename(cube, "Bob's")));
  ASSERT_TRUE(world.run_until([&] { return world.all_equal() && bob->is_idle(); }));
  const auto refused = admin->undo();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "undo was rejected: Bob has changed it since");
  EXPECT_EQ(*admin->scene().name(cube), "Bob's");
}

TEST(Session, UndoMeansTheCommandThatIsLeftWhenADraftWasReplaced) {
  World world;
  auto& admin = world.add_admin();
  const auto cube = create_one(*admin, "cube");
  ASSERT_TRUE(admin->submit(commands::set_visibility({&cube, 1}, false)));
  ASSERT_TRUE(world.run_until([&] { return admin->is_idle(); }));
  admin->go_offline();
  ASSERT_TRUE(admin->submit(commands::rename(cube, "replaced")));
  ASSERT_TRUE(admin->submit(commands::rename(cube, "replacement")));
  ASSERT_TRUE(admin->undo());
  EXPECT_EQ(*admin->scene().name(cube), "cube");
  ASSERT_TRUE(admin->undo());
  EXPECT_TRUE(admin->scene().visible(cube));
  admin->go_online();
  ASSERT_TRUE(world.run_until([&] { return admin->caught_up() && admin->is_idle(); }));
  EXPECT_EQ(*world.hub.replica().scene().name(cube), "cube");
  EXPECT_TRUE(world.hub.replica().scene().visible(cube));
  EXPECT_TRUE(world.all_equal());
}

TEST(Session, AConflictNamesWhoStandsInTheWayAndCanBeDoneAgainOnTop) {
  World world;
  auto& admin = world.add_admin();
  const auto cube = create_one(*admin, "cube");
  auto& other = world.add_member(admin, "Bob", 2);
  ASSERT_TRUE(world.run_until([&] { return other->scene().contains(cube); }));
  other->go_offline();
  ASSERT_TRUE(other->submit(commands::set_transform(cube, at(1))));
  world.run_for(std::chrono::seconds{5});
  ASSERT_TRUE(admin->submit(commands::set_transform(cube, at(9))));
  ASSERT_TRUE(world.run_until([&] { return admin->is_idle(); }));
  other->go_online();
  ASSERT_TRUE(world.run_until([&] { return other->caught_up() && other->is_idle(); }));
  EXPECT_EQ(other->scene().transform(cube)->position.x, 9) << "an edit made offline does not beat a newer one";
  const auto conflicts = other.all<Conflict>();
  ASSERT_EQ(conflicts.size(), 1U);
  EXPECT_EQ(conflicts[0].outcome.status, replica::OutcomeStatus::superseded);
  ASSERT_TRUE(conflicts[0].outcome.blocker);
  EXPECT_EQ(conflicts[0].outcome.blocker->author, AuthorSlot{0});
  EXPECT_EQ(conflicts[0].outcome.blocker->key.entity, cube);
  EXPECT_FALSE(conflicts[0].text.empty());
  ASSERT_TRUE(other->submit_again(conflicts[0].command));
  ASSERT_TRUE(world.run_until([&] { return other->is_idle(); }));
  EXPECT_EQ(world.hub.replica().scene().transform(cube)->position.x, 1);
}

TEST(Session, ALostCreateIsDoneAgainWithNewIds) {
  World world;
  auto& admin = world.add_admin();
  const auto parent = create_one(*admin, "parent");
  auto& other = world.add_member(admin, "Bob", 2);
  ASSERT_TRUE(world.run_until([&] { return other->scene().contains(parent); }));
  other->go_offline();
  NewEntity child{.name = "child"};
  child.parent = parent;
  const auto lost = other->create_entities({child});
  ASSERT_TRUE(lost);
  ASSERT_TRUE(admin->submit(commands::delete_entities({&parent, 1})));
  ASSERT_TRUE(world.run_until([&] { return admin->is_idle(); }));
  other->go_online();
  ASSERT_TRUE(world.run_until([&] { return other->caught_up() && other->is_idle(); }));
  EXPECT_FALSE(other->scene().contains(lost->ids[0])) << "rolled back";
  ASSERT_EQ(other.all<Conflict>().size(), 1U);
  const auto again = other->submit_again(other.all<Conflict>()[0].command);
  EXPECT_EQ(again.error().code, ClientError::rejected) << "the parent is gone here too, and that is said at once";
}

TEST(Session, PresenceIsCappedAndTheLatestWins) {
  World world;
  auto& admin = world.add_admin();
  auto& other = world.add_member(admin, "Bob", 2);
  for (int i = 1; i <= 100; ++i) {
    Presence presence;
    presence.pointer_origin = scene::Vec3{static_cast<float>(i), 0, 0};
    admin->set_presence(presence);
    world.run_for(std::chrono::milliseconds{10});
  }
  EXPECT_LE(world.hub.presence.size(), 32U) << "30 a second";
  EXPECT_GE(world.hub.presence.size(), 25U);
  world.hub.send_presence(1, 7, 1.F);
  ASSERT_TRUE(world.run_until([&] { return !other.all<PresenceChanged>().empty(); }));
  world.hub.send_presence(1, 6, 2.F);  // late
  world.hub.send_presence(1, 8, 3.F);
  ASSERT_TRUE(world.run_until([&] { return other->presence_of(SessionNumber{1})->pointer_origin->x == 3; }));
  world.hub.send_presence(1, 7, 2.F);
  world.run_for(std::chrono::milliseconds{100});
  EXPECT_EQ(other->presence_of(SessionNumber{1})->pointer_origin->x, 3);
  EXPECT_GE(other->statistics().presence_dropped, 2U);
  EXPECT_EQ(other->presence_of(SessionNumber{99}), nullptr);
}

TEST(Session, EventsStayBoundedWhileNobodyPolls) {
  World world;
  auto& admin = world.add_admin();
  auto& other = world.add_member(admin, "Bob", 2);
  other.polls = false;
  const auto cube = create_one(*admin, "cube");
  for (int i = 0; i < 3000; ++i) {
    world.hub.notice(wire::fb::NoticeKind::lagging, "busy");
    ASSERT_TRUE(admin->submit(commands::translate({&cube, 1}, {1, 0, 0})));
    world.run_for(std::chrono::milliseconds{1});
  }
  ASSERT_TRUE(world.run_until([&] { return admin->is_idle() && other->confirmed_head() == admin->confirmed_head(); }));
  std::size_t events = 0, changes = 0;
  while (auto event = other->poll_event()) {
    ++events;
    changes += std::holds_alternative<Changed>(*event) ? 1 : 0;
  }
  EXPECT_LE(events, limits::kDroppableEventsMax + 2);
  EXPECT_EQ(changes, 1U) << "merged";
  EXPECT_GE(other->statistics().events_dropped, 2000U);
}

TEST(Session, AssetsGoUpAndComeDownByTheirHash) {
  World world;
  auto& admin = world.add_admin();
  Bytes bytes(1'000'000);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * 7919 >> 3);
  const auto asset = admin->upload_asset(SharedBytes(bytes));
  ASSERT_TRUE(asset);
  world.run_for(std::chrono::milliseconds{12});
  world.network.reset_connections(admin.endpoint(), *world.hub_endpoint);
  ASSERT_TRUE(world.run_until([&] { return !admin.all<AssetStored>().empty(); })) << "goes on after a reconnect";
  auto& other = world.add_member(admin, "Bob", 2);
  ASSERT_TRUE(other->download_asset(*asset));
  ASSERT_TRUE(world.run_until([&] { return !other.all<AssetReady>().empty(); }));
  const auto ready = other.all<AssetReady>();
  EXPECT_TRUE(std::equal(bytes.begin(), bytes.end(), ready[0].bytes.view().begin()));
  AssetId unknown;
  unknown.bytes.fill(9);
  ASSERT_TRUE(other->download_asset(unknown));
  ASSERT_TRUE(world.run_until([&] { return !other.all<AssetFailed>().empty(); }));
  EXPECT_EQ(other.all<AssetFailed>()[0].refusal.code, log::RefusalCode::no_such_asset);
}

TEST(Session, AnAssetThatTheApplicationKeptIsNotAskedOfTheHubAndATornOneIs) {
  World world;
  auto& admin = world.add_admin();
  const SharedBytes bytes(Bytes(1000, 5));
  const auto asset = admin->upload_asset(bytes);
  ASSERT_TRUE(asset && world.run_until([&] { return !admin.all<AssetStored>().empty(); }));
  auto options = world.member_options(admin, "Bob");
  options.looks_for_assets = true;
  auto& bob = world.add_peer("Bob");
  bob.start(options, author_key(2));
  ASSERT_TRUE(world.run_until([&] { return bob->caught_up(); }));
  const auto ask = [&] {
    bob.events.clear();
    ASSERT_TRUE(bob->download_asset(*asset));
    ASSERT_TRUE(bob->download_asset(*asset));
    world.run_for(std::chrono::milliseconds{100});
    ASSERT_EQ(bob.all<AssetWanted>().size(), 1U);
    ASSERT_TRUE(bob.all<AssetReady>().empty()) << "it is asked for here first";
    ASSERT_EQ(bob->statistics().downloads, 0U);
  };
  ask();
  EXPECT_TRUE(bob->supply_asset(*asset, bytes));
  world.turn();
  ASSERT_EQ(bob.all<AssetReady>().size(), 1U);
  EXPECT_FALSE(bob.all<AssetReady>()[0].is_new);
  for (const auto& unfit : {SharedBytes(), SharedBytes(Bytes(999, 5))}) {
    ask();
    EXPECT_EQ(bob->supply_asset(*asset, unfit), unfit.empty());
    EXPECT_EQ(bob->statistics().downloads, 1U);
    ASSERT_TRUE(world.run_until([&] { return !bob.all<AssetReady>().empty(); }));
    EXPECT_TRUE(bob.all<AssetReady>()[0].is_new);
    EXPECT_EQ(bob.all<AssetReady>()[0].bytes.size(), bytes.size());
  }
}

TEST(Session, HistoryIsReadBack) {
  World world;
  auto& admin = world.add_admin();
  create_one(*admin, "a");
  create_one(*admin, "b");
  ASSERT_TRUE(world.run_until([&] { return admin->is_idle(); }));
  const auto query = admin->query_history(Seq{1}, 10);
  ASSERT_TRUE(query);
  ASSERT_TRUE(world.run_until([&] { return !admin.all<History>().empty(); }));
  const auto history = admin.all<History>()[0];
  EXPECT_EQ(history.query, *query);
  EXPECT_EQ(history.records.size(), world.hub.log().size());
  EXPECT_EQ(history.records.front().header_hash, world.hub.log().front().header_hash);
}

TEST(Session, AnswersToForgottenQueriesAreNotToldAndHoldUpNoOthers) {
  World world;
  auto& admin = world.add_admin();
  for (int round = 0; round < 3; ++round) {
    const auto sent = admin->query_history(Seq{1}, 10);
    const auto unsent = admin->query_history(Seq{1}, 10);
    ASSERT_TRUE(sent && unsent);
    world.turn();
    admin->forget_query(*sent);
    admin->forget_query(*unsent);
    if (round == 1) world.hub.disconnect_all();
    if (round == 2) world.hub.history_refusal = wire::fb::RefusalCode::forbidden;
    ASSERT_TRUE(world.run_until([&, asked = world.hub.history_queries] {
      return world.hub.history_queries > asked || (round == 1 && admin.all<CaughtUp>().size() > 1);
    }));
  }
  world.hub.history_refusal.reset();
  const auto query = admin->query_history(Seq{1}, 10);
  ASSERT_TRUE(query);
  ASSERT_TRUE(world.run_until([&] { return !admin.all<History>().empty(); }));
  ASSERT_EQ(admin.all<History>().size(), 1U);
  EXPECT_EQ(admin.all<History>().front().query, *query);
  EXPECT_FALSE(admin.all<History>().front().refusal);
}

}  // namespace
}  // namespace theta::client

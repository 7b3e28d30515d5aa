#include "room_fixture.h"

namespace theta::replica::testing {
namespace {

class Undo : public ::testing::Test {
 protected:
  void SetUp() override {
    room.join(anna);
    room.join(bert);
    thing = room.create(anna);
  }
  TestRoom room;
  TestAuthor anna{2};
  TestAuthor bert{3};
  ObjectId thing;
};

TEST_F(Undo, GoesBackAndRedoGoesForwardAgain) {
  room.send(anna, TestRoom::move_to(thing, 1));
  room.send(anna, TestRoom::move_to(thing, 2));
  const auto second = room.nonce_of(anna);
  EXPECT_EQ(room.send(anna, TestRoom::undo(second)).status, OutcomeStatus::applied);
  EXPECT_EQ(room.x_of(thing), 1);
  EXPECT_EQ(room.send(anna, TestRoom::redo(second)).status, OutcomeStatus::applied);
  EXPECT_EQ(room.x_of(thing), 2);
  EXPECT_EQ(room.send(anna, TestRoom::undo(second)).status, OutcomeStatus::applied);
  EXPECT_EQ(room.x_of(thing), 1);
}

TEST_F(Undo, IsRefusedAndNamesWhoWroteOverIt) {
  room.send(anna, TestRoom::move_to(thing, 1));
  const auto mine = room.nonce_of(anna);
  room.send(bert, TestRoom::move_to(thing, 2));
  const auto refused = room.send(anna, TestRoom::undo(mine));
  EXPECT_EQ(refused.reason, RejectReason::undo_blocked);
  ASSERT_TRUE(refused.blocker.has_value());
  EXPECT_EQ(refused.blocker->author, room.hub.members().find(bert.id())->slot);
  EXPECT_EQ(room.x_of(thing), 2);
}

TEST_F(Undo, OfSomebodyElsesCommandFindsNothing) {
  room.send(anna, TestRoom::move_to(thing, 1));
  EXPECT_EQ(room.send(bert, TestRoom::undo(room.nonce_of(anna))).reason, RejectReason::nothing_to_undo);
  EXPECT_EQ(room.x_of(thing), 1);
}

TEST_F(Undo, OfADeleteBringsTheWholeSubtreeBackAsItWas) {
  const auto child = room.create(anna, thing, "child");
  room.send(bert, TestRoom::rename(child, "bert's"));
  const auto before = room.hub.scene().hash();
  room.send(anna, TestRoom::remove({child, thing}));
  EXPECT_EQ(room.hub.scene().entity_count(), 0U);
  const auto deletion = room.nonce_of(anna);
  EXPECT_EQ(room.send(anna, TestRoom::undo(deletion)).status, OutcomeStatus::applied);
  EXPECT_EQ(room.hub.scene().hash(), before);
  EXPECT_EQ(room.send(anna, TestRoom::redo(deletion)).status, OutcomeStatus::applied);
  EXPECT_EQ(room.hub.scene().entity_count(), 0U);
}

TEST_F(Undo, OfACreateIsRefusedOnceAnotherHasBuiltOnIt) {
  const auto creation = room.nonce_of(anna);
  const auto theirs = room.create(bert, thing);
  const auto refused = room.send(anna, TestRoom::undo(creation));
  EXPECT_EQ(refused.reason, RejectReason::undo_blocked);
  EXPECT_TRUE(room.hub.scene().contains(theirs));
  room.send(bert, TestRoom::remove({theirs}));
  EXPECT_EQ(room.send(anna, TestRoom::undo(creation)).status, OutcomeStatus::applied);
  EXPECT_FALSE(room.hub.scene().contains(thing));
  EXPECT_EQ(room.send(anna, TestRoom::redo(creation)).status, OutcomeStatus::applied);
  EXPECT_TRUE(room.hub.scene().contains(thing));
}

TEST_F(Undo, OfASpanIsAllOrNothing) {
  room.send(anna, TestRoom::move_to(thing, 1));
  const auto first = room.nonce_of(anna);
  room.send(anna, TestRoom::rename(thing, "mine"));
  const auto last = room.nonce_of(anna);
  room.send(bert, TestRoom::move_to(thing, 9));
  fb::UndoT back;
  back.first = std::make_unique<fb::CommandRef>(first, std::uint16_t{0});
  back.last = std::make_unique<fb::CommandRef>(last, std::uint16_t{0});
  EXPECT_EQ(room.send(anna, command(std::move(back))).reason, RejectReason::undo_blocked);
  EXPECT_EQ(*room.hub.scene().name(thing), "mine");
  EXPECT_EQ(room.x_of(thing), 9);
}

TEST_F(Undo, OfAReparentPutsItBackAmongItsSiblings) {
  const auto second = room.create(anna);
  const auto third = room.create(anna);
  room.send(anna, TestRoom::reparent(second, thing));
  EXPECT_EQ(room.send(anna, TestRoom::undo(room.nonce_of(anna))).status, OutcomeStatus::applied);
  EXPECT_EQ(room.hub.scene().children(kNoObject), (std::vector<ObjectId>{thing, second, third}));
}

TEST_F(Undo, OfAReparentWhoseOldParentIsGoneIsRefused) {
  const auto child = room.create(anna, thing);
  room.send(anna, TestRoom::reparent(child, kNoObject));
  const auto moved = room.nonce_of(anna);
  room.send(bert, TestRoom::remove({thing}));
  const auto refused = room.send(anna, TestRoom::undo(moved));
  EXPECT_EQ(refused.reason, RejectReason::undo_blocked);
  EXPECT_TRUE(room.hub.scene().contains(child));
}

TEST_F(Undo, CandidatesFollowWhatPeopleExpectOfTwoArrows) {
  const auto creation = room.nonce_of(anna);
  room.send(anna, TestRoom::move_to(thing, 1));
  const auto move = room.nonce_of(anna);
  EXPECT_EQ(room.hub.undo_candidates(anna.id()).front().nonce.value(), move);
  EXPECT_TRUE(room.hub.redo_candidates(anna.id()).empty());
  room.send(anna, TestRoom::undo(move));
  EXPECT_EQ(room.hub.undo_candidates(anna.id()).front().nonce.value(), creation);
  EXPECT_EQ(room.hub.redo_candidates(anna.id()).front().nonce.value(), move);
  room.send(anna, TestRoom::rename(thing, "new branch"));
  EXPECT_TRUE(room.hub.redo_candidates(anna.id()).empty()) << "something new was done since";
}

TEST_F(Undo, OneAfterAnotherGoesBackOverAllThatWasDoneToARegister) {
  for (const float x : {1.0F, 2.0F, 3.0F}) room.send(anna, TestRoom::move_to(thing, x));
  const auto last = room.nonce_of(anna);
  for (int round = 0; round < 2; ++round) {
    for (const std::uint64_t back : {0, 1, 2}) {
      EXPECT_EQ(room.send(anna, TestRoom::undo(last - back)).status, OutcomeStatus::applied);
      EXPECT_EQ(room.x_of(thing), 2 - static_cast<float>(back)) << "round " << round;
    }
    for (const std::uint64_t back : {2, 1, 0}) {
      EXPECT_EQ(room.send(anna, TestRoom::redo(last - back)).status, OutcomeStatus::applied);
      EXPECT_EQ(room.x_of(thing), 3 - static_cast<float>(back)) << "round " << round;
    }
  }
}

TEST_F(Undo, ReachesBehindStepsThatWereTakenBackBefore) {
  room.send(anna, TestRoom::move_to(thing, 1));
  const auto first = room.nonce_of(anna);
  room.send(anna, TestRoom::undo(first));
  room.send(anna, TestRoom::redo(first));
  room.send(anna, TestRoom::move_to(thing, 2));
  const auto second = room.nonce_of(anna);
  room.send(anna, TestRoom::undo(second));
  room.send(anna, TestRoom::move_to(thing, 3));
  const auto third = room.nonce_of(anna);
  for (const auto step : {third, first}) room.send(anna, TestRoom::undo(step));
  EXPECT_EQ(room.x_of(thing), 0);
  EXPECT_EQ(room.send(anna, TestRoom::redo(first)).status, OutcomeStatus::applied);
  EXPECT_EQ(room.send(anna, TestRoom::redo(third)).status, OutcomeStatus::applied);
  EXPECT_EQ(room.x_of(thing), 3);
  // The second step's content was replaced by the third, so it cannot come back on top of that.
  EXPECT_EQ(room.send(anna, TestRoom::redo(second)).reason, RejectReason::undo_blocked);
}

TEST_F(Undo, OfAReparentAfterAnotherGoesBackToTheFirstParent) {
  const auto left = room.create(anna);
  const auto right = room.create(anna);
  room.send(anna, TestRoom::reparent(thing, left));
  room.send(anna, TestRoom::reparent(thing, right));
  const auto second = room.nonce_of(anna);
  EXPECT_EQ(room.send(anna, TestRoom::undo(second)).status, OutcomeStatus::applied);
  EXPECT_EQ(room.send(anna, TestRoom::undo(second - 1)).status, OutcomeStatus::applied);
  EXPECT_EQ(room.hub.scene().place(thing).parent, kNoObject);
  EXPECT_EQ(room.send(anna, TestRoom::redo(second - 1)).status, OutcomeStatus::applied);
  EXPECT_EQ(room.send(anna, TestRoom::redo(second)).status, OutcomeStatus::applied);
  EXPECT_EQ(room.hub.scene().place(thing).parent, right);
}

TEST_F(Undo, StopsAtWhatSomebodyElseWroteInBetweenAndNamesThem) {
  room.send(anna, TestRoom::move_to(thing, 1));
  const auto first = room.nonce_of(anna);
  room.send(bert, TestRoom::move_to(thing, 9));
  const auto theirs = room.hub.head();
  room.send(anna, TestRoom::move_to(thing, 5));
  EXPECT_EQ(room.send(anna, TestRoom::undo(room.nonce_of(anna))).status, OutcomeStatus::applied);
  EXPECT_EQ(room.x_of(thing), 9);
  const auto refused = room.send(anna, TestRoom::undo(first));
  EXPECT_EQ(refused.reason, RejectReason::undo_blocked);
  ASSERT_TRUE(refused.blocker.has_value());
  EXPECT_EQ(refused.blocker->author, room.hub.members().find(bert.id())->slot) << "and not Anna, who undid last";
  EXPECT_EQ(refused.blocker->seq, theirs);
  EXPECT_EQ(room.x_of(thing), 9);
}

TEST_F(Undo, IsNotBlockedByWhatSomebodyElseHasTakenBackAgain) {
  room.send(bert, TestRoom::move_to(thing, 9));
  const auto theirs = room.nonce_of(bert);
  room.send(anna, TestRoom::move_to(thing, 5));
  room.send(anna, TestRoom::undo(room.nonce_of(anna)));
  EXPECT_EQ(room.send(bert, TestRoom::undo(theirs)).status, OutcomeStatus::applied);
  EXPECT_EQ(room.x_of(thing), 0);
}

TEST_F(Undo, OfPacketsOfVersionOneGoesBackOneStepAsEver) {
  Writing old;
  old.protocol_version = 1;
  const auto send = [&](fb::CommandUnion one) { return room.send(anna, std::move(one), old); };
  send(TestRoom::move_to(thing, 1));
  send(TestRoom::move_to(thing, 2));
  const auto second = room.nonce_of(anna);
  EXPECT_EQ(send(TestRoom::undo(second)).status, OutcomeStatus::applied);
  EXPECT_EQ(send(TestRoom::undo(second - 1)).reason, RejectReason::undo_blocked);
  EXPECT_EQ(room.send(anna, TestRoom::undo(second - 1)).reason, RejectReason::undo_blocked)
      << "what was not told then is not known now";
}

TEST_F(Undo, ThatWouldMakeACycleNamesWhoseMoveMadeIt) {
  const auto old_parent = room.create(anna);
  const auto between = room.create(anna);
  room.send(anna, TestRoom::reparent(thing, old_parent));
  room.send(anna, TestRoom::reparent(thing, kNoObject));
  const auto moved_out = room.nonce_of(anna);
  room.send(anna, TestRoom::reparent(old_parent, between));
  room.send(bert, TestRoom::reparent(between, thing));
  const auto theirs = room.hub.head();
  const auto refused = room.send(anna, TestRoom::undo(moved_out));
  EXPECT_EQ(refused.reason, RejectReason::undo_blocked);
  ASSERT_TRUE(refused.blocker.has_value());
  EXPECT_EQ(refused.blocker->author, room.hub.members().find(bert.id())->slot) << "Anna's own move is below it";
  EXPECT_EQ(refused.blocker->seq, theirs);
}

TEST_F(Undo, TriedOutChangesNothing) {
  room.send(anna, TestRoom::move_to(thing, 1));
  const auto before = room.hub.state_hash();
  const auto payload = pack([&] {
    std::vector<fb::CommandUnion> one;
    one.push_back(TestRoom::undo(room.nonce_of(anna)));
    return one;
  }());
  const auto outcomes =
      room.hub.try_out({anna.id(), Nonce{room.nonce_of(anna) + 1}, room.hub.head(), room.hub.latest_stamp(), payload});
  ASSERT_EQ(outcomes.size(), 1U);
  EXPECT_EQ(outcomes.front().status, OutcomeStatus::applied);
  EXPECT_EQ(room.hub.state_hash(), before);
  EXPECT_EQ(room.x_of(thing), 1);
}

TEST_F(Undo, JournalKeepsTheLastEntriesOnly) {
  room.send(anna, TestRoom::move_to(thing, 0));
  const auto oldest = room.nonce_of(anna);
  for (std::size_t step = 0; step < limits::kJournalEntriesMax; ++step) room.send(anna, TestRoom::move_to(thing, 1));
  EXPECT_EQ(room.send(anna, TestRoom::undo(oldest)).reason, RejectReason::nothing_to_undo);
}

}  // namespace
}  // namespace theta::replica::testing

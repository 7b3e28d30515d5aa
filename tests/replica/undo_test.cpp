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
  EXPECT_EQ(room.hub.undo_candidate(anna.id())->nonce.value(), move);
  EXPECT_FALSE(room.hub.redo_candidate(anna.id()));
  room.send(anna, TestRoom::undo(move));
  EXPECT_EQ(room.hub.undo_candidate(anna.id())->nonce.value(), creation);
  EXPECT_EQ(room.hub.redo_candidate(anna.id())->nonce.value(), move);
  room.send(anna, TestRoom::rename(thing, "new branch"));
  EXPECT_FALSE(room.hub.redo_candidate(anna.id())) << "something new was done since";
}

TEST_F(Undo, JournalKeepsTheLastEntriesOnly) {
  room.send(anna, TestRoom::move_to(thing, 0));
  const auto oldest = room.nonce_of(anna);
  for (std::size_t step = 0; step < limits::kJournalEntriesMax; ++step) room.send(anna, TestRoom::move_to(thing, 1));
  EXPECT_EQ(room.send(anna, TestRoom::undo(oldest)).reason, RejectReason::nothing_to_undo);
}

}  // namespace
}  // namespace theta::replica::testing

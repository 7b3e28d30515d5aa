#include "room_fixture.h"

namespace theta::replica::testing {
namespace {

class Conflict : public ::testing::Test {
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

TEST_F(Conflict, LastWriteWinsByStampNotByArrival) {
  const auto base = room.hub.head();
  const auto early = room.now_ms + 20;
  EXPECT_EQ(room.send(bert, TestRoom::move_to(thing, 2), {early + 1000, base}).status, OutcomeStatus::applied);
  const auto late_arrival = room.send(anna, TestRoom::move_to(thing, 1), {early, base});
  EXPECT_EQ(late_arrival.status, OutcomeStatus::superseded);
  ASSERT_TRUE(late_arrival.blocker.has_value());
  EXPECT_EQ(late_arrival.blocker->author, room.hub.members().find(bert.id())->slot);
  EXPECT_EQ(room.x_of(thing), 2);
}

TEST_F(Conflict, DifferentRegistersOfOneEntityDoNotMeet) {
  const auto base = room.hub.head();
  EXPECT_EQ(room.send(bert, TestRoom::move_to(thing, 2), {0, base}).status, OutcomeStatus::applied);
  EXPECT_EQ(room.send(anna, TestRoom::rename(thing, "chair"), {0, base}).status, OutcomeStatus::applied);
  EXPECT_EQ(*room.hub.scene().name(thing), "chair");
  EXPECT_EQ(room.x_of(thing), 2);
}

TEST_F(Conflict, DeltasMergeInWhateverOrderTheyArrive) {
  const auto base = room.hub.head();
  const auto stamp = room.now_ms + 1000;
  EXPECT_EQ(room.send(bert, TestRoom::translate(thing, 2), {stamp, base}).status, OutcomeStatus::applied);
  EXPECT_EQ(room.send(anna, TestRoom::translate(thing, 1), {stamp - 500, base}).status, OutcomeStatus::applied);
  EXPECT_EQ(room.x_of(thing), 3);
}

TEST_F(Conflict, TagsOfBothSidesStay) {
  const auto base = room.hub.head();
  EXPECT_EQ(room.send(anna, TestRoom::tags(thing, {"red", "old"}), {0, base}).status, OutcomeStatus::applied);
  EXPECT_EQ(room.send(bert, TestRoom::tags(thing, {"blue"}, {"old"}), {0, base}).status, OutcomeStatus::applied);
  EXPECT_EQ(*room.hub.scene().tags(thing), (scene::TagSet{"blue", "red"}));
}

TEST_F(Conflict, RejectNamesWhoAndWhat) {
  EXPECT_EQ(room.send(room.opener, TestRoom::policy(fb::ConflictStrategy::reject)).status, OutcomeStatus::applied);
  const auto base = room.hub.head();
  EXPECT_EQ(room.send(bert, TestRoom::move_to(thing, 2), {0, base}).status, OutcomeStatus::applied);
  const auto changed_at = room.hub.head();
  const auto refused = room.send(anna, TestRoom::move_to(thing, 1), {0, base});
  EXPECT_EQ(refused.status, OutcomeStatus::rejected);
  EXPECT_EQ(refused.reason, RejectReason::changed_by_other);
  ASSERT_TRUE(refused.blocker.has_value());
  EXPECT_EQ(refused.blocker->seq, changed_at);
  EXPECT_EQ(refused.blocker->key.component, scene::Component::transform);
  EXPECT_EQ(room.x_of(thing), 2);
  EXPECT_EQ(room.send(anna, TestRoom::move_to(thing, 1)).status, OutcomeStatus::applied) << "after having seen it";
}

TEST_F(Conflict, MostSpecificPolicyWins) {
  EXPECT_EQ(room.send(room.opener, TestRoom::policy(fb::ConflictStrategy::reject)).status, OutcomeStatus::applied);
  fb::SetPolicyT only_names;
  only_names.any_component = false;
  only_names.component = fb::Component::name;
  only_names.entity = thing.value();
  only_names.strategy = fb::ConflictStrategy::last_write_wins;
  EXPECT_EQ(room.send(room.opener, command(std::move(only_names))).status, OutcomeStatus::applied);
  const auto base = room.hub.head();
  EXPECT_EQ(room.send(bert, TestRoom::rename(thing, "one"), {0, base}).status, OutcomeStatus::applied);
  EXPECT_EQ(room.send(anna, TestRoom::rename(thing, "two"), {0, base}).status, OutcomeStatus::applied);
}

TEST_F(Conflict, EditOfWhatAnotherDeletedIsRejectedAndNamesTheDeleter) {
  const auto base = room.hub.head();
  EXPECT_EQ(room.send(bert, TestRoom::remove({thing}), {0, base}).status, OutcomeStatus::applied);
  const auto late = room.send(anna, TestRoom::move_to(thing, 1), {0, base});
  EXPECT_EQ(late.status, OutcomeStatus::rejected);
  EXPECT_EQ(late.reason, RejectReason::no_such_entity);
  ASSERT_TRUE(late.blocker.has_value());
  EXPECT_EQ(late.blocker->author, room.hub.members().find(bert.id())->slot);
}

TEST_F(Conflict, DeletingAParentTakesTheSubtreeAndLaterChildrenAreRejected) {
  const auto child = room.create(anna, thing);
  const auto base = room.hub.head();
  EXPECT_EQ(room.send(bert, TestRoom::remove({thing}), {0, base}).status, OutcomeStatus::applied);
  EXPECT_FALSE(room.hub.scene().contains(child));
  const auto orphan = anna.mint(room.hub.members().find(anna.id())->slot);
  const auto late = room.send(anna, TestRoom::create_command({{orphan, thing}}), {0, base});
  EXPECT_EQ(late.reason, RejectReason::parent_missing);
  EXPECT_FALSE(room.hub.scene().contains(orphan));
}

TEST_F(Conflict, ReparentingFromTwoSidesNeverMakesACycle) {
  const auto a = room.create(anna);
  const auto b = room.create(anna);
  const auto base = room.hub.head();
  EXPECT_EQ(room.send(anna, TestRoom::reparent(a, b), {0, base}).status, OutcomeStatus::applied);
  const auto other_way = room.send(bert, TestRoom::reparent(b, a), {0, base});
  EXPECT_EQ(other_way.status, OutcomeStatus::rejected);
  EXPECT_EQ(other_way.reason, RejectReason::would_cycle);
  ASSERT_TRUE(other_way.blocker.has_value());
  EXPECT_EQ(other_way.blocker->author, room.hub.members().find(anna.id())->slot);
  EXPECT_EQ(room.hub.scene().place(a).parent, b);
  EXPECT_EQ(room.hub.scene().place(b).parent, kNoObject);
}

TEST_F(Conflict, ReparentBelowItselfIsRejected) {
  const auto child = room.create(anna, thing);
  EXPECT_EQ(room.send(anna, TestRoom::reparent(thing, child)).reason, RejectReason::would_cycle);
}

TEST_F(Conflict, MissingTargetsArePassedOver) {
  const auto second = room.create(anna);
  EXPECT_EQ(room.send(bert, TestRoom::remove({second})).status, OutcomeStatus::applied);
  fb::TranslateByT by;
  by.targets = {thing.value(), second.value()};
  by.offset = std::make_unique<fb::Vec3>(5.0F, 0.0F, 0.0F);
  const auto outcome = room.send(anna, command(std::move(by)));
  EXPECT_EQ(outcome.status, OutcomeStatus::applied);
  EXPECT_EQ(outcome.targets, 2U);
  EXPECT_EQ(outcome.applied_targets, 1U);
  EXPECT_TRUE(outcome.blocker.has_value());
}

TEST_F(Conflict, OverflowingDeltaLeavesEverythingAsItWas) {
  const auto grow = [&] {
    fb::ScaleByT scale;
    scale.targets = {thing.value()};
    scale.factor = std::make_unique<fb::Vec3>(1e30F, 1.0F, 1.0F);
    return command(std::move(scale));
  };
  EXPECT_EQ(room.send(anna, grow()).status, OutcomeStatus::applied);
  const auto before = room.hub.scene().hash();
  EXPECT_EQ(room.send(anna, grow()).reason, RejectReason::out_of_range);
  EXPECT_EQ(room.hub.scene().hash(), before);
}

}  // namespace
}  // namespace theta::replica::testing

#include "room_fixture.h"

namespace theta::replica::testing {
namespace {

TEST(Prediction, IdsThatAreTakenAreRejected) {
  // Validity keeps such packets out of the log; what a program or a file hands to a client has not been there.
  TestRoom room;
  TestAuthor anna(2);
  const auto slot = room.join(anna);
  const auto thing = room.create(anna);
  const auto before = room.hub.state_hash();
  fb::DuplicateEntitiesT copy;
  copy.targets = {thing.value()};
  copy.first_id = thing.value();
  copy.id_count = 1;
  const auto fresh = anna.mint(slot);
  std::vector<fb::CommandUnion> commands;
  commands.push_back(TestRoom::create_command({{fresh, kNoObject}, {thing, kNoObject}}));
  commands.push_back(command(std::move(copy)));
  const auto payload = pack(std::move(commands));
  const auto outcomes = room.hub.predict(
      {anna.id(), Nonce{room.nonce_of(anna) + 1}, room.hub.head(), Stamp{(room.now_ms + 1) << 16}, payload});
  ASSERT_EQ(outcomes.size(), 2U);
  for (const auto& outcome : outcomes) {
    EXPECT_EQ(outcome.status, OutcomeStatus::rejected);
    EXPECT_EQ(outcome.reason, RejectReason::id_in_use);
  }
  EXPECT_FALSE(room.hub.scene().contains(fresh)) << "all of a command or nothing";
  room.hub.drop_predictions();
  EXPECT_EQ(room.hub.state_hash(), before);
}

TEST(Prediction, DroppingRestoresTheExactState) {
  TestRoom room;
  TestAuthor anna(2);
  const auto slot = room.join(anna);
  const auto thing = room.create(anna);
  const auto child = room.create(anna, thing);
  const auto before = room.hub.state_hash();
  const auto entities = room.hub.entities_of(slot);
  std::uint64_t nonce = room.nonce_of(anna);
  const auto predict = [&](std::vector<fb::CommandUnion> commands) {
    const auto payload = pack(std::move(commands));
    return room.hub.predict({anna.id(), Nonce{++nonce}, room.hub.head(), Stamp{(room.now_ms + nonce) << 16}, payload});
  };
  std::vector<fb::CommandUnion> first;
  first.push_back(TestRoom::move_to(thing, 7));
  first.push_back(TestRoom::create_command({{anna.mint(slot), thing}, {anna.mint(slot), kNoObject}}));
  first.push_back(TestRoom::tags(child, {"a"}));
  EXPECT_EQ(predict(std::move(first)).size(), 3U);
  EXPECT_EQ(room.x_of(thing), 7);
  std::vector<fb::CommandUnion> second;
  second.push_back(TestRoom::undo(nonce, 0));
  second.push_back(TestRoom::remove({thing}));
  second.push_back(TestRoom::policy(fb::ConflictStrategy::merge));
  const auto outcomes = predict(std::move(second));
  EXPECT_EQ(outcomes[0].status, OutcomeStatus::applied);
  EXPECT_FALSE(room.hub.scene().contains(thing));
  EXPECT_FALSE(room.hub.last_changes().empty());
  EXPECT_FALSE(room.hub.predicted_changes().empty());
  room.hub.drop_predictions();
  EXPECT_TRUE(room.hub.predicted_changes().empty());
  EXPECT_EQ(room.hub.state_hash(), before);
  EXPECT_EQ(room.hub.entities_of(slot), entities);
  EXPECT_EQ(room.hub.scene().recompute_hash(), room.hub.scene().hash());
}

}  // namespace
}  // namespace theta::replica::testing

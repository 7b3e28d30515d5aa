#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "peers.h"

// What is told of the overlay: edits that wait for the hub are taken off and put on again under whatever the hub sends,
// and only what looks different afterwards is news.

namespace theta::client {
namespace {

using scene::Component;
using scene::RegisterKey;
using testing::at;
using ::testing::Contains;
using testing::create_one;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::packet_from_elsewhere;
using testing::World;

/// Ada, whose edits the hub does not take for now, and Bob's cube and ball, which somebody edits in his name.
class Overlay : public ::testing::Test {
 protected:
  Overlay() : ada(world.add_admin()) {
    auto& bob = world.add_member(ada, "Bob", 2);
    cube = create_one(*bob, "cube");
    const auto ball = create_one(*bob, "ball");
    EXPECT_TRUE(world.run_until([&] { return ada->scene().contains(ball) && bob->is_idle(); }));
    bob->go_offline();
    world.turn();
    world.hub.ignores_packets = true;
  }

  /// The hub sequences it, and Ada has it and was told.
  void apply(const Command& command) {
    world.hub.sequence(packet_from_elsewhere(world, command, 2));
    EXPECT_TRUE(world.run_until([&] { return ada->confirmed_head() == world.hub.replica().head(); }));
  }
  void forget_told() {
    world.turn();
    ada.events.clear();
  }
  void expect_change_told_first() const {
    const auto position = [&](auto kind) {
      return std::find_if(ada.events.begin(), ada.events.end(),
                          [](const Event& event) { return std::holds_alternative<decltype(kind)>(event); });
    };
    ASSERT_NE(position(CommandSettled{}), ada.events.end());
    EXPECT_LT(position(Changed{}), position(CommandSettled{}));
  }
  [[nodiscard]] std::vector<RegisterKey> told() const {
    std::vector<RegisterKey> keys;
    for (const auto& changed : ada.all<Changed>()) {
      EXPECT_FALSE(changed.everything);
      keys.insert(keys.end(), changed.registers.begin(), changed.registers.end());
    }
    return keys;
  }

  World world;
  testing::TestPeer& ada;
  ObjectId cube;
};

RegisterKey key(ObjectId entity, Component component) { return {entity, component, 0}; }

TEST_F(Overlay, WhatWaitsAndLooksTheSameIsNotToldAgainUnderAnothersEdit) {
  for (int i = 0; i < 10; ++i) create_one(*ada, "waits");
  ASSERT_TRUE(ada->submit(commands::rename(cube, "Ada's cube")));
  forget_told();
  apply(commands::set_transform(cube, at(1)));
  EXPECT_THAT(told(), ElementsAre(key(cube, Component::transform)));
}

TEST_F(Overlay, AnothersEditUnderOneThatWaitsAndWinsIsNoNews) {
  ASSERT_TRUE(ada->submit(commands::set_transform(cube, at(5))));
  forget_told();
  // Stamped right behind its author's last one, and so before Ada's.
  apply(commands::set_transform(cube, at(1)));
  EXPECT_EQ(ada->scene().transform(cube)->position.x, 5);
  EXPECT_THAT(ada.all<Changed>(), IsEmpty());
}

TEST_F(Overlay, WhatAnothersEditChangesInOneThatWaitsIsTold) {
  ASSERT_TRUE(ada->submit(commands::translate(std::vector{cube}, {1, 0, 0})));
  const auto waits = create_one(*ada, "waits");
  forget_told();
  apply(commands::set_transform(cube, at(10)));
  EXPECT_EQ(ada->scene().transform(cube)->position.x, 11);
  EXPECT_THAT(told(), ElementsAre(key(cube, Component::transform)));
  ada.events.clear();
  apply(commands::delete_entities(std::vector{cube}));
  EXPECT_FALSE(ada->scene().contains(cube));
  EXPECT_THAT(told(), Contains(key(cube, Component::existence)));
  EXPECT_THAT(told(), Not(Contains(Field(&RegisterKey::entity, waits))));
}

TEST_F(Overlay, ThePlaceOfWhatWaitsIsToldWhenItIsAnother) {
  const auto mine = create_one(*ada, "mine");
  forget_told();
  const auto place = ada->scene().place(mine);
  apply(commands::reorder(std::vector{cube}, kNoObject));
  EXPECT_EQ(ada->scene().children(kNoObject).back(), mine) << "what waits stands behind what the log has";
  EXPECT_NE(ada->scene().place(mine), place);
  EXPECT_THAT(told(), Contains(key(mine, Component::existence)));
}

TEST_F(Overlay, AnAcknowledgementThatChangesNothingIsNotToldAsAChange) {
  const auto waits = create_one(*ada, "waits");
  forget_told();
  world.hub.ignores_packets = false;
  ada->go_offline();
  ada->go_online();
  ASSERT_TRUE(world.run_until([&] { return ada->is_idle(); }));
  EXPECT_TRUE(world.hub.replica().scene().contains(waits));
  EXPECT_EQ(ada.settled(CommandSettled::How::acknowledged), 1U);
  EXPECT_THAT(told(), Not(Contains(Field(&RegisterKey::entity, waits))));
}

TEST_F(Overlay, WhatARecordChangesIsToldBeforeTheFateOfItsCommand) {
  ASSERT_TRUE(ada->submit(commands::translate(std::vector{cube}, {1, 0, 0})));
  forget_told();
  ada->go_offline();
  world.hub.sequence(packet_from_elsewhere(world, commands::set_transform(cube, at(10)), 2));
  world.hub.ignores_packets = false;
  ada.polls = false;
  ada->go_online();
  ASSERT_TRUE(world.run_until([&] { return ada->is_idle(); }));
  ada.polls = true;
  world.turn();
  expect_change_told_first();
}

TEST_F(Overlay, WhatARefusalChangesIsToldBeforeTheFateOfItsCommand) {
  world.hub.ignores_packets = false;
  world.hub.refuse = [](Nonce nonce) {
    return wire::Refusal{nonce, wire::fb::RefusalCode::quota, 0, nonce, "the room is full"};
  };
  ASSERT_TRUE(ada->submit(commands::rename(cube, "Ada's cube")));
  forget_told();
  ada.polls = false;
  ASSERT_TRUE(world.run_until([&] { return ada->is_idle(); }));
  ada.polls = true;
  world.turn();
  EXPECT_EQ(ada.settled(CommandSettled::How::refused), 1U);
  expect_change_told_first();
}

TEST_F(Overlay, TheSceneIsNeverShownWithoutWhatWaits) {
  const auto waits = create_one(*ada, "waits");
  world.turn();
  const auto head = ada->confirmed_head();
  world.hub.sequence(packet_from_elsewhere(world, commands::set_transform(cube, at(1)), 2));
  // Nobody steps or polls the session between the record's arrival and the look at the scene.
  while (ada->confirmed_head() == head) world.network.advance_to(*world.network.next_event_time());
  EXPECT_TRUE(ada->scene().contains(waits));
  EXPECT_EQ(ada->scene().transform(cube)->position.x, 1);
}

}  // namespace
}  // namespace theta::client

#include "theta/log/members.h"

#include <gtest/gtest.h>

#include "log/samples.h"
#include "theta/base/limits.h"

namespace theta::log {
namespace {

Member member(std::uint8_t number, AuthorSlot slot) {
  Member result;
  result.key = samples::filled<AuthorKey>(number);
  result.role = Role::editor;
  result.slot = slot;
  result.head = samples::filled<Hash256>(number);
  return result;
}

TEST(Members, AreFoundByKeyAndBySlot) {
  Members members;
  members.put(member(1, AuthorSlot{0}));
  members.put(member(2, kNoSlot));
  ASSERT_NE(members.find(AuthorSlot{0}), nullptr);
  EXPECT_EQ(members.find(AuthorSlot{0})->key, samples::filled<AuthorKey>(1));
  EXPECT_NE(members.find(samples::filled<AuthorKey>(2)), nullptr);
  EXPECT_EQ(members.find(AuthorSlot{1}), nullptr);
  EXPECT_EQ(members.find(kNoSlot), nullptr);
  EXPECT_EQ(members.size(), 2U);
}

TEST(Members, NextSlotFollowsTheHighestAndComesBackWhenItIsTakenBack) {
  Members members;
  EXPECT_EQ(members.next_slot(), AuthorSlot{0});
  members.put(member(1, AuthorSlot{0}));
  members.put(member(2, AuthorSlot{1}));
  EXPECT_EQ(members.next_slot(), AuthorSlot{2});
  members.erase(samples::filled<AuthorKey>(2));
  EXPECT_EQ(members.next_slot(), AuthorSlot{1});
  EXPECT_EQ(members.find(AuthorSlot{1}), nullptr);
}

TEST(Members, SlotsRunOutAtTheLimit) {
  Members members;
  members.put(member(1, AuthorSlot{65533}));
  EXPECT_EQ(members.next_slot(), AuthorSlot{65534});
  members.put(member(2, AuthorSlot{65534}));
  EXPECT_EQ(members.next_slot(), std::nullopt);
  EXPECT_EQ(limits::kAuthorsPerRoomMax, 65535U);
}

TEST(Members, ReplacingWithAnotherSlotLeavesTheOldOneEmpty) {
  Members members;
  members.put(member(9, AuthorSlot{3}));
  members.put(member(1, kNoSlot));
  members.put(member(1, AuthorSlot{1}));
  EXPECT_EQ(members.find(AuthorSlot{1})->key, samples::filled<AuthorKey>(1));
  members.put(member(1, AuthorSlot{2}));
  EXPECT_EQ(members.find(AuthorSlot{1}), nullptr);
  EXPECT_EQ(members.find(AuthorSlot{2})->key, samples::filled<AuthorKey>(1));
}

TEST(Members, DirectoryAnswersWithTheChainsHead) {
  Members members;
  members.set_room(samples::filled<RoomId>(7));
  members.put(member(1, AuthorSlot{0}));
  EXPECT_EQ(members.by_slot(AuthorSlot{0})->prev, samples::filled<Hash256>(1));
  EXPECT_EQ(members.by_slot(AuthorSlot{0})->room, samples::filled<RoomId>(7));
  EXPECT_FALSE(members.by_slot(AuthorSlot{1}).has_value());
  EXPECT_EQ(members.by_key(samples::filled<AuthorKey>(1)).prev, samples::filled<Hash256>(1));
  EXPECT_TRUE(members.by_key(samples::filled<AuthorKey>(2)).prev.is_zero());
}

TEST(Members, InviteUsesAreCountedAndForgottenAtZero) {
  Members members;
  const auto key = samples::filled<InviteKey>(3);
  EXPECT_EQ(members.invite_uses(key), 0U);
  members.set_invite_uses(key, 2);
  EXPECT_EQ(members.invite_uses(key), 2U);
  members.set_invite_uses(key, 0);
  EXPECT_TRUE(members.invites().empty());
}

}  // namespace
}  // namespace theta::log

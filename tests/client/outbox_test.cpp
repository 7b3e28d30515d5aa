#include "outbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "peers.h"
#include "theta/client/limits.h"
#include "theta/log/stamp.h"

namespace theta::client {
namespace {

using testing::author_key;

const ObjectId kCube = make_object_id(AuthorSlot{0}, 1);
const ObjectId kBall = make_object_id(AuthorSlot{0}, 2);

scene::Transform at(float x) {
  scene::Transform transform;
  transform.position.x = x;
  return transform;
}

/// Numbers drafts and stamps them a millisecond apart.
class OutboxTest : public ::testing::Test {
 protected:
  std::optional<CommandHandle> add(const Command& command) {
    Draft draft;
    draft.handle = CommandHandle{++count_};
    draft.stamp = log::make_stamp(1000 + count_, 0);
    draft.payload.assign(command.payload().begin(), command.payload().end());
    draft.describe();
    return outbox_.add(std::move(draft));
  }
  [[nodiscard]] std::vector<std::uint64_t> queued() const {
    std::vector<std::uint64_t> handles;
    for (const auto& draft : outbox_.drafts()) handles.push_back(draft.handle.value());
    return handles;
  }
  const SignedPacket& sign(std::size_t count) { return outbox_.sign(count, RoomId{}, ChainEnd{}, author_key(1)); }

  Outbox outbox_;
  std::uint64_t count_ = 0;
};

TEST_F(OutboxTest, ANewerSetOfTheSameRegisterReplacesAQueuedOne) {
  EXPECT_EQ(add(commands::set_transform(kCube, at(1))), std::nullopt);
  EXPECT_EQ(add(commands::set_visibility({&kCube, 1}, false)), std::nullopt);
  EXPECT_EQ(add(commands::set_transform(kCube, at(2))), CommandHandle{1});
  EXPECT_THAT(queued(), ::testing::ElementsAre(2, 3));
  EXPECT_EQ(outbox_.coalesced(), 1U);
}

TEST_F(OutboxTest, OtherTargetsOrOtherRegistersAreKept) {
  const ObjectId both[] = {kCube, kBall};
  add(commands::set_transform(kCube, at(1)));
  add(commands::set_transform(kBall, at(1)));
  const scene::Transform each[] = {at(1), at(2)};
  add(commands::set_transform(both, each));
  add(commands::set_application({&kCube, 1}, 7, Bytes{1}));
  add(commands::set_application({&kCube, 1}, 8, Bytes{1}));
  EXPECT_THAT(queued(), ::testing::ElementsAre(1, 2, 3, 4, 5));
}

TEST_F(OutboxTest, NothingMovesAcrossACommandThatDependsOnIt) {
  add(commands::set_transform(kCube, at(1)));
  add(commands::translate({&kCube, 1}, {1, 0, 0}));  // moves from where the first put it
  add(commands::set_transform(kCube, at(2)));
  EXPECT_THAT(queued(), ::testing::ElementsAre(1, 2, 3));
  add(commands::rename(kCube, "a"));
  add(commands::delete_entities({&kBall, 1}));  // whose subtree is not known here
  add(commands::rename(kCube, "b"));
  EXPECT_THAT(queued(), ::testing::ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST_F(OutboxTest, DeltasAreNotReplaced) {
  add(commands::translate({&kCube, 1}, {1, 0, 0}));
  add(commands::translate({&kCube, 1}, {1, 0, 0}));
  add(commands::change_tags({&kCube, 1}, {"a"}, {}));
  add(commands::change_tags({&kCube, 1}, {"b"}, {}));
  EXPECT_EQ(queued().size(), 4U);
}

TEST_F(OutboxTest, ToolsAndWholeSelectionsReplaceEachOther) {
  add(commands::activate_tool("move"));
  add(commands::select({&kCube, 1}));
  EXPECT_EQ(add(commands::deactivate_tool()), CommandHandle{1});
  EXPECT_EQ(add(commands::select({&kBall, 1})), CommandHandle{2});
  add(commands::change_selection({&kCube, 1}, {}));
  add(commands::select({}));
  EXPECT_THAT(queued(), ::testing::ElementsAre(3, 4, 5, 6));
}

TEST_F(OutboxTest, WhatIsSignedIsNotReplaced) {
  add(commands::rename(kCube, "a"));
  sign(1);
  EXPECT_EQ(add(commands::rename(kCube, "b")), std::nullopt);
  EXPECT_EQ(outbox_.command_count(), 2U);
}

TEST_F(OutboxTest, PacksWhatIsQueuedInOrder) {
  add(commands::rename(kCube, "a"));
  add(commands::translate({&kCube, 1}, {1, 0, 0}));
  add(commands::set_visibility({&kBall, 1}, true));
  ASSERT_EQ(outbox_.plan_packet(100), 3U);
  const auto& packet = sign(3);
  const auto* payload = wire::verified_payload(packet.packet.payload.view());
  ASSERT_NE(payload, nullptr);
  ASSERT_EQ(payload->commands()->size(), 3U);
  EXPECT_EQ(payload->commands_type()->GetEnum<wire::fb::Command>(0), wire::fb::Command::RenameEntity);
  EXPECT_EQ(payload->commands_type()->GetEnum<wire::fb::Command>(2), wire::fb::Command::SetVisibility);
  EXPECT_EQ(packet.packet.header.command_count, 3);
  EXPECT_EQ(packet.packet.header.nonce, Nonce{1});
  EXPECT_TRUE(log::verify_signature(packet.packet));
}

TEST_F(OutboxTest, APacketHoldsAtMostAHundredCommandsAndSixtyFourKibibytes) {
  for (int i = 0; i < 150; ++i) add(commands::translate({&kCube, 1}, {1, 0, 0}));
  EXPECT_EQ(outbox_.plan_packet(1000), 100U);
  EXPECT_EQ(outbox_.plan_packet(7), 7U);
  Outbox large;
  std::swap(outbox_, large);
  for (std::uint64_t i = 0; i < 10; ++i) add(commands::set_application({&kCube, 1}, i, Bytes(15'000)));
  EXPECT_EQ(outbox_.plan_packet(100), 4U);
}

TEST_F(OutboxTest, CommandsMadeFarApartDoNotShareAStamp) {
  add(commands::translate({&kCube, 1}, {1, 0, 0}));
  count_ += limits::kPackedStampSpreadMs;
  add(commands::translate({&kCube, 1}, {1, 0, 0}));
  EXPECT_EQ(outbox_.plan_packet(100), 1U);
}

TEST_F(OutboxTest, AnEmptyApplicationValueTravelsAlone) {
  add(commands::set_application({&kCube, 1}, 7, Bytes{}));
  add(commands::rename(kCube, "a"));
  ASSERT_EQ(outbox_.plan_packet(100), 1U);
  const auto* payload = wire::verified_payload(sign(1).packet.payload.view());
  const auto* set = payload->commands()->GetAs<wire::fb::SetAppComponent>(0);
  ASSERT_NE(set->value(), nullptr) << "an empty value is not an absent one";
}

TEST_F(OutboxTest, TakenBackPacketsAreDraftsAgainInTheirOldOrder) {
  for (int i = 0; i < 3; ++i) add(commands::translate({&kCube, 1}, {1, 0, 0}));
  const auto bytes = outbox_.bytes();
  sign(1);
  sign(2);
  outbox_.unsign_from(Nonce{1});
  EXPECT_THAT(queued(), ::testing::ElementsAre(1, 2, 3));
  EXPECT_EQ(outbox_.commands_in_flight(), 0U);
  EXPECT_EQ(outbox_.bytes(), bytes);
}

TEST_F(OutboxTest, BytesThatHoldNoSoundCommandAreRefused) {
  // A hash guards the file against damage, not against whoever writes a file of their own.
  add(commands::set_transform(kCube, at(1)));
  const auto decodes = [&] {
    Bytes bytes;
    ByteWriter out(bytes);
    outbox_.encode(out);
    ByteReader in(bytes);
    Outbox read;
    return read.decode(in);
  };
  EXPECT_TRUE(decodes());
  const Command broken(Bytes{1, 2, 3});
  const Command of_nothing = commands::delete_entities({});
  for (const auto& unsound : {broken, of_nothing}) {
    const auto sound = outbox_.drafts().front().payload;
    outbox_.drafts().front().payload.assign(unsound.payload().begin(), unsound.payload().end());
    EXPECT_FALSE(decodes());
    outbox_.drafts().front().payload = sound;
  }
  sign(1);
  EXPECT_TRUE(decodes());
  auto& packet = outbox_.in_flight().front().packet;
  packet = log::sign_packet(packet.header, {of_nothing.payload().begin(), of_nothing.payload().end()}, author_key(1));
  EXPECT_FALSE(decodes());
}

TEST_F(OutboxTest, SurvivesBytes) {
  add(commands::rename(kCube, "a"));
  add(commands::rename(kBall, "b"));
  sign(1);
  Bytes bytes;
  ByteWriter out(bytes);
  outbox_.encode(out);
  Outbox again;
  ByteReader in(bytes);
  ASSERT_TRUE(again.decode(in));
  EXPECT_TRUE(in.done());
  ASSERT_EQ(again.in_flight().size(), 1U);
  EXPECT_EQ(log::encode_packet(again.in_flight().front().packet),
            log::encode_packet(outbox_.in_flight().front().packet));
  ASSERT_EQ(again.drafts().size(), 1U);
  EXPECT_EQ(again.drafts().front().payload, outbox_.drafts().front().payload);
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    Outbox torn;
    ByteReader short_in(ByteView(bytes).first(cut));
    EXPECT_FALSE(torn.decode(short_in)) << cut;
  }
}

}  // namespace
}  // namespace theta::client

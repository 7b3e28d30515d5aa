#include <gtest/gtest.h>

#include <map>

#include "pacer.h"
#include "peers.h"
#include "theta/client/session.h"
#include "theta/log/compact.h"

namespace theta::client {
namespace {

using testing::World;

TEST(Pacing, ManyQueuedCommandsLeaveUnderALimitFarAboveWhatAPacketHolds) {
  World world;
  world.hub.commands_burst = 100'000;
  world.hub.commands_per_second = 100'000;
  auto& admin = world.add_admin();
  admin->go_offline();
  world.turn();
  for (int count = 0; count < 250; ++count) ASSERT_TRUE(admin->create_entities({NewEntity{.name = "queued"}}));
  admin->go_online();
  EXPECT_TRUE(world.run_until([&] { return admin->is_idle(); }));
  EXPECT_EQ(admin->scene().entity_count(), 250U);
  EXPECT_TRUE(world.all_equal());
}

/// A hub charges for a packet before it looks at its order, so what follows a refused one would use up the tokens that
/// the front one waits for, for ever.
TEST(Pacing, WhatIsRefusedForItsRateIsSentAgainFromTheFrontOnly) {
  World world;
  auto& admin = world.add_admin();
  ASSERT_TRUE(world.run_until([&] { return admin->is_idle(); }));
  std::map<Nonce, int> asked;
  world.hub.refuse = [&](Nonce nonce) -> std::optional<wire::Refusal> {
    const Nonce front = asked.empty() ? nonce : asked.begin()->first;
    if (++asked[nonce] > 4 || nonce != front) return std::nullopt;
    wire::Refusal refusal;
    refusal.nonce = nonce;
    refusal.code = log::RefusalCode::rate_limited;
    refusal.retry_after_ms = 100;
    return refusal;
  };
  admin->go_offline();
  world.turn();
  for (int count = 0; count < 250; ++count) ASSERT_TRUE(admin->create_entities({NewEntity{.name = "queued"}}));
  const auto before = world.hub.submitted.size();
  admin->go_online();
  ASSERT_TRUE(world.run_until([&] { return admin->is_idle(); }));
  EXPECT_EQ(admin->scene().entity_count(), 250U);
  std::map<Nonce, int> sent;
  for (std::size_t at = before; at < world.hub.submitted.size(); ++at)
    ++sent[*log::peek_nonce(world.hub.submitted[at])];
  ASSERT_GE(sent.size(), 3U);
  EXPECT_EQ(sent.begin()->second, 5);
  for (auto packet = std::next(sent.begin()); packet != sent.end(); ++packet) EXPECT_LE(packet->second, 2);
}

TEST(Pacing, AnOwnPaceNeverExceedsTheHubs) {
  EXPECT_EQ(stricter({}, {100, 10}).burst, 100);
  EXPECT_EQ(stricter({60, 30}, {100, 10}).burst, 60);
  EXPECT_EQ(stricter({60, 30}, {100, 10}).per_second, 10);
}

}  // namespace
}  // namespace theta::client

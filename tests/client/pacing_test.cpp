#include <gtest/gtest.h>

#include "peers.h"
#include "theta/client/session.h"

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

}  // namespace
}  // namespace theta::client

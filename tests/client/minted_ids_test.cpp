#include <gtest/gtest.h>

#include "peers.h"
#include "theta/client/session.h"

namespace theta::client {
namespace {

using testing::World;

NewEntity entity_with(ObjectId id) {
  NewEntity entity;
  entity.id = id;
  entity.name = "minted";
  return entity;
}

TEST(MintedIds, ServeSeveralCommandsOneAfterTheOther) {
  World world;
  auto& admin = world.add_admin();
  const auto ids = admin->mint_ids(3);
  ASSERT_TRUE(ids) << ids.error().message;
  ASSERT_TRUE(admin->create_entities({entity_with((*ids)[0])}));
  const auto second = admin->create_entities({entity_with((*ids)[1]), entity_with((*ids)[2])});
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_FALSE(admin->create_entities({entity_with((*ids)[1])})) << "an id serves once";
  ASSERT_TRUE(world.run_until([&] { return admin->is_idle(); }));
  EXPECT_TRUE(world.all_equal());
}

}  // namespace
}  // namespace theta::client

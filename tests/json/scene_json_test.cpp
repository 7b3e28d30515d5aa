#include "theta/json/scene_json.h"

#include <gmock/gmock.h>

#include "theta/base/hex.h"

namespace theta::json {
namespace {

using ::testing::HasSubstr;

TEST(SceneJson, MembersAreToldWithTheKeysThatCommandsName) {
  log::Members members;
  log::Member ann;
  ann.key.bytes.fill(0xab);
  ann.display_name = "Ann\x1b";
  ann.role = wire::fb::Role::editor;
  ann.slot = AuthorSlot{0};
  members.put(ann);
  log::Member viewer;
  viewer.key.bytes.fill(0xcd);
  viewer.role = wire::fb::Role::viewer;
  members.put(viewer);
  const auto json = members_json(members);
  ASSERT_EQ(json.size(), 2U);
  EXPECT_EQ(json[0]["author"], to_hex(ann.key.view()));
  EXPECT_EQ(json[0]["role"], "editor");
  EXPECT_EQ(json[0]["slot"], 0);
  EXPECT_FALSE(json[1].contains("slot"));
  EXPECT_THAT(members_text(json), HasSubstr("abab  editor  Ann\\x1b\n"));
}

}  // namespace
}  // namespace theta::json

#include "scene_text.h"

#include <gtest/gtest.h>

#include "client/peers.h"
#include "theta/json/command_json.h"

namespace theta::cli {
namespace {

TEST(SceneText, ASceneForPeopleIsATreeWithNothingThatATerminalObeys) {
  client::testing::World world;
  auto& admin = world.add_admin();
  const auto line = json::Json::parse(
      R"({"command":"create_entities","entities":[{"name":"top","position":[0,1.5,0],"tags":["x"]},
          {"name":"exe.\u202egpj","parent_index":0,"light":{},"visible":false}]})");
  ASSERT_TRUE(json::submit_json(*admin, line));
  EXPECT_EQ(scene_text(admin->scene()),
            "2 entities\n"
            "  0:1  \"top\"  at 0 1.5 0  #x\n"
            "    0:2  \"exe.\\u202egpj\"  at 0 0 0  (light, hidden)");
}

}  // namespace
}  // namespace theta::cli

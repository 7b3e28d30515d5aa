#include "theta/json/command_json.h"

#include <gmock/gmock.h>

#include "client/peers.h"
#include "document_rows.h"
#include "theta/base/hex.h"
#include "theta/json/scene_json.h"

namespace theta::json {
namespace {

using client::CommandSettled;
using ::testing::ElementsAre;
using ::testing::FloatNear;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(CommandJson, IdsReadBackWhatTheyPrint) {
  const auto id = make_object_id(AuthorSlot{3}, 17);
  EXPECT_EQ(to_text(id), "3:17");
  EXPECT_EQ(object_from_text("3:17"), id);
  EXPECT_EQ(to_text(kNoObject), "root");
  EXPECT_EQ(object_from_text("root"), kNoObject);
}

TEST(CommandJson, MalformedIdsAreRefused) {
  for (const char* text : {"", ":", "3:", ":17", "3", "3:0", "3:x", "-1:2", "65535:1", "1:281474976710656", "1:2:3"})
    EXPECT_FALSE(object_from_text(text)) << text;
}

/// Somebody types lines; a hub in virtual time takes them.
class Typed : public ::testing::Test {
 protected:
  Expected<Submitted, CommandJsonError> submit(const std::string& line) {
    return submit_json(*admin, Json::parse(line, nullptr, false));
  }
  /// A line that must be taken, and must become a command that is in the log and applied.
  Submitted type(const std::string& line) {
    const auto submitted = submit(line);
    if (!submitted) {
      ADD_FAILURE() << line << ": " << submitted.error().message;
      return {};
    }
    EXPECT_TRUE(world.run_until([&] { return admin->is_idle(); }));
    const auto settled = admin.all<CommandSettled>();
    EXPECT_EQ(settled.back().handle, submitted->handle);
    EXPECT_TRUE(settled.back().outcome && settled.back().outcome->status == replica::OutcomeStatus::applied) << line;
    return *submitted;
  }
  std::string refusal(const std::string& line) {
    const auto before = admin->confirmed_state_hash();
    const auto submitted = submit(line);
    EXPECT_FALSE(submitted) << line;
    EXPECT_EQ(admin->confirmed_state_hash(), before);
    EXPECT_TRUE(admin->is_idle()) << "nothing was queued";
    return submitted ? "" : submitted.error().message;
  }
  /// As `--json join --print scene` prints it.
  Json entity(const std::string& id) {
    const auto scene = scene_json(admin->scene());
    for (const auto& entity : scene["entities"])
      if (entity["id"] == id) return entity;
    return nullptr;
  }
  std::vector<std::string> order() {
    std::vector<std::string> ids;
    const auto scene = scene_json(admin->scene());
    for (const auto& entity : scene["entities"]) ids.push_back(entity["id"]);
    return ids;
  }
  void make_three() {
    type(R"({"command":"create_entities","entities":[{"name":"a"},{"name":"b"},{"name":"c"}]})");
    ASSERT_THAT(order(), ElementsAre("0:1", "0:2", "0:3"));
  }
  const log::Member& self() { return *admin->replica().members().find(admin->author()); }

  client::testing::World world;
  client::testing::TestPeer& admin = world.add_admin();
};

TEST_F(Typed, CreateEntitiesMakesOneWithAllItsParts) {
  const auto made = type(
      R"({"command":"create_entities","tag":7,"name":"box","position":[1,2,3],"rotation":[0,0,1,0],"scale":[2,2,2],
          "mesh":")" +
      std::string(64, 'a') + R"(","material":{"roughness":0.25},"light":{"kind":"spot"},
          "camera":{"near":0.5},"visible":false,"tags":["x","y"]})");
  ASSERT_EQ(made.ids.size(), 1U);
  const auto box = entity(to_text(made.ids.front()));
  EXPECT_EQ(box["name"], "box");
  EXPECT_EQ(box["parent"], "root");
  EXPECT_EQ(box["position"], Json({1.0, 2.0, 3.0}));
  EXPECT_EQ(box["rotation"], Json({0.0, 0.0, 1.0, 0.0}));
  EXPECT_EQ(box["scale"], Json({2.0, 2.0, 2.0}));
  EXPECT_EQ(box["mesh"], std::string(64, 'a'));
  EXPECT_EQ(box["material"]["roughness"], 0.25);
  EXPECT_EQ(box["light"]["kind"], "spot");
  EXPECT_EQ(box["camera"]["near"], 0.5);
  EXPECT_EQ(box["visible"], false);
  EXPECT_EQ(box["tags"], Json({"x", "y"}));
}

TEST_F(Typed, CreateEntitiesMakesATreeFromAList) {
  const auto made =
      type(R"({"command":"create_entities","entities":[{"name":"top"},{"name":"below","parent_index":0}]})");
  ASSERT_EQ(made.ids.size(), 2U);
  EXPECT_EQ(entity("0:2")["parent"], "0:1");
  type(R"({"command":"create_entities","name":"lower","parent":"0:2"})");
  EXPECT_EQ(entity("0:3")["parent"], "0:2");
}

TEST_F(Typed, DuplicateAndDelete) {
  make_three();
  EXPECT_EQ(to_text(type(R"({"command":"duplicate_entities","targets":["0:2"]})").ids.front()), "0:4");
  EXPECT_EQ(entity("0:4")["name"], "b");
  type(R"({"command":"delete_entities","targets":["0:1","0:4"]})");
  EXPECT_THAT(order(), ElementsAre("0:2", "0:3"));
}

TEST_F(Typed, RenameReparentAndReorder) {
  make_three();
  type(R"({"command":"rename_entity","target":"0:1","name":"new"})");
  EXPECT_EQ(entity("0:1")["name"], "new");
  type(R"({"command":"reorder_entities","targets":["0:3"],"before":"0:1"})");
  EXPECT_THAT(order(), ElementsAre("0:3", "0:1", "0:2"));
  type(R"({"command":"reparent_entities","targets":["0:3","0:2"],"parent":"0:1"})");
  EXPECT_EQ(entity("0:3")["parent"], "0:1");
  type(R"({"command":"reparent_entities","targets":["0:2"],"parent":"0:1","before":"0:3",
           "transforms":[{"position":[5,0,0]}]})");
  EXPECT_THAT(order(), ElementsAre("0:1", "0:2", "0:3"));
  EXPECT_EQ(entity("0:2")["position"], Json({5.0, 0.0, 0.0}));
}

TEST_F(Typed, TransformsAreSetAndChanged) {
  make_three();
  type(R"({"command":"set_transform","targets":["0:1"],"position":[1,0,0],"scale":[2,2,2]})");
  EXPECT_EQ(entity("0:1")["position"], Json({1.0, 0.0, 0.0}));
  EXPECT_EQ(entity("0:1")["scale"], Json({2.0, 2.0, 2.0}));
  type(R"({"command":"set_transform","targets":["0:2","0:3"],)"
       R"("transforms":[{"position":[2,0,0]},{"position":[3,0,0]}]})");
  EXPECT_EQ(entity("0:2")["position"], Json({2.0, 0.0, 0.0}));
  EXPECT_EQ(entity("0:3")["position"], Json({3.0, 0.0, 0.0}));
  type(R"({"command":"translate_by","targets":["0:1","0:2"],"offset":[0,1,0]})");
  EXPECT_EQ(entity("0:1")["position"], Json({1.0, 1.0, 0.0}));
  EXPECT_EQ(entity("0:2")["position"], Json({2.0, 1.0, 0.0}));
  type(R"({"command":"rotate_by","targets":["0:3"],"rotation":[0,0,1,0],"pivot":[0,0,0]})");
  EXPECT_THAT(entity("0:3")["position"][0].get<float>(), FloatNear(-3, 1e-5F));
  EXPECT_EQ(entity("0:3")["rotation"], Json({0.0, 0.0, 1.0, 0.0}));
  type(R"({"command":"scale_by","targets":["0:1"],"factor":[2,1,1],"pivot":[0,0,0]})");
  EXPECT_EQ(entity("0:1")["position"], Json({2.0, 1.0, 0.0}));
  EXPECT_EQ(entity("0:1")["scale"], Json({4.0, 2.0, 2.0}));
}

TEST_F(Typed, ComponentsAreSetWithEveryFieldAndRemovedWithNull) {
  make_three();
  const std::string asset(64, 'b');
  const Json material = {{"base_color", {0.5, 0.25, 0.125, 1.0}},
                         {"metallic", 0.5},
                         {"roughness", 0.25},
                         {"emissive", {1.0, 0.0, 0.5}},
                         {"alpha_mode", "mask"},
                         {"alpha_cutoff", 0.75},
                         {"double_sided", true},
                         {"base_color_texture", asset},
                         {"metallic_roughness_texture", asset},
                         {"normal_texture", asset},
                         {"occlusion_texture", asset},
                         {"emissive_texture", asset}};
  const Json light = {{"kind", "directional"}, {"color", {1.0, 0.5, 0.25}}, {"intensity", 3.0},
                      {"range", 8.0},          {"inner_cone_angle", 0.25},  {"outer_cone_angle", 0.5}};
  const Json camera = {{"kind", "orthographic"}, {"vertical_fov", 0.5}, {"aspect_ratio", 2.0}, {"x_magnification", 3.0},
                       {"y_magnification", 4.0}, {"near", 0.5},         {"far", 100.0}};
  const Json targets = {"0:1", "0:2"};
  const std::tuple<const char*, const char*, Json> parts[] = {{"set_material", "material", material},
                                                              {"set_light", "light", light},
                                                              {"set_camera", "camera", camera},
                                                              {"set_mesh", "mesh", asset}};
  for (const auto& [command, field, value] : parts) {
    type(Json({{"command", command}, {"targets", targets}, {field, value}}).dump());
    EXPECT_EQ(entity("0:1")[field], value);
    EXPECT_EQ(entity("0:2")[field], value);
    EXPECT_FALSE(entity("0:3").contains(field));
    type(Json({{"command", command}, {"targets", {"0:1"}}, {field, nullptr}}).dump());
    EXPECT_FALSE(entity("0:1").contains(field));
    EXPECT_TRUE(entity("0:2").contains(field));
  }
}

TEST_F(Typed, VisibilityTagsAndApplicationComponents) {
  make_three();
  type(R"({"command":"set_visibility","targets":["0:1"],"visible":false})");
  EXPECT_EQ(entity("0:1")["visible"], false);
  type(R"({"command":"change_tags","targets":["0:1"],"add":["x","y"]})");
  type(R"({"command":"change_tags","targets":["0:1"],"add":["z"],"remove":["x"]})");
  EXPECT_EQ(entity("0:1")["tags"], Json({"y", "z"}));
  type(R"({"command":"set_app_component","targets":["0:1"],"component":42,"value":"beef"})");
  EXPECT_EQ(entity("0:1")["application"]["42"], "beef");
  type(R"({"command":"set_app_component","targets":["0:1"],"component":42,"value":null})");
  EXPECT_FALSE(entity("0:1").contains("application"));
}

TEST_F(Typed, SelectionAndTools) {
  make_three();
  type(R"({"command":"highlight_selection","targets":["0:1","0:3"]})");
  EXPECT_THAT(self().selection, ElementsAre(*object_from_text("0:1"), *object_from_text("0:3")));
  type(R"({"command":"activate_tool","tool":"move"})");
  EXPECT_EQ(self().tool, "move");
  type(R"({"command":"deactivate_tool"})");
  EXPECT_EQ(self().tool, "");
}

TEST_F(Typed, RolesAndPolicies) {
  auto& bob = world.add_member(admin, "Bob", 2);
  const auto author = to_hex(bob->author().view());
  type(R"({"command":"grant_role","author":")" + author + R"(","role":"viewer"})");
  EXPECT_EQ(admin->replica().members().find(bob->author())->role, log::Role::viewer);
  type(R"({"command":"revoke_role","author":")" + author + R"("})");
  EXPECT_EQ(admin->replica().members().find(bob->author())->role, log::Role::none);
  const auto invite = admin->replica().members().find(bob->author())->invite;
  EXPECT_EQ(admin->replica().members().invite_uses(invite), log::Members::kInviteRevoked) << "so that he stays out";
  make_three();
  type(R"({"command":"set_policy","entity":"0:1","component":"transform","strategy":"reject"})");
  const log::PolicyScope scope{*object_from_text("0:1"), wire::fb::Component::transform};
  EXPECT_EQ(admin->replica().policies().find(scope), wire::fb::ConflictStrategy::reject);
  type(R"({"command":"set_policy","entity":"0:1","component":"transform"})");
  EXPECT_THAT(admin->replica().policies().all(), IsEmpty());
  EXPECT_THAT(refusal(R"({"command":"set_policy","strategy":"first_wins"})"), HasSubstr("last_write_wins"));
}

TEST_F(Typed, InvitesAreRevokedAloneOrKeptWhenSomebodyIsPutOut) {
  auto& bob = world.add_member(admin, "Bob", 2);
  const auto invite = admin->replica().members().find(bob->author())->invite;
  type(R"({"command":"revoke_role","author":")" + to_hex(bob->author().view()) + R"(","keep_invite":true})");
  EXPECT_EQ(admin->replica().members().invite_uses(invite), 1U);
  type(R"({"command":"revoke_invite","invite":")" + to_hex(invite.view()) + R"("})");
  EXPECT_EQ(admin->replica().members().invite_uses(invite), log::Members::kInviteRevoked);
  EXPECT_THAT(refusal(R"({"command":"revoke_invite","invite":"abcd"})"), HasSubstr("64 hexadecimal digits"));
}

TEST_F(Typed, UndoAndRedo) {
  make_three();
  const auto renamed = type(R"({"command":"rename_entity","target":"0:1","name":"new"})");
  EXPECT_FALSE(renamed.took);
  EXPECT_EQ(type(R"({"command":"undo"})").took, renamed.handle);
  EXPECT_EQ(entity("0:1")["name"], "a");
  EXPECT_EQ(type(R"({"command":"redo"})").took, renamed.handle);
  EXPECT_EQ(entity("0:1")["name"], "new");
}

TEST_F(Typed, AFieldThatNobodyAsksForIsRefusedAndNamed) {
  make_three();
  EXPECT_EQ(refusal(R"({"command":"set_transform","targets":["0:1"],"postion":[1,0,0]})"),
            "unknown field \"postion\": set_transform takes targets, position, rotation, scale, transforms, tag, "
            "command");
  EXPECT_THAT(refusal(R"({"command":"create_entities","entities":[{"nmae":"x"}]})"), HasSubstr("\"nmae\""));
  EXPECT_THAT(refusal(R"({"command":"create_entities","entities":[{}],"name":"x"})"), HasSubstr("\"name\""));
  EXPECT_THAT(refusal(R"({"command":"create_entities","material":{"colour":[1,1,1,1]}})"), HasSubstr("\"colour\""));
  EXPECT_THAT(refusal(R"({"command":"set_light","targets":["0:1"],"light":{"power":1}})"), HasSubstr("\"power\""));
  EXPECT_THAT(refusal(R"({"command":"set_camera","targets":["0:1"],"camera":{"fov":1}})"), HasSubstr("\"fov\""));
  EXPECT_THAT(refusal(R"({"command":"set_transform","targets":["0:1"],"transforms":[{"pos":[1,0,0]}]})"),
              HasSubstr("\"pos\""));
  EXPECT_THAT(refusal(R"({"command":"undo","targets":["0:1"]})"), HasSubstr("undo takes tag, command"));
}

TEST_F(Typed, AValueOfTheWrongFormNamesItsField) {
  make_three();
  const std::pair<const char*, const char*> lines[] = {
      {R"({"command":"rename_entity","target":"0:1"})", "\"name\""},
      {R"({"command":"rename_entity","target":3,"name":"x"})", "\"target\""},
      {R"({"command":"delete_entities"})", "\"targets\""},
      {R"({"command":"delete_entities","targets":"0:1"})", "\"targets\""},
      {R"({"command":"set_transform","targets":["0:1"],"position":[1,2]})", "\"position\": expected 3 numbers"},
      {R"({"command":"set_transform","targets":["0:1"],"rotation":[0,0,"x",1]})", "\"rotation\""},
      {R"({"command":"set_mesh","targets":["0:1"],"mesh":"abc"})", "64 hexadecimal digits"},
      {R"({"command":"set_mesh","targets":["0:1"]})", "null to remove it"},
      {R"({"command":"set_light","targets":["0:1"],"light":{"kind":"sun"}})", "directional, point, spot"},
      {R"({"command":"set_visibility","targets":["0:1"],"visible":1})", "true or false"},
      {R"({"command":"grant_role","author":"12","role":"editor"})", "\"author\""},
      {R"({"command":"dance"})", "unknown command \"dance\""},
      {R"({"name":"x"})", "\"command\""},
      {R"([])", "one JSON object"},
  };
  for (const auto& [line, expected] : lines) EXPECT_THAT(refusal(line), HasSubstr(expected)) << line;
  EXPECT_EQ(submit(R"({"command":"dance"})").error().code, CommandJsonError::malformed);
}

TEST_F(Typed, WhatTheSceneOrTheRoleForbidsIsToldApart) {
  EXPECT_EQ(submit(R"({"command":"rename_entity","target":"0:9","name":"x"})").error().code, CommandJsonError::refused);
  auto& viewer = world.add_member(admin, "Vera", 2, wire::fb::Role::viewer);
  const auto refused = submit_json(*viewer, {{"command", "create_entities"}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, CommandJsonError::not_permitted);
}

TEST_F(Typed, WhereThereIsNoRoomYetIsToldApart) {
  auto& early = world.add_peer("early");
  early.start(world.member_options(admin, "Eve"), client::testing::author_key(2));
  const auto too_early = submit_json(*early, {{"command", "create_entities"}});
  ASSERT_FALSE(too_early);
  EXPECT_EQ(too_early.error().code, CommandJsonError::not_ready);
}

TEST(CommandJson, TheManualNamesEveryCommandAndField) {
  auto rows = testing::rows_of("cli.md", "Commands of `join`");
  for (const auto& [command, fields] : command_fields()) {
    ASSERT_TRUE(rows.count(command)) << command;
    for (const auto& field : fields) EXPECT_THAT(rows[command], HasSubstr("`" + field + "`")) << command;
    rows.erase(command);
  }
  for (const auto& [name, row] : rows) ADD_FAILURE() << "docs/cli.md tells of a command \"" << name << "\"";
}

}  // namespace
}  // namespace theta::json

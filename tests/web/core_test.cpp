#include "theta/web/core.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "theta/base/hex.h"
#include "theta/json/command_json.h"
#include "theta/json/scene_json.h"
#include "theta/web/limits.h"
#include "web/page.h"

namespace theta::web {
namespace {

using client::testing::TestPeer;
using client::testing::World;
using testing::Follower;
using ::testing::HasSubstr;
using testing::Json;
using testing::Page;

class OpenPage : public ::testing::Test {
 protected:
  void SetUp() override {
    page.open(page.options_for(admin));
    ASSERT_TRUE(page.run_until([&] { return page.is_live(); }));
  }
  std::string id_of_box() {
    const auto made = page.submit(R"({"command":"create_entities","name":"box"})");
    EXPECT_TRUE(made.contains("ids")) << made.dump();
    return made["ids"][0];
  }
  bool settle() {
    return page.run_until(
        [&] { return page.status()["queued_commands"] == 0 && page.status()["commands_in_flight"] == 0; });
  }

  World world;
  TestPeer& admin = world.add_admin();
  Page page{world};
};

TEST_F(OpenPage, WhatAPageSubmitsShowsAtOnceAndReachesEverybody) {
  const auto id = id_of_box();
  page.turn();
  EXPECT_EQ(page.all("scene").back()["entities"][0]["name"], "box");
  EXPECT_TRUE(settle());
  EXPECT_EQ(admin->scene().entity_count(), 1U);
  EXPECT_EQ(page.all("settled").back()["how"], "acknowledged");
  EXPECT_EQ(page.call("state_hash")["hash"], to_hex(world.hub.replica().state_hash().view()));
}

TEST_F(OpenPage, ACommandThatCannotBeShownIsRefusedWithACodeAndASentence) {
  EXPECT_EQ(page.submit(R"({"command":"dance"})")["error"]["code"], "malformed");
  EXPECT_EQ(page.submit(R"({"command":"delete_entities","targets":["0:99"]})")["error"]["code"], "refused");
  EXPECT_EQ(page.submit(R"({"command":"set_policy","strategy":"reject"})")["error"]["code"], "not_permitted");
  EXPECT_EQ(page.call("no_such_function")["error"]["code"], "malformed");
}

TEST_F(OpenPage, NothingIsSentThatIsNotStored) {
  page.stores = false;
  id_of_box();
  page.turn();
  const auto sent = world.hub.submitted.size();
  world.run_for(std::chrono::seconds{3});
  page.turn();
  EXPECT_EQ(world.hub.submitted.size(), sent);
  EXPECT_EQ(page.status()["unstored_edits"], 1);
  page.stores = true;
  EXPECT_TRUE(settle());
  EXPECT_EQ(page.status()["unstored_edits"], 0);
  EXPECT_EQ(admin->scene().entity_count(), 1U);
}

TEST_F(OpenPage, AfterAFailedWriteTheWholeStateIsWrittenAndThenSent) {
  page.stores = false;
  id_of_box();
  page.turn();
  ASSERT_TRUE(page.core->storage()->take());
  page.core->storage_failed("the storage is full");
  page.turn();
  EXPECT_THAT(page.all("storage_failed").back()["text"].get<std::string>(), HasSubstr("full"));
  EXPECT_EQ(page.status()["unstored_edits"], 1);
  page.stores = true;
  EXPECT_TRUE(settle());
  EXPECT_EQ(page.status()["unstored_edits"], 0);
  Page again(world);
  again.disk.stored = page.disk.stored;
  page.core.reset();
  again.open(again.options_for(admin));
  again.turn();
  EXPECT_EQ(again.all("scene").back()["entities"].size(), 1U);
}

TEST_F(OpenPage, WhatWasEditedOfflineIsSentByTheNextPage) {
  page.call("go_offline");
  id_of_box();
  page.turn();
  EXPECT_EQ(page.status()["phase"], "offline");
  EXPECT_EQ(page.status()["will_retry"], false);
  Page next(world);
  next.disk.stored = page.disk.stored;
  page.core.reset();
  next.open(next.options_for(admin));
  ASSERT_TRUE(next.run_until([&] { return next.is_live() && next.status()["queued_commands"] == 0; }));
  ASSERT_TRUE(next.run_until([&] { return admin->scene().entity_count() == 1; }));
}

TEST_F(OpenPage, AConflictCanBeAnsweredByDoingItAgain) {
  const auto id = id_of_box();
  ASSERT_TRUE(settle());
  ASSERT_TRUE(world.run_until([&] { return admin->scene().entity_count() == 1; }));
  page.call("go_offline");
  page.turn();
  const auto entity = admin->scene().children(kNoObject).front();
  ASSERT_TRUE(page.submit(R"({"command":"rename_entity","target":")" + id + R"(","name":"mine"})").contains("handle"));
  page.turn();
  world.run_for(std::chrono::seconds{5});
  ASSERT_TRUE(admin->submit(client::commands::rename(entity, "theirs")));
  ASSERT_TRUE(world.run_until([&] { return admin->is_idle(); }));
  page.call("go_online");
  ASSERT_TRUE(page.run_until([&] { return !page.all("conflict").empty(); }));
  const auto conflict = page.all("conflict").back();
  EXPECT_TRUE(conflict.contains("blocker_name"));
  EXPECT_EQ(conflict["outcome"]["status"], "superseded");
  EXPECT_TRUE(page.call("submit_again", {{"handle", conflict["handle"]}}).contains("handle"));
  EXPECT_EQ(page.call("submit_again", {{"handle", conflict["handle"]}})["error"]["code"], "refused") << "once";
  ASSERT_TRUE(settle());
  ASSERT_TRUE(world.run_until([&] { return *admin->scene().name(entity) == "mine"; }));
}

TEST_F(OpenPage, PeopleAndWhatTheyShowAreTold) {
  const auto members = page.all("members").back()["members"];
  EXPECT_EQ(members.size(), 2U);
  const auto people = page.all("participants").back()["participants"];
  EXPECT_EQ(std::count_if(people.begin(), people.end(), [](const Json& one) { return one["self"] == true; }), 1);
  const Json presence = {{"view", {{"position", {0.0, 1.0, 2.0}}, {"rotation", {0.0, 0.0, 0.0, 1.0}}}},
                         {"view_shape", {{"vertical_fov", 0.75}, {"aspect_ratio", 1.5}}},
                         {"pointer", {{"origin", {0.0, 0.0, 0.0}}, {"target", {1.0, 0.0, 0.0}}}}};
  ASSERT_EQ(page.call("set_presence", {{"presence", presence}}), Json::object());
  EXPECT_THAT(page.call("set_presence", {{"presence", {{"vew", 1}}}})["error"]["text"].get<std::string>(),
              HasSubstr("\"vew\""));
  ASSERT_TRUE(page.run_until([&] { return !world.hub.presence.empty(); }));
}

TEST_F(OpenPage, HistoryTellsWhoDidWhatInWords) {
  const auto id = id_of_box();
  ASSERT_TRUE(settle());
  page.submit(R"({"command":"translate_by","targets":[")" + id + R"("],"offset":[1,0,0]})");
  ASSERT_TRUE(settle());
  const auto query = page.call("history", {{"from", 1}, {"count", 100}})["query"];
  ASSERT_TRUE(page.run_until([&] { return !page.all("history").empty(); }));
  const auto answer = page.all("history").back();
  EXPECT_EQ(answer["query"], query);
  ASSERT_EQ(answer["entries"].size(), 4U);
  EXPECT_EQ(answer["entries"][0]["commands"][0]["text"], "opened the room “Atelier”");
  EXPECT_EQ(answer["entries"][1]["commands"][0]["text"], "joined as editor");
  EXPECT_EQ(answer["entries"][2]["commands"][0]["text"], "added “box”");
  EXPECT_EQ(answer["entries"][3]["commands"][0]["text"], "moved “box”");
  EXPECT_EQ(answer["entries"][3]["author_name"], "Pia");
  EXPECT_EQ(answer["entries"][3]["commands"][0]["targets"], Json({id}));
  EXPECT_EQ(answer["entries"][2]["commands"][0]["names"], Json({"box"}));
  EXPECT_EQ(answer["entries"][3]["commands"][0]["count"], 1);
}

TEST_F(OpenPage, TheHistoryCallsWhatIsGoneNoNumber) {
  const auto id = id_of_box();
  page.submit(R"({"command":"delete_entities","targets":[")" + id + R"("]})");
  ASSERT_TRUE(settle());
  page.call("history", {{"from", 1}, {"count", 100}});
  ASSERT_TRUE(page.run_until([&] { return !page.all("history").empty(); }));
  const auto deletion = page.all("history").back()["entries"].back()["commands"][0];
  EXPECT_EQ(deletion["text"], "deleted an object that is gone");
  EXPECT_EQ(deletion["targets"], Json({id}));
}

TEST_F(OpenPage, ThePageIsToldWhetherThereIsAStepToTakeBackOrToDoAgain) {
  const auto tells = [&](bool undo, bool redo) {
    page.turn();
    return page.status()["can_undo"] == undo && page.status()["can_redo"] == redo;
  };
  EXPECT_TRUE(tells(false, false));
  id_of_box();
  EXPECT_TRUE(tells(true, false));
  ASSERT_TRUE(settle());
  EXPECT_TRUE(tells(true, false));
  page.submit(R"({"command":"undo"})");
  EXPECT_TRUE(tells(false, true));
  ASSERT_TRUE(settle());
  EXPECT_TRUE(tells(false, true));
  page.submit(R"({"command":"redo"})");
  EXPECT_TRUE(tells(true, false));
}

TEST_F(OpenPage, ALookBackShowsTheSceneAsItWasAndChangesNothing) {
  const auto id = id_of_box();
  ASSERT_TRUE(settle());
  const auto seq = page.status()["head"];
  page.submit(R"({"command":"delete_entities","targets":[")" + id + R"("]})");
  ASSERT_TRUE(settle());
  for (const auto& target : {seq, page.status()["head"], Json(1)}) {
    page.events.clear();
    ASSERT_TRUE(page.call("look_back", {{"seq", target}}).contains("task"));
    ASSERT_TRUE(page.run_until([&] { return !page.all("task_done").empty(); }));
    EXPECT_EQ(page.all("past").back()["entities"].size(), target == seq ? 1U : 0U);
  }
  EXPECT_EQ(page.call("look_back", {{"seq", 1000}})["error"]["code"], "refused");
  EXPECT_EQ(page.call("state_hash")["hash"], to_hex(world.hub.replica().state_hash().view()));
}

TEST_F(OpenPage, APastThatDoesNotVerifyIsNotShown) {
  id_of_box();
  ASSERT_TRUE(settle());
  world.hub.withheld = Seq{2};
  ASSERT_TRUE(page.call("look_back", {{"seq", 3}}).contains("task"));
  ASSERT_TRUE(page.run_until([&] { return !page.all("task_failed").empty(); }));
  EXPECT_THAT(page.all("task_failed").back()["text"].get<std::string>(), HasSubstr("does not verify at record 3"));
}

TEST_F(OpenPage, LooksBackThatAreGivenUpOfflineLeaveNoQueriesBehind) {
  id_of_box();
  ASSERT_TRUE(settle());
  page.call("go_offline");
  for (int look = 0; look < 100; ++look) {
    const auto begun = page.call("look_back", {{"seq", 3}});
    page.turn();
    ASSERT_EQ(page.call("cancel_task", {{"task", begun["task"]}})["cancelled"], true) << look;
  }
  EXPECT_TRUE(page.all("task_failed").empty());
  const auto query = page.call("history", {{"from", 1}, {"count", 10}})["query"];
  page.call("go_online");
  ASSERT_TRUE(page.run_until([&] { return !page.all("history").empty(); }));
  EXPECT_EQ(page.all("history").back()["query"], query);
}

TEST_F(OpenPage, APastThatWasVerifiedServesAfterALookThatWasGivenUpOrRefused) {
  id_of_box();
  ASSERT_TRUE(settle());
  ASSERT_TRUE(page.call("look_back", {{"seq", 2}}).contains("task"));
  ASSERT_TRUE(page.run_until([&] { return !page.all("task_done").empty(); }));
  // Whoever begins with record 1 is not shown anything from here on.
  world.hub.withheld = Seq{2};
  const auto given_up = page.call("look_back", {{"seq", 3}})["task"];
  page.turn();
  EXPECT_EQ(page.call("cancel_task", {{"task", given_up}})["cancelled"], true);
  for (std::size_t task = 0; task < limits::kTasksMax; ++task) ASSERT_TRUE(page.call("export").contains("task"));
  EXPECT_EQ(page.call("look_back", {{"seq", 3}})["error"]["code"], "refused");
  ASSERT_TRUE(page.run_until([&] { return page.all("task_done").size() == 1 + limits::kTasksMax; }));
  ASSERT_TRUE(page.call("look_back", {{"seq", 3}}).contains("task"));
  ASSERT_TRUE(page.run_until([&] { return page.all("task_done").size() == 2 + limits::kTasksMax; }));
  EXPECT_EQ(page.all("past").back()["entities"].size(), 1U);
}

TEST_F(OpenPage, OnlyAdminsMakeInvites) {
  EXPECT_EQ(page.call("make_invite", {{"role", "editor"}, {"host", "h"}, {"port", 1}}, Bytes(32, 5))["error"]["code"],
            "not_permitted");
}

TEST_F(OpenPage, AnImportedModelComesInAndGoesOutAgain) {
  const std::string gltf = R"({"asset":{"version":"2.0"},"scenes":[{"nodes":[0]}],"nodes":[{"name":"a","children":[1]},
                              {"name":"b"}]})";
  const Json given = {{"main", "folder/model.gltf"},
                      {"files", {{{"name", "folder/model.gltf"}, {"bytes", gltf.size()}}}},
                      {"parent", "root"},
                      {"position", {1.0, 2.0, 3.0}}};
  const auto begun = page.call("import", given, as_bytes(gltf));
  ASSERT_TRUE(begun.contains("task")) << begun.dump();
  ASSERT_TRUE(page.run_until([&] { return !page.all("task_done").empty(); }));
  const auto done = page.all("task_done").back();
  EXPECT_EQ(done["ids"].size(), 1U);
  EXPECT_EQ(done["entities"], 3);
  ASSERT_TRUE(settle());
  EXPECT_EQ(done["commands"], Json({page.all("settled").back()["handle"]}));
  const auto scene = json::scene_json(admin->scene())["entities"];
  ASSERT_EQ(scene.size(), 3U);
  EXPECT_EQ(scene[0]["name"], "model");
  EXPECT_EQ(scene[0]["position"], Json({1.0, 2.0, 3.0}));
  page.events.clear();
  ASSERT_TRUE(page.call("export").contains("task"));
  ASSERT_TRUE(page.run_until([&] { return !page.all("task_done").empty(); }));
  const auto bad = page.call("import", {{"main", "x"}, {"files", {{{"name", "x"}, {"bytes", 3}}}}, {"parent", "root"}},
                             as_bytes("xyz"));
  EXPECT_EQ(bad["error"]["code"], "bad_file");
}

TEST_F(OpenPage, GivingUpAnImportSaysWhetherThatCameInTime) {
  const std::string gltf = R"({"asset":{"version":"2.0"}})";
  const Json given = {
      {"main", "a.gltf"}, {"files", {{{"name", "a.gltf"}, {"bytes", gltf.size()}}}}, {"parent", "root"}};
  const auto given_up = page.call("import", given, as_bytes(gltf))["task"];
  EXPECT_EQ(page.call("cancel_task", {{"task", given_up}})["cancelled"], true);
  ASSERT_TRUE(page.run_until([&] { return !page.all("task_failed").empty(); }));
  EXPECT_EQ(page.all("task_failed").back()["stands"], false);
  const auto kept = page.call("import", given, as_bytes(gltf))["task"];
  ASSERT_TRUE(page.run_until([&] { return !page.all("task_done").empty(); }));
  EXPECT_EQ(page.call("cancel_task", {{"task", kept}})["cancelled"], false);
  ASSERT_TRUE(settle());
  EXPECT_EQ(json::scene_json(admin->scene())["entities"].size(), 1U);
}

TEST_F(OpenPage, WhatOfAnImportStandsAfterItWasGivenUpIsTold) {
  Json model = {{"asset", {{"version", "2.0"}}}, {"scenes", {{{"nodes", Json::array()}}}}, {"nodes", Json::array()}};
  for (int node = 0; node < 500; ++node) {
    model["nodes"].push_back({{"name", std::string(200, 'n')}});
    model["scenes"][0]["nodes"].push_back(node);
  }
  const auto gltf = model.dump();
  // The first packet gets in, and those behind it must wait.
  const auto first = world.hub.replica().members().find(client::testing::author_key(9).public_key<AuthorKey>())->nonce;
  world.hub.refuse = [first](Nonce nonce) -> std::optional<wire::Refusal> {
    if (nonce.value() <= first.value() + 1) return std::nullopt;
    return wire::Refusal{nonce, wire::fb::RefusalCode::rate_limited, 100, nonce, "too fast"};
  };
  const Json given = {
      {"main", "a.gltf"}, {"files", {{{"name", "a.gltf"}, {"bytes", gltf.size()}}}}, {"parent", "root"}};
  const auto task = page.call("import", given, as_bytes(gltf))["task"];
  ASSERT_TRUE(page.run_until([&] { return admin->scene().entity_count() > 1; }));
  const auto top = admin->scene().children(kNoObject).front();
  ASSERT_TRUE(admin->submit(client::commands::rename(admin->scene().children(top).front(), "Ada's")));
  ASSERT_TRUE(
      page.run_until([&] { return admin->is_idle() && page.status()["head"] == admin->confirmed_head().value(); }));
  EXPECT_EQ(page.call("cancel_task", {{"task", task}})["cancelled"], true);
  world.hub.refuse = nullptr;
  // The page's session sends again when its time has come, which the network knows nothing of.
  for (int turn = 0; turn < 100 && page.all("task_failed").empty(); ++turn) {
    world.run_for(std::chrono::milliseconds{100});
    page.turn();
  }
  ASSERT_FALSE(page.all("task_failed").empty());
  EXPECT_EQ(page.all("task_failed").back()["stands"], true);
  EXPECT_THAT(page.all("task_failed").back()["text"].get<std::string>(), HasSubstr("Ada has changed it since"));
  ASSERT_TRUE(settle());
  EXPECT_TRUE(admin->scene().contains(top));
}

TEST_F(OpenPage, AFollowersCopyEqualsTheSceneWhateverHappens) {
  Follower follower;
  std::size_t followed = 0;
  std::uint32_t random = 12345;
  const auto draw = [&](std::size_t count) {
    random = random * 1664525 + 1013904223;
    return (random >> 8) % count;
  };
  auto& bob = world.add_member(admin, "Bob", 5);
  for (int round = 0; round < 60; ++round) {
    // Bob and the page edit the same small tree at the same time, so that predictions are rolled back and redone.
    for (int step = 0; step < 4; ++step) {
      auto& session = *bob;
      std::vector<ObjectId> ids;
      session.scene().for_each_entity([&](ObjectId id) { ids.push_back(id); });
      std::sort(ids.begin(), ids.end());
      const auto any = [&] { return ids[draw(ids.size())]; };
      const auto kind = ids.size() < 4 ? 0 : draw(6);
      const std::string id = ids.empty() ? "" : json::to_text(any());
      const std::string other = ids.empty() ? "root" : json::to_text(any());
      if (kind <= 1) page.submit(R"({"command":"create_entities","parent":")" + other + R"(","name":"p"})");
      if (kind == 0) static_cast<void>(session.create_entities({client::NewEntity{.name = "b"}}));
      if (kind == 2)
        page.submit(R"({"command":"reparent_entities","targets":[")" + id + R"("],"parent":")" + other + R"("})");
      if (kind == 3) static_cast<void>(session.submit(client::commands::reorder(std::vector{any()}, any())));
      if (kind == 4 && draw(3) == 0) page.submit(R"({"command":"delete_entities","targets":[")" + id + R"("]})");
      if (kind == 5) page.submit(R"({"command":"undo"})");
    }
    world.run_for(std::chrono::milliseconds{static_cast<int>(draw(40))});
    page.turn();
    for (; followed < page.events.size(); ++followed)
      if (page.events[followed]["event"] == "scene") follower.follow(page.events[followed]);
    // What the page would be told of a whole scene now.
    std::vector<std::string> expected;
    const auto whole = json::scene_json(page.core->scene());
    for (const auto& entity : whole["entities"]) expected.push_back(entity.dump());
    ASSERT_EQ(follower.lines(), expected) << "round " << round;
  }
  EXPECT_GT(follower.lines().size(), 3U);
}

TEST(Core, WhatCannotBeReadIsLeftAlone) {
  World world;
  auto& admin = world.add_admin();
  Page page(world);
  page.disk.stored.state = {1, 2, 3};
  const auto made = Core::create(page.options_for(admin), client::testing::author_key(9), page.disk.stored, page.now());
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, client::ClientError::storage);
}

TEST(Core, WithoutStorageAnEditIsSafeWhenTheHubHasIt) {
  World world;
  auto& admin = world.add_admin();
  Page page(world);
  auto options = page.options_for(admin);
  options.keeps = false;
  page.open(options);
  ASSERT_TRUE(page.run_until([&] { return page.is_live(); }));
  page.submit(R"({"command":"create_entities"})");
  page.turn();
  EXPECT_EQ(page.status()["unstored_edits"], 1);
  EXPECT_TRUE(page.run_until([&] { return page.status()["unstored_edits"] == 0; }));
}

TEST(RoomlessCalls, LinksAndMeshesAreRead) {
  EXPECT_THAT(Core::Reply(call_without_room(R"({"call":"parse_link","link":"theta://x"})", {})).json,
              HasSubstr("malformed"));
  const std::vector<float> positions = {0, 0, 0, 1, 0, 0, 0, 1, 0};
  const std::vector<std::uint32_t> indices = {0, 1, 2};
  Bytes lists(reinterpret_cast<const std::uint8_t*>(positions.data()),
              reinterpret_cast<const std::uint8_t*>(positions.data()) + 36);
  lists.insert(lists.end(), reinterpret_cast<const std::uint8_t*>(indices.data()),
               reinterpret_cast<const std::uint8_t*>(indices.data()) + 12);
  const auto encoded = call_without_room(R"({"call":"encode_mesh","positions":9,"indices":3})", lists);
  EXPECT_EQ(encoded.json, "{}");
  const auto decoded = call_without_room(R"({"call":"decode_mesh"})", encoded.bytes);
  EXPECT_EQ(decoded.bytes, lists);
  EXPECT_EQ(Json::parse(decoded.json)["positions"], 9);
  EXPECT_THAT(call_without_room(R"({"call":"encode_mesh","positions":10,"indices":3})", lists).json,
              HasSubstr("malformed"));
  EXPECT_THAT(call_without_room(R"({"call":"decode_mesh"})", as_bytes("junk")).json, HasSubstr("malformed"));
}

}  // namespace
}  // namespace theta::web

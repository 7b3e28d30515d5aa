#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scene/helpers.h"
#include "theta/scene/scene.h"

namespace theta::scene {
namespace {

using ::testing::ElementsAre;
using testing::key;
using testing::object;
using testing::version;

Scene::LoadedEntity entity(std::uint64_t counter, std::uint64_t parent, std::uint64_t order) {
  return {object(counter), version(counter), {parent == 0 ? kNoObject : object(parent), order}, version(counter + 1)};
}

TEST(SceneLoad, AnyOrderOfInputGivesTheForestInSiblingOrder) {
  Scene scene;
  const std::vector<Scene::LoadedEntity> entities{entity(4, 2, 9), entity(3, 0, 5), entity(2, 0, 5), entity(1, 2, 8)};
  ASSERT_TRUE(scene.load_entities(entities));
  scene.finish_load(scene.recompute_hash());
  EXPECT_THAT(scene.children(kNoObject), ElementsAre(object(2), object(3)));
  EXPECT_THAT(scene.children(object(2)), ElementsAre(object(1), object(4)));
  EXPECT_EQ(scene.version(key(object(4), Component::parent)), version(5));
  EXPECT_EQ(scene.version(key(object(4), Component::existence)), version(4));
}

TEST(SceneLoad, ForestsThatAreNoneAreRefusedAndLeaveNothing) {
  const std::vector<std::vector<Scene::LoadedEntity>> refused{
      {entity(1, 1, 1)},                   // its own parent
      {entity(1, 2, 1), entity(2, 1, 1)},  // a cycle
      {entity(5, 0, 1), entity(1, 3, 1), entity(2, 1, 1), entity(3, 2, 1), entity(4, 3, 1)},
      {entity(1, 9, 1)},                                      // unknown parent
      {entity(1, 0, 1), entity(1, 0, 2)},                     // the same id twice
      {{kNoObject, version(1), {kNoObject, 1}, version(1)}},  // no id
  };
  for (const auto& entities : refused) {
    Scene scene;
    EXPECT_FALSE(scene.load_entities(entities));
    EXPECT_EQ(scene.entity_count(), 0U);
    EXPECT_TRUE(scene.children(kNoObject).empty());
    EXPECT_FALSE(scene.load(key(object(1), Component::name), std::string("x"), version(1)));
    EXPECT_TRUE(scene.load_entities(std::vector{entity(1, 0, 1)})) << "usable afterwards";
  }
}

TEST(SceneLoad, ADeepChainLoadsWithoutRecursion) {
  std::vector<Scene::LoadedEntity> chain;
  for (std::uint64_t at = 1; at <= 50'000; ++at) chain.push_back(entity(at, at - 1, 1));
  Scene scene;
  ASSERT_TRUE(scene.load_entities(chain));
  EXPECT_EQ(scene.subtree(object(1), 100'000).size(), chain.size());
}

TEST(SceneLoad, RegistersThatDoNotFitAreRefused) {
  Scene scene;
  ASSERT_TRUE(scene.load_entities(std::vector{entity(1, 0, 1)}));
  const auto name = key(object(1), Component::name);
  EXPECT_FALSE(scene.load(key(object(2), Component::name), std::string("x"), version(1)));
  EXPECT_FALSE(scene.load(key(kNoObject, Component::name), std::string("x"), version(1)));
  EXPECT_FALSE(scene.load(name, true, version(1)));
  EXPECT_FALSE(scene.load(key(object(1), Component::name, 3), std::string("x"), version(1)));
  EXPECT_FALSE(scene.load(key(object(1), Component::parent), Place{}, version(1)));
  EXPECT_FALSE(scene.load(key(object(1), static_cast<Component>(77)), {}, version(1)));
  EXPECT_TRUE(scene.load(name, std::string("x"), version(1)));
  EXPECT_FALSE(scene.load(name, std::string("y"), version(2))) << "loaded before";
  EXPECT_TRUE(scene.load(key(object(1), Component::application, 3), {}, version(1)));
  EXPECT_FALSE(scene.load(key(object(1), Component::application, 3), Bytes{1}, version(1)));
  EXPECT_EQ(*scene.name(object(1)), "x");
  EXPECT_EQ(scene.version(key(object(1), Component::application, 3)), version(1));
}

TEST(SceneLoad, ALoadedSceneGoesOnAsTheOneItWasTakenFrom) {
  ChangeLog log;
  Scene lived;
  for (std::uint64_t at = 1; at <= 20; ++at) {
    lived.create(object(at), at < 3 ? kNoObject : object(at / 2), version(at), log);
    lived.set(key(object(at), Component::name), "object " + std::to_string(at), version(at), log);
  }
  Scene loaded;
  std::vector<Scene::LoadedEntity> entities;
  lived.for_each_entity([&](ObjectId id) {
    const auto image = lived.image(id);
    entities.push_back({id, image.existence, image.place, image.parent_version});
  });
  ASSERT_TRUE(loaded.load_entities(entities));
  for (const auto& one : entities)
    ASSERT_TRUE(loaded.load(key(one.entity, Component::name), *lived.name(one.entity), one.existence));
  loaded.finish_load(lived.hash());
  EXPECT_EQ(loaded.recompute_hash(), lived.hash());
  for (auto* scene : {&lived, &loaded}) {
    scene->move(object(20), object(1), scene->first_child(object(1)), version(50), log);
    scene->destroy(object(19), log);
    scene->create(object(21), object(2), version(51), log);
    log.clear();
  }
  EXPECT_EQ(loaded.hash(), lived.hash());
}

TEST(SceneLoad, MemoryOverTheValuesIsUnderTwoHundredBytesAnEntity) {
  // The counts just below and just above where the hash table doubles, and the room that is promised.
  for (const std::size_t count : {100'000U, 107'000U, 108'000U}) {
    Scene scene;
    scene.reserve(count);
    scene.reserve(Component::mesh, count);
    std::vector<Scene::LoadedEntity> entities;
    for (std::uint64_t at = 1; at <= count; ++at) entities.push_back(entity(at, at / 8, at));
    ASSERT_TRUE(scene.load_entities(entities));
    for (const auto& one : entities) {
      scene.load(key(one.entity, Component::name), std::string("object"), one.existence);
      scene.load(key(one.entity, Component::transform), Transform{}, one.existence);
      scene.load(key(one.entity, Component::mesh), AssetId{}, one.existence);
    }
    scene.finish_load({});
    const auto use = scene.memory_use();
    EXPECT_GE(use.payload_bytes, count * (40 + 32 + 6));
    EXPECT_LE(use.overhead_bytes, count * 200) << count << " entities";
  }
}

}  // namespace
}  // namespace theta::scene

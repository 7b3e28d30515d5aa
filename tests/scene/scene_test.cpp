#include "theta/scene/scene.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scene/helpers.h"
#include "theta/base/limits.h"

namespace theta::scene {
namespace {

using ::testing::ElementsAre;
using testing::example_values;
using ::testing::IsEmpty;
using testing::key;
using testing::object;
using testing::version;

constexpr std::uint64_t kGap = std::uint64_t{1} << 32;

class SceneTest : public ::testing::Test {
 protected:
  void create(std::uint64_t entity, std::uint64_t parent = 0) {
    scene.create(object(entity), parent == 0 ? kNoObject : object(parent), version(entity), log);
  }
  void move(std::uint64_t entity, std::uint64_t parent, std::uint64_t before = 0) {
    scene.move(object(entity), parent == 0 ? kNoObject : object(parent), before == 0 ? kNoObject : object(before),
               version(900), log);
  }
  [[nodiscard]] std::vector<std::uint64_t> children(std::uint64_t parent = 0) const {
    std::vector<std::uint64_t> counters;
    for (const auto child : scene.children(parent == 0 ? kNoObject : object(parent)))
      counters.push_back(counter_of(child));
    return counters;
  }
  /// A chain 1 <- 2 <- … <- depth.
  void create_chain(std::uint64_t depth) {
    for (std::uint64_t entity = 1; entity <= depth; ++entity) create(entity, entity - 1);
  }

  Scene scene;
  ChangeLog log;
};

TEST_F(SceneTest, ANewSceneIsEmptyAndItsHashIsZero) {
  EXPECT_EQ(scene.entity_count(), 0U);
  EXPECT_EQ(scene.hash(), crypto::SetHash{});
  EXPECT_FALSE(scene.contains(kNoObject));
  EXPECT_THAT(children(), IsEmpty());
  EXPECT_TRUE(log.empty());
}

TEST_F(SceneTest, QueriesOfAnEntityThatIsNotThereGiveDefaults) {
  const auto none = object(5);
  EXPECT_FALSE(scene.version(key(none, Component::existence)).has_value());
  EXPECT_FALSE(scene.version(key(none, Component::application, 3)).has_value());
  EXPECT_EQ(scene.value(key(none, Component::parent)), ComponentValue{});
  EXPECT_EQ(scene.place(none), Place{});
  EXPECT_EQ(scene.name(none), nullptr);
  EXPECT_EQ(scene.application(none, 1), nullptr);
  EXPECT_TRUE(scene.visible(none));
  EXPECT_THAT(scene.registers(none), IsEmpty());
  EXPECT_THAT(scene.subtree(none, 10), IsEmpty());
  EXPECT_EQ(scene.is_at_or_above(kNoObject, none), Scene::Ancestry::no);
  EXPECT_EQ(scene.first_child(none), kNoObject);
  EXPECT_EQ(scene.next_sibling(none), kNoObject);
}

TEST_F(SceneTest, CreatedEntitiesAreAppendedWithGapsBetweenThem) {
  create(3);
  create(1);
  create(2);
  EXPECT_THAT(children(), ElementsAre(3, 1, 2));
  EXPECT_EQ(scene.place(object(3)), (Place{kNoObject, kGap}));
  EXPECT_EQ(scene.place(object(2)), (Place{kNoObject, 3 * kGap}));
  EXPECT_EQ(scene.first_child(kNoObject), object(3));
  EXPECT_EQ(scene.next_sibling(object(1)), object(2));
  EXPECT_EQ(scene.next_sibling(object(2)), kNoObject);
}

TEST_F(SceneTest, EveryComponentIsReadBackWithItsVersion) {
  create(1);
  const auto entity = object(1);
  std::uint64_t stamp = 10;
  for (const auto& [component, value] : example_values()) {
    const auto register_key = key(entity, component, component == Component::application ? 44 : 0);
    scene.set(register_key, value, version(++stamp), log);
    EXPECT_EQ(scene.value(register_key), value);
    EXPECT_EQ(scene.version(register_key), version(stamp));
  }
  EXPECT_EQ(*scene.name(entity), "a name longer than what a string holds inside");
  EXPECT_EQ(scene.transform(entity)->position.z, 3.5F);
  EXPECT_EQ(scene.mesh(entity)->bytes[31], 9);
  EXPECT_EQ(*scene.material(entity), testing::red_material());
  EXPECT_FALSE(scene.visible(entity));
  EXPECT_THAT(*scene.tags(entity), ElementsAre("blue", "green"));
  EXPECT_EQ(scene.light(entity)->kind, LightKind::spot);
  EXPECT_EQ(scene.camera(entity)->far_plane, 100);
  EXPECT_EQ(*scene.application(entity, 44), (Bytes{1, 2, 3}));
  EXPECT_EQ(scene.application(entity, 45), nullptr);
  EXPECT_EQ(scene.registers(entity).size(), kComponentCount);
  EXPECT_EQ(scene.recompute_hash(), scene.hash());
}

TEST_F(SceneTest, ARemovedComponentKeepsItsVersionAndHasNoValue) {
  create(1);
  const auto tags = key(object(1), Component::tags);
  const auto application = key(object(1), Component::application, 7);
  scene.set(tags, TagSet{"a"}, version(5), log);
  scene.set(application, Bytes{1}, version(5), log);
  for (const auto& register_key : {tags, application}) {
    scene.set(register_key, {}, version(6), log);
    EXPECT_EQ(scene.value(register_key), ComponentValue{});
    EXPECT_EQ(scene.version(register_key), version(6));
  }
  EXPECT_EQ(scene.tags(object(1)), nullptr);
  EXPECT_EQ(scene.application(object(1), 7), nullptr);
  EXPECT_EQ(scene.application_count(object(1)), 1U);
  EXPECT_EQ(scene.recompute_hash(), scene.hash());
}

TEST_F(SceneTest, AnEmptyValueIsNotARemovedOne) {
  create(1);
  const auto application = key(object(1), Component::application, 7);
  scene.set(application, Bytes{}, version(5), log);
  const auto with_empty = scene.hash();
  EXPECT_NE(scene.application(object(1), 7), nullptr);
  scene.set(application, {}, version(5), log);
  EXPECT_NE(scene.hash(), with_empty);
}

TEST_F(SceneTest, TagsAreSortedAndFreedOfRepeats) {
  create(1);
  scene.set(key(object(1), Component::tags), TagSet{"b", "a", "b"}, version(5), log);
  EXPECT_THAT(*scene.tags(object(1)), ElementsAre("a", "b"));
}

TEST_F(SceneTest, TheHashTellsVersionsAndEntitiesApart) {
  create(1);
  const auto empty = scene.hash();
  const auto mark = log.mark();
  std::vector<crypto::SetHash> hashes{empty};
  const auto name = key(object(1), Component::name);
  for (const auto& written : {version(5), version(6), Version(Stamp{5}, Seq{5}, 3, AuthorSlot{1})}) {
    scene.set(name, std::string("x"), written, log);
    for (const auto& other : hashes) EXPECT_NE(scene.hash(), other);
    hashes.push_back(scene.hash());
    scene.roll_back(log, mark);
    EXPECT_EQ(scene.hash(), empty);
  }
}

TEST_F(SceneTest, MovingGoesBeforeASiblingOrToTheEnd) {
  for (std::uint64_t entity = 1; entity <= 4; ++entity) create(entity);
  move(4, 0, 2);
  EXPECT_THAT(children(), ElementsAre(1, 4, 2, 3));
  move(1, 0);
  EXPECT_THAT(children(), ElementsAre(4, 2, 3, 1));
  move(1, 0, 4);
  EXPECT_THAT(children(), ElementsAre(1, 4, 2, 3));
  create(5, 3);
  move(2, 0, 5);  // no child of the root
  EXPECT_THAT(children(), ElementsAre(1, 4, 3, 2));
  move(4, 3, 5);
  EXPECT_THAT(children(3), ElementsAre(4, 5));
  EXPECT_EQ(scene.place(object(4)).parent, object(3));
  EXPECT_EQ(scene.version(key(object(4), Component::parent)), version(900));
  EXPECT_EQ(scene.recompute_hash(), scene.hash());
}

TEST_F(SceneTest, MovingBeforeItselfStaysWhereItIs) {
  for (std::uint64_t entity = 1; entity <= 3; ++entity) create(entity);
  move(2, 0, 2);
  EXPECT_THAT(children(), ElementsAre(1, 2, 3));
  move(3, 0, 3);
  EXPECT_THAT(children(), ElementsAre(1, 2, 3));
}

TEST_F(SceneTest, EqualOrdersAreSortedById) {
  for (std::uint64_t entity = 1; entity <= 3; ++entity) create(entity);
  for (const std::uint64_t entity : {3, 1, 2}) scene.move_to(object(entity), {kNoObject, 7}, version(50), log);
  EXPECT_THAT(children(), ElementsAre(1, 2, 3));
  EXPECT_EQ(scene.place(object(3)).order, 7U);
}

TEST_F(SceneTest, InsertingBetweenEqualOrdersRenumbersEvenlyAndIsRolledBack) {
  for (std::uint64_t entity = 1; entity <= 3; ++entity) create(entity);
  for (const std::uint64_t entity : {1, 2}) scene.move_to(object(entity), {kNoObject, 7}, version(50), log);
  const auto before = scene.hash();
  const auto mark = log.mark();
  move(3, 0, 2);
  EXPECT_THAT(children(), ElementsAre(1, 3, 2));
  EXPECT_EQ(scene.place(object(1)).order, kGap);
  EXPECT_EQ(scene.place(object(2)).order, 2 * kGap);
  EXPECT_EQ(scene.version(key(object(1), Component::parent)), version(50));
  EXPECT_EQ(scene.recompute_hash(), scene.hash());
  scene.roll_back(log, mark);
  EXPECT_EQ(scene.place(object(2)).order, 7U);
  EXPECT_EQ(scene.hash(), before);
}

TEST_F(SceneTest, AppendingBehindTheHighestOrderRenumbers) {
  create(1);
  scene.move_to(object(1), {kNoObject, ~std::uint64_t{0}}, version(50), log);
  create(2);
  EXPECT_THAT(children(), ElementsAre(1, 2));
  EXPECT_EQ(scene.place(object(1)).order, kGap);
  EXPECT_EQ(scene.recompute_hash(), scene.hash());
}

TEST_F(SceneTest, InsertingBeforeOrderZeroRenumbers) {
  for (const std::uint64_t entity : {1, 2}) create(entity);
  scene.move_to(object(1), {kNoObject, 0}, version(50), log);
  move(2, 0, 1);
  EXPECT_THAT(children(), ElementsAre(2, 1));
  EXPECT_EQ(scene.recompute_hash(), scene.hash());
}

TEST_F(SceneTest, AsManyInsertionsAsACommandHasTargetsFindRoomInOneGap) {
  create(1);
  create(2);
  const auto mark = log.mark();
  for (std::uint64_t at = 0; at < limits::kTargetsPerCommandMax; ++at) {
    create(10 + at);
    move(10 + at, 0, 2);
  }
  for (const auto& change : log.changes(mark)) EXPECT_NE(change.key.entity, object(1)) << "renumbered";
  EXPECT_EQ(children().back(), 2U);
  EXPECT_EQ(children()[1], 10U);
}

TEST_F(SceneTest, InsertingForeverInTheSamePlaceKeepsTheOrder) {
  create(1);
  create(2);
  std::uint64_t before = 2;
  for (std::uint64_t entity = 10; entity < 400; ++entity) {
    create(entity);
    move(entity, 0, before);
    before = entity;
  }
  const auto all = children();
  EXPECT_EQ(all.front(), 1U);
  EXPECT_EQ(all[1], 399U);
  EXPECT_EQ(all.back(), 2U);
  EXPECT_EQ(scene.recompute_hash(), scene.hash());
}

TEST_F(SceneTest, SubtreesAreDepthFirstInSiblingOrderAndCut) {
  create(1);
  create(2, 1);
  create(3, 2);
  create(4, 1);
  create(5);
  const std::vector<ObjectId> all{object(1), object(2), object(3), object(4)};
  EXPECT_EQ(scene.subtree(object(1), 100), all);
  EXPECT_EQ(scene.subtree(object(1), 4), all);
  EXPECT_EQ(scene.subtree(object(1), 2).size(), 3U);
  EXPECT_THAT(scene.subtree(object(4), 5), ElementsAre(object(4)));
}

TEST_F(SceneTest, AncestryIsAnsweredUpToTheDepthLimit) {
  const auto depth = limits::kHierarchyDepthMax;
  create_chain(depth + 1);
  EXPECT_EQ(scene.is_at_or_above(object(1), object(1)), Scene::Ancestry::yes);
  EXPECT_EQ(scene.is_at_or_above(object(2), object(1)), Scene::Ancestry::no);
  EXPECT_EQ(scene.is_at_or_above(object(1), object(depth + 1)), Scene::Ancestry::yes);
  EXPECT_EQ(scene.is_at_or_above(kNoObject, object(depth)), Scene::Ancestry::yes);
  EXPECT_EQ(scene.is_at_or_above(kNoObject, object(depth + 1)), Scene::Ancestry::too_deep);
  EXPECT_EQ(scene.is_at_or_above(object(6000), object(depth)), Scene::Ancestry::no) << "not there";
  EXPECT_EQ(scene.is_at_or_above(object(6000), object(depth + 1)), Scene::Ancestry::too_deep) << "not there";
  create(5000);
  EXPECT_EQ(scene.is_at_or_above(object(5000), object(depth)), Scene::Ancestry::no);
  EXPECT_EQ(scene.is_at_or_above(object(5000), object(depth + 1)), Scene::Ancestry::too_deep);
}

TEST_F(SceneTest, ChildrenAreCountedThroughMovesAndBackAgain) {
  create(1);
  create(2);
  create(3, 1);
  EXPECT_EQ(scene.child_count(kNoObject), 2U);
  EXPECT_EQ(scene.child_count(object(1)), 1U);
  const auto mark = log.mark();
  scene.move(object(2), object(1), kNoObject, version(9), log);
  scene.destroy(object(3), log);
  EXPECT_EQ(scene.child_count(kNoObject), 1U);
  EXPECT_EQ(scene.child_count(object(1)), 1U);
  scene.roll_back(log, mark);
  EXPECT_EQ(scene.child_count(kNoObject), 2U);
  EXPECT_EQ(scene.child_count(object(1)), 1U);
  EXPECT_EQ(scene.child_count(object(77)), 0U) << "not there";
  scene.destroy(object(2), log);
  create(4);
  EXPECT_EQ(scene.child_count(object(4)), 0U) << "a freed row counts anew";
}

TEST_F(SceneTest, CostTellsWhatWasClimbedAndNumberedAnew) {
  create_chain(10);
  const auto before = scene.cost();
  EXPECT_EQ(scene.is_at_or_above(kNoObject, object(10)), Scene::Ancestry::yes);
  EXPECT_EQ(scene.cost().climbed, before.climbed + 11);
  // Each goes between the two before it, until nothing is left between them.
  for (std::uint64_t id = 100; scene.cost().renumbered == before.renumbered && id < 70'000; ++id) {
    create(id);
    scene.move(object(id), kNoObject, id == 100 ? object(1) : object(id - 1), version(9), log);
  }
  EXPECT_EQ(scene.cost().renumbered - before.renumbered, scene.child_count(kNoObject) - 1);
}

TEST_F(SceneTest, AnImageBringsAnEntityBackExactly) {
  create(1);
  create(2);
  create(3);
  for (const auto& [component, value] : example_values()) scene.set(key(object(2), component), value, version(40), log);
  scene.set(key(object(2), Component::name), {}, version(41), log);
  const auto before = scene.hash();
  const auto image = scene.image(object(2));
  EXPECT_EQ(image.cells.size(), example_values().size());
  scene.destroy(object(2), log);
  EXPECT_THAT(children(), ElementsAre(1, 3));
  EXPECT_NE(scene.hash(), before);
  EXPECT_EQ(scene.name(object(2)), nullptr);
  scene.restore(image, log);
  EXPECT_THAT(children(), ElementsAre(1, 2, 3));
  EXPECT_EQ(scene.hash(), before);
  EXPECT_EQ(scene.recompute_hash(), before);
}

TEST_F(SceneTest, AnEntityMadeInAFreedRowHasNothingOfTheOneBefore) {
  create(1);
  for (const auto& [component, value] : example_values()) scene.set(key(object(1), component), value, version(40), log);
  scene.destroy(object(1), log);
  create(2);
  EXPECT_EQ(scene.registers(object(2)).size(), 2U);
  EXPECT_EQ(scene.transform(object(2)), nullptr);
  EXPECT_FALSE(scene.contains(object(1)));
}

TEST_F(SceneTest, RollBackBringsBackADestroyedSubtreeAmongItsSiblings) {
  create(1);
  create(2);
  create(3);
  create(4, 2);
  scene.set(key(object(4), Component::name), std::string("leaf"), version(30), log);
  const auto before = scene.hash();
  const auto mark = log.mark();
  scene.destroy(object(4), log);
  scene.destroy(object(2), log);
  scene.destroy(object(1), log);
  scene.roll_back(log, mark);
  EXPECT_EQ(log.mark(), mark);
  EXPECT_EQ(scene.hash(), before);
  EXPECT_THAT(children(), ElementsAre(1, 2, 3));
  EXPECT_EQ(*scene.name(object(4)), "leaf");
}

TEST_F(SceneTest, ClearForgetsHowToGoBackAndKeepsTheScene) {
  create(1);
  log.clear();
  EXPECT_TRUE(log.empty());
  scene.roll_back(log, 0);
  EXPECT_TRUE(scene.contains(object(1)));
}

TEST_F(SceneTest, ATransformTakesLittleRoomInTheLog) {
  create(1);
  scene.set_transform(object(1), {}, version(2), log);
  const auto mark = log.mark();
  for (int count = 0; count < 100; ++count) scene.set_transform(object(1), {}, version(3), log);
  EXPECT_LE(log.mark() - mark, 100U * 96U);
}

/// A transform's part of the hash is put off until somebody asks; every way in which it can go meanwhile.
TEST_F(SceneTest, TheHashIsRightHoweverTransformsWereDraggedSinceTheLastLook) {
  for (std::uint64_t entity = 1; entity <= 4; ++entity) create(entity);
  Transform transform;
  const auto drag = [&](std::uint64_t entity, float x) {
    transform.position.x = x;
    scene.set_transform(object(entity), transform, version(100 + static_cast<std::uint64_t>(x)), log);
  };
  for (std::uint64_t entity = 1; entity <= 4; ++entity) drag(entity, 1);
  const auto before = scene.hash();
  const auto mark = log.mark();
  for (int step = 2; step < 20; ++step)
    for (std::uint64_t entity = 1; entity <= 4; ++entity) drag(entity, static_cast<float>(step));
  scene.destroy(object(2), log);
  scene.set(key(object(3), Component::transform), {}, version(300), log);
  create(5);
  drag(5, 1);
  drag(5, 2);
  EXPECT_EQ(scene.hash(), scene.recompute_hash());
  drag(4, 50);
  drag(5, 50);
  scene.roll_back(log, mark);
  EXPECT_EQ(scene.hash(), scene.recompute_hash());
  EXPECT_EQ(scene.hash(), before);
}

TEST_F(SceneTest, TheHashIsRightAfterMoreTransformsThanArePutOff) {
  constexpr std::uint64_t kEntities = 5000;
  Transform transform;
  for (std::uint64_t entity = 1; entity <= kEntities; ++entity) create(entity);
  for (float x = 0; x < 3; ++x) {
    transform.position.x = x;
    for (std::uint64_t entity = 1; entity <= kEntities; ++entity)
      scene.set_transform(object(entity), transform, version(7), log);
  }
  EXPECT_EQ(scene.hash(), scene.recompute_hash());
}

using Change = ChangeLog::Change;

TEST_F(SceneTest, ChangesNameWhatHappenedInOrder) {
  create(1);
  const auto mark = log.mark();
  create(2, 1);
  scene.set(key(object(2), Component::application, 8), Bytes{1}, version(3), log);
  scene.set(key(object(2), Component::application, 8), Bytes{2}, version(4), log);
  move(2, 0);
  scene.destroy(object(2), log);
  std::vector<std::pair<RegisterKey, Change::Kind>> seen;
  for (const auto& change : log.changes(mark)) seen.emplace_back(change.key, change.kind);
  const auto existence = key(object(2), Component::existence);
  const auto application = key(object(2), Component::application, 8);
  EXPECT_THAT(seen,
              ElementsAre(std::pair(existence, Change::Kind::created), std::pair(application, Change::Kind::written),
                          std::pair(application, Change::Kind::written),
                          std::pair(key(object(2), Component::parent), Change::Kind::written),
                          std::pair(existence, Change::Kind::destroyed)));
  EXPECT_EQ(log.changes().size(), seen.size() + 1);
  EXPECT_THAT(log.changes(log.mark()), IsEmpty());
}

using SceneDeathTest = SceneTest;

TEST_F(SceneDeathTest, BreachesOfThePreconditionsAbort) {
  create(1);
  create(2, 1);
  EXPECT_DEATH(create(1), "internal check failed");
  EXPECT_DEATH(create(3, 9), "internal check failed");
  EXPECT_DEATH(move(1, 2), "internal check failed");
  EXPECT_DEATH(move(1, 1), "internal check failed");
  EXPECT_DEATH(scene.destroy(object(1), log), "internal check failed");
  EXPECT_DEATH(scene.set(key(object(1), Component::name), true, version(1), log), "internal check failed");
  EXPECT_DEATH(scene.set(key(object(1), Component::name, 4), std::string(), version(1), log), "internal check failed");
  EXPECT_DEATH(scene.set(key(object(1), Component::parent), Place{}, version(1), log), "internal check failed");
}

}  // namespace
}  // namespace theta::scene

// Random operations run against the scene and against a naive model (model.h) side by side, with marks, roll-backs and
// snapshots in between. After every step the hashes are equal; every so often everything is.

#include "scene/model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "scene/helpers.h"

namespace theta::scene {
namespace {

using testing::Model;

class SideBySide {
 public:
  explicit SideBySide(std::uint64_t seed) : random_(seed) {}

  void steps(int count) {
    for (int step = 0; step < count && !::testing::Test::HasFailure(); ++step) {
      one_step();
      ASSERT_EQ(scene_.hash(), model_.hash()) << "after step " << step;
      if (step % 16 == 0) compare();
    }
    compare();
    roll_back_to(0);
    compare();
    EXPECT_EQ(scene_.entity_count(), 0U);
    EXPECT_EQ(scene_.hash(), crypto::SetHash{});
  }

 private:
  std::uint64_t pick(std::uint64_t count) { return random_() % count; }

  ObjectId any_entity() {
    auto at = model_.entities.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(pick(model_.entities.size())));
    return at->first;
  }
  ObjectId any_parent() { return model_.entities.empty() || pick(4) == 0 ? kNoObject : any_entity(); }
  Version next_version() {
    return Version(Stamp{random_()}, Seq{++seq_}, static_cast<std::uint8_t>(pick(100)), AuthorSlot{9});
  }

  void one_step() {
    const auto kind = pick(100);
    if (kind < 90) return mutate();
    if (kind < 92) return predict_and_drop();
    if (kind < 96) return set_mark();
    roll_back();
  }

  void mutate() {
    const auto kind = model_.entities.size() < 3 ? 0 : pick(90);
    if (kind < 20) return create();
    if (kind < 30) return destroy();
    if (kind < 60) return set();
    if (kind < 70) return set_transform();
    if (kind < 82) return move();
    if (kind < 87) return move_to();
    destroy_and_restore();
  }

  /// Steps outside the hash, all taken back again; what they begin on has transforms that wait for their hash.
  void predict_and_drop() {
    for (int i = 0; i < 3 && !model_.entities.empty(); ++i) set_transform();
    const auto mark = log_.mark();
    const auto model = model_;
    scene_.freeze_hash();
    for (int i = 0; i < 20; ++i) mutate();
    EXPECT_EQ(scene_.hash(), model.hash());
    roll_back_to(mark);
    scene_.thaw_hash();
    model_ = model;
  }

  void create() {
    const auto id = ObjectId{++last_id_};
    const auto parent = any_parent();
    const auto version = next_version();
    scene_.create(id, parent, version, log_);
    model_.create(id, parent, version);
  }

  ObjectId any_leaf() {
    auto leaf = any_entity();
    while (!model_.children(leaf).empty()) leaf = model_.children(leaf).front();
    return leaf;
  }

  void destroy() {
    const auto leaf = any_leaf();
    scene_.destroy(leaf, log_);
    model_.entities.erase(leaf);
  }

  ComponentValue any_value(Component component) {
    if (pick(5) == 0) return {};
    switch (component) {
      case Component::name: return std::string(pick(40), static_cast<char>('a' + pick(26)));
      case Component::visibility: return pick(2) == 0;
      case Component::tags: return TagSet{std::string(1 + pick(20), 'a'), std::string(1 + pick(9), 'b')};
      case Component::application: return Bytes(pick(600), static_cast<std::uint8_t>(pick(256)));
      default: break;
    }
    for (const auto& [which, value] : testing::example_values())
      if (which == component) return value;
    return {};
  }

  void set() {
    const auto component = static_cast<Component>(2 + pick(kComponentCount - 2));
    const auto application = component == Component::application ? pick(4) : 0;
    const RegisterKey key{any_entity(), component, application};
    const auto value = any_value(component);
    const auto version = next_version();
    scene_.set(key, value, version, log_);
    model_.set(key, value, version);
  }

  void set_transform() {
    Transform transform;
    transform.position.x = static_cast<float>(pick(1000));
    const auto entity = any_entity();
    const auto version = next_version();
    scene_.set_transform(entity, transform, version, log_);
    model_.set({entity, Component::transform, 0}, transform, version);
  }

  void move() {
    const auto entity = any_entity();
    const auto parent = any_parent();
    if (model_.is_at_or_above(entity, parent)) return;
    const auto siblings = model_.children(parent);
    const auto before = siblings.empty() || pick(3) == 0 ? any_parent() : siblings[pick(siblings.size())];
    const auto version = next_version();
    scene_.move(entity, parent, before, version, log_);
    model_.move(entity, parent, before, version);
  }

  void move_to() {
    const auto entity = any_entity();
    const auto parent = any_parent();
    if (model_.is_at_or_above(entity, parent)) return;
    // Orders that tie, and orders at either end, so that later insertions find no room.
    const std::uint64_t orders[] = {0, 1, pick(4), random_(), ~std::uint64_t{0}, ~std::uint64_t{0} - pick(3)};
    const Place place{parent, orders[pick(6)]};
    const auto version = next_version();
    scene_.move_to(entity, place, version, log_);
    model_.entities.at(entity).place = place;
    model_.entities.at(entity).parent_version = version;
  }

  void destroy_and_restore() {
    const auto leaf = any_leaf();
    const auto image = scene_.image(leaf);
    scene_.destroy(leaf, log_);
    scene_.restore(image, log_);
  }

  void set_mark() { marks_.push_back({log_.mark(), model_}); }

  void roll_back() {
    if (marks_.empty()) return;
    const auto at = marks_.size() - 1 - pick(std::min<std::size_t>(marks_.size(), 3));
    roll_back_to(marks_[at].mark);
    model_ = marks_[at].model;
    marks_.resize(at);
  }

  void roll_back_to(ChangeLog::Mark mark) {
    scene_.roll_back(log_, mark);
    EXPECT_EQ(log_.mark(), mark);
    if (mark == 0) model_ = Model();
  }

  void compare() {
    ASSERT_EQ(scene_.recompute_hash(), scene_.hash());
    ASSERT_EQ(scene_.entity_count(), model_.entities.size());
    EXPECT_EQ(scene_.children(kNoObject), model_.children(kNoObject));
    std::size_t visited = 0;
    scene_.for_each_entity([&](ObjectId id) { visited += model_.entities.count(id); });
    EXPECT_EQ(visited, model_.entities.size());
    for (const auto& [id, entity] : model_.entities) compare_entity(id, entity);
    compare_loaded();
  }

  void compare_entity(ObjectId id, const Model::Entity& entity) {
    ASSERT_TRUE(scene_.contains(id));
    EXPECT_EQ(scene_.place(id), entity.place);
    EXPECT_EQ(scene_.version({id, Component::existence, 0}), entity.existence);
    EXPECT_EQ(scene_.version({id, Component::parent, 0}), entity.parent_version);
    EXPECT_EQ(scene_.children(id), model_.children(id));
    std::vector<RegisterKey> keys{{id, Component::existence, 0}, {id, Component::parent, 0}};
    for (const auto& [name, held] : entity.registers) {
      const RegisterKey key{id, name.first, name.second};
      keys.push_back(key);
      EXPECT_EQ(scene_.value(key), held.value);
      EXPECT_EQ(scene_.version(key), held.version);
    }
    EXPECT_EQ(scene_.registers(id), keys);
  }

  /// What a snapshot would carry gives the same scene again, in whatever order it comes.
  void compare_loaded() {
    std::vector<Scene::LoadedEntity> entities;
    for (const auto& [id, entity] : model_.entities)
      entities.push_back({id, entity.existence, entity.place, entity.parent_version});
    std::shuffle(entities.begin(), entities.end(), random_);
    Scene loaded;
    loaded.reserve(entities.size());
    ASSERT_TRUE(loaded.load_entities(entities));
    for (const auto& [id, entity] : model_.entities)
      for (const auto& [name, held] : entity.registers)
        ASSERT_TRUE(loaded.load({id, name.first, name.second}, held.value, held.version));
    loaded.finish_load(scene_.hash());
    EXPECT_EQ(loaded.recompute_hash(), scene_.hash());
    for (const auto& [id, entity] : model_.entities) EXPECT_EQ(loaded.children(id), scene_.children(id));
    EXPECT_EQ(loaded.children(kNoObject), scene_.children(kNoObject));
  }

  struct Marked {
    ChangeLog::Mark mark;
    Model model;
  };

  std::mt19937_64 random_;
  Scene scene_;
  ChangeLog log_;
  Model model_;
  std::vector<Marked> marks_;
  std::uint64_t seq_ = 0;
  std::uint64_t last_id_ = 0;
};

class SceneAgainstModel : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(SceneAgainstModel, AgreesAfterEveryOperationAndRollBack) {
  SCOPED_TRACE("seed " + std::to_string(GetParam()));
  SideBySide(GetParam()).steps(1500);
}

INSTANTIATE_TEST_SUITE_P(Seeds, SceneAgainstModel, ::testing::Range<std::uint64_t>(1, 9));

}  // namespace
}  // namespace theta::scene

#include <algorithm>
#include <numeric>

#include "scene_impl.h"
#include "theta/base/check.h"

namespace theta::scene {

void Scene::reserve(std::size_t entities) {
  impl_->entities.reserve(entities);
  // Nearly every entity has these two; how many have the others, only `reserve(component, count)` can say.
  reserve(Component::name, entities);
  reserve(Component::transform, entities);
}

void Scene::reserve(Component component, std::size_t count) {
  THETA_CHECK(component > Component::parent);
  impl_->registers.reserve(component, count,
                           count == 0 ? 0 : std::max<std::size_t>(impl_->entities.row_end(), count + 1));
}

bool Scene::load_entities(std::span<const LoadedEntity> loaded) {
  THETA_CHECK(entity_count() == 0);
  impl_->entities.clear();
  impl_->entities.reserve(loaded.size());
  impl_->loaded_last = kRootRow;
  const bool is_sound = std::all_of(loaded.begin(), loaded.end(), [this](const LoadedEntity& one) {
    if (one.entity == kNoObject) return false;
    const Row row = impl_->entities.add(one.entity, one.existence);
    if (row == kNoRow) return false;
    impl_->entities.set_parent_version(row, one.parent_version);
    impl_->entities.set_order(row, one.place.order);
    return true;
  });
  if (is_sound && impl_->link_loaded(loaded) && impl_->is_forest()) return true;
  impl_->entities.clear();
  return false;
}

// Entities were just added in this order, so the row of loaded[at] is at + 1.
bool Scene::Impl::link_loaded(std::span<const LoadedEntity> loaded) {
  std::vector<Row> parents;
  parents.reserve(loaded.size());
  for (const auto& one : loaded) {
    const bool as_before = !parents.empty() && one.place.parent == loaded[parents.size() - 1].place.parent;
    const Row parent = as_before ? parents.back() : entities.find_or_root(one.place.parent);
    if (parent == kNoRow) return false;
    parents.push_back(parent);
  }
  const auto precedes = [&](std::uint32_t a, std::uint32_t b) {
    const auto& first = loaded[a];
    const auto& second = loaded[b];
    if (first.place.order != second.place.order) return first.place.order < second.place.order;
    return first.entity < second.entity;
  };
  std::vector<std::uint32_t> sequence(loaded.size());
  std::iota(sequence.begin(), sequence.end(), 0U);
  // A snapshot that lists siblings in order costs one pass; any other order is sorted first.
  std::vector<std::uint32_t> last_of(loaded.size() + 1, kNoRow);
  const bool is_ordered = std::all_of(sequence.begin(), sequence.end(), [&](std::uint32_t at) {
    auto& last = last_of[parents[at]];
    const bool follows = last == kNoRow || precedes(last, at);
    last = at;
    return follows;
  });
  if (!is_ordered) std::sort(sequence.begin(), sequence.end(), precedes);
  for (const auto at : sequence) entities.link(at + 1, parents[at], entities.links(parents[at]).last_child);
  return true;
}

// Every entity has one parent, so what the walk from the root does not reach hangs on a cycle.
bool Scene::Impl::is_forest() const {
  std::size_t reached = 0;
  for (Row row = entities.next_in_subtree(kRootRow, kRootRow); row != kNoRow;
       row = entities.next_in_subtree(row, kRootRow))
    ++reached;
  return reached == entities.size();
}

Row Scene::Impl::find_for_load(ObjectId entity) const {
  if (entity == kNoObject) return kNoRow;
  if (entities.id(loaded_last) == entity) return loaded_last;
  const Row next = loaded_last + 1;
  if (next < entities.row_end() && entities.id(next) == entity) return next;
  return entities.find(entity);
}

bool Scene::load(const RegisterKey& key, ComponentValue value, Version version) {
  if (!is_settable(key) || !is_value_of(value, key.component)) return false;
  const Row row = impl_->find_for_load(key.entity);
  if (row == kNoRow) return false;
  impl_->loaded_last = row;
  return impl_->registers.write_first(row, key.component, key.application, std::move(value), version);
}

void Scene::finish_load(const crypto::SetHash& hash) {
  impl_->hash = hash;
  impl_->registers.shrink();
  impl_->loaded_last = kRootRow;
}

}  // namespace theta::scene

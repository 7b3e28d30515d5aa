#include "theta/web/scene_mirror.h"

#include <algorithm>
#include <set>

#include "theta/json/command_json.h"
#include "theta/json/scene_json.h"
#include "theta/web/limits.h"

namespace theta::web {

namespace {

using scene::Component;

std::string quoted(ObjectId id) { return '"' + json::to_text(id) + '"'; }

void add_to_list(std::string& list, const std::string& element) {
  if (!list.empty()) list += ',';
  list += element;
}

std::string entity_text(const scene::Scene& scene, ObjectId entity) {
  return json::entity_json(scene, entity).dump(-1, ' ', false, json::Json::error_handler_t::replace);
}

std::string placed_text(const scene::Scene& scene, ObjectId entity) {
  const auto before = scene.next_sibling(entity);
  return '[' + quoted(entity) + ',' + quoted(scene.place(entity).parent) + ',' +
         (before == kNoObject ? "null" : quoted(before)) + ']';
}

/// Every entity of the list that has a place in its parent's order, last siblings first, so that whatever an entity
/// stands before is in its list already.
std::vector<ObjectId> last_first(const scene::Scene& scene, const std::vector<ObjectId>& entities) {
  struct Placed {
    scene::Place place;
    ObjectId entity;
  };
  std::vector<Placed> placed;
  placed.reserve(entities.size());
  for (const auto entity : entities) placed.push_back({scene.place(entity), entity});
  std::sort(placed.begin(), placed.end(), [](const Placed& left, const Placed& right) {
    // Siblings of one order stand by their ids.
    if (left.place.parent != right.place.parent) return left.place.parent < right.place.parent;
    if (left.place.order != right.place.order) return left.place.order > right.place.order;
    return left.entity > right.entity;
  });
  std::vector<ObjectId> result;
  result.reserve(placed.size());
  for (const auto& one : placed) result.push_back(one.entity);
  return result;
}

}  // namespace

void SceneMirror::tell_all(const scene::Scene& scene, const Emit& emit) {
  std::string entities;
  std::size_t count = 0;
  bool is_first = true;
  const auto flush = [&](bool is_last) {
    emit(std::string(R"({"reset":true,"first":)") + (is_first ? "true" : "false") +
         ",\"last\":" + (is_last ? "true" : "false") + ",\"entities\":[" + entities + "]}");
    entities.clear();
    count = 0;
    is_first = false;
  };
  // Depth first with a stack of our own: a scene may be deeper than the call stack allows.
  auto open = scene.children(kNoObject);
  std::reverse(open.begin(), open.end());
  while (!open.empty()) {
    const auto entity = open.back();
    open.pop_back();
    if (count == limits::kEntitiesPerPiece) flush(false);
    add_to_list(entities, entity_text(scene, entity));
    ++count;
    const auto children = scene.children(entity);
    open.insert(open.end(), children.rbegin(), children.rend());
  }
  flush(true);
}

void SceneMirror::tell(const scene::Scene& scene, const client::Changed& changed, const Emit& emit) {
  if (changed.everything) {
    known_.clear();
    scene.for_each_entity([&](ObjectId entity) { known_.emplace(entity, scene.place(entity).parent); });
    return tell_all(scene, emit);
  }
  std::string entities;
  std::string removed;
  std::vector<ObjectId> moved;
  // Registers are sorted by entity, so an entity's stand together.
  for (std::size_t at = 0; at < changed.registers.size();) {
    const auto entity = changed.registers[at].entity;
    bool is_moved = false;
    for (; at < changed.registers.size() && changed.registers[at].entity == entity; ++at) {
      const auto component = changed.registers[at].component;
      is_moved = is_moved || component == Component::existence || component == Component::parent;
    }
    if (!scene.contains(entity)) {
      if (known_.erase(entity) > 0) add_to_list(removed, quoted(entity));
      continue;
    }
    add_to_list(entities, entity_text(scene, entity));
    const bool is_new = known_.insert_or_assign(entity, scene.place(entity).parent).second;
    if (is_new || is_moved) moved.push_back(entity);
  }
  std::string placed;
  for (const auto entity : last_first(scene, moved)) add_to_list(placed, placed_text(scene, entity));
  if (entities.empty() && removed.empty()) return;
  emit("{\"entities\":[" + entities + "],\"placed\":[" + placed + "],\"removed\":[" + removed + "]}");
}

}  // namespace theta::web

#include <algorithm>

#include <boost/unordered/unordered_flat_map.hpp>

#include "executor.h"
#include "executor_write.h"

namespace theta::replica {

namespace fb = wire::fb;
using scene::Component;
using scene::RegisterKey;

// ---- Create -------------------------------------------------------------------------------------------------------

Outcome Executor::create_entities(const fb::CreateEntities& command) {
  const auto count = command.entities()->size();
  if (!spend(count)) return reject(RejectReason::too_much_work, {}, count);
  auto entry = new_entry(JournalEntry::Kind::create);
  boost::unordered_flat_map<ObjectId, bool, std::hash<ObjectId>> made;
  for (const auto* description : *command.entities()) {
    const ObjectId parent{description->parent()};
    const ObjectId entity{description->id()};
    if (parent != kNoObject && !state_.scene().contains(parent))
      return reject(RejectReason::parent_missing, deletion_of(parent), count);
    // Asking about an id that is nowhere above walks the whole way up, which is how deep the parent lies.
    if (parent != kNoObject && state_.scene().is_at_or_above(entity, parent) == scene::Scene::Ancestry::too_deep)
      return reject(RejectReason::too_deep, {}, count);
    if (!spend_scene_cost()) return reject(RejectReason::too_much_work, {}, count);
    if (state_.scene().contains(entity)) return reject(RejectReason::id_in_use, {}, count);
    if (!made.contains(parent)) entry.roots.push_back(entity);
    made.emplace(entity, true);
    state_.create(entity, parent, version(), log_);
    write_components(*description);
  }
  Outcome outcome;
  outcome.targets = outcome.applied_targets = count;
  state_.push_journal(packet_.slot, std::move(entry), log_);
  return outcome;
}

void Executor::write_components(const fb::EntityDescription& description) {
  const ObjectId entity{description.id()};
  auto& scene = state_.scene();
  const auto write = [&](Component component, scene::ComponentValue value, std::uint64_t application = 0) {
    scene.set({entity, component, application}, std::move(value), version(), log_.scene);
  };
  if (description.name()) write(Component::name, description.name()->str());
  if (description.transform()) scene.set_transform(entity, from_fb(*description.transform()), version(), log_.scene);
  if (description.mesh()) write(Component::mesh, value_of(description.mesh()));
  if (description.material()) write(Component::material, value_of(description.material()));
  if (description.hidden()) write(Component::visibility, false);
  if (description.tags() && description.tags()->size() > 0) {
    scene::TagSet tags;
    for (const auto* tag : *description.tags()) tags.push_back(tag->str());
    std::sort(tags.begin(), tags.end());
    tags.erase(std::unique(tags.begin(), tags.end()), tags.end());
    write(Component::tags, std::move(tags));
  }
  if (description.light()) write(Component::light, value_of(description.light()));
  if (description.camera()) write(Component::camera, value_of(description.camera()));
  if (description.apps())
    for (const auto* app : *description.apps())
      if (app->value()) write(Component::application, value_of(app->value()), app->component());
}

// ---- Delete -------------------------------------------------------------------------------------------------------

Outcome Executor::delete_entities(const fb::DeleteEntities& command) {
  const auto targets = targets_of(*command.targets());
  auto entry = new_entry(JournalEntry::Kind::destroy);
  Tally tally;
  for (const auto target : targets) {
    const ObjectId entity{target};
    ++tally.targets;
    if (!state_.scene().contains(entity)) {
      // An earlier target may have taken it along: then it is done.
      const auto tombstone = state_.tombstones().find(entity);
      const bool done_here = tombstone && tombstone->seq() == packet_.seq && tombstone->command() == index_;
      if (done_here)
        ++tally.applied;
      else
        note_missing(entity, tally);
      continue;
    }
    const auto nodes = state_.scene().subtree(entity, limits::kSubtreeEntitiesMax);
    if (entry.images.size() + nodes.size() > limits::kSubtreeEntitiesMax)
      return reject(RejectReason::too_many, {}, count_of(targets));
    if (!spend(nodes.size())) return reject(RejectReason::too_much_work, {}, count_of(targets));
    if (strategy_for(entity, Component::existence) == log::ConflictStrategy::reject)
      for (const auto node : nodes)
        if (const auto conflict = change_by_other(node, packet_.base_seq))
          return reject(RejectReason::changed_by_other, conflict, count_of(targets));
    entry.roots.push_back(entity);
    for (const auto node : nodes) {
      entry.images.push_back(state_.scene().image(node));
      if (!spend_copy(weight_of(entry.images.back())))
        return reject(RejectReason::too_much_work, {}, count_of(targets));
    }
    state_.destroy(nodes, version(), log_);
    ++tally.applied;
  }
  return conclude(tally, std::move(entry));
}

std::optional<Blocker> Executor::change_by_other(ObjectId entity, Seq since) const {
  for (const auto& key : state_.scene().registers(entity)) {
    const auto held = state_.scene().version(key);
    if (held && held->seq() > since && held->slot() != packet_.slot) return Blocker{held->slot(), held->seq(), key};
  }
  return std::nullopt;
}

// ---- Duplicate ----------------------------------------------------------------------------------------------------

Outcome Executor::duplicate_entities(const fb::DuplicateEntities& command) {
  const auto targets = targets_of(*command.targets());
  auto entry = new_entry(JournalEntry::Kind::create);
  Tally tally;
  auto next_id = command.first_id();
  auto ids_left = std::size_t{command.id_count()};
  auto& scene = state_.scene();
  for (const auto target : targets) {
    const ObjectId original{target};
    ++tally.targets;
    if (!scene.contains(original)) {
      note_missing(original, tally);
      continue;
    }
    const auto nodes = scene.subtree(original, std::min(limits::kSubtreeEntitiesMax, ids_left));
    if (nodes.size() > std::min(limits::kSubtreeEntitiesMax, ids_left))
      return reject(RejectReason::too_many, {}, count_of(targets));
    if (!spend(nodes.size())) return reject(RejectReason::too_much_work, {}, count_of(targets));
    ids_left -= nodes.size();
    boost::unordered_flat_map<ObjectId, ObjectId, std::hash<ObjectId>> copy_of;
    entry.roots.push_back(ObjectId{next_id});
    for (const auto node : nodes) {
      const ObjectId copy{next_id++};
      if (scene.contains(copy)) return reject(RejectReason::id_in_use, {}, count_of(targets));
      const auto bytes_before = scene.variable_bytes();
      const auto parent = scene.place(node).parent;
      state_.create(copy, node == original ? parent : copy_of.at(parent), version(), log_);
      copy_of.emplace(node, copy);
      for (const auto& key : scene.registers(node)) {
        if (key.component == Component::existence || key.component == Component::parent) continue;
        auto value = scene.value(key);
        if (std::holds_alternative<std::monostate>(value)) continue;
        scene.set({copy, key.component, key.application}, std::move(value), version(), log_.scene);
      }
      if (!has_space()) return reject(RejectReason::limit, {}, count_of(targets));
      if (!spend_copy(scene.variable_bytes() - bytes_before))
        return reject(RejectReason::too_much_work, {}, count_of(targets));
    }
    ++tally.applied;
  }
  return conclude(tally, std::move(entry));
}

// ---- Reparent and reorder -----------------------------------------------------------------------------------------

Outcome Executor::reparent_entities(const fb::ReparentEntities& command) {
  const auto targets = targets_of(*command.targets());
  const ObjectId parent{command.parent()};
  if (!spend(targets.size())) return reject(RejectReason::too_much_work, {}, count_of(targets));
  if (parent != kNoObject && !state_.scene().contains(parent))
    return reject(RejectReason::parent_missing, deletion_of(parent), count_of(targets));
  if (const auto conflict = conflict_under_reject(targets, Component::parent, 0))
    return reject(RejectReason::changed_by_other, conflict, count_of(targets));
  auto entry = new_entry(JournalEntry::Kind::write);
  Tally tally;
  for (std::size_t at = 0; at < targets.size(); ++at) {
    const ObjectId entity{targets[at]};
    ++tally.targets;
    if (!state_.scene().contains(entity)) {
      note_missing(entity, tally);
      continue;
    }
    const RegisterKey place{entity, Component::parent, 0};
    if (!winning_version(place, false)) {
      note_superseded(place, tally);
      continue;
    }
    if (auto refused = move_one(entity, parent, ObjectId{command.before()}, entry)) return *refused;
    const RegisterKey transform{entity, Component::transform, 0};
    const auto winning = winning_version(transform, false);
    if (command.transforms() && winning) {
      auto cell = new_cell(transform, state_.scene().value(transform), *winning);
      if (!cell) return reject(RejectReason::too_much_work, {}, count_of(targets));
      entry.cells.push_back(std::move(*cell));
      const auto value = from_fb(*command.transforms()->Get(static_cast<flatbuffers::uoffset_t>(at)));
      state_.scene().set_transform(entity, value, *winning, log_.scene);
    }
    ++tally.applied;
  }
  return conclude(tally, std::move(entry));
}

Outcome Executor::reorder_entities(const fb::ReorderEntities& command) {
  const auto targets = targets_of(*command.targets());
  if (!spend(targets.size())) return reject(RejectReason::too_much_work, {}, count_of(targets));
  if (const auto conflict = conflict_under_reject(targets, Component::parent, 0))
    return reject(RejectReason::changed_by_other, conflict, count_of(targets));
  auto entry = new_entry(JournalEntry::Kind::write);
  Tally tally;
  for (const auto target : targets) {
    const ObjectId entity{target};
    ++tally.targets;
    if (!state_.scene().contains(entity)) {
      note_missing(entity, tally);
      continue;
    }
    const RegisterKey place{entity, Component::parent, 0};
    if (!winning_version(place, false)) {
      note_superseded(place, tally);
      continue;
    }
    const auto parent = state_.scene().place(entity).parent;
    if (auto refused = move_one(entity, parent, ObjectId{command.before()}, entry)) return *refused;
    ++tally.applied;
  }
  return conclude(tally, std::move(entry));
}

std::optional<Outcome> Executor::move_one(ObjectId entity, ObjectId parent, ObjectId before, JournalEntry& entry) {
  auto& scene = state_.scene();
  if (parent != kNoObject) {
    switch (scene.is_at_or_above(entity, parent)) {
      case scene::Scene::Ancestry::yes: {
        // What makes the cycle is how the new parent came to hang below the entity.
        const auto link = newest_link(entity, parent);
        return reject(RejectReason::would_cycle,
                      link.author == packet_.slot ? std::nullopt : std::optional<Blocker>(link));
      }
      case scene::Scene::Ancestry::too_deep: return reject(RejectReason::too_deep);
      case scene::Scene::Ancestry::no: break;
    }
  }
  const RegisterKey key{entity, Component::parent, 0};
  const auto winning = winning_version(key, false);
  auto cell = new_cell(key, scene.place(entity), *winning);
  if (!cell) return reject(RejectReason::too_much_work);
  entry.cells.push_back(std::move(*cell));
  scene.move(entity, parent, before == entity ? kNoObject : before, *winning, log_.scene);
  if (!spend_scene_cost()) return reject(RejectReason::too_much_work);
  return std::nullopt;
}

}  // namespace theta::replica

#include <algorithm>
#include <numeric>
#include <tuple>

#include <boost/unordered/unordered_flat_map.hpp>

#include "executor.h"
#include "theta/base/check.h"

namespace theta::replica {

namespace fb = wire::fb;
using scene::Component;

Outcome Executor::toggle_span(const fb::CommandRef& first, const fb::CommandRef& last, bool undo) {
  const CommandPlace from{Nonce{first.nonce()}, first.index()};
  const CommandPlace to{Nonce{last.nonce()}, last.index()};
  const auto* journal = state_.journal(packet_.slot);
  if (!journal) return reject(RejectReason::nothing_to_undo);
  std::vector<std::size_t> chosen;
  for (auto at = journal->lower_bound(from); at < journal->entries().size(); ++at) {
    const auto& entry = journal->entries()[at];
    if (entry.place > to) break;
    if (entry.undone != undo) chosen.push_back(at);
  }
  if (chosen.empty()) return reject(RejectReason::nothing_to_undo);
  if (undo) std::reverse(chosen.begin(), chosen.end());  // Newest first on the way back.
  Outcome outcome;
  outcome.targets = outcome.applied_targets = static_cast<std::uint32_t>(chosen.size());
  for (const auto at : chosen) {
    auto entry = state_.journal(packet_.slot)->entries()[at];
    if (const auto refused = toggle(entry)) return *refused;
    if (!spend_copy(weight_of(entry))) return reject(RejectReason::too_much_work);
    entry.undone = undo;
    entry.toggled_at = packet_.seq;
    entry.toggled_by = {packet_.nonce, index_};
    if (const auto index = toggles_.find(packet_.slot); index != toggles_.end()) index->second.add(entry);
    state_.replace_journal(packet_.slot, at, std::move(entry), log_);
  }
  // Only now, since `chosen` holds places in the journal.
  state_.bound_journals(packet_.slot, log_);
  return outcome;
}

std::optional<Outcome> Executor::toggle(JournalEntry& entry) {
  if (entry.kind == JournalEntry::Kind::write) return toggle_cells(entry);
  const bool makes_vanish = (entry.kind == JournalEntry::Kind::create) != entry.undone;
  return makes_vanish ? vanish(entry) : reappear(entry);
}

namespace {

/// Places in the order of the siblings among which they go, so that finding each costs a step from the one before
/// instead of a walk along all; then the rest as they stand. No command names a register twice, so any order does.
std::vector<JournalEntry::Cell*> by_place(std::vector<JournalEntry::Cell>& cells) {
  std::vector<JournalEntry::Cell*> ordered;
  ordered.reserve(cells.size());
  for (auto& cell : cells) ordered.push_back(&cell);
  const auto rank = [](const JournalEntry::Cell* cell) {
    const auto* place = std::get_if<scene::Place>(&cell->other);
    return place ? std::tuple(0, place->parent, place->order, cell->key.entity)
                 : std::tuple(1, kNoObject, std::uint64_t{0}, kNoObject);
  };
  std::stable_sort(ordered.begin(), ordered.end(),
                   [&](const auto* left, const auto* right) { return rank(left) < rank(right); });
  return ordered;
}

}  // namespace

std::optional<std::uint64_t> Executor::content_of(const scene::RegisterKey& key, scene::Version held) {
  const auto [found, is_new] = toggles_.try_emplace(held.slot());
  if (is_new) {
    std::size_t registers = 0;
    if (const auto* journal = state_.journal(held.slot()))
      for (const auto& entry : journal->entries()) registers += found->second.add(entry);
    if (!spend(registers / kCellsPerWork)) {
      toggles_.erase(found);
      return std::nullopt;
    }
  }
  return found->second.content_of(key, held.raw_writer());
}

bool Executor::is_due(const JournalEntry& entry, const JournalEntry::Cell& cell, scene::Version held) {
  if (held == cell.held) return true;
  // Packets of protocol version 1 did not tell what they wrote over.
  if (cell.own_writer == 0) return false;
  return content_of(cell.key, held) == (entry.undone ? cell.writer_before : cell.own_writer);
}

Blocker Executor::holder_of(const scene::RegisterKey& key, scene::Version held) {
  const auto content = content_of(key, held).value_or(0);
  const auto holder = scene::Version::from_raw(0, content == 0 ? held.raw_writer() : content);
  return {holder.slot(), holder.seq(), key};
}

Blocker Executor::newest_link(ObjectId entity, ObjectId parent) {
  Blocker newest;
  for (auto at = parent; at != entity && at != kNoObject; at = state_.scene().place(at).parent) {
    const scene::RegisterKey key{at, Component::parent, 0};
    const auto link = holder_of(key, *state_.scene().version(key));
    if (newest.author == kNoSlot || link.seq > newest.seq) newest = link;
  }
  return newest;
}

/// Each register must still hold what the entry's last turn wrote; then it and the entry change places.
std::optional<Outcome> Executor::toggle_cells(JournalEntry& entry) {
  if (!spend(entry.cells.size())) return reject(RejectReason::too_much_work);
  auto& scene = state_.scene();
  std::optional<ObjectId> searched;
  for (auto* cell : by_place(entry.cells)) {
    const auto& key = cell->key;
    if (!scene.contains(key.entity)) return reject(RejectReason::undo_blocked, deletion_of(key.entity));
    const auto held = scene.version(key);
    if (!held) return reject(RejectReason::undo_blocked);
    if (!is_due(entry, *cell, *held)) return reject(RejectReason::undo_blocked, holder_of(key, *held));
    auto present = scene.value(key);
    // The register was this author's with this stamp at the latest, so the new version can only be newer; a merged
    // delta may have left a later stamp of somebody else, which stays.
    const scene::Version mine = version();
    const scene::Version next(std::max(held->stamp(), mine.stamp()), mine.seq(), mine.command(), mine.slot());
    if (key.component == Component::parent) {
      const auto place = std::get<scene::Place>(cell->other);
      // Those of one parent stand together and in order, so that one pass over its children finds all.
      if (searched != place.parent && !spend_search(place.parent)) return reject(RejectReason::too_much_work);
      searched = place.parent;
      if (place.parent != kNoObject) {
        if (!scene.contains(place.parent)) return reject(RejectReason::undo_blocked, deletion_of(place.parent));
        const auto ancestry = scene.is_at_or_above(key.entity, place.parent);
        if (ancestry == scene::Scene::Ancestry::too_deep) return reject(RejectReason::too_deep);
        if (ancestry == scene::Scene::Ancestry::yes)
          return reject(RejectReason::undo_blocked, newest_link(key.entity, place.parent));
      }
      if (!spend_scene_cost()) return reject(RejectReason::too_much_work);
      scene.move_to(key.entity, place, next, log_.scene);
    } else {
      scene.set(key, cell->other, next, log_.scene);
    }
    cell->other = std::move(present);
    cell->held = next;
  }
  return std::nullopt;
}

/// Undo of a create, redo of a delete: whole subtrees go, unless somebody else has had a hand in them.
std::optional<Outcome> Executor::vanish(JournalEntry& entry) {
  auto& scene = state_.scene();
  // What a redone delete takes was as the undo restored it; what an undone create takes was all the author's own.
  const Seq since = entry.kind == JournalEntry::Kind::destroy ? entry.toggled_at : Seq{0};
  entry.images.clear();
  std::optional<Blocker> deleted;
  for (const auto root : entry.roots) {
    if (!scene.contains(root)) {
      if (!deleted) deleted = deletion_of(root);
      continue;
    }
    const auto nodes = scene.subtree(root, limits::kSubtreeEntitiesMax);
    if (entry.images.size() + nodes.size() > limits::kSubtreeEntitiesMax) return reject(RejectReason::too_many);
    if (!spend(nodes.size())) return reject(RejectReason::too_much_work);
    for (const auto node : nodes) {
      if (const auto blocker = change_by_other(node, since)) return reject(RejectReason::undo_blocked, blocker);
      entry.images.push_back(scene.image(node));
    }
    state_.destroy(nodes, version(), log_);
  }
  if (entry.images.empty()) return reject(RejectReason::undo_blocked, deleted);
  return std::nullopt;
}

namespace {

/// Indices of `images` so that every entity comes after its parent: the tops of deleted subtrees may stand in any
/// order.
std::vector<std::size_t> parents_first(const std::vector<scene::Scene::EntityImage>& images) {
  boost::unordered_flat_map<ObjectId, std::size_t, std::hash<ObjectId>> waiting;
  for (std::size_t at = 0; at < images.size(); ++at) waiting.emplace(images[at].entity, at);
  std::vector<std::size_t> order;
  order.reserve(images.size());
  std::vector<std::size_t> chain;
  std::vector<std::size_t> by_place(images.size());
  std::iota(by_place.begin(), by_place.end(), std::size_t{0});
  std::stable_sort(by_place.begin(), by_place.end(), [&](std::size_t left, std::size_t right) {
    const auto& a = images[left];
    const auto& b = images[right];
    return std::tie(a.place.parent, a.place.order, a.entity) < std::tie(b.place.parent, b.place.order, b.entity);
  });
  for (const auto at : by_place) {
    const auto& image = images[at];
    for (auto found = waiting.find(image.entity); found != waiting.end();
         found = waiting.find(images[chain.back()].place.parent)) {
      chain.push_back(found->second);
      waiting.erase(found);
    }
    order.insert(order.end(), chain.rbegin(), chain.rend());
    chain.clear();
  }
  return order;
}

}  // namespace

/// Undo of a delete, redo of a create: everything comes back as it was, versions included.
std::optional<Outcome> Executor::reappear(JournalEntry& entry) {
  if (!spend(entry.images.size())) return reject(RejectReason::too_much_work);
  auto& scene = state_.scene();
  std::optional<ObjectId> searched;
  for (const auto at : parents_first(entry.images)) {
    const auto& image = entry.images[at];
    const auto parent = image.place.parent;
    if (searched != parent && !spend_search(parent)) return reject(RejectReason::too_much_work);
    searched = parent;
    if (parent != kNoObject && !scene.contains(parent)) return reject(RejectReason::undo_blocked, deletion_of(parent));
    if (scene.contains(image.entity)) {
      const auto held = scene.version({image.entity, Component::existence, 0});
      return reject(RejectReason::undo_blocked,
                    Blocker{held->slot(), held->seq(), {image.entity, Component::existence, 0}});
    }
    if (parent != kNoObject && scene.is_at_or_above(image.entity, parent) == scene::Scene::Ancestry::too_deep)
      return reject(RejectReason::too_deep);
    if (!spend_scene_cost()) return reject(RejectReason::too_much_work);
    state_.restore(image, log_);
  }
  entry.images.clear();
  return std::nullopt;
}

}  // namespace theta::replica

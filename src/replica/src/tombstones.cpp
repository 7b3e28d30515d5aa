#include "tombstones.h"

#include "theta/base/check.h"
#include "theta/base/limits.h"

namespace theta::replica {

std::optional<scene::Version> Tombstones::find(ObjectId entity) const {
  const auto found = position_of_.find(entity);
  if (found == position_of_.end()) return std::nullopt;
  return by_position_.at(found->second).version;
}

std::optional<Tombstones::Tombstone> Tombstones::overflowing() const {
  if (by_position_.size() < limits::kTombstonesMax) return std::nullopt;
  return by_position_.begin()->second;
}

Tombstones::Tombstone Tombstones::append(ObjectId entity, scene::Version version) {
  const std::uint64_t position = by_position_.empty() ? 1 : by_position_.rbegin()->first + 1;
  const Tombstone tombstone{entity, version, position};
  insert(tombstone);
  return tombstone;
}

void Tombstones::insert(const Tombstone& tombstone) {
  const bool is_new = position_of_.emplace(tombstone.entity, tombstone.position).second;
  THETA_CHECK(is_new);
  by_position_.emplace(tombstone.position, tombstone);
}

std::optional<Tombstones::Tombstone> Tombstones::erase(ObjectId entity) {
  const auto found = position_of_.find(entity);
  if (found == position_of_.end()) return std::nullopt;
  const auto at = by_position_.find(found->second);
  const Tombstone tombstone = at->second;
  by_position_.erase(at);
  position_of_.erase(found);
  return tombstone;
}

}  // namespace theta::replica

#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include <boost/unordered/unordered_flat_map.hpp>

#include "theta/base/ids.h"
#include "theta/scene/components.h"

namespace theta::replica {

/// Who deleted what, for the sentence "deleted by …": the last limits::kTombstonesMax deletions of a room, oldest
/// forgotten first. Replicated, because outcomes name the blocker.
class Tombstones {
 public:
  struct Tombstone {
    ObjectId entity;
    scene::Version version;
    std::uint64_t position = 0;  // higher is newer; only the order counts
  };

  [[nodiscard]] std::optional<scene::Version> find(ObjectId entity) const;
  [[nodiscard]] std::size_t size() const { return by_position_.size(); }
  [[nodiscard]] const std::map<std::uint64_t, Tombstone>& in_order() const { return by_position_; }

  /// The oldest, when adding one more would exceed the limit.
  [[nodiscard]] std::optional<Tombstone> overflowing() const;
  Tombstone append(ObjectId entity, scene::Version version);
  void insert(const Tombstone& tombstone);
  std::optional<Tombstone> erase(ObjectId entity);

 private:
  boost::unordered_flat_map<ObjectId, std::uint64_t, std::hash<ObjectId>> position_of_;
  std::map<std::uint64_t, Tombstone> by_position_;
};

}  // namespace theta::replica

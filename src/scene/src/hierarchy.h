#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "theta/base/ids.h"
#include "theta/scene/components.h"

namespace theta::scene {

/// An entity's place in memory: stable while it lives, used again after it. Never visible outside the module.
using Row = std::uint32_t;
inline constexpr Row kNoRow = 0xffffffff;
inline constexpr Row kRootRow = 0;

/// Distance between the order keys of neighbours that were appended or renumbered.
inline constexpr std::uint64_t kOrderGap = std::uint64_t{1} << 32;
/// How far from its neighbour an insertion goes at most. A plain midpoint halves the gap each time, so a command that
/// moves thousands of entities in front of one sibling would renumber all siblings every 32 targets; with steps of
/// this size a gap takes sixteen times kTargetsPerCommandMax of them.
inline constexpr std::uint64_t kOrderStep = std::uint64_t{1} << 16;

/// Which entities there are, and the forest they form: dense rows, linked among siblings in ascending (order, id).
/// Row 0 is the root, which is no entity. Keeps no hash and no history; its callers do.
class Hierarchy {
 public:
  struct Links {
    Row parent = kNoRow;
    Row first_child = kNoRow;
    Row last_child = kNoRow;
    Row previous = kNoRow;
    Row next = kNoRow;
  };

  Hierarchy();

  [[nodiscard]] std::size_t size() const { return rows_.size(); }
  /// One past the highest row.
  [[nodiscard]] Row row_end() const { return static_cast<Row>(ids_.size()); }
  [[nodiscard]] bool is_entity(Row row) const { return ids_[row] != kNoObject; }
  [[nodiscard]] Row find(ObjectId entity) const {
    const auto found = rows_.find(entity);
    return found == rows_.end() ? kNoRow : found->second;
  }
  /// As `find`, but `kNoObject` is the root.
  [[nodiscard]] Row find_or_root(ObjectId entity) const { return entity == kNoObject ? kRootRow : find(entity); }

  [[nodiscard]] ObjectId id(Row row) const { return ids_[row]; }
  [[nodiscard]] ObjectId id_or_none(Row row) const { return row == kNoRow ? kNoObject : ids_[row]; }
  [[nodiscard]] const Links& links(Row row) const { return links_[row]; }
  [[nodiscard]] std::size_t child_count(Row row) const { return child_counts_[row]; }
  [[nodiscard]] std::uint64_t order(Row row) const { return orders_[row]; }
  [[nodiscard]] Version existence(Row row) const { return existence_[row]; }
  [[nodiscard]] Version parent_version(Row row) const { return parent_versions_[row]; }
  [[nodiscard]] Place place(Row row) const { return {ids_[links_[row].parent], orders_[row]}; }

  void set_order(Row row, std::uint64_t order) { orders_[row] = order; }
  void set_parent_version(Row row, Version version) { parent_versions_[row] = version; }

  /// Adds an entity that hangs nowhere yet; kNoRow when the id is in use.
  [[nodiscard]] Row add(ObjectId entity, Version existence);
  /// Precondition: hangs nowhere and has no children.
  void remove(Row row);
  /// Hangs `row` under `parent` behind the sibling `after` (kNoRow: as the first).
  void link(Row row, Row parent, Row after);
  void unlink(Row row);

  /// The sibling behind which (order, id) belongs; kNoRow: as the first. Starts at the sibling that was linked last, so
  /// that bringing back many siblings in order costs one pass over them.
  [[nodiscard]] Row find_position(Row parent, std::uint64_t order, ObjectId entity) const;
  /// An order for a new child of `parent` behind `after` (kNoRow: as the first); empty when there is no room.
  [[nodiscard]] std::optional<std::uint64_t> order_behind(Row parent, Row after) const;
  [[nodiscard]] bool is_at_or_above(Row ancestor, Row row) const;
  /// The row after `row` in a depth-first walk below `top`; kNoRow at its end.
  [[nodiscard]] Row next_in_subtree(Row row, Row top) const;

  void reserve(std::size_t entities);
  void clear();
  [[nodiscard]] std::size_t memory_bytes() const;

 private:
  [[nodiscard]] bool precedes(Row row, std::uint64_t order, ObjectId entity) const {
    return orders_[row] != order ? orders_[row] < order : ids_[row] < entity;
  }

  boost::unordered_flat_map<ObjectId, Row, std::hash<ObjectId>> rows_;
  std::vector<ObjectId> ids_;  // kNoObject: the root, or free
  std::vector<Links> links_;   // of a free row, `next` is the next free row
  std::vector<std::uint32_t> child_counts_;
  std::vector<std::uint64_t> orders_;
  std::vector<Version> existence_;
  std::vector<Version> parent_versions_;
  Row free_ = kNoRow;
  Row linked_last_ = kNoRow;
};

}  // namespace theta::scene

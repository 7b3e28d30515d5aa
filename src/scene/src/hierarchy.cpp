#include "hierarchy.h"

#include <algorithm>
#include <limits>

#include "theta/base/check.h"
#include "theta/base/limits.h"

namespace theta::scene {

static_assert(kOrderGap / kOrderStep >= 16 * limits::kTargetsPerCommandMax,
              "renumbering all siblings is paid for by many commands");

Hierarchy::Hierarchy() { clear(); }

void Hierarchy::clear() {
  rows_.clear();
  ids_.assign(1, kNoObject);
  links_.assign(1, Links{});
  child_counts_.assign(1, 0);
  orders_.assign(1, 0);
  existence_.assign(1, Version{});
  parent_versions_.assign(1, Version{});
  free_ = kNoRow;
  linked_last_ = kNoRow;
}

Row Hierarchy::add(ObjectId entity, Version existence) {
  const Row row = free_ != kNoRow ? free_ : row_end();
  THETA_CHECK(row != kNoRow);
  if (!rows_.emplace(entity, row).second) return kNoRow;
  if (row == free_) {
    free_ = links_[row].next;
    ids_[row] = entity;
    links_[row] = Links{};
    child_counts_[row] = 0;
    existence_[row] = existence;
    return row;
  }
  ids_.push_back(entity);
  links_.emplace_back();
  child_counts_.push_back(0);
  orders_.push_back(0);
  existence_.push_back(existence);
  parent_versions_.emplace_back();
  return row;
}

void Hierarchy::remove(Row row) {
  rows_.erase(ids_[row]);
  ids_[row] = kNoObject;
  links_[row] = Links{};
  links_[row].next = free_;
  free_ = row;
}

void Hierarchy::link(Row row, Row parent, Row after) {
  auto& above = links_[parent];
  const Row next = after == kNoRow ? above.first_child : links_[after].next;
  ++child_counts_[parent];
  links_[row].parent = parent;
  links_[row].previous = after;
  links_[row].next = next;
  (after == kNoRow ? above.first_child : links_[after].next) = row;
  (next == kNoRow ? above.last_child : links_[next].previous) = row;
  linked_last_ = row;
}

void Hierarchy::unlink(Row row) {
  auto& own = links_[row];
  auto& above = links_[own.parent];
  (own.previous == kNoRow ? above.first_child : links_[own.previous].next) = own.next;
  (own.next == kNoRow ? above.last_child : links_[own.next].previous) = own.previous;
  --child_counts_[own.parent];
  if (linked_last_ == row) linked_last_ = own.previous;
  own.parent = own.previous = own.next = kNoRow;
}

Row Hierarchy::find_position(Row parent, std::uint64_t order, ObjectId entity) const {
  const bool has_finger = linked_last_ != kNoRow && links_[linked_last_].parent == parent;
  Row after = links_[parent].last_child;
  if (after == kNoRow || precedes(after, order, entity)) return after;
  if (has_finger) after = linked_last_;
  while (after != kNoRow && !precedes(after, order, entity)) after = links_[after].previous;
  for (;;) {
    const Row next = after == kNoRow ? links_[parent].first_child : links_[after].next;
    if (next == kNoRow || !precedes(next, order, entity)) return after;
    after = next;
  }
}

std::optional<std::uint64_t> Hierarchy::order_behind(Row parent, Row after) const {
  const Row next = after == kNoRow ? links_[parent].first_child : links_[after].next;
  const std::uint64_t low = after == kNoRow ? 0 : orders_[after];
  if (next == kNoRow) {
    if (low > std::numeric_limits<std::uint64_t>::max() - kOrderGap) return std::nullopt;
    return low + kOrderGap;
  }
  const std::uint64_t gap = orders_[next] - low;
  if (gap < 2) return std::nullopt;
  const std::uint64_t step = std::min(gap / 2, kOrderStep);
  // At the front the step is taken down from the first, since the next insertion there goes before this one.
  return after == kNoRow ? orders_[next] - step : low + step;
}

bool Hierarchy::is_at_or_above(Row ancestor, Row row) const {
  while (row != ancestor && row != kRootRow) row = links_[row].parent;
  return row == ancestor;
}

Row Hierarchy::next_in_subtree(Row row, Row top) const {
  if (links_[row].first_child != kNoRow) return links_[row].first_child;
  while (row != top) {
    if (links_[row].next != kNoRow) return links_[row].next;
    row = links_[row].parent;
  }
  return kNoRow;
}

void Hierarchy::reserve(std::size_t entities) {
  rows_.reserve(entities);
  ids_.reserve(entities + 1);
  links_.reserve(entities + 1);
  child_counts_.reserve(entities + 1);
  orders_.reserve(entities + 1);
  existence_.reserve(entities + 1);
  parent_versions_.reserve(entities + 1);
}

std::size_t Hierarchy::memory_bytes() const {
  // Boost's flat tables stand in groups of fifteen slots and sixteen bytes of metadata.
  const std::size_t groups = (rows_.bucket_count() + 15) / 15;
  const std::size_t table = groups * (15 * sizeof(std::pair<const ObjectId, Row>) + 16);
  return table + ids_.capacity() * sizeof(ObjectId) + links_.capacity() * sizeof(Links) +
         child_counts_.capacity() * sizeof(std::uint32_t) + orders_.capacity() * sizeof(std::uint64_t) +
         existence_.capacity() * sizeof(Version) + parent_versions_.capacity() * sizeof(Version);
}

}  // namespace theta::scene

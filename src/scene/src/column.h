#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "hierarchy.h"
#include "theta/base/bytes.h"
#include "theta/scene/components.h"

namespace theta::scene {

using Cell = std::uint32_t;
inline constexpr Cell kNoCell = 0xffffffff;

/// Which entities have a cell in a column: dense owners, and a sparse index by row that is only as long as the highest
/// row with a cell. Erasing moves the last cell into the hole.
class SparseSet {
 public:
  [[nodiscard]] std::size_t size() const { return owners_.size(); }
  [[nodiscard]] Cell find(Row row) const { return row < cells_.size() ? cells_[row] : kNoCell; }
  /// Precondition: `row` has no cell. The new cell is the last.
  Cell insert(Row row) {
    const auto cell = static_cast<Cell>(owners_.size());
    if (row >= cells_.size()) cells_.resize(std::size_t{row} + 1, kNoCell);
    cells_[row] = cell;
    owners_.push_back(row);
    return cell;
  }
  /// The caller then moves its last cell to where `row`'s was, which is returned, and drops the last.
  Cell erase(Row row) {
    const Cell hole = cells_[row];
    owners_[hole] = owners_.back();
    cells_[owners_[hole]] = hole;
    cells_[row] = kNoCell;
    owners_.pop_back();
    return hole;
  }
  void reserve(std::size_t cells, std::size_t rows) {
    owners_.reserve(cells);
    cells_.reserve(rows);
  }
  void shrink() {
    owners_.shrink_to_fit();
    cells_.shrink_to_fit();
  }
  [[nodiscard]] std::size_t memory_bytes() const {
    return owners_.capacity() * sizeof(Row) + cells_.capacity() * sizeof(Cell);
  }

 private:
  std::vector<Row> owners_;
  std::vector<Cell> cells_;
};

/// One component of all entities that ever had it, dense. A removed one keeps its version and a default value.
template <class T>
class Column {
 public:
  [[nodiscard]] std::size_t size() const { return set_.size(); }
  [[nodiscard]] Cell find(Row row) const { return set_.find(row); }
  [[nodiscard]] bool is_present(Cell cell) const { return present_[cell]; }
  [[nodiscard]] const T& value(Cell cell) const { return values_[cell]; }
  [[nodiscard]] const Version& version(Cell cell) const { return versions_[cell]; }
  /// Null when the entity has no value here.
  [[nodiscard]] const T* get(Row row) const {
    const Cell cell = find(row);
    return cell != kNoCell && present_[cell] ? &values_[cell] : nullptr;
  }

  /// Precondition: `row` has no cell.
  void append(Row row, T&& value, bool is_present, Version version) {
    set_.insert(row);
    values_.push_back(std::move(value));
    versions_.push_back(version);
    present_.push_back(is_present);
  }
  void write(Cell cell, T&& value, bool is_present, Version version) {
    values_[cell] = std::move(value);
    versions_[cell] = version;
    present_[cell] = is_present;
  }
  void erase(Row row) {
    const Cell hole = set_.erase(row);
    if (hole + 1 != values_.size()) {
      values_[hole] = std::move(values_.back());
      versions_[hole] = versions_.back();
      present_[hole] = present_.back();
    }
    values_.pop_back();
    versions_.pop_back();
    present_.pop_back();
  }
  void reserve(std::size_t cells, std::size_t rows) {
    set_.reserve(cells, rows);
    values_.reserve(cells);
    versions_.reserve(cells);
    present_.reserve(cells);
  }
  /// Gives back what growing left over, once a load is complete; not worth a copy below an eighth.
  void shrink() {
    if (values_.capacity() - values_.size() <= values_.size() / 8) return;
    set_.shrink();
    values_.shrink_to_fit();
    versions_.shrink_to_fit();
    present_.shrink_to_fit();
  }
  [[nodiscard]] std::size_t memory_bytes() const {
    return set_.memory_bytes() + values_.capacity() * sizeof(T) + versions_.capacity() * sizeof(Version) +
           present_.capacity() / 8;
  }
  [[nodiscard]] const std::vector<T>& values() const { return values_; }

 private:
  SparseSet set_;
  std::vector<T> values_;
  std::vector<Version> versions_;
  std::vector<bool> present_;
};

/// Application components: a small vector for each entity that has any, ascending by component id.
class ApplicationColumn {
 public:
  struct Entry {
    std::uint64_t component = 0;
    Version version;
    Bytes value;
    bool is_present = false;
  };

  [[nodiscard]] const std::vector<Entry>* entries(Row row) const;
  [[nodiscard]] const Entry* find(Row row, std::uint64_t component) const;
  /// Makes the entry if there is none.
  Entry& entry(Row row, std::uint64_t component);
  /// Precondition: there is one.
  void erase(Row row, std::uint64_t component);
  [[nodiscard]] std::size_t memory_bytes() const;

 private:
  SparseSet set_;
  std::vector<std::vector<Entry>> lists_;
};

}  // namespace theta::scene

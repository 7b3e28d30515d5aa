#pragma once

#include "canonical.h"
#include "change_tape.h"
#include "hierarchy.h"
#include "registers.h"
#include "theta/crypto/set_hash.h"
#include "theta/scene/scene.h"

namespace theta::scene {

/// Rows whose transform stands outside the hash until somebody asks for it: what is dragged is written many times
/// between two looks at the hash, and costs one element then.
class UnhashedRows {
 public:
  /// So that asking for the hash never takes long.
  static constexpr std::size_t kRowsMax = 4096;

  [[nodiscard]] bool is_full() const { return rows_.size() >= kRowsMax; }
  [[nodiscard]] bool contains(Row row) const { return row < flags_.size() && flags_[row]; }
  void insert(Row row) {
    if (row >= flags_.size()) flags_.resize(std::size_t{row} + 1);
    flags_[row] = true;
    rows_.push_back(row);
  }
  /// Whether it was there.
  bool erase(Row row) {
    if (!contains(row)) return false;
    flags_[row] = false;
    return true;
  }
  /// Empties the set; `visit` gets each row once.
  template <class Visit>
  void take_all(Visit visit) {
    for (const Row row : rows_)
      if (erase(row)) visit(row);
    rows_.clear();
  }
  [[nodiscard]] std::size_t memory_bytes() const { return rows_.capacity() * sizeof(Row) + flags_.capacity() / 8; }

 private:
  std::vector<Row> rows_;  // a row that was erased may stand here still, and again
  std::vector<bool> flags_;
};

struct Scene::Impl {
  Hierarchy entities;
  Registers registers;
  crypto::SetHash hash;  // without what `unhashed` lists
  UnhashedRows unhashed;
  bool is_hash_frozen = false;
  Element element;
  Cost cost;
  /// Where `load` was: a snapshot comes entity by entity, or column by column in the entities' order.
  Row loaded_last = kRootRow;

  /// Precondition: the entity exists.
  [[nodiscard]] Row row_of(ObjectId entity) const;

  // The elements of one register, as it is now. The reference lives until the next call.
  const Element& existence_element(Row row, Element& into) const;
  const Element& parent_element(Row row, Element& into) const;
  const Element& register_element(Row row, const RegisterKey& key, Version version, Element& into) const;

  // Nothing of these happens while the hash is frozen; elements are not even made then.
  void add_node_to_hash(Row row);
  void remove_node_from_hash(Row row);
  void add_parent_to_hash(Row row);
  void remove_parent_from_hash(Row row);
  void add_register_to_hash(Row row, const RegisterKey& key, Version version);
  void remove_register_from_hash(Row row, const RegisterKey& key, Version version);
  /// `before` is the register's element.
  void remove_from_hash(Row row, Component component, const Element& before);
  /// Afterwards `hash` is the scene's.
  void hash_all();

  /// Writes a register and its part of the hash, and records the way back.
  void write(Row row, const RegisterKey& key, ComponentValue&& value, Version version, ChangeLog::Impl& log);
  /// Hangs a new entity behind `after` with all that stands in its row, and records its creation.
  Row add_entity(const NodeRecord& node, Row parent, Row after);
  void remove_entity(Row row);
  /// The order for a new last-but-`after` child; renumbers the children when there is no room.
  [[nodiscard]] std::uint64_t make_order(Row parent, Row after, ChangeLog::Impl& log);
  void renumber(Row parent, ChangeLog::Impl& log);
  [[nodiscard]] NodeRecord node_record(Row row) const;
  /// Hangs an entity elsewhere, in the hash too.
  void rehang(Row row, Row parent, Row after, std::uint64_t order, Version version);

  void take_back(const ChangeLog::Impl::Entry& entry);
  void take_back_register(const ChangeLog::Impl::Entry& entry);
  void take_back_node(const ChangeLog::Impl::Entry& entry);

  [[nodiscard]] Row find_for_load(ObjectId entity) const;
  [[nodiscard]] bool link_loaded(std::span<const LoadedEntity> loaded);
  [[nodiscard]] bool is_forest() const;
};

}  // namespace theta::scene

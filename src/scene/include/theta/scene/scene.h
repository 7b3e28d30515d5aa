#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "theta/base/ids.h"
#include "theta/crypto/set_hash.h"
#include "theta/scene/change_log.h"
#include "theta/scene/components.h"

namespace theta::scene {

/// The replicated scene: entities in a forest under one root, and their registers in dense columns. Knows nothing of
/// authors, roles or conflicts: `replica` decides what is written, the scene writes it, keeps its hash, and tells the
/// change log how to take it back exactly.
///
/// Every mutation has preconditions that the caller has asked for first; a breach is a programmer's fault
/// (THETA_CHECK). One thread.
class Scene {
 public:
  Scene();
  ~Scene();
  Scene(Scene&&) noexcept;
  Scene& operator=(Scene&&) noexcept;

  // ---- Queries. O(1) unless said otherwise. Of an entity that is not there: null, empty or the default. -----------

  [[nodiscard]] std::size_t entity_count() const;
  [[nodiscard]] bool contains(ObjectId entity) const;
  /// Unordered.
  void for_each_entity(const std::function<void(ObjectId)>& visit) const;
  /// In sibling order; `kNoObject` lists the root's children. O(children).
  [[nodiscard]] std::vector<ObjectId> children(ObjectId parent) const;
  [[nodiscard]] std::size_t child_count(ObjectId parent) const;
  [[nodiscard]] ObjectId first_child(ObjectId parent) const;
  [[nodiscard]] ObjectId next_sibling(ObjectId entity) const;
  [[nodiscard]] Place place(ObjectId entity) const;
  /// `entity` and all below, depth first in sibling order, or as many as `count_max + 1` (so that a caller sees that
  /// there are too many without paying for all).
  [[nodiscard]] std::vector<ObjectId> subtree(ObjectId entity, std::size_t count_max) const;

  enum class Ancestry : std::uint8_t { yes, no, too_deep };
  /// Whether `ancestor` is `entity` or above it; gives up after limits::kHierarchyDepthMax steps, for an ancestor that
  /// is not there too. `kNoObject` is the root, above all: asked of it, the answer says whether `entity` lies within
  /// the depth limit. O(depth).
  [[nodiscard]] Ancestry is_at_or_above(ObjectId ancestor, ObjectId entity) const;

  /// What calls have cost beyond what they were given, since the scene was made: links that `is_at_or_above` went up,
  /// and siblings that had to be numbered anew. Follows from the calls and the state they met, so that replicas can
  /// charge commands for it alike.
  struct Cost {
    std::uint64_t climbed = 0;
    std::uint64_t renumbered = 0;
  };
  [[nodiscard]] Cost cost() const;

  /// Null: never written. A removed component has a version and no value.
  [[nodiscard]] std::optional<Version> version(const RegisterKey& key) const;
  /// Copies the value; `monostate` when never written or removed.
  [[nodiscard]] ComponentValue value(const RegisterKey& key) const;
  // Typed reads without a copy; null when absent.
  [[nodiscard]] const std::string* name(ObjectId entity) const;
  [[nodiscard]] const Transform* transform(ObjectId entity) const;
  [[nodiscard]] const AssetId* mesh(ObjectId entity) const;
  [[nodiscard]] const Material* material(ObjectId entity) const;
  [[nodiscard]] bool visible(ObjectId entity) const;  // default true; own flag, not the ancestors'
  [[nodiscard]] const TagSet* tags(ObjectId entity) const;
  [[nodiscard]] const Light* light(ObjectId entity) const;
  [[nodiscard]] const Camera* camera(ObjectId entity) const;
  [[nodiscard]] const Bytes* application(ObjectId entity, std::uint64_t component) const;
  /// Application components that were ever written, the removed ones included: they keep their version, and so count
  /// against limits::kAppComponentsPerEntityMax.
  [[nodiscard]] std::size_t application_count(ObjectId entity) const;

  /// Every register of an entity that was ever written (existence and parent included), in the order of
  /// RegisterKey. O(components).
  [[nodiscard]] std::vector<RegisterKey> registers(ObjectId entity) const;

  /// Sum over all registers of H("theta/register/v1", key, version, canonical value). Transforms that were written
  /// since the last call are hashed now, each once: a few thousand at most. While it is frozen, as it was then.
  [[nodiscard]] const crypto::SetHash& hash() const;

  // ---- Mutations. Each records into `log` how to take it back. ---------------------------------------------------

  /// Adds a new entity as the last child of `parent`. Preconditions: the id is unused and not kNoObject, the parent
  /// exists or is kNoObject.
  void create(ObjectId entity, ObjectId parent, Version version, ChangeLog& log);
  /// Removes an entity without children, with all its registers.
  void destroy(ObjectId entity, ChangeLog& log);
  /// Writes a register other than existence and parent; `monostate` removes the value and keeps the version. Tags are
  /// sorted and freed of repeats first.
  void set(const RegisterKey& key, ComponentValue value, Version version, ChangeLog& log);
  /// The frequent case of `set`, without a variant.
  void set_transform(ObjectId entity, const Transform& transform, Version version, ChangeLog& log);
  /// Hangs `entity` under `parent` before the sibling `before` (kNoObject, or no child of `parent`: at the end; itself:
  /// where it is). When no order is free between the neighbours, the children of `parent` are renumbered evenly, which
  /// writes their places but not their versions.
  /// Precondition: `parent` is not in the entity's subtree.
  void move(ObjectId entity, ObjectId parent, ObjectId before, Version version, ChangeLog& log);
  /// As `move`, to exactly this order (ties: by id). O(siblings).
  void move_to(ObjectId entity, const Place& place, Version version, ChangeLog& log);

  /// What an entity was, for bringing it back: undo of a delete, redo of a create.
  struct EntityImage {
    ObjectId entity;
    Version existence;
    Version parent_version;
    Place place;
    struct Cell {
      RegisterKey key;
      ComponentValue value;
      Version version;
    };
    std::vector<Cell> cells;  // without existence and parent
  };
  [[nodiscard]] EntityImage image(ObjectId entity) const;
  /// Precondition: the id is unused and the parent exists.
  void restore(const EntityImage& image, ChangeLog& log);

  /// Takes back everything that `log` recorded since `mark`, newest first, versions and order included.
  void roll_back(ChangeLog& log, ChangeLog::Mark mark);
  /// From here until `thaw_hash` mutations leave the hash alone, which halves their cost: for what nobody hashes, since
  /// all of it is rolled back before `thaw_hash` (a precondition that only `recompute_hash` could check).
  void freeze_hash();
  void thaw_hash();

  // ---- Columns, for snapshots, views and statistics. ---------------------------------------------------------------

  /// Pre-sizes the entities, names and transforms for a load.
  void reserve(std::size_t entities);
  /// Pre-sizes one component for `count` values, as a snapshot's columns know them.
  void reserve(Component component, std::size_t count);
  /// Places many entities at once from a snapshot, in any order: parents and orders as stored; false, and nothing is
  /// loaded, when they do not form a forest (id zero or repeated, unknown parent, cycle). Any depth is accepted, since
  /// moving a deep subtree under a deep parent can pass the limit of what is walked. The scene must be empty.
  /// O(n), or O(n log n) when siblings do not come in order.
  struct LoadedEntity {
    ObjectId entity;
    Version existence;
    Place place;
    Version parent_version;
  };
  [[nodiscard]] bool load_entities(std::span<const LoadedEntity> entities);
  /// Bulk-loads one register without hashing or recording; `finish_load` then takes the hash as given. False, and
  /// nothing happens, for an entity that is not there, a register that has been loaded before, existence or parent, or
  /// a value of another component's type.
  bool load(const RegisterKey& key, ComponentValue value, Version version);
  void finish_load(const crypto::SetHash& hash);
  /// Recomputes the hash from all registers (verification; O(scene)).
  [[nodiscard]] crypto::SetHash recompute_hash() const;

  /// Bytes of all names, tags and application components: what a room's bound is held against. O(1).
  [[nodiscard]] std::size_t variable_bytes() const;
  /// Bytes held, payload (values' own bytes) and overhead apart, for quotas and benchmarks.
  struct MemoryUse {
    std::size_t payload_bytes = 0;
    std::size_t overhead_bytes = 0;
  };
  [[nodiscard]] MemoryUse memory_use() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace theta::scene

#pragma once

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "theta/crypto/hash.h"
#include "theta/crypto/set_hash.h"
#include "theta/scene/canonical.h"
#include "theta/scene/scene.h"

namespace theta::scene::testing {

/// The scene's contract written down in the plainest way: maps, full copies for going back, the hash summed anew each
/// time. Shares nothing with the product but the canonical form of values.
class Model {
 public:
  struct Register {
    ComponentValue value;
    Version version;
    friend bool operator==(const Register&, const Register&) = default;
  };
  struct Entity {
    Version existence;
    Version parent_version;
    Place place;
    std::map<std::pair<Component, std::uint64_t>, Register> registers;
    friend bool operator==(const Entity&, const Entity&) = default;
  };
  std::map<ObjectId, Entity> entities;

  [[nodiscard]] std::vector<ObjectId> children(ObjectId parent) const {
    std::set<std::pair<std::uint64_t, ObjectId>> sorted;
    for (const auto& [id, entity] : entities)
      if (entity.place.parent == parent) sorted.insert({entity.place.order, id});
    std::vector<ObjectId> ids;
    for (const auto& [order, id] : sorted) ids.push_back(id);
    return ids;
  }

  [[nodiscard]] bool is_at_or_above(ObjectId ancestor, ObjectId entity) const {
    while (entity != ancestor && entity != kNoObject) entity = entities.at(entity).place.parent;
    return entity == ancestor;
  }

  void create(ObjectId id, ObjectId parent, Version version) {
    const auto siblings = children(parent);
    const auto order = make_order(siblings, siblings.size());
    entities[id] = {version, version, {parent, order}, {}};
  }

  void move(ObjectId id, ObjectId parent, ObjectId before, Version version) {
    if (before == id) before = following(id);
    auto moved = entities.at(id);
    entities.erase(id);
    const auto siblings = children(parent);
    std::size_t at = 0;
    while (at < siblings.size() && siblings[at] != before) ++at;
    moved.place = {parent, make_order(siblings, at)};
    moved.parent_version = version;
    entities[id] = moved;
  }

  void set(const RegisterKey& key, ComponentValue value, Version version) {
    entities.at(key.entity).registers[{key.component, key.application}] = {std::move(value), version};
  }

  [[nodiscard]] crypto::SetHash hash() const {
    crypto::SetHash sum;
    for (const auto& [id, entity] : entities) {
      sum.add(element({id, Component::existence, 0}, entity.existence, {}));
      sum.add(element({id, Component::parent, 0}, entity.parent_version, entity.place));
      for (const auto& [name, held] : entity.registers)
        sum.add(element({id, name.first, name.second}, held.version, held.value));
    }
    return sum;
  }

 private:
  [[nodiscard]] ObjectId following(ObjectId id) const {
    const auto siblings = children(entities.at(id).place.parent);
    for (std::size_t at = 0; at + 1 < siblings.size(); ++at)
      if (siblings[at] == id) return siblings[at + 1];
    return kNoObject;
  }

  /// An order for a new sibling at index `at`.
  std::uint64_t make_order(const std::vector<ObjectId>& siblings, std::size_t at) {
    constexpr std::uint64_t kGap = std::uint64_t{1} << 32;
    constexpr std::uint64_t kStep = std::uint64_t{1} << 16;
    const auto order_of = [&](std::size_t index) { return entities.at(siblings[index]).place.order; };
    const auto low = [&] { return at == 0 ? 0 : order_of(at - 1); };
    const bool is_last = at == siblings.size();
    const bool is_full = is_last ? low() > ~std::uint64_t{0} - kGap : order_of(at) - low() < 2;
    if (is_full)
      for (std::size_t index = 0; index < siblings.size(); ++index)
        entities.at(siblings[index]).place.order = (index + 1) * kGap;
    if (is_last) return low() + kGap;
    const std::uint64_t step = std::min((order_of(at) - low()) / 2, kStep);
    return at == 0 ? order_of(0) - step : low() + step;
  }

  static Hash256 element(const RegisterKey& key, Version version, const ComponentValue& value) {
    Bytes bytes;
    append_canonical(value, bytes);
    return crypto::Hasher("theta/register/v1")
        .update_integer(key.entity.value())
        .update_integer(static_cast<std::uint8_t>(key.component))
        .update_integer(key.application)
        .update_integer(version.raw_stamp())
        .update_integer(version.raw_writer())
        .update(bytes)
        .finish();
  }
};

}  // namespace theta::scene::testing

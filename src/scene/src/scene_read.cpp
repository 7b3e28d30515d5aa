#include <algorithm>

#include "scene_impl.h"
#include "theta/base/check.h"
#include "theta/base/limits.h"

namespace theta::scene {

Scene::Scene() : impl_(std::make_unique<Impl>()) {}
Scene::~Scene() = default;
Scene::Scene(Scene&&) noexcept = default;
Scene& Scene::operator=(Scene&&) noexcept = default;

Row Scene::Impl::row_of(ObjectId entity) const {
  const Row row = entities.find(entity);
  THETA_CHECK(row != kNoRow);
  return row;
}

const Element& Scene::Impl::existence_element(Row row, Element& into) const {
  into.begin({entities.id(row), Component::existence, 0}, entities.existence(row)).push_back(0);
  return into;
}

const Element& Scene::Impl::parent_element(Row row, Element& into) const {
  auto& out = into.begin({entities.id(row), Component::parent, 0}, entities.parent_version(row));
  out.push_back(1);
  encode_body(out, entities.place(row));
  return into;
}

const Element& Scene::Impl::register_element(Row row, const RegisterKey& key, Version version, Element& into) const {
  registers.encode(row, key.component, key.application, into.begin(key, version));
  return into;
}

std::size_t Scene::entity_count() const { return impl_->entities.size(); }

bool Scene::contains(ObjectId entity) const { return impl_->entities.find(entity) != kNoRow; }

void Scene::for_each_entity(const std::function<void(ObjectId)>& visit) const {
  const auto& entities = impl_->entities;
  for (Row row = 0; row < entities.row_end(); ++row)
    if (entities.is_entity(row)) visit(entities.id(row));
}

std::vector<ObjectId> Scene::children(ObjectId parent) const {
  std::vector<ObjectId> children;
  const auto& entities = impl_->entities;
  const Row above = entities.find_or_root(parent);
  if (above == kNoRow) return children;
  for (Row row = entities.links(above).first_child; row != kNoRow; row = entities.links(row).next)
    children.push_back(entities.id(row));
  return children;
}

ObjectId Scene::first_child(ObjectId parent) const {
  const auto& entities = impl_->entities;
  const Row row = entities.find_or_root(parent);
  return row == kNoRow ? kNoObject : entities.id_or_none(entities.links(row).first_child);
}

std::size_t Scene::child_count(ObjectId parent) const {
  const Row row = impl_->entities.find_or_root(parent);
  return row == kNoRow ? 0 : impl_->entities.child_count(row);
}

Scene::Cost Scene::cost() const { return impl_->cost; }

ObjectId Scene::next_sibling(ObjectId entity) const {
  const auto& entities = impl_->entities;
  const Row row = entities.find(entity);
  return row == kNoRow ? kNoObject : entities.id_or_none(entities.links(row).next);
}

Place Scene::place(ObjectId entity) const {
  const Row row = impl_->entities.find(entity);
  return row == kNoRow ? Place{} : impl_->entities.place(row);
}

std::vector<ObjectId> Scene::subtree(ObjectId entity, std::size_t count_max) const {
  std::vector<ObjectId> found;
  const auto& entities = impl_->entities;
  const Row top = entities.find(entity);
  for (Row row = top; row != kNoRow && found.size() <= count_max; row = entities.next_in_subtree(row, top))
    found.push_back(entities.id(row));
  return found;
}

Scene::Ancestry Scene::is_at_or_above(ObjectId ancestor, ObjectId entity) const {
  const auto& entities = impl_->entities;
  const Row wanted = entities.find_or_root(ancestor);
  Row row = entities.find_or_root(entity);
  if (row == kNoRow) return Ancestry::no;
  for (std::size_t steps = 0; steps <= limits::kHierarchyDepthMax; ++steps) {
    ++impl_->cost.climbed;
    if (row == wanted) return Ancestry::yes;
    if (row == kRootRow) return Ancestry::no;
    row = entities.links(row).parent;
  }
  return Ancestry::too_deep;
}

std::optional<Version> Scene::version(const RegisterKey& key) const {
  const Row row = impl_->entities.find(key.entity);
  if (row == kNoRow) return std::nullopt;
  if (key.component == Component::existence) return impl_->entities.existence(row);
  if (key.component == Component::parent) return impl_->entities.parent_version(row);
  return impl_->registers.version(row, key.component, key.application);
}

ComponentValue Scene::value(const RegisterKey& key) const {
  const Row row = impl_->entities.find(key.entity);
  if (row == kNoRow || key.component == Component::existence) return {};
  if (key.component == Component::parent) return impl_->entities.place(row);
  return impl_->registers.value(row, key.component, key.application);
}

// A row that is not there has a cell in no column, since kNoRow is past the end of every sparse index.
const std::string* Scene::name(ObjectId entity) const {
  return impl_->registers.names().get(impl_->entities.find(entity));
}
const Transform* Scene::transform(ObjectId entity) const {
  return impl_->registers.transforms().get(impl_->entities.find(entity));
}
const AssetId* Scene::mesh(ObjectId entity) const {
  return impl_->registers.meshes().get(impl_->entities.find(entity));
}
const Material* Scene::material(ObjectId entity) const {
  return impl_->registers.materials().get(impl_->entities.find(entity));
}
bool Scene::visible(ObjectId entity) const {
  const auto* flag = impl_->registers.visibilities().get(impl_->entities.find(entity));
  return flag == nullptr || *flag != 0;
}
const TagSet* Scene::tags(ObjectId entity) const { return impl_->registers.tags().get(impl_->entities.find(entity)); }
const Light* Scene::light(ObjectId entity) const { return impl_->registers.lights().get(impl_->entities.find(entity)); }
const Camera* Scene::camera(ObjectId entity) const {
  return impl_->registers.cameras().get(impl_->entities.find(entity));
}

const Bytes* Scene::application(ObjectId entity, std::uint64_t component) const {
  const auto* entry = impl_->registers.applications().find(impl_->entities.find(entity), component);
  return entry != nullptr && entry->is_present ? &entry->value : nullptr;
}

std::size_t Scene::application_count(ObjectId entity) const {
  const auto* entries = impl_->registers.applications().entries(impl_->entities.find(entity));
  return entries == nullptr ? 0 : entries->size();
}

std::vector<RegisterKey> Scene::registers(ObjectId entity) const {
  std::vector<RegisterKey> keys;
  const Row row = impl_->entities.find(entity);
  if (row == kNoRow) return keys;
  keys.push_back({entity, Component::existence, 0});
  keys.push_back({entity, Component::parent, 0});
  impl_->registers.list(row, entity, keys);
  return keys;
}

const crypto::SetHash& Scene::hash() const {
  impl_->hash_all();
  return impl_->hash;
}

crypto::SetHash Scene::recompute_hash() const {
  const auto& impl = *impl_;
  crypto::SetHash sum;
  Element element;
  std::vector<RegisterKey> keys;
  for (Row row = 0; row < impl.entities.row_end(); ++row) {
    if (!impl.entities.is_entity(row)) continue;
    sum.add(impl.existence_element(row, element).hash());
    sum.add(impl.parent_element(row, element).hash());
    keys.clear();
    impl.registers.list(row, impl.entities.id(row), keys);
    for (const auto& key : keys) {
      const auto version = impl.registers.version(row, key.component, key.application);
      sum.add(impl.register_element(row, key, *version, element).hash());
    }
  }
  return sum;
}

Scene::EntityImage Scene::image(ObjectId entity) const {
  const auto& impl = *impl_;
  const Row row = impl.row_of(entity);
  EntityImage image;
  image.entity = entity;
  image.existence = impl.entities.existence(row);
  image.parent_version = impl.entities.parent_version(row);
  image.place = impl.entities.place(row);
  std::vector<RegisterKey> keys;
  impl.registers.list(row, entity, keys);
  image.cells.reserve(keys.size());
  for (const auto& key : keys)
    image.cells.push_back({key, impl.registers.value(row, key.component, key.application),
                           *impl.registers.version(row, key.component, key.application)});
  return image;
}

std::size_t Scene::variable_bytes() const { return impl_->registers.variable_bytes(); }

Scene::MemoryUse Scene::memory_use() const {
  // A place is a value too: the parent's id and the order.
  const std::size_t payload =
      impl_->registers.payload_bytes() + entity_count() * (sizeof(ObjectId) + sizeof(std::uint64_t));
  const std::size_t held = sizeof(Impl) + impl_->entities.memory_bytes() + impl_->registers.memory_bytes() +
                           impl_->unhashed.memory_bytes() + impl_->element.memory_bytes();
  return {payload, held - payload};
}

}  // namespace theta::scene

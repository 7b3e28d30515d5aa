#include <algorithm>

#include "scene_impl.h"
#include "theta/base/check.h"

namespace theta::scene {

namespace {

/// Tags come from many hands; every replica must hold the same bytes for the same set.
void normalise(ComponentValue& value) {
  auto* tags = std::get_if<TagSet>(&value);
  if (tags == nullptr) return;
  std::sort(tags->begin(), tags->end());
  tags->erase(std::unique(tags->begin(), tags->end()), tags->end());
}

}  // namespace

// ---- Parts -------------------------------------------------------------------------------------------------------

void Scene::Impl::write(Row row, const RegisterKey& key, ComponentValue&& value, Version version,
                        ChangeLog::Impl& log) {
  if (const auto held = registers.version(row, key.component, key.application)) {
    const auto& before = register_element(row, key, *held, element);
    log.push(Step::written, before.preimage());
    remove_from_hash(row, key.component, before);
  } else {
    log.push_record(Step::added, key);
  }
  registers.write(row, key.component, key.application, std::move(value), version);
  add_register_to_hash(row, key, version);
}

void Scene::Impl::add_register_to_hash(Row row, const RegisterKey& key, Version version) {
  if (!is_hash_frozen) hash.add(register_element(row, key, version, element).hash());
}

void Scene::Impl::remove_register_from_hash(Row row, const RegisterKey& key, Version version) {
  if (!is_hash_frozen) remove_from_hash(row, key.component, register_element(row, key, version, element));
}

void Scene::Impl::remove_from_hash(Row row, Component component, const Element& before) {
  if (is_hash_frozen || (component == Component::transform && unhashed.erase(row))) return;
  hash.remove(before.hash());
}

void Scene::Impl::add_parent_to_hash(Row row) {
  if (!is_hash_frozen) hash.add(parent_element(row, element).hash());
}

void Scene::Impl::remove_parent_from_hash(Row row) {
  if (!is_hash_frozen) hash.remove(parent_element(row, element).hash());
}

void Scene::Impl::add_node_to_hash(Row row) {
  if (!is_hash_frozen) hash.add(existence_element(row, element).hash());
  add_parent_to_hash(row);
}

void Scene::Impl::remove_node_from_hash(Row row) {
  if (!is_hash_frozen) hash.remove(existence_element(row, element).hash());
  remove_parent_from_hash(row);
}

void Scene::Impl::hash_all() {
  const auto& column = registers.transforms();
  unhashed.take_all([&](Row row) {
    const Cell cell = column.find(row);
    hash.add(TransformElement(entities.id(row), column.value(cell), column.version(cell)).hash());
  });
}

NodeRecord Scene::Impl::node_record(Row row) const {
  const auto& links = entities.links(row);
  return {entities.id(row),    entities.id(links.parent), entities.id_or_none(links.previous),
          entities.order(row), entities.existence(row),   entities.parent_version(row)};
}

Row Scene::Impl::add_entity(const NodeRecord& node, Row parent, Row after) {
  const Row row = entities.add(node.entity, node.existence);
  THETA_CHECK(row != kNoRow);
  entities.set_parent_version(row, node.parent_version);
  entities.set_order(row, node.order);
  entities.link(row, parent, after);
  add_node_to_hash(row);
  return row;
}

void Scene::Impl::remove_entity(Row row) {
  remove_node_from_hash(row);
  entities.unlink(row);
  entities.remove(row);
}

void Scene::Impl::renumber(Row parent, ChangeLog::Impl& log) {
  std::uint64_t order = 0;
  for (Row row = entities.links(parent).first_child; row != kNoRow; row = entities.links(row).next) {
    order += kOrderGap;
    ++cost.renumbered;
    if (entities.order(row) == order) continue;
    remove_parent_from_hash(row);
    log.push_record(Step::renumbered, OrderRecord{entities.id(row), entities.order(row)});
    entities.set_order(row, order);
    add_parent_to_hash(row);
  }
}

std::uint64_t Scene::Impl::make_order(Row parent, Row after, ChangeLog::Impl& log) {
  auto order = entities.order_behind(parent, after);
  if (!order) {
    renumber(parent, log);
    order = entities.order_behind(parent, after);
  }
  return *order;
}

void Scene::Impl::rehang(Row row, Row parent, Row after, std::uint64_t order, Version version) {
  entities.set_order(row, order);
  entities.set_parent_version(row, version);
  entities.link(row, parent, after);
  add_parent_to_hash(row);
}

// ---- Mutations ---------------------------------------------------------------------------------------------------

void Scene::create(ObjectId entity, ObjectId parent, Version version, ChangeLog& log) {
  THETA_CHECK(entity != kNoObject);
  const Row above = impl_->entities.find_or_root(parent);
  THETA_CHECK(above != kNoRow);
  const Row after = impl_->entities.links(above).last_child;
  const auto order = impl_->make_order(above, after, *log.impl_);
  impl_->add_entity({entity, parent, kNoObject, order, version, version}, above, after);
  log.impl_->push_record(Step::created, entity);
}

void Scene::destroy(ObjectId entity, ChangeLog& log) {
  auto& impl = *impl_;
  const Row row = impl.row_of(entity);
  THETA_CHECK(impl.entities.links(row).first_child == kNoRow);
  std::vector<RegisterKey> keys;
  impl.registers.list(row, entity, keys);
  for (const auto& key : keys) {
    const auto version = impl.registers.version(row, key.component, key.application);
    const auto& before = impl.register_element(row, key, *version, impl.element);
    log.impl_->push(Step::erased, before.preimage());
    impl.remove_from_hash(row, key.component, before);
    impl.registers.erase(row, key.component, key.application);
  }
  log.impl_->push_record(Step::destroyed, impl.node_record(row));
  impl.remove_entity(row);
}

void Scene::set(const RegisterKey& key, ComponentValue value, Version version, ChangeLog& log) {
  THETA_CHECK(is_settable(key) && is_value_of(value, key.component));
  if (const auto* transform = std::get_if<Transform>(&value))
    return set_transform(key.entity, *transform, version, log);
  normalise(value);
  impl_->write(impl_->row_of(key.entity), key, std::move(value), version, *log.impl_);
}

void Scene::set_transform(ObjectId entity, const Transform& transform, Version version, ChangeLog& log) {
  auto& impl = *impl_;
  const Row row = impl.row_of(entity);
  auto& column = impl.registers.transforms();
  const Cell cell = column.find(row);
  if (cell == kNoCell || !column.is_present(cell))
    return impl.write(row, {entity, Component::transform, 0}, transform, version, *log.impl_);
  const TransformElement before(entity, column.value(cell), column.version(cell));
  if (!impl.is_hash_frozen && !impl.unhashed.contains(row)) {
    if (impl.unhashed.is_full()) impl.hash_all();
    impl.hash.remove(before.hash());
    impl.unhashed.insert(row);
  }
  log.impl_->push(Step::written, before.preimage());
  column.write(cell, Transform(transform), true, version);
}

void Scene::move(ObjectId entity, ObjectId parent, ObjectId before, Version version, ChangeLog& log) {
  auto& impl = *impl_;
  auto& entities = impl.entities;
  const Row row = impl.row_of(entity);
  const Row above = entities.find_or_root(parent);
  THETA_CHECK(above != kNoRow && !entities.is_at_or_above(row, above));
  const auto record = impl.node_record(row);
  Row next = entities.find(before);
  if (next == row) next = entities.links(row).next;
  impl.remove_parent_from_hash(row);
  entities.unlink(row);
  const bool has_next = next != kNoRow && entities.links(next).parent == above;
  const Row after = has_next ? entities.links(next).previous : entities.links(above).last_child;
  const auto order = impl.make_order(above, after, *log.impl_);
  impl.rehang(row, above, after, order, version);
  log.impl_->push_record(Step::moved, record);
}

void Scene::move_to(ObjectId entity, const Place& place, Version version, ChangeLog& log) {
  auto& impl = *impl_;
  const Row row = impl.row_of(entity);
  const Row above = impl.entities.find_or_root(place.parent);
  THETA_CHECK(above != kNoRow && !impl.entities.is_at_or_above(row, above));
  log.impl_->push_record(Step::moved, impl.node_record(row));
  impl.remove_parent_from_hash(row);
  impl.entities.unlink(row);
  impl.rehang(row, above, impl.entities.find_position(above, place.order, entity), place.order, version);
}

void Scene::restore(const EntityImage& image, ChangeLog& log) {
  THETA_CHECK(image.entity != kNoObject);
  const Row above = impl_->entities.find_or_root(image.place.parent);
  THETA_CHECK(above != kNoRow);
  const Row after = impl_->entities.find_position(above, image.place.order, image.entity);
  const Row row = impl_->add_entity(
      {image.entity, image.place.parent, kNoObject, image.place.order, image.existence, image.parent_version}, above,
      after);
  log.impl_->push_record(Step::created, image.entity);
  for (const auto& cell : image.cells) {
    THETA_CHECK(cell.key.entity == image.entity && is_settable(cell.key) &&
                is_value_of(cell.value, cell.key.component));
    impl_->write(row, cell.key, ComponentValue(cell.value), cell.version, *log.impl_);
  }
}

// ---- Going back --------------------------------------------------------------------------------------------------

void Scene::roll_back(ChangeLog& log, ChangeLog::Mark mark) {
  THETA_CHECK(mark <= log.mark());
  while (log.mark() > mark) {
    impl_->take_back(log.impl_->last());
    log.impl_->pop();
  }
  THETA_CHECK(log.mark() == mark);
}

void Scene::freeze_hash() {
  THETA_CHECK(!impl_->is_hash_frozen);
  // Rows may stand for other entities once all is rolled back, so none may wait for its hash meanwhile.
  impl_->hash_all();
  impl_->is_hash_frozen = true;
}

void Scene::thaw_hash() {
  THETA_CHECK(impl_->is_hash_frozen);
  impl_->is_hash_frozen = false;
}

void Scene::Impl::take_back(const ChangeLog::Impl::Entry& entry) {
  switch (entry.step) {
    case Step::created: return remove_entity(row_of(entry.record<ObjectId>()));
    case Step::added: {
      const auto key = entry.record<RegisterKey>();
      const Row row = row_of(key.entity);
      const auto version = registers.version(row, key.component, key.application);
      remove_register_from_hash(row, key, *version);
      return registers.erase(row, key.component, key.application);
    }
    case Step::written:
    case Step::erased: return take_back_register(entry);
    case Step::destroyed:
    case Step::moved: return take_back_node(entry);
    case Step::renumbered: {
      const auto record = entry.record<OrderRecord>();
      const Row row = row_of(record.entity);
      remove_parent_from_hash(row);
      entities.set_order(row, record.order);
      return add_parent_to_hash(row);
    }
  }
}

void Scene::Impl::take_back_register(const ChangeLog::Impl::Entry& entry) {
  ByteReader reader(entry.body);
  const auto [key, version] = read_element_head(reader);
  const Row row = row_of(key.entity);
  if (entry.step == Step::written) {
    const auto held = registers.version(row, key.component, key.application);
    remove_register_from_hash(row, key, *held);
  }
  auto value = decode_value(reader, key.component, Source::own);
  THETA_CHECK(value.has_value());
  registers.write(row, key.component, key.application, std::move(*value), version);
  if (is_hash_frozen) return;
  element.assign(entry.body);
  hash.add(element.hash());
}

void Scene::Impl::take_back_node(const ChangeLog::Impl::Entry& entry) {
  const auto node = entry.record<NodeRecord>();
  const Row parent = entities.find_or_root(node.parent);
  const Row after = entities.find(node.previous);
  if (entry.step == Step::destroyed) {
    add_entity(node, parent, after);
    return;
  }
  const Row row = row_of(node.entity);
  remove_parent_from_hash(row);
  entities.unlink(row);
  rehang(row, parent, after, node.order, node.parent_version);
}

}  // namespace theta::scene

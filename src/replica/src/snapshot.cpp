#include <algorithm>
#include <cmath>

#include "replica_impl.h"
#include "theta/base/check.h"
#include "theta/base/limits.h"
#include "theta/crypto/hash.h"
#include "theta/replica/convert.h"
#include "theta/wire/schema.h"

namespace theta::replica {

namespace fb = wire::fb;
using flatbuffers::FlatBufferBuilder;
using flatbuffers::Offset;
using flatbuffers::Vector;
using scene::Component;
using scene::RegisterKey;

namespace {

fb::Version version_to_fb(const scene::Version& version) { return {version.raw_stamp(), version.raw_writer()}; }
// FlatBuffers has one way for scalars and offsets and another for structs.
template <class Value>
auto vector_of(FlatBufferBuilder& builder, const std::vector<Value>& values) {
  if constexpr (std::is_same_v<Value, fb::Transform> || std::is_same_v<Value, fb::Bytes32> ||
                std::is_same_v<Value, fb::Light> || std::is_same_v<Value, fb::Camera>)
    return builder.CreateVectorOfStructs(values);
  else
    return builder.CreateVector(values);
}

/// Writes the scene's columns, entity by entity in ascending id.
class SceneWriter {
 public:
  SceneWriter(FlatBufferBuilder& builder, const scene::Scene& scene) : builder_(builder), scene_(scene) {
    entities_.reserve(scene.entity_count());
    scene.for_each_entity([this](ObjectId entity) { entities_.push_back(entity.value()); });
    std::sort(entities_.begin(), entities_.end());
  }

  Offset<Vector<std::uint64_t>> entities() { return builder_.CreateVector(entities_); }

  Offset<Vector<const fb::Version*>> existence() {
    std::vector<fb::Version> versions;
    versions.reserve(entities_.size());
    for (const auto entity : entities_)
      versions.push_back(version_to_fb(*scene_.version({ObjectId{entity}, Component::existence, 0})));
    return builder_.CreateVectorOfStructs(versions);
  }

  Offset<Vector<const fb::ParentCell*>> parents() {
    std::vector<fb::ParentCell> cells;
    cells.reserve(entities_.size());
    for (const auto entity : entities_) {
      const auto place = scene_.place(ObjectId{entity});
      const auto version = scene_.version({ObjectId{entity}, Component::parent, 0});
      cells.emplace_back(place.parent.value(), place.order, version_to_fb(*version));
    }
    return builder_.CreateVectorOfStructs(cells);
  }

  /// One column of the type `Column`. `read` gives a pointer to an entity's value or null; `convert` makes of it what
  /// the column's vector holds.
  template <class Column, class Read, class Convert>
  Offset<Column> column(Component component, Read read, Convert convert) {
    using Value = decltype(convert(*read(ObjectId{})));
    std::vector<std::uint32_t> rows;
    std::vector<fb::Version> versions;
    std::vector<Value> values;
    for (std::uint32_t row = 0; row < entities_.size(); ++row) {
      const ObjectId entity{entities_[row]};
      const auto version = scene_.version({entity, component, 0});
      if (!version) continue;
      if (const auto* value = read(entity)) {
        rows.push_back(row);
        versions.push_back(version_to_fb(*version));
        values.push_back(convert(*value));
      } else {
        removed_.emplace_back(row, static_cast<fb::Component>(component), 0, version_to_fb(*version));
      }
    }
    const auto row_vector = builder_.CreateVector(rows);
    const auto version_vector = builder_.CreateVectorOfStructs(versions);
    const auto value_vector = vector_of(builder_, values);
    typename Column::Builder column(builder_);
    column.add_rows(row_vector);
    column.add_versions(version_vector);
    column.add_values(value_vector);
    return column.Finish();
  }

  Offset<Vector<Offset<fb::AppCell>>> apps() {
    std::vector<Offset<fb::AppCell>> cells;
    for (std::uint32_t row = 0; row < entities_.size(); ++row) {
      if (scene_.application_count(ObjectId{entities_[row]}) == 0) continue;
      for (const auto& key : scene_.registers(ObjectId{entities_[row]})) {
        if (key.component != Component::application) continue;
        const auto version = version_to_fb(*scene_.version(key));
        const auto* bytes = scene_.application(key.entity, key.application);
        if (bytes)
          cells.push_back(fb::CreateAppCell(builder_, row, key.application, &version, builder_.CreateVector(*bytes)));
        else
          removed_.emplace_back(row, fb::Component::application, key.application, version);
      }
    }
    return builder_.CreateVector(cells);
  }

  /// After all columns.
  Offset<Vector<const fb::RemovedRegister*>> removed() { return builder_.CreateVectorOfStructs(removed_); }

 private:
  FlatBufferBuilder& builder_;
  const scene::Scene& scene_;
  std::vector<std::uint64_t> entities_;
  std::vector<fb::RemovedRegister> removed_;
};

Offset<Vector<Offset<fb::AuthorState>>> write_authors(FlatBufferBuilder& builder, const RoomState& state) {
  std::vector<const log::Member*> members;
  for (const auto& [key, member] : state.members().all()) members.push_back(&member);
  std::stable_sort(members.begin(), members.end(),
                   [](const log::Member* a, const log::Member* b) { return a->slot < b->slot; });
  std::vector<Offset<fb::AuthorState>> authors;
  for (const auto* member : members) {
    Bytes journal_bytes;
    const auto* journal = member->slot == kNoSlot ? nullptr : state.journal(member->slot);
    if (journal)
      for (const auto& entry : journal->entries()) append_entry(entry, journal_bytes);
    std::vector<std::uint64_t> selected;
    for (const auto entity : member->selection) selected.push_back(entity.value());
    const auto key = wire::to_fb32(member->key);
    const auto head = wire::to_fb32(member->head);
    const auto invite = wire::to_fb32(member->invite);
    const auto name = builder.CreateString(member->display_name);
    const auto selection = builder.CreateVector(selected);
    const auto tool = builder.CreateString(member->tool);
    const auto journal_vector = builder.CreateVector(journal_bytes);
    authors.push_back(fb::CreateAuthorState(
        builder, &key, name, member->role, member->slot.value(), member->nonce.value(), &head, member->stamp.value(),
        member->object_counter, selection, tool, journal_vector, member->invite.is_zero() ? nullptr : &invite));
  }
  return builder.CreateVector(authors);
}

Offset<Vector<Offset<fb::InviteState>>> write_invites(FlatBufferBuilder& builder, const log::Members& members) {
  std::vector<Offset<fb::InviteState>> invites;
  for (const auto& [key, uses] : members.invites()) {
    const auto bytes = wire::to_fb32(key);
    invites.push_back(fb::CreateInviteState(builder, &bytes, uses));
  }
  return builder.CreateVector(invites);
}

Offset<Vector<Offset<fb::PolicyRule>>> write_policies(FlatBufferBuilder& builder, const log::PolicyTable& policies) {
  std::vector<Offset<fb::PolicyRule>> rules;
  for (const auto& [scope, strategy] : policies.all())
    rules.push_back(fb::CreatePolicyRule(
        builder, scope.entity.value(), scope.component.value_or(fb::Component::existence), !scope.component, strategy));
  return builder.CreateVector(rules);
}

Offset<Vector<const fb::Tombstone*>> write_tombstones(FlatBufferBuilder& builder, const Tombstones& tombstones) {
  std::vector<fb::Tombstone> stones;
  for (const auto& [position, stone] : tombstones.in_order())
    stones.emplace_back(stone.entity.value(), version_to_fb(stone.version));
  return builder.CreateVectorOfStructs(stones);
}

}  // namespace

Bytes Replica::save_snapshot() const {
  THETA_CHECK(!has_predictions());
  const auto& state = impl_->state;
  const auto& scene = state.scene();
  FlatBufferBuilder builder(scene.entity_count() * 192 + 4096);
  SceneWriter writer(builder, scene);
  const auto entities = writer.entities();
  const auto existence = writer.existence();
  const auto parents = writer.parents();
  const auto as_is = [](const auto& value) { return replica::to_fb(value); };
  const auto names = writer.column<fb::NameColumn>(
      Component::name, [&](ObjectId entity) { return scene.name(entity); },
      [&](const std::string& name) { return builder.CreateString(name); });
  const auto transforms = writer.column<fb::TransformColumn>(
      Component::transform, [&](ObjectId entity) { return scene.transform(entity); }, as_is);
  const auto meshes = writer.column<fb::MeshColumn>(
      Component::mesh, [&](ObjectId entity) { return scene.mesh(entity); },
      [](const AssetId& mesh) { return wire::to_fb32(mesh); });
  const auto materials = writer.column<fb::MaterialColumn>(
      Component::material, [&](ObjectId entity) { return scene.material(entity); },
      [&](const scene::Material& material) { return replica::to_fb(builder, material); });
  bool visible = true;
  const auto visibilities = writer.column<fb::VisibilityColumn>(
      Component::visibility,
      [&](ObjectId entity) -> const bool* {
        const auto value = scene.value({entity, Component::visibility, 0});
        const auto* present = std::get_if<bool>(&value);
        if (!present) return nullptr;
        visible = *present;
        return &visible;
      },
      [](bool value) { return static_cast<std::uint8_t>(value ? 1 : 0); });
  const auto tags = writer.column<fb::TagsColumn>(
      Component::tags, [&](ObjectId entity) { return scene.tags(entity); },
      [&](const scene::TagSet& set) { return fb::CreateTagSet(builder, builder.CreateVectorOfStrings(set)); });
  const auto lights = writer.column<fb::LightColumn>(
      Component::light, [&](ObjectId entity) { return scene.light(entity); }, as_is);
  const auto cameras = writer.column<fb::CameraColumn>(
      Component::camera, [&](ObjectId entity) { return scene.camera(entity); }, as_is);
  const auto apps = writer.apps();
  const auto removed = writer.removed();
  const auto authors = write_authors(builder, state);
  const auto invites = write_invites(builder, state.members());
  const auto policies = write_policies(builder, state.policies());
  const auto tombstones = write_tombstones(builder, state.tombstones());
  const auto name = builder.CreateString(impl_->name);
  const auto room = wire::to_fb32(this->room());
  const auto hash_of_record = wire::to_fb32(impl_->record_hash);
  const auto hash_of_state = wire::to_fb32(state_hash());
  const auto hash_of_scene = wire::to_fb32(scene.hash().value());
  builder.Finish(
      fb::CreateSnapshot(builder, wire::kSchemaRevision, &room, name, impl_->head.value(), to_unix_ms(impl_->hub_time),
                         impl_->latest_stamp.value(), &hash_of_record, &hash_of_state, &hash_of_scene, entities,
                         existence, parents, names, transforms, meshes, materials, visibilities, tags, lights, cameras,
                         apps, removed, authors, invites, policies, tombstones),
      fb::SnapshotIdentifier());
  return {builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};
}

}  // namespace theta::replica

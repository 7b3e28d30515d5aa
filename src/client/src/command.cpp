#include "theta/client/command.h"

#include "values.h"

namespace theta::client {
namespace {

namespace fb = wire::fb;

Command finish(flatbuffers::FlatBufferBuilder& builder, fb::Command type, flatbuffers::Offset<void> command) {
  const auto types = builder.CreateVector(std::vector<fb::Command>{type});
  const auto values = builder.CreateVector(std::vector<flatbuffers::Offset<void>>{command});
  builder.Finish(fb::CreateCommandPayload(builder, types, values));
  return Command(Bytes(builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()));
}

template <class Table>
Command make(Table table) {
  fb::CommandUnion command;
  command.Set(std::move(table));
  return Command(std::move(command));
}

template <class Table>
Table with_targets(commands::Targets targets) {
  Table table;
  table.targets = to_fb(targets);
  return table;
}

template <class Struct, class Value>
std::unique_ptr<Struct> optional_to_fb(const std::optional<Value>& value) {
  return value ? std::make_unique<Struct>(to_fb(*value)) : nullptr;
}

}  // namespace

Command::Command(fb::CommandUnion command) {
  flatbuffers::FlatBufferBuilder builder(256);
  const auto type = command.type;
  *this = finish(builder, type, command.Pack(builder));
}

namespace commands {

Command delete_entities(Targets targets) { return make(with_targets<fb::DeleteEntitiesT>(targets)); }

Command rename(ObjectId target, std::string name) {
  fb::RenameEntityT table;
  table.target = target.value();
  table.name = std::move(name);
  return make(std::move(table));
}

Command reparent(Targets targets, ObjectId parent, ObjectId before) { return reparent(targets, parent, before, {}); }

Command reparent(Targets targets, ObjectId parent, ObjectId before, std::span<const scene::Transform> transforms) {
  auto table = with_targets<fb::ReparentEntitiesT>(targets);
  table.parent = parent.value();
  table.before = before.value();
  for (const auto& transform : transforms) table.transforms.push_back(to_fb(transform));
  return make(std::move(table));
}

Command reorder(Targets targets, ObjectId before) {
  auto table = with_targets<fb::ReorderEntitiesT>(targets);
  table.before = before.value();
  return make(std::move(table));
}

Command set_transform(Targets targets, std::span<const scene::Transform> transforms) {
  auto table = with_targets<fb::SetTransformT>(targets);
  for (const auto& transform : transforms) table.transforms.push_back(to_fb(transform));
  return make(std::move(table));
}

Command set_transform(ObjectId target, const scene::Transform& transform) {
  return set_transform(Targets(&target, 1), std::span<const scene::Transform>(&transform, 1));
}

Command translate(Targets targets, const scene::Vec3& offset) {
  auto table = with_targets<fb::TranslateByT>(targets);
  table.offset = std::make_unique<fb::Vec3>(to_fb(offset));
  return make(std::move(table));
}

Command rotate(Targets targets, const scene::Quat& rotation, std::optional<scene::Vec3> pivot) {
  auto table = with_targets<fb::RotateByT>(targets);
  table.rotation = std::make_unique<fb::Quat>(to_fb(rotation));
  table.pivot = optional_to_fb<fb::Vec3>(pivot);
  return make(std::move(table));
}

Command scale(Targets targets, const scene::Vec3& factor, std::optional<scene::Vec3> pivot) {
  auto table = with_targets<fb::ScaleByT>(targets);
  table.factor = std::make_unique<fb::Vec3>(to_fb(factor));
  table.pivot = optional_to_fb<fb::Vec3>(pivot);
  return make(std::move(table));
}

Command set_mesh(Targets targets, std::optional<AssetId> mesh) {
  auto table = with_targets<fb::SetMeshT>(targets);
  if (mesh) table.mesh = std::make_unique<fb::Bytes32>(wire::to_fb32(*mesh));
  return make(std::move(table));
}

Command set_material(Targets targets, const std::optional<scene::Material>& material) {
  auto table = with_targets<fb::SetMaterialT>(targets);
  if (material) table.material = to_fb(*material);
  return make(std::move(table));
}

Command set_light(Targets targets, std::optional<scene::Light> light) {
  auto table = with_targets<fb::SetLightT>(targets);
  table.light = optional_to_fb<fb::Light>(light);
  return make(std::move(table));
}

Command set_camera(Targets targets, std::optional<scene::Camera> camera) {
  auto table = with_targets<fb::SetCameraT>(targets);
  table.camera = optional_to_fb<fb::Camera>(camera);
  return make(std::move(table));
}

Command set_visibility(Targets targets, bool visible) {
  auto table = with_targets<fb::SetVisibilityT>(targets);
  table.visible = visible;
  return make(std::move(table));
}

Command change_tags(Targets targets, std::vector<std::string> add, std::vector<std::string> remove) {
  auto table = with_targets<fb::ChangeTagsT>(targets);
  table.add = std::move(add);
  table.remove = std::move(remove);
  return make(std::move(table));
}

// Built without the object form, which cannot tell an empty value from none.
Command set_application(Targets targets, std::uint64_t component, std::optional<Bytes> value) {
  flatbuffers::FlatBufferBuilder builder(256);
  const auto ids = builder.CreateVector(to_fb(targets));
  flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>> bytes;
  if (value) bytes = builder.CreateVector(*value);
  return finish(builder, fb::Command::SetAppComponent,
                fb::CreateSetAppComponent(builder, ids, component, bytes).Union());
}

Command select(Targets targets) {
  fb::HighlightSelectionT table;
  table.clear = true;
  table.add = to_fb(targets);
  return make(std::move(table));
}

Command change_selection(Targets add, Targets remove) {
  fb::HighlightSelectionT table;
  table.add = to_fb(add);
  table.remove = to_fb(remove);
  return make(std::move(table));
}

Command activate_tool(std::string tool) {
  fb::ActivateToolT table;
  table.tool = std::move(tool);
  return make(std::move(table));
}

Command deactivate_tool() { return make(fb::DeactivateToolT()); }

Command grant_role(const AuthorKey& author, fb::Role role) {
  fb::GrantRoleT table;
  table.author = std::make_unique<fb::Bytes32>(wire::to_fb32(author));
  table.role = role;
  return make(std::move(table));
}

Command revoke_role(const AuthorKey& author, TheirInvite invite) {
  fb::RevokeRoleT table;
  table.author = std::make_unique<fb::Bytes32>(wire::to_fb32(author));
  table.revoke_invite = invite == TheirInvite::revoke;
  return make(std::move(table));
}

Command revoke_invite(const InviteKey& invite) {
  fb::RevokeInviteT table;
  table.invite = std::make_unique<fb::Bytes32>(wire::to_fb32(invite));
  return make(std::move(table));
}

Command set_policy(const log::PolicyScope& scope, std::optional<fb::ConflictStrategy> strategy) {
  fb::SetPolicyT table;
  table.entity = scope.entity.value();
  table.any_component = !scope.component.has_value();
  table.component = scope.component.value_or(fb::Component::existence);
  table.clear = !strategy.has_value();
  table.strategy = strategy.value_or(fb::ConflictStrategy::last_write_wins);
  return make(std::move(table));
}

}  // namespace commands
}  // namespace theta::client

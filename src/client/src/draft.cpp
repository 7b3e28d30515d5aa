#include "draft.h"

#include <algorithm>

#include "theta/base/check.h"
#include "theta/base/limits.h"
#include "theta/log/command_rules.h"

namespace theta::client {
namespace {

namespace fb = wire::fb;

// Registers beside those of entities: what an author shows.
enum : std::uint32_t { kSelectionBit = 1u << 30, kToolBit = 1u << 31 };

constexpr std::uint32_t bit(fb::Component component) { return 1u << static_cast<unsigned>(component); }

template <class List>
std::vector<std::uint64_t> sorted(const List* ids) {
  std::vector<std::uint64_t> result;
  if (ids != nullptr) result.assign(ids->begin(), ids->end());
  std::sort(result.begin(), result.end());
  return result;
}

template <class Table>
void sets(Footprint& footprint, const Table* table, fb::Component component, bool replaceable) {
  footprint.targets = sorted(table->targets());
  footprint.components = bit(component);
  footprint.replaceable = replaceable;
}

// The object form, through which packets are joined, cannot tell an empty value from an absent one.
bool loses_empty_values(const fb::CreateEntities* create) {
  for (const auto* entity : *create->entities()) {
    if (entity->name() != nullptr && entity->name()->size() == 0) return true;
    if (const auto* apps = entity->apps())
      for (const auto* app : *apps)
        if (app->value() != nullptr && app->value()->size() == 0) return true;
  }
  return false;
}

void describe_create(Footprint& footprint, const fb::CreateEntities* create) {
  for (const auto* entity : *create->entities()) footprint.targets.push_back(entity->id());
  std::sort(footprint.targets.begin(), footprint.targets.end());
  footprint.components = ~(kSelectionBit | kToolBit);
  footprint.travels_alone = loses_empty_values(create);
}

void describe_reparent(Footprint& footprint, const fb::ReparentEntities* reparent) {
  const bool moves = reparent->transforms() != nullptr && reparent->transforms()->size() > 0;
  sets(footprint, reparent, fb::Component::parent, false);
  if (moves) footprint.components |= bit(fb::Component::transform);
}

void describe_application(Footprint& footprint, const fb::SetAppComponent* set) {
  sets(footprint, set, fb::Component::application, true);
  footprint.application = set->component();
  footprint.travels_alone = set->value() != nullptr && set->value()->size() == 0;
}

void add_asset(std::vector<AssetId>& assets, const fb::Bytes32* asset) {
  if (asset != nullptr) assets.push_back(wire::from_fb<AssetId>(*asset));
}

void add_textures(std::vector<AssetId>& assets, const fb::Material* material) {
  if (material == nullptr) return;
  add_asset(assets, material->base_color_texture());
  add_asset(assets, material->metallic_roughness_texture());
  add_asset(assets, material->normal_texture());
  add_asset(assets, material->occlusion_texture());
  add_asset(assets, material->emissive_texture());
}

std::vector<AssetId> assets_of(const fb::CommandPayload& payload) {
  std::vector<AssetId> assets;
  const auto* command = payload.commands()->Get(0);
  const auto type = static_cast<fb::Command>(payload.commands_type()->Get(0));
  if (type == fb::Command::SetMesh) add_asset(assets, static_cast<const fb::SetMesh*>(command)->mesh());
  if (type == fb::Command::SetMaterial) add_textures(assets, static_cast<const fb::SetMaterial*>(command)->material());
  if (type == fb::Command::CreateEntities)
    for (const auto* entity : *static_cast<const fb::CreateEntities*>(command)->entities()) {
      add_asset(assets, entity->mesh());
      add_textures(assets, entity->material());
    }
  return assets;
}

void describe_rename(Footprint& footprint, const fb::RenameEntity* rename) {
  footprint.targets = {rename->target()};
  footprint.components = bit(fb::Component::name);
  footprint.replaceable = true;
}

void describe_author_register(Footprint& footprint, std::uint32_t component, bool replaceable) {
  footprint.components = component;
  footprint.replaceable = replaceable;
}

fb::CommandUnion unpack_command(ByteView payload) {
  const auto* table = wire::verified_payload(payload);
  THETA_CHECK(table != nullptr && table->commands()->size() == 1);
  fb::CommandUnion command;
  command.type = static_cast<fb::Command>(table->commands_type()->Get(0));
  command.value = fb::CommandUnion::UnPack(table->commands()->Get(0), command.type, nullptr);
  return command;
}

Bytes pack_command(fb::CommandUnion command) {
  const Command packed(std::move(command));
  return {packed.payload().begin(), packed.payload().end()};
}

template <class Table>
void set_references(Table* table, CommandPlace first, CommandPlace last) {
  table->first = std::make_unique<fb::CommandRef>(first.nonce.value(), first.index);
  table->last = std::make_unique<fb::CommandRef>(last.nonce.value(), last.index);
}

}  // namespace

Footprint footprint_of(const fb::CommandPayload& payload) {
  Footprint footprint;
  footprint.command = static_cast<fb::Command>(payload.commands_type()->Get(0));
  const auto* command = payload.commands()->Get(0);
  using fb::Component;
  switch (footprint.command) {
    case fb::Command::CreateEntities:
      describe_create(footprint, static_cast<const fb::CreateEntities*>(command));
      break;
    case fb::Command::RenameEntity: describe_rename(footprint, static_cast<const fb::RenameEntity*>(command)); break;
    case fb::Command::ReparentEntities:
      describe_reparent(footprint, static_cast<const fb::ReparentEntities*>(command));
      break;
    case fb::Command::ReorderEntities:
      sets(footprint, static_cast<const fb::ReorderEntities*>(command), Component::parent, false);
      break;
    case fb::Command::SetTransform:
      sets(footprint, static_cast<const fb::SetTransform*>(command), Component::transform, true);
      break;
    case fb::Command::TranslateBy:
      sets(footprint, static_cast<const fb::TranslateBy*>(command), Component::transform, false);
      break;
    case fb::Command::RotateBy:
      sets(footprint, static_cast<const fb::RotateBy*>(command), Component::transform, false);
      break;
    case fb::Command::ScaleBy:
      sets(footprint, static_cast<const fb::ScaleBy*>(command), Component::transform, false);
      break;
    case fb::Command::SetMesh: sets(footprint, static_cast<const fb::SetMesh*>(command), Component::mesh, true); break;
    case fb::Command::SetMaterial:
      sets(footprint, static_cast<const fb::SetMaterial*>(command), Component::material, true);
      break;
    case fb::Command::SetLight:
      sets(footprint, static_cast<const fb::SetLight*>(command), Component::light, true);
      break;
    case fb::Command::SetCamera:
      sets(footprint, static_cast<const fb::SetCamera*>(command), Component::camera, true);
      break;
    case fb::Command::SetVisibility:
      sets(footprint, static_cast<const fb::SetVisibility*>(command), Component::visibility, true);
      break;
    case fb::Command::ChangeTags:
      sets(footprint, static_cast<const fb::ChangeTags*>(command), Component::tags, false);
      break;
    case fb::Command::SetAppComponent:
      describe_application(footprint, static_cast<const fb::SetAppComponent*>(command));
      break;
    case fb::Command::HighlightSelection:
      describe_author_register(footprint, kSelectionBit, static_cast<const fb::HighlightSelection*>(command)->clear());
      break;
    case fb::Command::ActivateTool:
    case fb::Command::DeactivateTool: describe_author_register(footprint, kToolBit, true); break;
    default:
      // Subtrees, history, roles and policies reach beyond what the command names.
      footprint.barrier = true;
      footprint.travels_alone = true;
      break;
  }
  if (footprint.targets.size() > theta::limits::kTargetsPerCommandMax / 4) footprint.travels_alone = true;
  return footprint;
}

bool replaces(const Footprint& newer, const Footprint& older) {
  // A tool's activation and deactivation write one register; everything else must be the very same command.
  const bool same_command = newer.command == older.command || (newer.components == kToolBit);
  return same_command && older.replaceable && newer.replaceable && newer.components == older.components &&
         newer.application == older.application && newer.targets == older.targets;
}

bool depend(const Footprint& a, const Footprint& b) {
  if (a.barrier || b.barrier) return true;
  if ((a.components & b.components) == 0) return false;
  if (a.targets.empty() && b.targets.empty()) return true;
  const auto& small = a.targets.size() < b.targets.size() ? a.targets : b.targets;
  const auto& large = a.targets.size() < b.targets.size() ? b.targets : a.targets;
  return std::any_of(small.begin(), small.end(),
                     [&](std::uint64_t id) { return std::binary_search(large.begin(), large.end(), id); });
}

void Draft::describe() {
  const auto* table = wire::verified_payload(payload);
  THETA_CHECK(table != nullptr && table->commands()->size() == 1);
  footprint = footprint_of(*table);
  assets = assets_of(*table);
}

void encode_draft(const Draft& draft, ByteWriter& out) {
  out.put_varint(draft.handle.value());
  out.put(draft.stamp.value());
  out.put_varint(draft.base_seq.value());
  out.put<std::uint8_t>(draft.alone ? 1 : 0);
  out.put_varint(draft.refers_first.value());
  out.put_varint(draft.refers_last.value());
  out.put_varint(draft.payload.size());
  out.put_bytes(draft.payload);
}

Draft decode_draft(ByteReader& in) {
  Draft draft;
  draft.handle = CommandHandle{in.get_varint()};
  draft.stamp = Stamp{in.get<std::uint64_t>()};
  draft.base_seq = Seq{in.get_varint()};
  draft.alone = in.get<std::uint8_t>() != 0;
  draft.refers_first = CommandHandle{in.get_varint()};
  draft.refers_last = CommandHandle{in.get_varint()};
  const auto payload = in.get_bytes(in.get_varint());
  draft.payload.assign(payload.begin(), payload.end());
  const auto* table = in.ok() ? wire::verified_payload(draft.payload) : nullptr;
  if (table == nullptr || log::check_payload(*table, 1)) {
    // More than there can be: makes the reader fail for good.
    static_cast<void>(in.get_bytes(in.remaining() + 1));
    return {};
  }
  draft.footprint = footprint_of(*table);
  draft.assets = assets_of(*table);
  return draft;
}

Bytes with_references(ByteView payload, CommandPlace first, CommandPlace last) {
  auto command = unpack_command(payload);
  if (auto* undo = command.AsUndo()) set_references(undo, first, last);
  if (auto* redo = command.AsRedo()) set_references(redo, first, last);
  return pack_command(std::move(command));
}

Bytes join_payloads(const std::vector<ByteView>& payloads) {
  if (payloads.size() == 1) return {payloads.front().begin(), payloads.front().end()};
  fb::CommandPayloadT joined;
  for (const auto payload : payloads) joined.commands.push_back(unpack_command(payload));
  flatbuffers::FlatBufferBuilder builder(1024);
  builder.Finish(fb::CommandPayload::Pack(builder, &joined));
  return {builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};
}

}  // namespace theta::client

#include "command_json.h"

#include <functional>
#include <map>
#include <span>

#include "theta/base/hex.h"

namespace theta::cli {

namespace commands = client::commands;
namespace fb = wire::fb;

std::string to_text(ObjectId id) {
  if (id == kNoObject) return "root";
  return std::to_string(slot_of(id).value()) + ":" + std::to_string(counter_of(id));
}

std::optional<ObjectId> object_from_text(const std::string& text) {
  if (text == "root") return kNoObject;
  const auto colon = text.find(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == text.size()) return std::nullopt;
  std::uint64_t slot = 0;
  std::uint64_t counter = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (at == colon) continue;
    if (text[at] < '0' || text[at] > '9') return std::nullopt;
    auto& number = at < colon ? slot : counter;
    number = number * 10 + static_cast<std::uint64_t>(text[at] - '0');
    if (slot >= kNoSlot.value() || counter > kObjectCounterMax) return std::nullopt;
  }
  if (counter == 0) return std::nullopt;
  return make_object_id(AuthorSlot{static_cast<std::uint16_t>(slot)}, counter);
}

namespace {

/// What is wrong with a line. Thrown and caught within this file only: JSON is deep, and every field can be wrong.
struct BadLine {
  std::string text;
};

[[noreturn]] void refuse(const std::string& field, const std::string& expected) {
  throw BadLine{"field \"" + field + "\": expected " + expected};
}

const Json* find(const Json& line, const char* field) {
  const auto found = line.find(field);
  return found == line.end() || found->is_null() ? nullptr : &*found;
}

const Json& need(const Json& line, const char* field, const std::string& expected) {
  const auto* value = find(line, field);
  if (!value) refuse(field, expected + ", it is missing");
  return *value;
}

std::string text(const Json& line, const char* field) {
  const auto& value = need(line, field, "a string");
  if (!value.is_string()) refuse(field, "a string");
  return value.get<std::string>();
}

bool flag(const Json& line, const char* field) {
  const auto& value = need(line, field, "true or false");
  if (!value.is_boolean()) refuse(field, "true or false");
  return value.get<bool>();
}

float number_of(const Json& value, const char* field) {
  if (!value.is_number()) refuse(field, "a number");
  return value.get<float>();
}

float number(const Json& object, const char* field, float by_default) {
  const auto* value = find(object, field);
  return value ? number_of(*value, field) : by_default;
}

template <std::size_t Count>
std::array<float, Count> numbers(const Json& value, const char* field) {
  if (!value.is_array() || value.size() != Count) refuse(field, std::to_string(Count) + " numbers in a list");
  std::array<float, Count> result{};
  for (std::size_t at = 0; at < Count; ++at) result[at] = number_of(value[at], field);
  return result;
}

scene::Vec3 vec3_of(const Json& value, const char* field) {
  const auto list = numbers<3>(value, field);
  return {list[0], list[1], list[2]};
}

scene::Quat quat_of(const Json& value, const char* field) {
  const auto list = numbers<4>(value, field);
  return {list[0], list[1], list[2], list[3]};
}

std::optional<scene::Vec3> optional_vec3(const Json& line, const char* field) {
  const auto* value = find(line, field);
  if (!value) return std::nullopt;
  return vec3_of(*value, field);
}

scene::Transform transform_of(const Json& object) {
  scene::Transform transform;
  if (const auto* value = find(object, "position")) transform.position = vec3_of(*value, "position");
  if (const auto* value = find(object, "rotation")) transform.rotation = quat_of(*value, "rotation");
  if (const auto* value = find(object, "scale")) transform.scale = vec3_of(*value, "scale");
  return transform;
}

ObjectId entity_of(const Json& value, const char* field) {
  const auto id = value.is_string() ? object_from_text(value.get<std::string>()) : std::nullopt;
  if (!id) refuse(field, "an id like \"3:17\" or \"root\"");
  return *id;
}

ObjectId entity(const Json& line, const char* field, ObjectId by_default) {
  const auto* value = find(line, field);
  return value ? entity_of(*value, field) : by_default;
}

std::vector<ObjectId> entities(const Json& line, const char* field) {
  const auto& value = need(line, field, "a list of ids");
  if (!value.is_array()) refuse(field, "a list of ids");
  std::vector<ObjectId> ids;
  for (const auto& element : value) ids.push_back(entity_of(element, field));
  return ids;
}

std::vector<std::string> strings(const Json& line, const char* field) {
  std::vector<std::string> result;
  const auto* value = find(line, field);
  if (!value) return result;
  if (!value->is_array()) refuse(field, "a list of strings");
  for (const auto& element : *value) {
    if (!element.is_string()) refuse(field, "a list of strings");
    result.push_back(element.get<std::string>());
  }
  return result;
}

template <class Fixed>
Fixed fixed_of(const Json& value, const char* field) {
  const auto bytes = value.is_string() ? from_hex(value.get<std::string>()) : std::nullopt;
  if (!bytes || bytes->size() != Fixed::kSize) refuse(field, std::to_string(Fixed::kSize * 2) + " hexadecimal digits");
  return Fixed::from(*bytes);
}

std::uint64_t component_id(const Json& line) {
  const auto& value = need(line, "component", "a whole number");
  if (!value.is_number_unsigned()) refuse("component", "a whole number");
  return value.get<std::uint64_t>();
}

fb::Role role_of(const Json& line) {
  const auto name = text(line, "role");
  if (name == "viewer") return fb::Role::viewer;
  if (name == "editor") return fb::Role::editor;
  if (name == "admin") return fb::Role::admin;
  refuse("role", "viewer, editor or admin");
}

scene::Material material_of(const Json& object) {
  scene::Material material;
  if (const auto* value = find(object, "base_color")) material.base_color = numbers<4>(*value, "base_color");
  material.metallic = number(object, "metallic", material.metallic);
  material.roughness = number(object, "roughness", material.roughness);
  if (const auto* value = find(object, "emissive")) material.emissive = vec3_of(*value, "emissive");
  return material;
}

scene::Light light_of(const Json& object) {
  scene::Light light;
  if (find(object, "kind")) {
    const auto kind = text(object, "kind");
    if (kind == "directional")
      light.kind = scene::LightKind::directional;
    else if (kind == "point")
      light.kind = scene::LightKind::point;
    else if (kind == "spot")
      light.kind = scene::LightKind::spot;
    else
      refuse("kind", "directional, point or spot");
  }
  if (const auto* value = find(object, "color")) light.color = vec3_of(*value, "color");
  light.intensity = number(object, "intensity", light.intensity);
  light.range = number(object, "range", light.range);
  light.inner_cone_angle = number(object, "inner_cone_angle", light.inner_cone_angle);
  light.outer_cone_angle = number(object, "outer_cone_angle", light.outer_cone_angle);
  return light;
}

scene::Camera camera_of(const Json& object) {
  scene::Camera camera;
  camera.vertical_fov = number(object, "vertical_fov", camera.vertical_fov);
  camera.aspect_ratio = number(object, "aspect_ratio", camera.aspect_ratio);
  camera.near_plane = number(object, "near", camera.near_plane);
  camera.far_plane = number(object, "far", camera.far_plane);
  return camera;
}

/// An object makes the component, null removes it.
template <class Read>
auto optional_part(const Json& line, const char* field, Read read) -> std::optional<decltype(read(line))> {
  if (line.find(field) == line.end()) refuse(field, "an object, or null to remove it");
  const auto* value = find(line, field);
  if (!value) return std::nullopt;
  return read(*value);
}

client::NewEntity new_entity_of(const Json& object) {
  client::NewEntity entity_to_make;
  entity_to_make.parent = entity(object, "parent", kNoObject);
  if (const auto* index = find(object, "parent_index")) {
    if (!index->is_number_unsigned()) refuse("parent_index", "the place of an earlier entity of the line, from 0");
    entity_to_make.parent_index = index->get<std::size_t>();
  }
  if (find(object, "name")) entity_to_make.name = text(object, "name");
  entity_to_make.transform = transform_of(object);
  if (const auto* mesh = find(object, "mesh")) entity_to_make.mesh = fixed_of<AssetId>(*mesh, "mesh");
  if (const auto* material = find(object, "material")) entity_to_make.material = material_of(*material);
  if (const auto* light = find(object, "light")) entity_to_make.light = light_of(*light);
  if (const auto* camera = find(object, "camera")) entity_to_make.camera = camera_of(*camera);
  entity_to_make.tags = strings(object, "tags");
  return entity_to_make;
}

Submitted created(client::ClientResult<client::Session::Created> result) {
  if (!result) throw BadLine{result.error().message};
  return {result->handle, result->ids};
}

Submitted handled(client::ClientResult<client::CommandHandle> result) {
  if (!result) throw BadLine{result.error().message};
  return {*result, {}};
}

Submitted create(client::Session& session, const Json& line) {
  std::vector<client::NewEntity> to_make;
  if (const auto* list = find(line, "entities")) {
    if (!list->is_array()) refuse("entities", "a list of objects");
    for (const auto& object : *list) to_make.push_back(new_entity_of(object));
  } else {
    to_make.push_back(new_entity_of(line));
  }
  return created(session.create_entities(std::move(to_make)));
}

client::Command set_transform(const Json& line) {
  const auto targets = entities(line, "targets");
  std::vector<scene::Transform> transforms;
  if (const auto* list = find(line, "transforms")) {
    if (!list->is_array()) refuse("transforms", "a list of objects");
    for (const auto& object : *list) transforms.push_back(transform_of(object));
  } else {
    transforms.push_back(transform_of(line));
  }
  return commands::set_transform(targets, transforms);
}

client::Command set_policy(const Json& line) {
  log::PolicyScope scope;
  scope.entity = entity(line, "entity", kNoObject);
  if (find(line, "component")) {
    const auto name = text(line, "component");
    const auto* const* names = fb::EnumNamesComponent();
    for (int at = 0; names[at]; ++at)
      if (name == names[at]) scope.component = static_cast<fb::Component>(at);
    if (!scope.component) refuse("component", "the name of a component, like transform");
  }
  if (!find(line, "strategy")) return commands::set_policy(scope, std::nullopt);
  const auto name = text(line, "strategy");
  const auto* const* names = fb::EnumNamesConflictStrategy();
  for (int at = 0; names[at]; ++at)
    if (name == names[at]) return commands::set_policy(scope, static_cast<fb::ConflictStrategy>(at));
  refuse("strategy", "last_write_wins, merge, reject, or none to clear the rule");
}

using Builder = std::function<client::Command(const Json&)>;

using Builders = std::map<std::string, Builder>;

const Builders& entity_builders() {
  static const Builders all = {
      {"delete_entities", [](const Json& l) { return commands::delete_entities(entities(l, "targets")); }},
      {"rename_entity",
       [](const Json& l) {
         return commands::rename(entity_of(need(l, "target", "an id"), "target"), text(l, "name"));
       }},
      {"reparent_entities",
       [](const Json& l) {
         return commands::reparent(entities(l, "targets"), entity(l, "parent", kNoObject),
                                   entity(l, "before", kNoObject));
       }},
      {"reorder_entities",
       [](const Json& l) { return commands::reorder(entities(l, "targets"), entity(l, "before", kNoObject)); }},
      {"set_transform", set_transform},
      {"translate_by",
       [](const Json& l) {
         return commands::translate(entities(l, "targets"), vec3_of(need(l, "offset", "3 numbers"), "offset"));
       }},
      {"rotate_by",
       [](const Json& l) {
         return commands::rotate(entities(l, "targets"), quat_of(need(l, "rotation", "4 numbers"), "rotation"),
                                 optional_vec3(l, "pivot"));
       }},
      {"scale_by",
       [](const Json& l) {
         return commands::scale(entities(l, "targets"), vec3_of(need(l, "factor", "3 numbers"), "factor"),
                                optional_vec3(l, "pivot"));
       }},
  };
  return all;
}

const Builders& component_and_room_builders() {
  static const Builders all = {
      {"set_mesh",
       [](const Json& l) {
         const auto* mesh = find(l, "mesh");
         return commands::set_mesh(entities(l, "targets"),
                                   mesh ? std::optional(fixed_of<AssetId>(*mesh, "mesh")) : std::nullopt);
       }},
      {"set_material",
       [](const Json& l) {
         return commands::set_material(entities(l, "targets"), optional_part(l, "material", material_of));
       }},
      {"set_light",
       [](const Json& l) { return commands::set_light(entities(l, "targets"), optional_part(l, "light", light_of)); }},
      {"set_camera",
       [](const Json& l) {
         return commands::set_camera(entities(l, "targets"), optional_part(l, "camera", camera_of));
       }},
      {"set_visibility",
       [](const Json& l) { return commands::set_visibility(entities(l, "targets"), flag(l, "visible")); }},
      {"change_tags",
       [](const Json& l) {
         return commands::change_tags(entities(l, "targets"), strings(l, "add"), strings(l, "remove"));
       }},
      {"set_app_component",
       [](const Json& l) {
         std::optional<Bytes> value;
         if (find(l, "value")) {
           value = from_hex(text(l, "value"));
           if (!value) refuse("value", "hexadecimal digits, two a byte");
         }
         return commands::set_application(entities(l, "targets"), component_id(l), value);
       }},
      {"highlight_selection", [](const Json& l) { return commands::select(entities(l, "targets")); }},
      {"activate_tool", [](const Json& l) { return commands::activate_tool(text(l, "tool")); }},
      {"deactivate_tool", [](const Json&) { return commands::deactivate_tool(); }},
      {"grant_role",
       [](const Json& l) {
         return commands::grant_role(fixed_of<AuthorKey>(need(l, "author", "a key"), "author"), role_of(l));
       }},
      {"revoke_role",
       [](const Json& l) { return commands::revoke_role(fixed_of<AuthorKey>(need(l, "author", "a key"), "author")); }},
      {"set_policy", set_policy},
  };
  return all;
}

const Builder* find_builder(const std::string& command) {
  for (const auto* builders : {&entity_builders(), &component_and_room_builders()})
    if (const auto found = builders->find(command); found != builders->end()) return &found->second;
  return nullptr;
}

Submitted submit(client::Session& session, const Json& line) {
  if (!line.is_object())
    throw BadLine{"expected one JSON object a line, like {\"command\":\"create_entities\",\"name\":\"box\"}"};
  const auto name = text(line, "command");
  if (name == "create_entities") return create(session, line);
  if (name == "duplicate_entities") return created(session.duplicate(entities(line, "targets")));
  if (name == "undo") return handled(session.undo());
  if (name == "redo") return handled(session.redo());
  const auto* builder = find_builder(name);
  if (!builder) throw BadLine{"unknown command \"" + name + "\"; `theta join --help` lists them"};
  return handled(session.submit((*builder)(line)));
}

}  // namespace

Expected<Submitted, CommandJsonError> submit_json(client::Session& session, const Json& line) {
  try {
    return submit(session, line);
  } catch (const BadLine& bad) {
    return fail(CommandJsonError::malformed, bad.text);
  } catch (const Json::exception& error) {
    return fail(CommandJsonError::malformed, error.what());
  }
}

}  // namespace theta::cli

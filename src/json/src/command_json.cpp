#include "theta/json/command_json.h"

#include <functional>
#include <map>
#include <span>
#include <vector>

#include "component_json.h"
#include "json_fields.h"
#include "theta/json/invite_key.h"

namespace theta::json {

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

ObjectId entity_of(const Json& value, const char* field) {
  const auto id = value.is_string() ? object_from_text(value.get<std::string>()) : std::nullopt;
  if (!id) refuse_field(field, "an id like \"3:17\" or \"root\"");
  return *id;
}

ObjectId entity(const Json& line, const char* field) {
  const auto* value = find_field(line, field);
  return value ? entity_of(*value, field) : kNoObject;
}

std::vector<ObjectId> targets(const Json& line) {
  constexpr const char* kExpected = "a list of ids";
  std::vector<ObjectId> ids;
  for (const auto& element : need_list(need_field(line, "targets", kExpected), "targets", kExpected))
    ids.push_back(entity_of(element, "targets"));
  return ids;
}

std::optional<scene::Vec3> optional_vec3(const Json& line, const char* field) {
  const auto* value = find_field(line, field);
  if (!value) return std::nullopt;
  return vec3_of(*value, field);
}

std::vector<std::string> strings(const Json& line, const char* field) {
  std::vector<std::string> result;
  const auto* value = find_field(line, field);
  if (!value) return result;
  for (const auto& element : need_list(*value, field, "a list of strings")) {
    if (!element.is_string()) refuse_field(field, "a list of strings");
    result.push_back(element.get<std::string>());
  }
  return result;
}

std::uint64_t component_id(const Json& line) {
  const auto& value = need_field(line, "component", "a whole number");
  if (!value.is_number_unsigned()) refuse_field("component", "a whole number");
  return value.get<std::uint64_t>();
}

/// An object makes the component, null removes it.
template <class Read>
auto optional_part(const Json& line, const char* field, Read read) -> std::optional<decltype(read(line))> {
  if (line.find(field) == line.end()) refuse_field(field, "an object, or null to remove it");
  const auto* value = find_field(line, field);
  if (!value) return std::nullopt;
  return read(*value);
}

std::vector<scene::Transform> transforms_of(const Json& list) {
  std::vector<scene::Transform> transforms;
  for (const auto& object : need_list(list, "transforms", "a list of objects")) {
    expect_only(object, "one of \"transforms\"", transform_fields());
    transforms.push_back(transform_of(object));
  }
  return transforms;
}

client::NewEntity new_entity_of(const Json& object) {
  client::NewEntity made;
  made.parent = entity(object, "parent");
  if (const auto* index = find_field(object, "parent_index")) {
    if (!index->is_number_unsigned())
      refuse_field("parent_index", "the place of an earlier entity of the line, from 0");
    made.parent_index = index->get<std::size_t>();
  }
  if (find_field(object, "name")) made.name = need_text(object, "name");
  made.transform = transform_of(object);
  if (const auto* mesh = find_field(object, "mesh")) made.mesh = fixed_of<AssetId>(*mesh, "mesh");
  if (const auto* material = find_field(object, "material")) made.material = material_of(*material);
  if (const auto* light = find_field(object, "light")) made.light = light_of(*light);
  if (const auto* camera = find_field(object, "camera")) made.camera = camera_of(*camera);
  if (find_field(object, "visible")) made.hidden = !need_flag(object, "visible");
  made.tags = strings(object, "tags");
  return made;
}

CommandJsonError error_of(client::ClientError error) {
  switch (error) {
    case client::ClientError::not_permitted: return CommandJsonError::not_permitted;
    case client::ClientError::not_ready:
    case client::ClientError::stopped: return CommandJsonError::not_ready;
    default: return CommandJsonError::refused;
  }
}

using Result = Expected<Submitted, CommandJsonError>;

Result created(client::ClientResult<client::Session::Created> result) {
  if (!result) return fail(error_of(result.error().code), result.error().message);
  return Submitted{result->handle, result->ids};
}

Result handled(client::ClientResult<client::CommandHandle> result) {
  if (!result) return fail(error_of(result.error().code), result.error().message);
  return Submitted{*result, {}};
}

Result step(client::Session& session, client::ClientResult<client::CommandHandle> result) {
  const auto took = result ? session.meant_by(*result) : std::nullopt;
  auto submitted = handled(std::move(result));
  if (submitted) submitted->took = took;
  return submitted;
}

const FieldNames& new_entity_fields() {
  static const FieldNames fields = {"name",     "parent", "position", "rotation", "scale", "mesh",
                                    "material", "light",  "camera",   "visible",  "tags"};
  return fields;
}

Result create(client::Session& session, const Json& line) {
  std::vector<client::NewEntity> to_make;
  if (const auto* list = find_field(line, "entities")) {
    expect_only(line, "create_entities with a list of \"entities\"", {"command", "tag", "entities"});
    auto fields = new_entity_fields();
    fields.push_back("parent_index");
    for (const auto& object : need_list(*list, "entities", "a list of objects")) {
      expect_only(object, "one of \"entities\"", fields);
      to_make.push_back(new_entity_of(object));
    }
  } else {
    to_make.push_back(new_entity_of(line));
  }
  return created(session.create_entities(std::move(to_make)));
}

client::Command set_transform(const Json& line) {
  const auto* list = find_field(line, "transforms");
  if (!list) return commands::set_transform(targets(line), std::vector{transform_of(line)});
  expect_only(line, "set_transform with a list of \"transforms\"", {"command", "tag", "targets", "transforms"});
  return commands::set_transform(targets(line), transforms_of(*list));
}

client::Command reparent(const Json& line) {
  const auto parent = entity(line, "parent");
  const auto before = entity(line, "before");
  const auto* list = find_field(line, "transforms");
  if (!list) return commands::reparent(targets(line), parent, before);
  return commands::reparent(targets(line), parent, before, transforms_of(*list));
}

client::Command set_mesh(const Json& line) {
  return commands::set_mesh(
      targets(line), optional_part(line, "mesh", [](const Json& mesh) { return fixed_of<AssetId>(mesh, "mesh"); }));
}

client::Command set_application(const Json& line) {
  return commands::set_application(targets(line), component_id(line), optional_part(line, "value", [](const Json& hex) {
                                     const auto bytes =
                                         hex.is_string() ? from_hex(hex.get<std::string>()) : std::nullopt;
                                     if (!bytes) refuse_field("value", "hexadecimal digits, two a byte");
                                     return *bytes;
                                   }));
}

client::Command set_policy(const Json& line) {
  log::PolicyScope scope;
  scope.entity = entity(line, "entity");
  if (find_field(line, "component"))
    scope.component = enum_of<fb::Component>(line, "component", fb::EnumNamesComponent());
  if (!find_field(line, "strategy")) return commands::set_policy(scope, std::nullopt);
  return commands::set_policy(scope, enum_of<fb::ConflictStrategy>(line, "strategy", fb::EnumNamesConflictStrategy()));
}

client::Command grant_role(const Json& line) {
  const auto role = enum_of<fb::Role>(line, "role", fb::EnumNamesRole());
  if (role == fb::Role::none) refuse_field("role", "viewer, editor or admin; revoke_role takes a role away");
  return commands::grant_role(fixed_of<AuthorKey>(need_field(line, "author", "a key"), "author"), role);
}

client::Command revoke_role(const Json& line) {
  const bool keeps = find_field(line, "keep_invite") && need_flag(line, "keep_invite");
  return commands::revoke_role(fixed_of<AuthorKey>(need_field(line, "author", "a key"), "author"),
                               keeps ? commands::TheirInvite::keep : commands::TheirInvite::revoke);
}

client::Command revoke_invite(const Json& line) {
  const auto key = parse_invite_key(need_text(line, "invite"));
  if (!key) refuse_field("invite", "a link with an invite, or an invite's key as 64 hexadecimal digits");
  return commands::revoke_invite(*key);
}

/// One command that a line may name: which fields it takes besides "command" and "tag", and what it becomes.
struct LineCommand {
  FieldNames fields;
  std::function<Result(client::Session&, const Json&)> submit;
};

using LineCommands = std::map<std::string, LineCommand>;

/// For everything that is no more than a command to be built.
LineCommand building(FieldNames fields, client::Command (*build)(const Json&)) {
  return {std::move(fields),
          [build](client::Session& session, const Json& line) { return handled(session.submit(build(line))); }};
}

LineCommands entity_commands() {
  return {
      {"create_entities",
       {[] {
          auto fields = new_entity_fields();
          fields.push_back("entities");
          return fields;
        }(),
        create}},
      {"duplicate_entities",
       {{"targets"}, [](client::Session& s, const Json& l) { return created(s.duplicate(targets(l))); }}},
      {"undo", {{}, [](client::Session& s, const Json&) { return step(s, s.undo()); }}},
      {"redo", {{}, [](client::Session& s, const Json&) { return step(s, s.redo()); }}},
      {"delete_entities", building({"targets"}, [](const Json& l) { return commands::delete_entities(targets(l)); })},
      {"rename_entity", building({"target", "name"},
                                 [](const Json& l) {
                                   return commands::rename(entity_of(need_field(l, "target", "an id"), "target"),
                                                           need_text(l, "name"));
                                 })},
      {"reparent_entities", building({"targets", "parent", "before", "transforms"}, reparent)},
      {"reorder_entities", building({"targets", "before"},
                                    [](const Json& l) { return commands::reorder(targets(l), entity(l, "before")); })},
      {"set_transform", building({"targets", "position", "rotation", "scale", "transforms"}, set_transform)},
      {"translate_by", building({"targets", "offset"},
                                [](const Json& l) {
                                  return commands::translate(targets(l),
                                                             vec3_of(need_field(l, "offset", "3 numbers"), "offset"));
                                })},
      {"rotate_by", building({"targets", "rotation", "pivot"},
                             [](const Json& l) {
                               return commands::rotate(targets(l),
                                                       quat_of(need_field(l, "rotation", "4 numbers"), "rotation"),
                                                       optional_vec3(l, "pivot"));
                             })},
      {"scale_by", building({"targets", "factor", "pivot"},
                            [](const Json& l) {
                              return commands::scale(targets(l),
                                                     vec3_of(need_field(l, "factor", "3 numbers"), "factor"),
                                                     optional_vec3(l, "pivot"));
                            })},
  };
}

LineCommands component_and_room_commands() {
  return {
      {"set_mesh", building({"targets", "mesh"}, set_mesh)},
      {"set_material", building({"targets", "material"},
                                [](const Json& l) {
                                  return commands::set_material(targets(l), optional_part(l, "material", material_of));
                                })},
      {"set_light",
       building({"targets", "light"},
                [](const Json& l) { return commands::set_light(targets(l), optional_part(l, "light", light_of)); })},
      {"set_camera",
       building({"targets", "camera"},
                [](const Json& l) { return commands::set_camera(targets(l), optional_part(l, "camera", camera_of)); })},
      {"set_visibility",
       building({"targets", "visible"},
                [](const Json& l) { return commands::set_visibility(targets(l), need_flag(l, "visible")); })},
      {"change_tags", building({"targets", "add", "remove"},
                               [](const Json& l) {
                                 return commands::change_tags(targets(l), strings(l, "add"), strings(l, "remove"));
                               })},
      {"set_app_component", building({"targets", "component", "value"}, set_application)},
      {"highlight_selection", building({"targets"}, [](const Json& l) { return commands::select(targets(l)); })},
      {"activate_tool",
       building({"tool"}, [](const Json& l) { return commands::activate_tool(need_text(l, "tool")); })},
      {"deactivate_tool", building({}, [](const Json&) { return commands::deactivate_tool(); })},
      {"grant_role", building({"author", "role"}, grant_role)},
      {"revoke_role", building({"author", "keep_invite"}, revoke_role)},
      {"revoke_invite", building({"invite"}, revoke_invite)},
      {"set_policy", building({"entity", "component", "strategy"}, set_policy)},
  };
}

const LineCommands& all_commands() {
  static const LineCommands all = [] {
    auto commands = entity_commands();
    commands.merge(component_and_room_commands());
    return commands;
  }();
  return all;
}

Result submit(client::Session& session, const Json& line) {
  if (!line.is_object())
    throw BadLine{"expected one JSON object a line, like {\"command\":\"create_entities\",\"name\":\"box\"}"};
  const auto name = need_text(line, "command");
  const auto found = all_commands().find(name);
  if (found == all_commands().end()) throw BadLine{"unknown command \"" + name + "\"; `theta join --help` lists them"};
  auto fields = found->second.fields;
  fields.insert(fields.end(), {"tag", "command"});
  expect_only(line, name, fields);
  return found->second.submit(session, line);
}

}  // namespace

std::map<std::string, std::vector<std::string>> command_fields() {
  std::map<std::string, std::vector<std::string>> fields;
  for (const auto& [name, command] : all_commands()) fields[name] = {command.fields.begin(), command.fields.end()};
  return fields;
}

Expected<Submitted, CommandJsonError> submit_json(client::Session& session, const Json& line) {
  try {
    return submit(session, line);
  } catch (const BadLine& bad) {
    return fail(CommandJsonError::malformed, bad.text);
  } catch (const Json::exception& error) {
    return fail(CommandJsonError::malformed, error.what());
  }
}

}  // namespace theta::json

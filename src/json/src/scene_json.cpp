#include "theta/json/scene_json.h"

#include <algorithm>

#include "component_json.h"
#include "theta/base/hex.h"
#include "theta/json/command_json.h"
#include "theta/json/printable.h"
#include "theta/wire/schema.h"

namespace theta::json {

namespace fb = wire::fb;

Json entity_json(const scene::Scene& scene, ObjectId entity) {
  Json json = {{"id", to_text(entity)}, {"parent", to_text(scene.place(entity).parent)}};
  if (const auto* name = scene.name(entity)) json["name"] = *name;
  if (const auto* transform = scene.transform(entity)) {
    json["position"] = to_json(transform->position);
    json["rotation"] = to_json(transform->rotation);
    json["scale"] = to_json(transform->scale);
  }
  if (const auto* mesh = scene.mesh(entity)) json["mesh"] = to_hex(mesh->view());
  if (const auto* material = scene.material(entity)) json["material"] = to_json(*material);
  if (!scene.visible(entity)) json["visible"] = false;
  if (const auto* tags = scene.tags(entity)) json["tags"] = *tags;
  if (const auto* light = scene.light(entity)) json["light"] = to_json(*light);
  if (const auto* camera = scene.camera(entity)) json["camera"] = to_json(*camera);
  for (const auto& key : scene.registers(entity)) {
    if (key.component != scene::Component::application) continue;
    if (const auto* value = scene.application(entity, key.application))
      json["application"][std::to_string(key.application)] = to_hex(*value);
  }
  return json;
}

Json scene_json(const scene::Scene& scene) {
  Json entities = Json::array();
  // Depth first with a stack of our own: a scene may be deeper than the call stack allows.
  auto open = scene.children(kNoObject);
  std::reverse(open.begin(), open.end());
  while (!open.empty()) {
    const auto entity = open.back();
    open.pop_back();
    entities.push_back(entity_json(scene, entity));
    auto children = scene.children(entity);
    open.insert(open.end(), children.rbegin(), children.rend());
  }
  return {{"entities", std::move(entities)}};
}

Json members_json(const log::Members& members) {
  Json list = Json::array();
  for (const auto& [author, member] : members.all()) {
    Json json = {
        {"author", to_hex(author.view())}, {"name", member.display_name}, {"role", fb::EnumNameRole(member.role)}};
    if (member.slot != kNoSlot) json["slot"] = member.slot.value();
    list.push_back(std::move(json));
  }
  return list;
}

std::string members_text(const Json& members) {
  std::string text;
  for (const auto& member : members) {
    if (!text.empty()) text += '\n';
    text += member["author"].get<std::string>();
    for (const char* field : {"role", "name"}) text.append("  ").append(printable(member[field].get<std::string>()));
  }
  return text;
}

}  // namespace theta::json

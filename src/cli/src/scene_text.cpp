#include "scene_text.h"

#include <algorithm>
#include <cstdio>
#include <utility>
#include <vector>

#include "output.h"
#include "theta/json/command_json.h"

namespace theta::cli {

namespace {

std::string number(float value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", static_cast<double>(value));
  return text;
}

std::string entity_text(const scene::Scene& scene, ObjectId entity) {
  std::string text = json::to_text(entity);
  if (const auto* name = scene.name(entity)) text += "  \"" + printable(*name) + "\"";
  if (const auto* transform = scene.transform(entity)) {
    const auto& at = transform->position;
    text += "  at " + number(at.x) + " " + number(at.y) + " " + number(at.z);
  }
  std::string parts;
  const auto add = [&](const char* part) { parts += (parts.empty() ? "" : ", ") + std::string(part); };
  if (scene.mesh(entity)) add("mesh");
  if (scene.material(entity)) add("material");
  if (scene.light(entity)) add("light");
  if (scene.camera(entity)) add("camera");
  if (!scene.visible(entity)) add("hidden");
  if (!parts.empty()) text += "  (" + parts + ")";
  if (const auto* tags = scene.tags(entity))
    for (const auto& tag : *tags) text += "  #" + printable(tag);
  return text;
}

}  // namespace

std::string scene_text(const scene::Scene& scene) {
  std::string text = std::to_string(scene.entity_count()) + (scene.entity_count() == 1 ? " entity" : " entities");
  // Depth first with a stack of our own: a scene may be deeper than the call stack allows.
  std::vector<std::pair<ObjectId, std::size_t>> open;
  const auto push_children = [&](ObjectId parent, std::size_t depth) {
    const auto children = scene.children(parent);
    for (auto child = children.rbegin(); child != children.rend(); ++child) open.emplace_back(*child, depth);
  };
  push_children(kNoObject, 1);
  while (!open.empty()) {
    const auto [entity, depth] = open.back();
    open.pop_back();
    // Beyond this depth the indentation alone would fill a line.
    constexpr std::size_t kIndentMax = 40;
    text += '\n';
    text.append(2 * std::min(depth, kIndentMax), ' ');
    text += entity_text(scene, entity);
    push_children(entity, depth + 1);
  }
  return text;
}

}  // namespace theta::cli

#include <array>
#include <cmath>
#include <limits>
#include <string_view>

#include "checks.h"
#include "text.h"

namespace theta::interchange {
namespace {

constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

// ---- Meshes --------------------------------------------------------------------------------------------------------

/// The attributes that a mesh asset holds, and what glTF lets them be.
struct KnownAttribute {
  std::string_view name;
  AccessorType type;
  AccessorType other_type;
  const char* expected;
};
constexpr std::array<KnownAttribute, 6> kAttributes = {{
    {"POSITION", AccessorType::vec3, AccessorType::vec3, "an accessor of VEC3"},
    {"NORMAL", AccessorType::vec3, AccessorType::vec3, "an accessor of VEC3"},
    {"TANGENT", AccessorType::vec4, AccessorType::vec4, "an accessor of VEC4"},
    {"TEXCOORD_0", AccessorType::vec2, AccessorType::vec2, "an accessor of VEC2"},
    {"TEXCOORD_1", AccessorType::vec2, AccessorType::vec2, "an accessor of VEC2"},
    {"COLOR_0", AccessorType::vec3, AccessorType::vec4, "an accessor of VEC3 or VEC4"},
}};

/// Names of joints and weights are left out with skins, which have a warning of their own.
bool is_skinning(std::string_view name) { return name.starts_with("JOINTS_") || name.starts_with("WEIGHTS_"); }

void check_attribute(const JsonCursor& attribute, const KnownAttribute& known, std::size_t& vertex_count,
                     const CheckContext& context) {
  const auto& shape = context.shapes.accessors[attribute.index(context.shapes.accessors.size())];
  if (shape.type != known.type && shape.type != known.other_type) attribute.reject_value(known.expected);
  if (vertex_count != kNone && shape.count != vertex_count)
    attribute.reject_with("expected as many elements as the other attributes (" + std::to_string(vertex_count) +
                          "), got " + std::to_string(shape.count));
  vertex_count = shape.count;
  if (!shape.has_data && known.name == "POSITION")
    attribute.reject_with("its accessor has no buffer view; geometry that only an extension can read is not supported",
                          ImportError::unsupported);
}

Json check_attributes(const JsonCursor& attributes, CheckContext& context) {
  Json clean = Json::object();
  std::size_t vertex_count = kNone;
  attributes.expect_object();
  for (const auto& [name, unused] : attributes.value().items()) {
    const auto attribute = attributes.require(name.c_str());
    const auto accessor = attribute.index(context.shapes.accessors.size());
    bool known = is_skinning(name);
    for (const auto& candidate : kAttributes) {
      if (candidate.name != name) continue;
      check_attribute(attribute, candidate, vertex_count, context);
      clean[name] = accessor;
      known = true;
    }
    if (!known) context.warnings.add(attribute.path() + " is not kept");
  }
  return clean;
}

Json check_primitive(const JsonCursor& primitive, CheckContext& context) {
  Json clean = {{"attributes", check_attributes(primitive.require("attributes"), context)}};
  copy_integer(primitive, "mode", clean, 0, 6);
  copy_index(primitive, "material", clean, context.shapes.materials);
  if (copy_index(primitive, "indices", clean, context.shapes.accessors.size())) {
    const auto indices = primitive.require("indices");
    const auto& shape = context.shapes.accessors[clean["indices"].get<std::size_t>()];
    const bool is_unsigned =
        shape.component_type == 5121 || shape.component_type == 5123 || shape.component_type == 5125;
    if (shape.type != AccessorType::scalar || !is_unsigned) indices.reject_value("an accessor of unsigned SCALAR");
    if (!shape.has_data) indices.reject_with("its accessor has no buffer view", ImportError::unsupported);
  }
  if (const auto targets = primitive.find("targets"))
    if (!targets->expect_list(context.limits.elements_max).value().empty())
      context.warnings.add(targets->path() + ": morph targets were left out");
  return clean;
}

// ---- Nodes ---------------------------------------------------------------------------------------------------------

void check_transform(const JsonCursor& node, Json& clean) {
  const bool has_matrix = copy_numbers(node, "matrix", clean, 16);
  const bool has_translation = copy_numbers(node, "translation", clean, 3);
  const bool has_scale = copy_numbers(node, "scale", clean, 3);
  const bool has_rotation = copy_numbers(node, "rotation", clean, 4);
  if (has_matrix && (has_translation || has_scale || has_rotation))
    node.reject_with("expected either matrix or translation, rotation and scale, got both");
  if (has_rotation) {
    double length_squared = 0;
    for (const auto& part : clean["rotation"]) length_squared += part.get<double>() * part.get<double>();
    if (!(length_squared >= 1e-12) || !std::isfinite(length_squared))
      node.require("rotation")
          .reject_with("expected a unit quaternion, got one of length " + Json(std::sqrt(length_squared)).dump());
  }
  if (has_matrix) {
    const auto matrix = node.require("matrix");
    constexpr double kTolerance = 1e-4;
    for (std::size_t column = 0; column < 4; ++column) {
      const double expected = column == 3 ? 1 : 0;
      const auto entry = matrix[column * 4 + 3];
      if (std::abs(entry.number() - expected) > kTolerance)
        entry.reject_value(Json(expected).dump() + ", as in any affine matrix");
    }
  }
}

void check_node_light(const JsonCursor& node, Json& clean, const CheckContext& context) {
  const auto extensions = node.find("extensions");
  const auto punctual = extensions ? extensions->find("KHR_lights_punctual") : std::nullopt;
  if (!punctual) return;
  clean["extensions"]["KHR_lights_punctual"]["light"] = punctual->require("light").index(context.shapes.lights);
}

Json check_node(const JsonCursor& node, CheckContext& context) {
  Json clean = Json::object();
  copy_text(node, "name", clean);
  copy_index(node, "mesh", clean, context.shapes.meshes);
  copy_index(node, "camera", clean, context.shapes.cameras);
  check_transform(node, clean);
  check_node_light(node, clean, context);
  if (const auto children = node.find("children")) {
    children->expect_list(context.shapes.nodes);
    Json list = Json::array();
    for (std::size_t i = 0; i < children->value().size(); ++i)
      list.push_back((*children)[i].index(context.shapes.nodes));
    clean["children"] = std::move(list);
  }
  return clean;
}

/// Each node's parent, or kNone. Rejects a second parent; a ring of nodes is found when the depths are counted.
std::vector<std::size_t> parents_of(const JsonCursor& list, const Json& clean) {
  std::vector<std::size_t> parents(clean.size(), kNone);
  for (std::size_t i = 0; i < clean.size(); ++i) {
    const auto children = clean[i].find("children");
    if (children == clean[i].end()) continue;
    for (std::size_t c = 0; c < children->size(); ++c) {
      const auto child = (*children)[c].get<std::size_t>();
      if (parents[child] != kNone)
        list[i].require("children")[c].reject_with("nodes[" + std::to_string(child) + "] is already a child of nodes[" +
                                                   std::to_string(parents[child]) + "]; a node has one parent");
      parents[child] = i;
    }
  }
  return parents;
}

/// With one parent each, whatever is not below a root is on a ring or below one.
void check_forest(const JsonCursor& list, const std::vector<std::size_t>& parents, const Json& clean,
                  std::size_t depth_max) {
  std::vector<std::size_t> depths(parents.size(), 0);
  std::vector<std::size_t> open;
  std::size_t reached = 0;
  for (std::size_t i = 0; i < parents.size(); ++i) {
    if (parents[i] != kNone) continue;
    depths[i] = 1;
    open.push_back(i);
  }
  while (!open.empty()) {
    const auto node = open.back();
    open.pop_back();
    ++reached;
    if (depths[node] > depth_max)
      list[node].reject_with("nested deeper than " + std::to_string(depth_max) + " nodes", ImportError::too_large);
    const auto children = clean[node].find("children");
    if (children == clean[node].end()) continue;
    for (const auto& child : *children) {
      depths[child.get<std::size_t>()] = depths[node] + 1;
      open.push_back(child.get<std::size_t>());
    }
  }
  if (reached == parents.size()) return;
  for (std::size_t i = 0; i < parents.size(); ++i)
    if (depths[i] == 0) list[i].reject_with("its parents form a ring: it is below itself, or below a node that is");
}

/// `seen_in` holds, for each node, the last scene that named it: one table for all scenes, since each could be empty.
std::vector<std::size_t> scene_roots(const JsonCursor& scene, std::size_t number, const std::vector<bool>& is_child,
                                     std::vector<std::size_t>& seen_in) {
  std::vector<std::size_t> roots;
  check_name(scene);
  const auto nodes = scene.find("nodes");
  if (!nodes) return roots;
  nodes->expect_list(is_child.size());
  for (std::size_t i = 0; i < nodes->value().size(); ++i) {
    const auto entry = (*nodes)[i];
    const auto node = entry.index(is_child.size());
    if (is_child[node]) entry.reject_value("a node without a parent");
    if (seen_in[node] == number) entry.reject_value("each node once");
    seen_in[node] = number;
    roots.push_back(node);
  }
  return roots;
}

std::vector<bool> children_of_any(const JsonCursor& root, std::size_t node_count) {
  std::vector<bool> is_child(node_count, false);
  const auto nodes = root.find("nodes");
  for (std::size_t i = 0; i < node_count; ++i) {
    const auto children = (*nodes)[i].find("children");
    if (!children) continue;
    for (std::size_t c = 0; c < children->value().size(); ++c) is_child[(*children)[c].index(node_count)] = true;
  }
  return is_child;
}

}  // namespace

Json check_meshes(const JsonCursor& root, CheckContext& context) {
  auto meshes = clean_list(root, "meshes", context.limits.elements_max, [&](const JsonCursor& mesh) {
    Json clean = Json::object();
    copy_text(mesh, "name", clean);
    mesh.require("primitives").expect_list(context.limits.elements_max);
    clean["primitives"] = clean_list(mesh, "primitives", context.limits.elements_max,
                                     [&](const JsonCursor& primitive) { return check_primitive(primitive, context); });
    return clean;
  });
  context.shapes.meshes = meshes.size();
  return meshes;
}

Json check_nodes(const JsonCursor& root, CheckContext& context) {
  const auto list = root.find("nodes");
  if (!list) return Json::array();
  list->expect_list(context.limits.nodes_max);
  context.shapes.nodes = list->value().size();
  auto nodes = clean_list(root, "nodes", context.limits.nodes_max,
                          [&](const JsonCursor& node) { return check_node(node, context); });
  check_forest(*list, parents_of(*list, nodes), nodes, context.limits.node_depth_max);
  return nodes;
}

std::vector<std::size_t> check_scenes(const JsonCursor& root, CheckContext& context) {
  const auto is_child = children_of_any(root, context.shapes.nodes);
  const auto scenes = root.find("scenes");
  const auto chosen = root.find("scene");
  const std::size_t count = scenes ? scenes->expect_list(context.limits.elements_max).value().size() : 0;
  if (count == 0) {
    if (chosen) chosen->reject_with("names a scene, but the file has none");
    std::vector<std::size_t> roots;
    for (std::size_t i = 0; i < is_child.size(); ++i)
      if (!is_child[i]) roots.push_back(i);
    return roots;
  }
  std::vector<std::vector<std::size_t>> roots;
  std::vector<std::size_t> seen_in(is_child.size(), kNone);
  for (std::size_t i = 0; i < count; ++i) roots.push_back(scene_roots((*scenes)[i], i, is_child, seen_in));
  if (count > 1)
    context.warnings.add("the file has " + std::to_string(count) + " scenes; only its default scene was read");
  return roots[chosen ? chosen->index(count) : 0];
}

}  // namespace theta::interchange

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <utility>

#include "export_elements.h"
#include "image_kind.h"
#include "material_textures.h"
#include "text.h"
#include "theta/base/byte_codec.h"
#include "theta/base/hex.h"
#include "theta/interchange/gltf.h"
#include "theta/interchange/mesh_asset.h"

namespace theta::interchange {
namespace {

using Json = nlohmann::json;

constexpr int kArrayBuffer = 34962;
constexpr int kElementArrayBuffer = 34963;
constexpr int kFloat = 5126;
constexpr int kUnsignedShort = 5123;
constexpr int kUnsignedInt = 5125;
// 65535 itself is the restart value of some graphics interfaces and must not be an index.
constexpr std::size_t kShortVerticesMax = 65535;

struct ExportRejection {
  ExportError code;
  std::string message;
};

[[noreturn]] void reject_export(ExportError code, std::string message) {
  throw ExportRejection{code, std::move(message)};
}

std::string node_path(std::size_t index) { return "nodes[" + std::to_string(index) + "]"; }

/// A total order of materials by their bits, so that equal ones are written once.
std::string material_key(const scene::Material& material) {
  std::string key(reinterpret_cast<const char*>(material.base_color.data()), sizeof material.base_color);
  const auto append = [&](const auto& value) { key.append(reinterpret_cast<const char*>(&value), sizeof value); };
  append(material.metallic);
  append(material.roughness);
  append(material.emissive);
  append(material.alpha_mode);
  append(material.alpha_cutoff);
  append(material.double_sided);
  for (const auto* texture : {&material.base_color_texture, &material.metallic_roughness_texture,
                              &material.normal_texture, &material.occlusion_texture, &material.emissive_texture})
    append(texture->bytes);
  return key;
}

class GlbWriter {
 public:
  explicit GlbWriter(const ExportScene& scene) : scene_(scene) {}

  Bytes run();

 private:
  void add_nodes();
  [[nodiscard]] Json node_element(const SceneNode& node, std::size_t index);
  [[nodiscard]] std::size_t mesh_index(const AssetId& mesh, const std::optional<scene::Material>& material);
  [[nodiscard]] const Json& geometry(const AssetId& mesh);
  [[nodiscard]] std::size_t material_index(const scene::Material& material);
  [[nodiscard]] std::size_t texture_index(const AssetId& texture);
  [[nodiscard]] std::size_t add_view(ByteView bytes, int target);
  [[nodiscard]] std::size_t add_floats(const std::vector<float>& numbers, std::size_t components, bool with_bounds);
  [[nodiscard]] std::size_t add_indices(const std::vector<std::uint32_t>& indices, std::size_t vertex_count);
  [[nodiscard]] SharedBytes fetch(const AssetId& id, const char* what);
  [[nodiscard]] Json document();
  [[nodiscard]] Bytes container(std::string json) const;

  const ExportScene& scene_;
  Bytes bin_;
  Json views_ = Json::array();
  Json accessors_ = Json::array();
  Json meshes_ = Json::array();
  Json materials_ = Json::array();
  Json textures_ = Json::array();
  Json images_ = Json::array();
  Json cameras_ = Json::array();
  Json lights_ = Json::array();
  Json nodes_ = Json::array();
  Json roots_ = Json::array();
  std::map<AssetId, Json> geometries_;
  std::map<std::pair<AssetId, std::string>, std::size_t> mesh_indices_;
  std::map<std::string, std::size_t> material_indices_;
  std::map<AssetId, std::size_t> texture_indices_;
};

SharedBytes GlbWriter::fetch(const AssetId& id, const char* what) {
  auto bytes = scene_.fetch ? scene_.fetch(id) : std::nullopt;
  if (!bytes)
    reject_export(ExportError::missing_asset, std::string("the ") + what + " " + to_hex(id.view()) +
                                                  " is not here; wait until it is transferred, or remove what uses it");
  return std::move(*bytes);
}

std::size_t GlbWriter::add_view(ByteView bytes, int target) {
  bin_.resize((bin_.size() + 3) / 4 * 4);
  Json view = {{"buffer", 0}, {"byteLength", bytes.size()}};
  if (!bin_.empty()) view["byteOffset"] = bin_.size();
  if (target != 0) view["target"] = target;
  if (bytes.size() > std::numeric_limits<std::uint32_t>::max() - bin_.size())
    reject_export(ExportError::too_large, "a GLB holds less than 4 GiB; export fewer objects at a time");
  bin_.insert(bin_.end(), bytes.begin(), bytes.end());
  views_.push_back(std::move(view));
  return views_.size() - 1;
}

std::size_t GlbWriter::add_floats(const std::vector<float>& numbers, std::size_t components, bool with_bounds) {
  static constexpr std::array<const char*, 5> kTypes = {"", "SCALAR", "VEC2", "VEC3", "VEC4"};
  const auto view =
      add_view({reinterpret_cast<const std::uint8_t*>(numbers.data()), numbers.size() * sizeof(float)}, kArrayBuffer);
  Json accessor = {{"bufferView", view},
                   {"componentType", kFloat},
                   {"count", numbers.size() / components},
                   {"type", kTypes[components]}};
  if (with_bounds) {
    std::vector<float> least(numbers.begin(), numbers.begin() + static_cast<std::ptrdiff_t>(components));
    std::vector<float> most = least;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      least[i % components] = std::min(least[i % components], numbers[i]);
      most[i % components] = std::max(most[i % components], numbers[i]);
    }
    accessor["min"] = least;
    accessor["max"] = most;
  }
  accessors_.push_back(std::move(accessor));
  return accessors_.size() - 1;
}

std::size_t GlbWriter::add_indices(const std::vector<std::uint32_t>& indices, std::size_t vertex_count) {
  std::size_t view = 0;
  const bool is_short = vertex_count <= kShortVerticesMax;
  if (is_short) {
    const std::vector<std::uint16_t> narrow(indices.begin(), indices.end());
    view = add_view({reinterpret_cast<const std::uint8_t*>(narrow.data()), narrow.size() * sizeof(std::uint16_t)},
                    kElementArrayBuffer);
  } else {
    view = add_view({reinterpret_cast<const std::uint8_t*>(indices.data()), indices.size() * sizeof(std::uint32_t)},
                    kElementArrayBuffer);
  }
  accessors_.push_back({{"bufferView", view},
                        {"componentType", is_short ? kUnsignedShort : kUnsignedInt},
                        {"count", indices.size()},
                        {"type", "SCALAR"}});
  return accessors_.size() - 1;
}

const Json& GlbWriter::geometry(const AssetId& id) {
  const auto known = geometries_.find(id);
  if (known != geometries_.end()) return known->second;
  const auto mesh = read_mesh_asset(fetch(id, "mesh").view());
  if (!mesh) reject_export(ExportError::bad_asset, "the mesh " + to_hex(id.view()) + ": " + mesh.error().message);
  if (mesh->indices.empty())
    reject_export(ExportError::bad_asset, "the mesh " + to_hex(id.view()) + " has no triangle, which glTF cannot hold");
  Json attributes = {{"POSITION", add_floats(mesh->positions, 3, true)}};
  const auto add = [&](const char* name, const std::vector<float>& numbers, std::size_t components) {
    if (!numbers.empty()) attributes[name] = add_floats(numbers, components, false);
  };
  add("NORMAL", mesh->normals, 3);
  add("TANGENT", mesh->tangents, 4);
  add("TEXCOORD_0", mesh->uv0, 2);
  // glTF numbers sets of texture coordinates without gaps.
  if (!mesh->uv0.empty()) add("TEXCOORD_1", mesh->uv1, 2);
  add("COLOR_0", mesh->colors, 4);
  Json primitive = {{"attributes", std::move(attributes)},
                    {"indices", add_indices(mesh->indices, mesh->vertex_count())}};
  return geometries_.emplace(id, std::move(primitive)).first->second;
}

std::size_t GlbWriter::texture_index(const AssetId& id) {
  const auto known = texture_indices_.find(id);
  if (known != texture_indices_.end()) return known->second;
  const auto bytes = fetch(id, "texture");
  const auto kind = image_kind(bytes.view());
  if (!kind) reject_export(ExportError::bad_asset, "the texture " + to_hex(id.view()) + " is neither PNG nor JPEG");
  images_.push_back({{"bufferView", add_view(bytes.view(), 0)}, {"mimeType", mime_type(kind->format)}});
  textures_.push_back({{"source", images_.size() - 1}});
  texture_indices_.emplace(id, textures_.size() - 1);
  return textures_.size() - 1;
}

std::size_t GlbWriter::material_index(const scene::Material& material) {
  const auto [it, is_new] = material_indices_.emplace(material_key(material), materials_.size());
  if (is_new)
    materials_.push_back(material_element(material, [this](const AssetId& texture) { return texture_index(texture); }));
  return it->second;
}

/// glTF keeps a primitive's material in its mesh, so a mesh is written once for each material that it wears; they share
/// the geometry.
std::size_t GlbWriter::mesh_index(const AssetId& mesh, const std::optional<scene::Material>& material) {
  const auto key = std::pair(mesh, material ? material_key(*material) : std::string());
  if (const auto known = mesh_indices_.find(key); known != mesh_indices_.end()) return known->second;
  Json primitive = geometry(mesh);
  const bool has_texture_coordinates = primitive["attributes"].contains("TEXCOORD_0");
  if (material)
    primitive["material"] = material_index(has_texture_coordinates ? *material : without_textures(*material));
  meshes_.push_back({{"primitives", Json::array({std::move(primitive)})}});
  mesh_indices_.emplace(key, meshes_.size() - 1);
  return meshes_.size() - 1;
}

bool is_finite(const scene::Vec3& v) { return std::isfinite(v.x) && std::isfinite(v.y) && std::isfinite(v.z); }

void check_node(const SceneNode& node, std::size_t index) {
  if (node.parent < -1 || node.parent >= static_cast<int>(index))
    reject_export(ExportError::bad_scene,
                  node_path(index) + ".parent: expected -1.." + std::to_string(static_cast<int>(index) - 1) +
                      " (parents stand before their children), got " + std::to_string(node.parent));
  const auto& rotation = node.transform.rotation;
  const float sum =
      rotation.x * rotation.x + rotation.y * rotation.y + rotation.z * rotation.z + rotation.w * rotation.w;
  if (!is_finite(node.transform.position) || !is_finite(node.transform.scale) || !std::isfinite(sum) || !(sum > 0))
    reject_export(ExportError::bad_scene,
                  node_path(index) + ".transform: expected finite numbers and a rotation that is not zero");
  bool finite = true;
  if (const auto& material = node.material) {
    finite = is_finite(material->emissive) && std::isfinite(material->metallic) && std::isfinite(material->roughness) &&
             std::isfinite(material->alpha_cutoff) &&
             std::all_of(material->base_color.begin(), material->base_color.end(),
                         [](float part) { return std::isfinite(part); });
  }
  if (const auto& light = node.light) {
    finite = finite && is_finite(light->color) && std::isfinite(light->intensity) && std::isfinite(light->range) &&
             std::isfinite(light->inner_cone_angle) && std::isfinite(light->outer_cone_angle);
  }
  if (const auto& camera = node.camera) {
    finite = finite && std::isfinite(camera->vertical_fov) && std::isfinite(camera->aspect_ratio) &&
             std::isfinite(camera->x_magnification) && std::isfinite(camera->y_magnification) &&
             std::isfinite(camera->near_plane) && std::isfinite(camera->far_plane);
  }
  if (!finite)
    reject_export(ExportError::bad_scene,
                  node_path(index) + ": expected finite numbers in its material, light and camera");
}

Json GlbWriter::node_element(const SceneNode& node, std::size_t index) {
  check_node(node, index);
  Json element = Json::object();
  if (const auto name = clean_name(node.name, limits::kNameBytesMax); !name.empty()) element["name"] = name;
  write_transform(node.transform, element);
  if (node.mesh && !node.mesh->is_zero()) element["mesh"] = mesh_index(*node.mesh, node.material);
  if (node.camera) {
    element["camera"] = cameras_.size();
    cameras_.push_back(camera_element(*node.camera));
  }
  if (node.light) {
    element["extensions"]["KHR_lights_punctual"]["light"] = lights_.size();
    lights_.push_back(light_element(*node.light));
  }
  return element;
}

void GlbWriter::add_nodes() {
  for (std::size_t i = 0; i < scene_.nodes.size(); ++i) {
    const auto& node = scene_.nodes[i];
    nodes_.push_back(node_element(node, i));
    auto& siblings = node.parent < 0 ? roots_ : nodes_[static_cast<std::size_t>(node.parent)]["children"];
    siblings.push_back(i);
  }
}

Json GlbWriter::document() {
  Json document = {{"asset", {{"version", "2.0"}, {"generator", "Theta"}}}, {"scene", 0}};
  Json scene = Json::object();
  // glTF allows no empty list anywhere.
  if (!roots_.empty()) scene["nodes"] = std::move(roots_);
  document["scenes"] = Json::array({std::move(scene)});
  const auto put = [&](const char* key, Json& list) {
    if (!list.empty()) document[key] = std::move(list);
  };
  put("nodes", nodes_);
  put("meshes", meshes_);
  put("materials", materials_);
  put("textures", textures_);
  put("images", images_);
  put("cameras", cameras_);
  put("accessors", accessors_);
  put("bufferViews", views_);
  if (!lights_.empty()) {
    document["extensionsUsed"] = {"KHR_lights_punctual"};
    document["extensions"]["KHR_lights_punctual"]["lights"] = std::move(lights_);
  }
  if (!bin_.empty()) document["buffers"] = Json::array({{{"byteLength", bin_.size()}}});
  return document;
}

Bytes GlbWriter::container(std::string json) const {
  json.resize((json.size() + 3) / 4 * 4, ' ');
  const auto bin_size = (bin_.size() + 3) / 4 * 4;
  const auto size = std::uint64_t{12} + 8 + json.size() + (bin_.empty() ? 0 : 8 + bin_size);
  if (size > std::numeric_limits<std::uint32_t>::max())
    reject_export(ExportError::too_large, "a GLB holds less than 4 GiB; export fewer objects at a time");
  Bytes glb;
  glb.reserve(size);
  ByteWriter writer(glb);
  writer.put_bytes(as_bytes("glTF"));
  writer.put(std::uint32_t{2});
  writer.put(static_cast<std::uint32_t>(size));
  writer.put(static_cast<std::uint32_t>(json.size()));
  writer.put_bytes(as_bytes("JSON"));
  writer.put_bytes(as_bytes(json));
  if (bin_.empty()) return glb;
  writer.put(static_cast<std::uint32_t>(bin_size));
  writer.put_bytes(as_bytes(std::string_view("BIN\0", 4)));
  writer.put_bytes(bin_);
  glb.resize(size);
  return glb;
}

Bytes GlbWriter::run() {
  add_nodes();
  return container(document().dump());
}

}  // namespace

Expected<Bytes, ExportError> export_glb(const ExportScene& scene) {
  // As in the import, exceptions stay in this module: the JSON library throws when memory runs out.
  try {
    return GlbWriter(scene).run();
  } catch (const ExportRejection& rejection) {
    return fail(rejection.code, rejection.message);
  } catch (const std::exception&) {
    return fail(ExportError::too_large, "there is not enough memory to write the scene as one GLB");
  }
}

}  // namespace theta::interchange

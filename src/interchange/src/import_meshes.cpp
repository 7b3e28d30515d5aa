#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "import_state.h"
#include "theta/interchange/mesh_asset.h"

namespace theta::interchange {
namespace {

constexpr std::array<const char*, 6> kAttributeNames = {"POSITION",   "NORMAL",     "TANGENT",
                                                        "TEXCOORD_0", "TEXCOORD_1", "COLOR_0"};
constexpr std::size_t kIndices = kAttributeNames.size();

std::optional<std::size_t> first_not_finite(const std::vector<float>& numbers) {
  const auto it = std::find_if(numbers.begin(), numbers.end(), [](float number) { return !std::isfinite(number); });
  if (it == numbers.end()) return std::nullopt;
  return static_cast<std::size_t>(it - numbers.begin());
}

/// Brings the first three of `components` to unit length where they are not, and the fourth to 1 or -1. False when a
/// direction has no length.
bool make_unit(std::vector<float>& numbers, std::size_t components) {
  constexpr double kTolerance = 1e-4;
  for (std::size_t i = 0; i < numbers.size(); i += components) {
    const double x = numbers[i];
    const double y = numbers[i + 1];
    const double z = numbers[i + 2];
    const double length = std::sqrt(x * x + y * y + z * z);
    if (!(length > 1e-6)) return false;
    if (std::abs(length - 1) > kTolerance) {
      numbers[i] = static_cast<float>(x / length);
      numbers[i + 1] = static_cast<float>(y / length);
      numbers[i + 2] = static_cast<float>(z / length);
    }
    if (components == 4) numbers[i + 3] = std::signbit(numbers[i + 3]) ? -1.0F : 1.0F;
  }
  return true;
}

/// glTF 2.0, section 3.7.2.1, has the corners' order for strips and fans.
std::vector<std::uint32_t> triangle_list(std::vector<std::uint32_t> corners, int mode) {
  if (mode == TINYGLTF_MODE_TRIANGLES) {
    corners.resize(corners.size() / 3 * 3);
    return corners;
  }
  std::vector<std::uint32_t> list;
  if (corners.size() < 3) return list;
  list.reserve((corners.size() - 2) * 3);
  for (std::size_t i = 0; i + 2 < corners.size(); ++i) {
    if (mode == TINYGLTF_MODE_TRIANGLE_STRIP) {
      list.insert(list.end(), {corners[i], corners[i + 1 + i % 2], corners[i + 2 - i % 2]});
    } else {
      list.insert(list.end(), {corners[i + 1], corners[i + 2], corners[0]});
    }
  }
  return list;
}

}  // namespace

AssetId AssetSet::add(Bytes bytes) {
  const auto id = asset_id_of(bytes);
  if (known_.insert(id).second) assets_.push_back({id, SharedBytes(std::move(bytes))});
  return id;
}

MeshImporter::MeshImporter(ImportState& state)
    : state_(state), reader_(state.model, state.content), geometry_(state.limits.geometry_bytes_max, "the geometry") {}

void MeshImporter::charge(std::size_t numbers) { geometry_.charge(numbers * sizeof(float)); }

std::optional<PrimitiveAsset> MeshImporter::primitive_asset(std::size_t mesh, std::size_t primitive) {
  const auto& source = state_.model.meshes[mesh].primitives[primitive];
  const auto path = "meshes[" + std::to_string(mesh) + "].primitives[" + std::to_string(primitive) + "]";
  if (source.mode != TINYGLTF_MODE_TRIANGLES && source.mode != TINYGLTF_MODE_TRIANGLE_STRIP &&
      source.mode != TINYGLTF_MODE_TRIANGLE_FAN) {
    state_.warnings.add(path + ": points and lines are not kept");
    return std::nullopt;
  }
  std::vector<int> accessors;
  for (const char* name : kAttributeNames) {
    const auto it = source.attributes.find(name);
    accessors.push_back(it == source.attributes.end() ? -1 : it->second);
  }
  accessors.push_back(source.indices);
  if (accessors[0] < 0) {
    state_.warnings.add(path + ": has no POSITION, so there is nothing to keep");
    return std::nullopt;
  }
  const auto [it, is_new] = done_.try_emplace(Key{accessors, source.mode});
  if (is_new) it->second = convert(accessors, source.mode, path);
  return it->second;
}

std::vector<float> MeshImporter::attribute(int accessor, const std::string& name) {
  if (accessor < 0) return {};
  const auto index = static_cast<std::size_t>(accessor);
  const auto components = static_cast<std::size_t>(
      tinygltf::GetNumComponentsInType(static_cast<std::uint32_t>(state_.model.accessors[index].type)));
  charge(state_.model.accessors[index].count * components);
  auto numbers = reader_.floats(index);
  if (const auto bad = first_not_finite(numbers)) {
    const auto sentence = "accessors[" + std::to_string(index) + "]: element " + std::to_string(*bad / components) +
                          ": expected finite numbers, got " + std::to_string(numbers[*bad]);
    if (name == "POSITION") reject(ImportError::malformed, sentence);
    state_.warnings.add(sentence + "; the attribute " + name + " was left out");
    numbers.clear();
  }
  return numbers;
}

/// Normals and tangents: integers leave them a little off unit length, which glTF does not allow for floats.
std::vector<float> MeshImporter::directions(int accessor, const std::string& name) {
  auto numbers = attribute(accessor, name);
  if (numbers.empty()) return numbers;
  const std::size_t components = name == "TANGENT" ? 4 : 3;
  if (!make_unit(numbers, components)) {
    state_.warnings.add("accessors[" + std::to_string(accessor) + "]: holds directions of length 0; the attribute " +
                        name + " was left out");
    numbers.clear();
  }
  return numbers;
}

std::vector<float> MeshImporter::colors(int accessor) {
  auto numbers = attribute(accessor, "COLOR_0");
  if (numbers.empty() || state_.model.accessors[static_cast<std::size_t>(accessor)].type == TINYGLTF_TYPE_VEC4)
    return numbers;
  const auto count = numbers.size() / 3;
  charge(count);
  std::vector<float> with_alpha(count * 4, 1.0F);
  for (std::size_t i = 0; i < count; ++i)
    std::copy_n(numbers.begin() + static_cast<std::ptrdiff_t>(i * 3), 3,
                with_alpha.begin() + static_cast<std::ptrdiff_t>(i * 4));
  return with_alpha;
}

std::vector<std::uint32_t> MeshImporter::corner_indices(int accessor, std::size_t vertex_count) {
  if (accessor < 0) {
    charge(vertex_count);
    std::vector<std::uint32_t> all(vertex_count);
    std::iota(all.begin(), all.end(), 0U);
    return all;
  }
  const auto index = static_cast<std::size_t>(accessor);
  charge(state_.model.accessors[index].count);
  auto indices = reader_.indices(index);
  for (std::size_t i = 0; i < indices.size(); ++i)
    if (indices[i] >= vertex_count)
      reject(ImportError::malformed, "accessors[" + std::to_string(index) + "]: element " + std::to_string(i) +
                                         ": expected an index 0.." + std::to_string(vertex_count - 1) + ", got " +
                                         std::to_string(indices[i]));
  return indices;
}

std::optional<PrimitiveAsset> MeshImporter::convert(const std::vector<int>& accessors, int mode,
                                                    const std::string& path) {
  MeshData mesh;
  mesh.positions = attribute(accessors[0], "POSITION");
  mesh.normals = directions(accessors[1], "NORMAL");
  mesh.tangents = directions(accessors[2], "TANGENT");
  mesh.uv0 = attribute(accessors[3], "TEXCOORD_0");
  mesh.uv1 = attribute(accessors[4], "TEXCOORD_1");
  mesh.colors = colors(accessors[5]);
  if (mesh.uv0.empty() && !mesh.uv1.empty()) {
    state_.warnings.add(path + ": has a second set of texture coordinates but no first one, so it was left out");
    mesh.uv1.clear();
  }
  auto corners = corner_indices(accessors[kIndices], mesh.vertex_count());
  if (mode != TINYGLTF_MODE_TRIANGLES) charge(corners.size() * 2);
  if (mode == TINYGLTF_MODE_TRIANGLES && corners.size() % 3 != 0)
    state_.warnings.add(path + ": " + std::to_string(corners.size()) +
                        " corners are no whole number of triangles; the last ones were left out");
  mesh.indices = triangle_list(std::move(corners), mode);
  if (mesh.indices.empty()) {
    state_.warnings.add(path + ": has no triangle, so it was left out");
    return std::nullopt;
  }
  auto bytes = encode_mesh_asset(mesh);
  if (!bytes)
    reject(bytes.error().code == MeshError::too_large ? ImportError::too_large : ImportError::malformed,
           path + ": " + bytes.error().message);
  if (bytes->size() > state_.limits.mesh_bytes_max)
    reject(ImportError::too_large, path + ": expected a mesh of at most " +
                                       std::to_string(state_.limits.mesh_bytes_max) + " bytes, got " +
                                       std::to_string(bytes->size()));
  return PrimitiveAsset{state_.assets.add(std::move(*bytes)), !mesh.uv0.empty()};
}

}  // namespace theta::interchange

#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "theta/base/bytes.h"
#include "theta/base/ids.h"
#include "theta/base/limits.h"
#include "theta/base/result.h"
#include "theta/scene/components.h"

/// glTF 2.0 (https://registry.khronos.org/glTF/specs/2.0/glTF-2.0.html) and its binary container GLB, in and out.
/// Pure over bytes: files beside a .gltf are read through a callback of the caller. Any thread; nothing is kept.
namespace theta::interchange {

/// What the caller must do about it.
enum class ImportError {
  malformed,     // the file breaks the format: repair it
  unsupported,   // the file needs something Theta does not read: export it differently
  too_large,     // over one of ImportLimits
  missing_file,  // a buffer or image beside the file could not be read
  cancelled,     // the progress callback said so
};

enum class ExportError {
  bad_scene,      // parents out of order, or a number that is not finite
  missing_asset,  // the fetch callback had no bytes for an asset
  bad_asset,      // an asset is neither a mesh asset nor PNG nor JPEG, whichever its use asks for
  too_large,      // over the 4 GiB that a GLB can hold
};

/// One entity of an import or an export.
struct SceneNode {
  std::string name;
  /// Place in the node list; -1 is the root. Parents stand before their children, siblings in order.
  int parent = -1;
  scene::Transform transform;
  std::optional<AssetId> mesh;
  std::optional<scene::Material> material;
  std::optional<scene::Light> light;
  std::optional<scene::Camera> camera;
  friend bool operator==(const SceneNode&, const SceneNode&) = default;
};

struct ImportedAsset {
  AssetId id;
  SharedBytes bytes;
};

/// All that an import yields. Nothing of a bad file is in it: there is an error instead.
struct ImportedScene {
  using Node = SceneNode;
  std::vector<Node> nodes;
  /// Meshes (see mesh_asset.h) and textures (the PNG or JPEG bytes of the file), each once, in order of first use.
  std::vector<ImportedAsset> assets;
  /// What the file holds and Theta left out, a sentence each.
  std::vector<std::string> warnings;
};

/// Bounds of one import; going over any is `ImportError::too_large`.
struct ImportLimits {
  std::size_t file_bytes_max = std::size_t{256} << 20;
  /// The file, what it embeds as data URIs, and every file read beside it.
  /// The images that lie in buffer views are bounded by the same number once more: views may overlap.
  std::size_t total_bytes_max = std::size_t{1} << 30;
  std::size_t json_bytes_max = std::size_t{64} << 20;
  /// Numbers, strings, lists and objects in the JSON: bounds the memory that its tree takes (about 70 bytes each).
  std::size_t json_values_max = 8'000'000;
  std::size_t json_depth_max = 64;
  /// Entries of any one top-level list: accessors, buffer views, meshes, materials, …; and primitives that all nodes
  /// together show, with those that are left out.
  std::size_t elements_max = 200'000;
  /// Nodes of the result, with those that stand for further primitives of a mesh.
  std::size_t nodes_max = 200'000;
  /// Less than a room allows, so that an import fits under a parent.
  std::size_t node_depth_max = limits::kHierarchyDepthMax - 24;
  std::size_t mesh_bytes_max = std::size_t{256} << 20;
  /// Of all meshes together, before equal ones fold into one.
  std::size_t geometry_bytes_max = std::size_t{1} << 30;
  std::size_t texture_bytes_max = std::size_t{64} << 20;
  /// Pixels a side.
  std::size_t texture_side_max = 16384;
  std::size_t warnings_max = 64;
};

/// Reads a file beside the glTF file. `path` is relative, with `/` between its parts and no `.`, `..`, `\` or `:`; no
/// part is hidden (begins with a dot), and the extension is one of a buffer (.bin, .glbin, .glbuf) or of an image
/// (.png, .jpg, .jpeg, .jpe, .jfif). Still the resolver confines to the file's folder (links!) and reads at most
/// `bytes_max`. `folder_resolver` does that.
using FileResolver = std::function<Expected<Bytes, ImportError>(std::string_view path, std::size_t bytes_max)>;

/// Called with growing fractions from 0 to 1; false cancels. May be empty.
using ProgressCallback = std::function<bool(float fraction)>;

/// Reads a .gltf or .glb file of the given bytes. `file_name` is used in sentences only. Errors name the file, then the
/// byte offset or the element, then what was expected and what came:
///   `box.glb: accessors[3].bufferView: expected 0..7, got 9`.
///
/// The default scene is read (all roots when the file has no scenes). One node each glTF node; a mesh of several
/// triangle primitives puts each on a child node "name.0", "name.1", … before the node's own children, a mesh of one
/// puts it on the node itself. Strips and fans become triangle lists; points and lines are left out with a warning, as
/// are animations, skins and morph targets (geometry stays in its bind pose), samplers' wrap modes, texture
/// coordinates other than the first set, and extensions other than KHR_lights_punctual and KHR_mesh_quantization.
/// Materials, lights and cameras keep only what their kind uses. Names are cut to limits::kNameBytesMax, lose control
/// characters, and are made up when empty ("node 7").
[[nodiscard]] Expected<ImportedScene, ImportError> import_gltf(std::string_view file_name, ByteView bytes,
                                                               const FileResolver& resolver,
                                                               const ImportLimits& limits = {},
                                                               const ProgressCallback& progress = {});

/// A folder as a resolver: only regular files that lie in it or below, and are not hidden, once links are followed.
[[nodiscard]] FileResolver folder_resolver(std::string folder);

/// What an export reads.
struct ExportScene {
  std::vector<SceneNode> nodes;
  /// The bytes of an asset by its id, or nothing.
  std::function<std::optional<SharedBytes>(const AssetId&)> fetch;
};

/// Writes one GLB with everything inside. Importing it yields the same nodes, transforms, geometry, materials,
/// textures, lights and cameras bit for bit, for all values that glTF allows; values that it does not allow (an
/// emissive factor above 1, an orthographic camera without a far plane, …) become the nearest that it does. A material
/// on a node without a mesh has no place in glTF and is left out. Equal scenes give equal bytes.
[[nodiscard]] Expected<Bytes, ExportError> export_glb(const ExportScene& scene);

}  // namespace theta::interchange

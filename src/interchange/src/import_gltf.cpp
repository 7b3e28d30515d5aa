#include <algorithm>
#include <array>
#include <new>

#include "container.h"
#include "import_state.h"
#include "json_text.h"
#include "material_textures.h"
#include "node_transform.h"
#include "text.h"

namespace theta::interchange {
namespace {

// How an import's time divides, roughly: parsing, reading what is beside the file, then the nodes with all they bring.
constexpr float kParsed = 0.1F;
constexpr float kRead = 0.2F;
constexpr float kDone = 1.0F;

/// Walks the forest of the chosen scene, parents first, and makes a node of each.
class NodeImporter {
 public:
  NodeImporter(ImportState& state) : state_(state), meshes_(state), looks_(state) {}

  std::vector<SceneNode> run();

 private:
  struct Open {
    std::size_t source;
    int parent;
  };

  [[nodiscard]] SceneNode convert(const Open& open);
  [[nodiscard]] scene::Transform transform(std::size_t source);
  void add_mesh(std::size_t mesh, int node);
  int add(SceneNode node);

  ImportState& state_;
  MeshImporter meshes_;
  LookImporter looks_;
  std::vector<SceneNode> nodes_;
  /// With those that yield nothing: many nodes can show one mesh of many primitives.
  std::size_t primitives_visited_ = 0;
};

std::vector<SceneNode> NodeImporter::run() {
  std::vector<Open> open;
  const auto push_reversed = [&](const auto& list, int parent) {
    for (auto it = list.rbegin(); it != list.rend(); ++it) open.push_back({static_cast<std::size_t>(*it), parent});
  };
  push_reversed(state_.document.roots, -1);
  const auto total = std::max<std::size_t>(state_.model.nodes.size(), 1);
  std::size_t visited = 0;
  while (!open.empty()) {
    const auto next = open.back();
    open.pop_back();
    const int node = add(convert(next));
    const auto& source = state_.model.nodes[next.source];
    if (source.mesh >= 0) add_mesh(static_cast<std::size_t>(source.mesh), node);
    push_reversed(source.children, node);
    ++visited;
    // A mesh can take long, a plain node does not.
    if (source.mesh >= 0 || visited % 1024 == 0)
      state_.progress.report(kRead + (kDone - kRead) * static_cast<float>(visited) / static_cast<float>(total) * 0.99F);
  }
  if (visited < state_.model.nodes.size())
    state_.warnings.add(std::to_string(state_.model.nodes.size() - visited) +
                        " nodes are not in the scene that was read and were left out");
  return std::move(nodes_);
}

int NodeImporter::add(SceneNode node) {
  if (nodes_.size() >= state_.limits.nodes_max)
    reject(ImportError::too_large, "nodes: with a node for each further primitive of a mesh there are more than " +
                                       std::to_string(state_.limits.nodes_max));
  nodes_.push_back(std::move(node));
  return static_cast<int>(nodes_.size()) - 1;
}

SceneNode NodeImporter::convert(const Open& open) {
  const auto& source = state_.model.nodes[open.source];
  SceneNode node;
  node.name = clean_name(source.name, limits::kNameBytesMax);
  if (node.name.empty()) node.name = "node " + std::to_string(open.source);
  node.parent = open.parent;
  node.transform = transform(open.source);
  if (source.camera >= 0) node.camera = looks_.camera(static_cast<std::size_t>(source.camera));
  const auto light = source.extensions.find("KHR_lights_punctual");
  if (light != source.extensions.end())
    node.light = looks_.light(static_cast<std::size_t>(light->second.Get("light").GetNumberAsInt()));
  return node;
}

scene::Transform NodeImporter::transform(std::size_t index) {
  const auto& source = state_.model.nodes[index];
  const auto vec3 = [](const std::vector<double>& v) {
    return scene::Vec3{static_cast<float>(v[0]), static_cast<float>(v[1]), static_cast<float>(v[2])};
  };
  if (!source.matrix.empty()) {
    std::array<double, 16> matrix{};
    std::copy_n(source.matrix.begin(), matrix.size(), matrix.begin());
    const auto parts = decompose(matrix);
    if (!parts.exact)
      state_.warnings.add("nodes[" + std::to_string(index) +
                          "].matrix: shears, which no translation, rotation and scale can; the shear was left out");
    return parts.transform;
  }
  scene::Transform transform;
  if (!source.translation.empty()) transform.position = vec3(source.translation);
  if (!source.scale.empty()) transform.scale = vec3(source.scale);
  if (!source.rotation.empty()) {
    const auto& q = source.rotation;
    transform.rotation =
        unit({static_cast<float>(q[0]), static_cast<float>(q[1]), static_cast<float>(q[2]), static_cast<float>(q[3])});
  }
  return transform;
}

void NodeImporter::add_mesh(std::size_t mesh, int node) {
  const auto& primitives = state_.model.meshes[mesh].primitives;
  primitives_visited_ += primitives.size();
  if (primitives_visited_ > state_.limits.elements_max)
    reject(ImportError::too_large, "nodes: all of them together show more than " +
                                       std::to_string(state_.limits.elements_max) + " primitives of meshes");
  for (std::size_t i = 0; i < primitives.size(); ++i) {
    const auto asset = meshes_.primitive_asset(mesh, i);
    if (!asset) continue;
    int holder = node;
    if (primitives.size() > 1) {
      const auto suffix = "." + std::to_string(i);
      SceneNode part;
      part.name =
          clean_name(nodes_[static_cast<std::size_t>(node)].name, limits::kNameBytesMax - suffix.size()) + suffix;
      part.parent = node;
      holder = add(std::move(part));
    }
    auto& target = nodes_[static_cast<std::size_t>(holder)];
    target.mesh = asset->mesh;
    if (primitives[i].material < 0) continue;
    target.material = looks_.material(static_cast<std::size_t>(primitives[i].material));
    if (asset->has_texture_coordinates || without_textures(*target.material) == *target.material) continue;
    target.material = without_textures(*target.material);
    state_.warnings.add("meshes[" + std::to_string(mesh) + "].primitives[" + std::to_string(i) +
                        "]: has no texture coordinates, so its material's textures were left out");
  }
}

ImportedScene import_checked(ByteView bytes, const FileResolver& resolver, const ImportLimits& limits,
                             const ProgressCallback& callback) {
  if (bytes.size() > limits.file_bytes_max)
    reject(ImportError::too_large,
           "expected at most " + std::to_string(limits.file_bytes_max) + " bytes, got " + std::to_string(bytes.size()));
  Warnings warnings(limits.warnings_max);
  Progress progress(callback);
  progress.report(0);
  const auto container = split_container(bytes, warnings);
  CheckedDocument document;
  {
    const Json json = parse_json(container.json, container.json_offset, limits);
    document = check_document(JsonCursor(json), limits, warnings);
  }
  const auto model = read_model(document.clean);
  document.clean = Json();
  progress.report(kParsed);

  Content content({container.bin, resolver, limits, bytes.size()}, document);
  content.load_buffers();
  progress.report(kRead);

  ImportState state{limits, document, model, content, warnings, progress, {}};
  ImportedScene scene;
  scene.nodes = NodeImporter(state).run();
  scene.assets = state.assets.take();
  scene.warnings = warnings.take();
  progress.report(kDone);
  return scene;
}

}  // namespace

Expected<ImportedScene, ImportError> import_gltf(std::string_view file_name, ByteView bytes,
                                                 const FileResolver& resolver, const ImportLimits& limits,
                                                 const ProgressCallback& progress) {
  const auto name = printable(file_name, 200) + ": ";
  try {
    return import_checked(bytes, resolver, limits, progress);
  } catch (const Rejection& rejection) {
    return fail(rejection.code, name + rejection.message);
  } catch (const std::bad_alloc&) {
    return fail(ImportError::too_large, name + "there is not enough memory to read it");
  } catch (const std::exception& error) {
    return fail(ImportError::malformed, name + "the JSON or glTF library refuses it: " + printable(error.what(), 200));
  }
}

}  // namespace theta::interchange

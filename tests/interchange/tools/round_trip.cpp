// Imports a glTF file and exports it again: `interchange_round_trip IN OUT.glb`. Prints counts as JSON, so that an
// independent reader's counts of OUT.glb can be compared with them.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "theta/interchange/gltf.h"
#include "theta/interchange/mesh_asset.h"

namespace {

using namespace theta;
using namespace theta::interchange;

int complain(const std::string& sentence) {
  std::fprintf(stderr, "%s\n", sentence.c_str());
  return 1;
}

int round_trip(const std::filesystem::path& in, const std::filesystem::path& out) {
  std::ifstream file(in, std::ios::binary);
  const Bytes bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const auto imported = import_gltf(in.filename().string(), bytes, folder_resolver(in.parent_path().string()));
  if (!imported) return complain(imported.error().message);
  for (const auto& warning : imported->warnings) std::fprintf(stderr, "warning: %s\n", warning.c_str());

  std::map<AssetId, SharedBytes> assets;
  for (const auto& asset : imported->assets) assets[asset.id] = asset.bytes;
  const auto fetch = [&](const AssetId& id) -> std::optional<SharedBytes> {
    const auto it = assets.find(id);
    return it == assets.end() ? std::nullopt : std::optional(it->second);
  };
  const auto glb = export_glb({imported->nodes, fetch});
  if (!glb) return complain(glb.error().message);
  std::ofstream(out, std::ios::binary)
      .write(reinterpret_cast<const char*>(glb->data()), static_cast<std::streamsize>(glb->size()));

  std::size_t meshes = 0;
  std::size_t triangles = 0;
  for (const auto& node : imported->nodes) {
    if (!node.mesh) continue;
    const auto mesh = read_mesh_asset(assets[*node.mesh].view());
    if (!mesh) return complain(mesh.error().message);
    ++meshes;
    triangles += mesh->triangle_count();
  }
  std::printf("{\"nodes\": %zu, \"mesh_nodes\": %zu, \"triangles\": %zu}\n", imported->nodes.size(), meshes, triangles);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return complain("usage: interchange_round_trip IN OUT.glb");
  return round_trip(argv[1], argv[2]);
}

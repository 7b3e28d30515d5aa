#include "theta/interchange/gltf.h"

#include "fuzz_input.h"
#include "theta/interchange/mesh_asset.h"

// A file that imports is a scene whose assets read, and which comes back from an export as it was.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace theta;
  using namespace theta::interchange;
  // A file of a few KiB can ask for no more than this without a fault in the checks.
  ImportLimits limits;
  limits.geometry_bytes_max = limits.mesh_bytes_max = std::size_t{16} << 20;
  limits.total_bytes_max = std::size_t{1} << 20;
  const auto beside = [](std::string_view, std::size_t) -> Expected<Bytes, ImportError> { return Bytes(256, 1); };
  const auto scene = import_gltf("fuzz.glb", {data, size}, beside, limits);
  if (!scene) {
    THETA_CHECK(scene.error().message.size() > std::string_view("fuzz.glb: ").size());
    return 0;
  }
  ExportScene out;
  out.nodes = scene->nodes;
  out.fetch = [&](const AssetId& id) -> std::optional<SharedBytes> {
    for (const auto& asset : scene->assets)
      if (asset.id == id) return asset.bytes;
    return std::nullopt;
  };
  for (std::size_t at = 0; at < scene->nodes.size(); ++at) {
    const auto& node = scene->nodes[at];
    THETA_CHECK(node.parent < static_cast<int>(at));
    if (node.mesh) THETA_CHECK(read_mesh_asset(out.fetch(*node.mesh)->view()).has_value());
  }
  const auto glb = export_glb(out);
  THETA_CHECK(glb.has_value());
  const auto again = import_gltf("again.glb", *glb, {});
  THETA_CHECK(again.has_value() && again->nodes == scene->nodes);
  return 0;
}

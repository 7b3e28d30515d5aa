#include "theta/models/room_export.h"

#include <set>

namespace theta::models {

namespace {

/// Downloads that the session is given at once; it does one after the other.
constexpr std::size_t kDownloadsQueuedMax = 64;

interchange::SceneNode node_of(const scene::Scene& scene, ObjectId entity, int parent) {
  interchange::SceneNode node;
  node.parent = parent;
  if (const auto* name = scene.name(entity)) node.name = *name;
  if (const auto* transform = scene.transform(entity)) node.transform = *transform;
  if (const auto* mesh = scene.mesh(entity)) node.mesh = *mesh;
  if (const auto* material = scene.material(entity)) node.material = *material;
  if (const auto* light = scene.light(entity)) node.light = *light;
  if (const auto* camera = scene.camera(entity)) node.camera = *camera;
  return node;
}

/// In tree order, as the exporter wants it; `roots` in their order.
std::vector<interchange::SceneNode> nodes_of(const scene::Scene& scene, std::span<const ObjectId> roots) {
  std::vector<interchange::SceneNode> nodes;
  struct Open {
    ObjectId entity;
    int parent;
  };
  std::vector<Open> open;
  const auto push = [&](std::span<const ObjectId> entities, int parent) {
    for (auto entity = entities.rbegin(); entity != entities.rend(); ++entity) open.push_back({*entity, parent});
  };
  push(roots, -1);
  while (!open.empty()) {
    const auto [entity, parent] = open.back();
    open.pop_back();
    nodes.push_back(node_of(scene, entity, parent));
    push(scene.children(entity), static_cast<int>(nodes.size()) - 1);
  }
  return nodes;
}

std::set<AssetId> assets_of(const std::vector<interchange::SceneNode>& nodes) {
  std::set<AssetId> assets;
  const auto add = [&](const AssetId& asset) {
    if (!asset.is_zero()) assets.insert(asset);
  };
  for (const auto& node : nodes) {
    if (node.mesh) add(*node.mesh);
    if (!node.mesh || !node.material) continue;  // a material without a mesh has no place in glTF
    add(node.material->base_color_texture);
    add(node.material->metallic_roughness_texture);
    add(node.material->normal_texture);
    add(node.material->occlusion_texture);
    add(node.material->emissive_texture);
  }
  return assets;
}

/// Those that are there, without what lies below another of them.
std::vector<ObjectId> roots_of(const scene::Scene& scene, std::span<const ObjectId> entities) {
  if (entities.empty()) return scene.children(kNoObject);
  const std::set<ObjectId> chosen(entities.begin(), entities.end());
  std::vector<ObjectId> roots;
  for (const auto entity : chosen) {
    if (!scene.contains(entity)) continue;
    auto above = scene.place(entity).parent;
    while (above != kNoObject && !chosen.contains(above)) above = scene.place(above).parent;
    if (above == kNoObject) roots.push_back(entity);
  }
  return roots;
}

}  // namespace

RoomExport::RoomExport(client::Session& session, std::span<const ObjectId> entities)
    : session_(session), nodes_(nodes_of(session.scene(), roots_of(session.scene(), entities))) {
  for (const auto& asset : assets_of(nodes_)) {
    assets_.emplace(asset, std::nullopt);
    to_ask_.push_back(asset);
  }
  missing_ = assets_.size();
}

void RoomExport::on_event(const client::Event& event) {
  if (const auto* ready = std::get_if<client::AssetReady>(&event)) {
    const auto wanted = assets_.find(ready->asset);
    if (wanted == assets_.end() || wanted->second) return;
    wanted->second = ready->bytes;
    --missing_;
  }
  if (const auto* failed = std::get_if<client::AssetFailed>(&event))
    if (assets_.contains(failed->asset) && trouble_.empty())
      trouble_ = "an asset cannot be had: " + failed->refusal.text;
}

bool RoomExport::has_work() const {
  return !to_ask_.empty() && missing_ - to_ask_.size() < kDownloadsQueuedMax && trouble_.empty();
}

void RoomExport::advance() {
  while (has_work()) {
    const auto queued = session_.download_asset(to_ask_.back());
    if (!queued) {
      trouble_ = queued.error().message;
      return;
    }
    to_ask_.pop_back();
  }
}

double RoomExport::fraction() const {
  return assets_.empty() ? 1 : 1 - static_cast<double>(missing_) / static_cast<double>(assets_.size());
}

Expected<Bytes, interchange::ExportError> RoomExport::encode() {
  interchange::ExportScene scene{std::move(nodes_), [this](const AssetId& asset) -> std::optional<SharedBytes> {
                                   const auto found = assets_.find(asset);
                                   return found == assets_.end() ? std::nullopt : found->second;
                                 }};
  return interchange::export_glb(scene);
}

}  // namespace theta::models

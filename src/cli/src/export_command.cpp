#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>

#include "commands.h"
#include "peer.h"
#include "theta/interchange/gltf.h"

namespace theta::cli {

namespace {

struct ExportOptions {
  std::string link;
  std::string file;
  std::uint32_t timeout_s = 120;
};

/// The scene in tree order, as the exporter wants it.
std::vector<interchange::SceneNode> nodes_of(const scene::Scene& scene) {
  std::vector<interchange::SceneNode> nodes;
  struct Open {
    ObjectId entity;
    int parent;
  };
  std::vector<Open> open;
  const auto push_children = [&](ObjectId parent, int index) {
    const auto children = scene.children(parent);
    for (auto child = children.rbegin(); child != children.rend(); ++child) open.push_back({*child, index});
  };
  push_children(kNoObject, -1);
  while (!open.empty()) {
    const auto [entity, parent] = open.back();
    open.pop_back();
    interchange::SceneNode node;
    node.parent = parent;
    if (const auto* name = scene.name(entity)) node.name = *name;
    if (const auto* transform = scene.transform(entity)) node.transform = *transform;
    if (const auto* mesh = scene.mesh(entity)) node.mesh = *mesh;
    if (const auto* material = scene.material(entity)) node.material = *material;
    if (const auto* light = scene.light(entity)) node.light = *light;
    if (const auto* camera = scene.camera(entity)) node.camera = *camera;
    nodes.push_back(std::move(node));
    push_children(entity, static_cast<int>(nodes.size()) - 1);
  }
  return nodes;
}

std::map<AssetId, std::optional<SharedBytes>> assets_of(const std::vector<interchange::SceneNode>& nodes) {
  std::map<AssetId, std::optional<SharedBytes>> assets;
  const auto add = [&](const AssetId& asset) {
    if (!asset.is_zero()) assets.emplace(asset, std::nullopt);
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

/// Written beside the target and renamed, so that a half-written file never stands under the name.
/// Returns why it could not be done; empty when it was.
std::string write_file(const std::string& path, const Bytes& bytes) {
  const auto partial = path + ".partial";
  {
    errno = 0;
    std::ofstream file(partial, std::ios::binary | std::ios::trunc);
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    file.flush();
    if (!file) return partial + " cannot be written: " + std::strerror(errno);
  }
  std::error_code error;
  std::filesystem::rename(partial, path, error);
  return error ? partial + " cannot be renamed to it: " + error.message() : std::string();
}

/// Renaming replaces whatever has the name, a device too, so only a file may have it. Empty when all is well.
std::string what_is_wrong_with_target(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code error;
  const auto folder = fs::path(path).parent_path();
  if (!folder.empty() && !fs::exists(folder, error)) return "the folder " + folder.string() + " does not exist";
  // A link to a file is followed: what it points to must be a file as well.
  const auto target = fs::status(path, error);
  if (fs::is_directory(target)) return "that is a folder; name a file in it";
  if (fs::exists(target) && !fs::is_regular_file(target))
    return "that is no regular file (a device or a pipe), and it would be replaced; name another";
  return {};
}

ExitCode run_export(const Context& context, const ExportOptions& options) {
  if (const auto wrong = what_is_wrong_with_target(options.file); !wrong.empty())
    return context.output.fail(ExitCode::failed, options.file + ": " + wrong);
  PeerOptions peer_options;
  peer_options.link = options.link;
  peer_options.writer = false;
  peer_options.keep_state = false;
  auto opened = Peer::open(context, peer_options);
  if (!opened) return context.output.fail(opened.error().code, opened.error().message);
  auto& peer = **opened;
  std::map<AssetId, std::optional<SharedBytes>> assets;
  std::size_t waiting = 0;
  std::string trouble;
  peer.on_event([&](const client::Event& event) {
    if (const auto* ready = std::get_if<client::AssetReady>(&event)) {
      const auto wanted = assets.find(ready->asset);
      if (wanted != assets.end() && !wanted->second) {
        wanted->second = ready->bytes;
        --waiting;
      }
    }
    if (const auto* failed = std::get_if<client::AssetFailed>(&event)) trouble = failed->refusal.text;
  });
  if (const auto ready = peer.wait_caught_up(); !ready)
    return context.output.fail(ready.error().code, ready.error().message);
  auto nodes = nodes_of(peer.session().scene());
  assets = assets_of(nodes);
  waiting = assets.size();
  for (const auto& [asset, bytes] : assets)
    if (const auto queued = peer.session().download_asset(asset); !queued)
      return context.output.fail(ExitCode::failed, queued.error().message);
  const auto total = assets.size();
  const auto done = [&] {
    context.output.progress("downloading",
                            total == 0 ? 1.0 : 1.0 - static_cast<double>(waiting) / static_cast<double>(total));
    return waiting == 0 || !trouble.empty();
  };
  if (const auto got = peer.wait(done, std::chrono::seconds{options.timeout_s}); !got)
    return context.output.fail(got.error().code, got.error().message);
  if (!trouble.empty()) return context.output.fail(ExitCode::failed, "an asset cannot be had: " + trouble);
  const auto count = nodes.size();
  interchange::ExportScene scene{std::move(nodes), [&](const AssetId& asset) -> std::optional<SharedBytes> {
                                   const auto found = assets.find(asset);
                                   return found == assets.end() ? std::nullopt : found->second;
                                 }};
  const auto bytes = interchange::export_glb(scene);
  if (!bytes) return context.output.fail(ExitCode::failed, bytes.error().message);
  if (const auto wrong = write_file(options.file, *bytes); !wrong.empty())
    return context.output.fail(ExitCode::failed, options.file + ": " + wrong);
  context.output.result(
      {{"event", "exported"}, {"file", options.file}, {"nodes", count}, {"bytes", bytes->size()}},
      options.file + ": " + std::to_string(count) + " nodes, " + std::to_string(bytes->size()) + " bytes");
  return ExitCode::ok;
}

}  // namespace

void add_export_command(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("export", "Write a room's scene to one GLB file");
  auto options = std::make_shared<ExportOptions>();
  command->add_option("LINK", options->link, "the room's link")->required();
  command->add_option("FILE", options->file, "the .glb file to write")->required();
  command->add_option("--timeout", options->timeout_s, "seconds to wait for the hub")->capture_default_str();
  command->add_option("--data", context.data_option, "data folder (default: per user)");
  command->callback(
      [&context, options] { context.run = [&context, options] { return run_export(context, *options); }; });
}

}  // namespace theta::cli

#include <filesystem>
#include <fstream>
#include <set>

#include "command_json.h"
#include "commands.h"
#include "peer.h"
#include "theta/interchange/gltf.h"

namespace theta::cli {

namespace {

struct ImportOptions {
  std::string link;
  std::vector<std::string> files;
  std::string parent = "root";
  std::uint32_t timeout_s = 120;
};

using interchange::ImportedScene;

/// Bytes that one entity takes in a payload, generously: tables, id, transform, name, mesh, material with five
/// textures.
std::size_t payload_bytes(const interchange::SceneNode& node) {
  return 160 + node.name.size() + (node.mesh ? 40 : 0) + (node.material ? 320 : 0) + (node.light ? 60 : 0) +
         (node.camera ? 60 : 0);
}

client::NewEntity to_entity(const interchange::SceneNode& node) {
  client::NewEntity entity;
  entity.name = node.name;
  entity.transform = node.transform;
  entity.mesh = node.mesh;
  entity.material = node.material;
  entity.light = node.light;
  entity.camera = node.camera;
  return entity;
}

class Importer {
 public:
  Importer(const Context& context, const ImportOptions& options, Peer& peer)
      : context_(context), options_(options), peer_(peer) {
    peer_.on_event([this](const client::Event& event) { note(event); });
  }

  /// Everything was read and checked before anything enters the room. A file that the room refuses half-way is taken
  /// back; what came in before it stays.
  ExitCode run(const std::vector<std::pair<std::string, ImportedScene>>& scenes) {
    if (const auto ready = peer_.wait_caught_up(); !ready) return report(ready.error());
    for (const auto& [file, scene] : scenes) {
      if (const auto uploaded = upload(file, scene); !uploaded) return report(uploaded.error());
      if (const auto made = create(file, scene); !made) return report(take_back(made.error()));
    }
    return ExitCode::ok;
  }

 private:
  template <class T>
  using Result = Peer::Result<T>;
  using Place = replica::Replica::CommandSpan;

  ExitCode report(const Failure<ExitCode>& failure) const {
    return context_.output.fail(failure.code, failure.message);
  }

  void note(const client::Event& event) {
    if (const auto* stored = std::get_if<client::AssetStored>(&event)) waiting_.erase(stored->asset);
    if (const auto* failed = std::get_if<client::AssetFailed>(&event))
      if (waiting_.erase(failed->asset) > 0)
        fail_with(exit_code_of(failed->refusal.code), "an asset was refused: " + failed->refusal.text);
    if (const auto* settled = std::get_if<client::CommandSettled>(&event)) note(*settled);
  }

  void note(const client::CommandSettled& settled) {
    ++settled_;
    if (settled.refusal) fail_with(exit_code_of(settled.refusal->code), "refused: " + settled.refusal->text);
    if (settled.how != client::CommandSettled::How::acknowledged) return;
    const Place place{settled.nonce, settled.index};
    if (!first_made_) first_made_ = place;
    last_made_ = place;
    if (settled.outcome && settled.outcome->status == replica::OutcomeStatus::rejected)
      fail_with(ExitCode::failed, replica::describe(*settled.outcome, ""));
  }

  /// The first trouble is the one to tell; what follows comes of it.
  void fail_with(ExitCode code, const std::string& sentence) {
    if (!trouble_) trouble_ = Failure<ExitCode>{code, sentence};
  }

  Result<void> upload(const std::string& file, const ImportedScene& scene) {
    for (const auto& asset : scene.assets) {
      const auto queued = peer_.session().upload_asset(asset.bytes);
      if (!queued) return fail(exit_code_of(queued.error().code), file + ": " + queued.error().message);
      waiting_.insert(asset.id);
    }
    const auto total = waiting_.size();
    const auto done = [&] {
      context_.output.progress(
          "uploading", total == 0 ? 1.0 : 1.0 - static_cast<double>(waiting_.size()) / static_cast<double>(total));
      return waiting_.empty() || trouble_;
    };
    if (auto uploaded = peer_.wait(done, timeout()); !uploaded) return uploaded;
    return check(file);
  }

  Result<void> create(const std::string& file, const ImportedScene& scene) {
    const auto root_parent = object_from_text(options_.parent);
    if (!root_parent)
      return fail(ExitCode::usage, "--parent: expected an id like 3:17 or root, got \"" + options_.parent + "\"");
    // One entity holds the file's roots, so that an import can be moved or deleted as one thing.
    client::NewEntity top;
    top.parent = *root_parent;
    top.name = std::filesystem::path(file).stem().string();
    top.transform = scene::Transform{};
    const auto ids = peer_.session().mint_ids(scene.nodes.size() + 1);
    if (!ids) return fail(exit_code_of(ids.error().code), ids.error().message);
    top.id = top_ = ids->front();
    std::vector<client::NewEntity> batch = {top};
    std::size_t batch_bytes = 512;
    submitted_ = settled_ = 0;
    first_made_.reset();
    last_made_.reset();
    for (std::size_t at = 0; at < scene.nodes.size(); ++at) {
      const auto& node = scene.nodes[at];
      constexpr std::size_t kBatchBytes = limits::kPayloadBytesMax * 3 / 4;
      if (batch_bytes + payload_bytes(node) > kBatchBytes) {
        if (auto sent = submit(file, batch); !sent) return sent;
        batch_bytes = 512;
      }
      auto entity = to_entity(node);
      entity.id = (*ids)[at + 1];
      entity.parent = node.parent < 0 ? top.id : (*ids)[static_cast<std::size_t>(node.parent) + 1];
      batch_bytes += payload_bytes(node);
      batch.push_back(std::move(entity));
    }
    if (auto sent = submit(file, batch); !sent) return sent;
    const auto done = [&] {
      context_.output.progress("creating", static_cast<double>(settled_) / static_cast<double>(submitted_));
      return all_settled() || trouble_;
    };
    if (auto settled = peer_.wait(done, timeout()); !settled) return settled;
    if (auto checked = check(file); !checked) return checked;
    context_.output.result({{"event", "imported"},
                            {"file", file},
                            {"entity", to_text(top.id)},
                            {"entities", scene.nodes.size() + 1},
                            {"assets", scene.assets.size()}},
                           file + ": " + std::to_string(scene.nodes.size() + 1) + " entities, " +
                               std::to_string(scene.assets.size()) + " assets, below " + to_text(top.id));
    return {};
  }

  Result<void> submit(const std::string& file, std::vector<client::NewEntity>& batch) {
    if (batch.empty()) return {};
    const auto made = peer_.session().create_entities(std::move(batch));
    batch.clear();
    if (!made) return fail(exit_code_of(made.error().code), file + ": " + made.error().message);
    ++submitted_;
    return {};
  }

  [[nodiscard]] bool all_settled() const { return settled_ >= submitted_; }

  /// After a failure half-way. Commands of one author are taken in order, so the ones that came in are a span, and one
  /// undo takes them back.
  [[nodiscard]] Failure<ExitCode> take_back(const Failure<ExitCode>& failure) {
    if (const auto settled = peer_.wait([this] { return all_settled(); }, timeout()); !settled)
      return {failure.code, failure.message + ". Not every part of it was answered (" + settled.error().message +
                                "): join the room again to have the rest sent, then look at it and delete what is too "
                                "much"};
    if (!first_made_) return {failure.code, failure.message + ". Nothing of this file is in the room"};
    trouble_.reset();
    submitted_ = settled_ = 0;
    const auto undo = peer_.session().undo(*first_made_, *last_made_);
    std::string stands = undo ? std::string() : undo.error().message;
    if (undo) {
      submitted_ = 1;
      const auto undone = peer_.wait([this] { return all_settled(); }, timeout());
      if (!undone) stands = undone.error().message;
      if (trouble_) stands = trouble_->message;
    }
    if (stands.empty()) return {failure.code, failure.message + ". What had come in of this file was taken back"};
    return {failure.code, failure.message +
                              ". What had come in of this file stands, since it could not be taken back (" + stands +
                              "); delete_entities with the target " + to_text(top_) + " removes it"};
  }

  Result<void> check(const std::string& file) const {
    if (!trouble_) return {};
    return fail(trouble_->code, file + ": " + trouble_->message);
  }

  std::chrono::milliseconds timeout() const { return std::chrono::seconds{options_.timeout_s}; }

  const Context& context_;
  const ImportOptions& options_;
  Peer& peer_;
  std::set<AssetId> waiting_;
  std::size_t submitted_ = 0;
  std::size_t settled_ = 0;
  // Of the file that is being created: its top entity, and what the log has of it.
  ObjectId top_ = kNoObject;
  std::optional<Place> first_made_;
  std::optional<Place> last_made_;
  std::optional<Failure<ExitCode>> trouble_;
};

std::optional<Bytes> read_file(const std::string& path, std::size_t bytes_max) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return std::nullopt;
  const auto size = static_cast<std::size_t>(file.tellg());
  if (size > bytes_max) return std::nullopt;
  Bytes bytes(size);
  file.seekg(0);
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size));
  if (!file) return std::nullopt;
  return bytes;
}

ExitCode run_import(const Context& context, const ImportOptions& options) {
  std::vector<std::pair<std::string, ImportedScene>> scenes;
  for (const auto& path : options.files) {
    const interchange::ImportLimits limits;
    std::error_code error;
    const auto status = std::filesystem::status(path, error);
    if (!std::filesystem::exists(status)) return context.output.fail(ExitCode::failed, path + ": does not exist");
    if (std::filesystem::is_directory(status))
      return context.output.fail(ExitCode::failed, path + ": is a folder; expected a .gltf or .glb file");
    const auto bytes = read_file(path, limits.file_bytes_max);
    if (!bytes)
      return context.output.fail(ExitCode::failed, path + ": cannot be read, or is larger than " +
                                                       std::to_string(limits.file_bytes_max) + " bytes");
    auto folder = std::filesystem::path(path).parent_path().string();
    if (folder.empty()) folder = ".";
    const auto name = std::filesystem::path(path).filename().string();
    auto scene =
        interchange::import_gltf(name, *bytes, interchange::folder_resolver(folder), limits, [&](float fraction) {
          context.output.progress("reading " + name, fraction);
          return true;
        });
    if (!scene) return context.output.fail(ExitCode::bad_input, scene.error().message);
    for (const auto& warning : scene->warnings) context.output.note(name + ": " + warning);
    scenes.emplace_back(name, std::move(*scene));
  }
  PeerOptions peer_options;
  peer_options.link = options.link;
  auto peer = Peer::open(context, peer_options);
  if (!peer) return context.output.fail(peer.error().code, peer.error().message);
  return Importer(context, options, **peer).run(scenes);
}

}  // namespace

void add_import_command(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("import", "Bring glTF 2.0 and GLB files into a room");
  auto options = std::make_shared<ImportOptions>();
  command->add_option("LINK", options->link, "the room's link")->required();
  command->add_option("FILE", options->files, ".gltf or .glb files")->required();
  command->add_option("--parent", options->parent, "the entity below which they go")->capture_default_str();
  command->add_option("--timeout", options->timeout_s, "seconds to wait for the hub at each step")
      ->capture_default_str();
  command->add_option("--data", context.data_option, "data folder (default: per user)");
  command->callback(
      [&context, options] { context.run = [&context, options] { return run_import(context, *options); }; });
}

}  // namespace theta::cli

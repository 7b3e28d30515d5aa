#include <filesystem>
#include <fstream>

#include "commands.h"
#include "peer.h"
#include "theta/interchange/gltf.h"
#include "theta/json/command_json.h"
#include "theta/models/room_import.h"

namespace theta::cli {

namespace {

struct ImportOptions {
  std::string link;
  std::vector<std::string> files;
  std::string parent = "root";
  std::uint32_t timeout_s = 120;
};

using interchange::ImportedScene;
using json::object_from_text;
using json::to_text;

class Importer {
 public:
  Importer(const Context& context, const ImportOptions& options, ObjectId parent, Peer& peer)
      : context_(context), options_(options), parent_(parent), peer_(peer) {
    peer_.on_event([this](const client::Event& event) {
      if (import_) import_->on_event(event);
    });
  }

  /// Everything was read and checked before anything enters the room. A file that the room refuses half-way is taken
  /// back; what came in before it stays.
  ExitCode run(std::vector<std::pair<std::string, ImportedScene>> scenes) {
    if (const auto ready = peer_.wait_caught_up(); !ready) return report(ready.error());
    for (auto& [file, scene] : scenes) {
      models::RoomImportOptions into;
      into.parent = parent_;
      into.name = std::filesystem::path(file).stem().string();
      import_.emplace(peer_.session(), std::move(scene), std::move(into));
      if (const auto made = bring_in(file); !made) return report(made.error());
    }
    return ExitCode::ok;
  }

 private:
  using Phase = models::RoomImport::Phase;

  ExitCode report(const Failure<ExitCode>& failure) const {
    return context_.output.fail(failure.code, failure.message);
  }

  static ExitCode exit_code_of_trouble(const models::ImportTrouble& trouble) {
    if (const auto* refusal = std::get_if<log::RefusalCode>(&trouble.cause)) return exit_code_of(*refusal);
    if (const auto* error = std::get_if<client::ClientError>(&trouble.cause)) return exit_code_of(*error);
    return ExitCode::failed;
  }

  /// The time-out is for each phase.
  Peer::Result<void> bring_in(const std::string& file) {
    auto& import = *import_;
    while (!import.is_over()) {
      const auto phase = import.phase();
      const auto moved = peer_.wait([&] { return advance(phase); }, std::chrono::seconds{options_.timeout_s});
      if (moved) continue;
      if (!import.trouble()) return moved;
      return fail(exit_code_of_trouble(*import.trouble()),
                  file + ": " + import.trouble()->text + ". Not every part of it was answered (" +
                      moved.error().message +
                      "): join the room again to have the rest sent, then look at it and delete what is too much");
    }
    if (import.trouble()) return fail(exit_code_of_trouble(*import.trouble()), file + ": " + import.trouble()->text);
    context_.output.result({{"event", "imported"},
                            {"file", file},
                            {"entity", to_text(import.top())},
                            {"entities", import.entity_count()},
                            {"assets", import.asset_count()}},
                           file + ": " + std::to_string(import.entity_count()) + " entities, " +
                               std::to_string(import.asset_count()) + " assets, below " + to_text(import.top()));
    return {};
  }

  /// True when the phase is another than `phase`.
  bool advance(Phase phase) {
    auto& import = *import_;
    while (!import.is_over() && import.has_work() && import.phase() == phase) import.advance();
    if (import.trouble() && phase != Phase::taking_back) import.advance();
    if (phase != Phase::taking_back)
      context_.output.progress(phase == Phase::uploading ? "uploading" : "creating", import.fraction());
    return import.phase() != phase;
  }

  const Context& context_;
  const ImportOptions& options_;
  ObjectId parent_;
  Peer& peer_;
  std::optional<models::RoomImport> import_;
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
  const auto parent = object_from_text(options.parent);
  if (!parent)
    return context.output.fail(ExitCode::usage,
                               "--parent: expected an id like 3:17 or root, got \"" + options.parent + "\"");
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
  return Importer(context, options, *parent, **peer).run(std::move(scenes));
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

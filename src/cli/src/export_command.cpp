#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <span>

#include "commands.h"
#include "peer.h"
#include "theta/models/room_export.h"

namespace theta::cli {

namespace {

struct ExportOptions {
  std::string link;
  std::string file;
  std::uint32_t timeout_s = 120;
};

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
  std::optional<models::RoomExport> model;
  peer.on_event([&](const client::Event& event) {
    if (model) model->on_event(event);
  });
  if (const auto ready = peer.wait_caught_up(); !ready)
    return context.output.fail(ready.error().code, ready.error().message);
  model.emplace(peer.session(), std::span<const ObjectId>());
  const auto done = [&] {
    model->advance();
    context.output.progress("downloading", model->fraction());
    return model->is_ready();
  };
  if (const auto got = peer.wait(done, std::chrono::seconds{options.timeout_s}); !got)
    return context.output.fail(got.error().code, got.error().message);
  if (!model->trouble().empty()) return context.output.fail(ExitCode::failed, model->trouble());
  const auto count = model->node_count();
  const auto bytes = model->encode();
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

#include <filesystem>

#include "commands.h"
#include "data_folder.h"
#include "theta/hub/server.h"

namespace theta::cli {

namespace {

struct HubOptions {
  std::string listen = "[::]:4433";
  std::string http = "127.0.0.1:4480";
  std::string config;
};

ExitCode exit_code_of(hub::ServerError error) {
  return error == hub::ServerError::config ? ExitCode::bad_input : ExitCode::failed;
}

ExitCode run_hub(const Context& context, const HubOptions& options) {
  hub::HubServer::Options server_options;
  server_options.data_folder = data_folder(context.data_option);
  std::error_code ignored;
  std::filesystem::create_directories(std::filesystem::path(server_options.data_folder).parent_path(), ignored);
  server_options.listen = options.listen;
  server_options.http = options.http;
  server_options.config_file = options.config;
  server_options.log = [&context](const std::string& sentence) { context.output.note(sentence); };
  auto server = hub::HubServer::open(std::move(server_options));
  if (!server) return context.output.fail(exit_code_of(server.error().code), server.error().message);
  const auto& addresses = (*server)->addresses();
  // Other programs wait for this line, so it is JSON in either mode.
  context.output.event(
      {{"event", "ready"}, {"quic", addresses.quic}, {"http", addresses.http}, {"fingerprint", addresses.fingerprint}});
  (*server)->run();
  return ExitCode::ok;
}

}  // namespace

void add_hub_command(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("hub", "Serve rooms: order their logs, keep them on disk, relay to peers");
  auto options = std::make_shared<HubOptions>();
  command->add_option("--data", context.data_option, "data folder (default: per user)");
  command->add_option("--listen", options->listen, "UDP address for peers; port 0 picks one")->capture_default_str();
  command->add_option("--http", options->http, "TCP address for health and metrics; port 0 picks one")
      ->capture_default_str();
  command->add_option("--config", options->config, "TOML file (docs/hub.md); read again on SIGHUP");
  command->callback([&context, options] { context.run = [&context, options] { return run_hub(context, *options); }; });
}

}  // namespace theta::cli

#include <ctime>
#include <filesystem>
#include <vector>

#include "commands.h"
#include "data_folder.h"
#include "theta/hub/server.h"

namespace theta::cli {

namespace {

struct HubOptions {
  std::string listen;
  std::string http;
  std::string config;
  std::string editor;
  std::string tls_certificate;
  std::string tls_key;
  std::string tls;
  std::string public_address;
  std::string page;
  bool allow_plain_http = false;
};

std::string time_text(WallTime time) {
  const auto seconds = static_cast<std::time_t>(to_unix_ms(time) / 1000);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

/// A sentence, or a JSON line with --json; on stderr either way, because stdout has results only.
void write_log(const Output& output, const hub::LogEvent& event) {
  const auto time = time_text(event.time);
  const std::string level(hub::level_name(event.level));
  Json line{{"time", time}, {"level", level}, {"event", event.event}, {"text", event.text}};
  std::string sentence = time + " " + level + ": " + event.text;
  std::string details;
  for (const auto& [key, value] : event.fields) {
    line[key] = value;
    if (key == "room" || key == "author" || key == "address")
      details += (details.empty() ? "" : ", ") + key + " " + value;
  }
  if (!details.empty()) sentence += " (" + details + ")";
  output.log(line, sentence);
}

ExitCode exit_code_of(hub::ServerError error) {
  switch (error) {
    case hub::ServerError::flag: return ExitCode::usage;
    case hub::ServerError::config:
    case hub::ServerError::tls: return ExitCode::bad_input;
    default: return ExitCode::failed;
  }
}

/// Where an editor may lie beside this program: installed, or in the folder that the build made.
std::vector<std::string> editor_folders() {
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return {};
  const auto folder = program.parent_path();
  return {(folder / "../share/theta/editor").lexically_normal().string(),
          (folder / "../../web/editor").lexically_normal().string()};
}

ExitCode run_hub(const Context& context, const HubOptions& options) {
  hub::HubServer::Options server_options;
  server_options.data_folder = context.data_option;
  server_options.default_data_folder = data_folder("");
  // All commands know THETA_DATA; it is an environment variable like the others, so it goes over the file.
  server_options.environment = [process = hub::process_environment()](const std::string& name) {
    auto value = process(name);
    return name == "THETA_HUB_DATA" && !value ? process("THETA_DATA") : value;
  };
  server_options.listen = options.listen;
  server_options.http = options.http;
  server_options.config_file = options.config;
  server_options.editor = options.editor;
  server_options.default_editor_folders = editor_folders();
  server_options.tls_certificate = options.tls_certificate;
  server_options.tls_key = options.tls_key;
  server_options.tls = options.tls;
  server_options.public_address = options.public_address;
  server_options.page = options.page;
  server_options.allow_plain_http = options.allow_plain_http;
  server_options.log = [&context](const hub::LogEvent& event) { write_log(context.output, event); };
  auto server = hub::HubServer::open(std::move(server_options));
  if (!server) return context.output.fail(exit_code_of(server.error().code), server.error().message);
  const auto& addresses = (*server)->addresses();
  // Other programs wait for this line, so it is JSON in either mode.
  context.output.event({{"event", "ready"},
                        {"quic", addresses.quic},
                        {"http", addresses.http},
                        {"page", addresses.page},
                        {"fingerprint", addresses.fingerprint}});
  (*server)->run();
  return ExitCode::ok;
}

}  // namespace

void add_hub_command(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("hub", "Serve rooms: order their logs, keep them on disk, relay to peers");
  auto options = std::make_shared<HubOptions>();
  command->add_option("--data", context.data_option, "data folder (default: per user)");
  command->add_option("--listen", options->listen, "UDP address for peers (default [::]:4433); port 0 picks one");
  command->add_option("--http", options->http,
                      "TCP address for browsers, health and metrics (default 127.0.0.1:4480); port 0 picks one");
  command->add_option("--editor", options->editor, "folder of the browser's editor (default: the one beside theta)");
  command->add_option("--tls-certificate", options->tls_certificate, "PEM file: serve HTTPS with this certificate");
  command->add_option("--tls-key", options->tls_key, "PEM file: the certificate's key");
  command->add_option("--tls", options->tls, "self-signed: serve HTTPS with a certificate that the hub makes");
  command->add_flag("--allow-plain-http", options->allow_plain_http,
                    "serve HTTP without TLS on an address that others can reach");
  command->add_option("--public-address", options->public_address,
                      "IP address that browsers reach the UDP port at (default: where their HTTP came in)");
  command->add_option("--page", options->page, "address of the editor for links, such as https://hub.example:4480");
  command->add_option("--config", options->config, "TOML file (docs/hub.md); read again on SIGHUP");
  command->callback([&context, options] { context.run = [&context, options] { return run_hub(context, *options); }; });
}

}  // namespace theta::cli

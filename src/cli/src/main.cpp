#include <algorithm>
#include <filesystem>
#include <string_view>

#include <CLI/CLI.hpp>

#include "commands.h"
#include "theta/wire/schema.h"
#include "usage_error.h"

namespace theta::cli {

namespace {

/// CLI11 reports a wrong command line, and help, by exceptions; they end here.
int run(int argc, char** argv) {
  Context context;
  std::error_code ignored;
  context.program_folder = std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path().string();
  if (const auto code = run_companion(context, {argv + std::min(argc, 1), argv + argc})) return static_cast<int>(*code);
  CLI::App app{"Theta: build 3D scenes together, live. Every edit is a signed command in a tamper-evident log."};
  app.set_version_flag("--version", std::string("theta ") + THETA_VERSION + ", protocol " +
                                        std::to_string(wire::kProtocolVersion) + ", schema revision " +
                                        std::to_string(wire::kSchemaRevision));
  bool json = false;
  app.add_flag("--json", json, "print JSON lines instead of sentences");
  app.require_subcommand(1);
  app.fallthrough();
  add_hub_command(app, context);
  add_key_command(app, context);
  add_room_command(app, context);
  add_invite_command(app, context);
  add_join_command(app, context);
  add_import_command(app, context);
  add_export_command(app, context);
  add_log_command(app, context);
  add_companion_commands(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // Nothing was parsed to its end, so the flag is looked for as it was typed.
    context.output.use_json(std::find(argv, argv + argc, std::string_view("--json")) != argv + argc);
    if (error.get_exit_code() == 0) return app.exit(error);  // --help and --version
    return static_cast<int>(context.output.fail(ExitCode::usage, usage_sentence(app, error)));
  }
  context.output.use_json(json);
  return static_cast<int>(context.run());
}

}  // namespace

}  // namespace theta::cli

int main(int argc, char** argv) { return theta::cli::run(argc, argv); }

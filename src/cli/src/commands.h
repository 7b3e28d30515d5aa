#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "output.h"

namespace theta::cli {

/// What every subcommand shares. A chosen subcommand leaves what to do in `run`.
struct Context {
  Output output;
  std::string data_option;
  std::string program_folder;
  std::function<ExitCode()> run;
};

void add_hub_command(CLI::App& app, Context& context);
void add_key_command(CLI::App& app, Context& context);
void add_room_command(CLI::App& app, Context& context);
void add_invite_command(CLI::App& app, Context& context);
void add_join_command(CLI::App& app, Context& context);
void add_import_command(CLI::App& app, Context& context);
void add_export_command(CLI::App& app, Context& context);
void add_log_command(CLI::App& app, Context& context);

/// `sim` and `bench` are programs of their own beside this one. When the arguments begin with one of them, after --json
/// at most, this process becomes that program, which gets all that follows, --help and all; it returns only when there
/// is nothing to hand over, or it cannot be done.
[[nodiscard]] std::optional<ExitCode> run_companion(Context& context, const std::vector<std::string>& arguments);
/// So that --help lists them.
void add_companion_commands(CLI::App& app);

}  // namespace theta::cli

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "commands.h"

namespace theta::cli {

namespace {

/// Replaces this process by `theta-NAME` from the same folder. --json was taken by theta's own command line, wherever
/// it stood, so it is handed on.
ExitCode hand_over(const Context& context, const std::string& name, const std::vector<std::string>& arguments) {
  const std::string program = context.program_folder + "/theta-" + name;
  std::vector<std::string> all = {program};
  if (context.output.is_json()) all.emplace_back("--json");
  all.insert(all.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (auto& argument : all) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  execv(program.c_str(), pointers.data());
  return context.output.fail(ExitCode::failed,
                             "cannot start theta-" + name + ", which should lie beside theta: " + std::strerror(errno));
}

void add(CLI::App& app, Context& context, const std::string& name, const std::string& what) {
  auto* command = app.add_subcommand(name, what);
  command->prefix_command();
  command->callback([&context, command, name] {
    context.run = [&context, command, name] { return hand_over(context, name, command->remaining()); };
  });
}

}  // namespace

void add_companion_commands(CLI::App& app, Context& context) {
  add(app, context, "sim", "Run the deterministic simulation; arguments go to theta-sim");
  add(app, context, "bench", "Run the benchmarks; arguments go to theta-bench");
}

}  // namespace theta::cli

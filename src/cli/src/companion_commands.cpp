#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include "commands.h"

namespace theta::cli {

namespace {

constexpr std::pair<const char*, const char*> kCompanions[] = {
    {"sim", "Run the deterministic simulation; everything behind it goes to theta-sim"},
    {"bench", "Run the benchmarks; everything behind it goes to theta-bench"}};

/// Replaces this process by `theta-NAME` from the same folder.
ExitCode hand_over(const Context& context, const std::string& name, std::vector<std::string> arguments) {
  auto program = context.program_folder + "/theta-" + name;
  std::vector<char*> pointers = {program.data()};
  for (auto& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  execv(program.c_str(), pointers.data());
  return context.output.fail(ExitCode::failed,
                             "cannot start theta-" + name + ", which should lie beside theta: " + std::strerror(errno));
}

}  // namespace

std::optional<ExitCode> run_companion(Context& context, const std::vector<std::string>& arguments) {
  std::size_t at = 0;
  while (at < arguments.size() && arguments[at] == "--json") ++at;
  if (at == arguments.size()) return std::nullopt;
  for (const auto& [name, what] : kCompanions) {
    if (arguments[at] != name) continue;
    context.output.use_json(at > 0);
    std::vector<std::string> all(at > 0 ? 1 : 0, "--json");
    all.insert(all.end(), arguments.begin() + static_cast<std::ptrdiff_t>(at) + 1, arguments.end());
    return hand_over(context, name, std::move(all));
  }
  return std::nullopt;
}

void add_companion_commands(CLI::App& app) {
  for (const auto& [name, what] : kCompanions) app.add_subcommand(name, what);
}

}  // namespace theta::cli

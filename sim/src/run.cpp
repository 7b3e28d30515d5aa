#include "theta/sim/run.h"

#include "simulation.h"
#include "theta/base/hex.h"

namespace theta::sim {

RunReport run_seed(std::uint64_t seed, const Options& options) {
  const auto* named = find_profile(options.profile);
  auto profile = named != nullptr ? *named : profile_of_seed(seed);
  if (options.operations > 0) profile.operations = options.operations;
  RecordKeeper keeper(options.trace);
  RunReport report;
  report.seed = seed;
  report.profile = profile.name;
  report.mutant = options.mutant;
  report.operations = options.operations;
  {
    Simulation simulation(profile, seed, find_mutant(options.mutant), keeper);
    simulation.run();
    report.virtual_seconds = simulation.virtual_seconds();
    report.digest = to_hex(simulation.digest().view());
  }
  report.violation = keeper.violation();
  report.last_events = keeper.last_events();
  report.counts = keeper.counts();
  return report;
}

std::vector<std::string> profile_names() {
  std::vector<std::string> names;
  for (const auto& profile : all_profiles()) names.push_back(profile.name);
  return names;
}

std::vector<std::string> mutant_names() {
  std::vector<std::string> names;
  for (const auto& mutant : all_mutants()) names.emplace_back(mutant.name);
  return names;
}

std::vector<std::string> checker_names() {
  RecordKeeper keeper({});
  std::vector<std::string> names;
  for (const auto& checker : make_checkers(keeper, {})) names.emplace_back(checker->name());
  return names;
}

std::string replay_command(const RunReport& report) {
  std::string command =
      "build/release/bin/theta-sim --seed " + std::to_string(report.seed) + " --profile " + report.profile;
  if (!report.mutant.empty()) command += " --mutant " + report.mutant;
  if (report.operations > 0) command += " --operations " + std::to_string(report.operations);
  return command + " --trace";
}

}  // namespace theta::sim

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace theta::sim {

/// How to run a seed. The defaults are what the tests run; everything but the seed and the profile is for a person who
/// looks at one run.
struct Options {
  /// One of `profile_names`; empty: the seed picks one.
  std::string profile;
  /// One of `mutant_names`: a fault put into the system on purpose, which the checkers must find. Empty: none.
  std::string mutant;
  /// Steps of the workload; 0: as many as the profile says.
  std::size_t operations = 0;
  /// Called with every line of the trace, as it happens. Empty: only the last lines are kept.
  std::function<void(std::string_view)> trace;
};

/// What a checker found, in a sentence.
struct Violation {
  std::string checker;
  std::string sentence;
};

struct RunReport {
  std::uint64_t seed = 0;
  std::string profile;
  std::string mutant;
  std::size_t operations = 0;
  std::optional<Violation> violation;
  /// The newest lines of the trace.
  std::vector<std::string> last_events;
  /// How often what happened: commands by type and outcome, faults by kind, refusals by code. Tells that a profile
  /// really exercises what it is there for.
  std::map<std::string, std::uint64_t> counts;
  double virtual_seconds = 0;
  /// Over everything that happened, in order: equal for equal runs.
  std::string digest;

  [[nodiscard]] bool ok() const { return !violation.has_value(); }
};

/// Runs hub, store, network and clients in virtual time from one number. Same seed and options, same report, on every
/// machine; takes about a second of real time at most. Several may run in different threads only if nothing else of the
/// process uses SQLite's simulated disk meanwhile; the command line runs them one by one.
[[nodiscard]] RunReport run_seed(std::uint64_t seed, const Options& options);

/// The scenarios, the faults that the checkers are tested with, and the checkers.
[[nodiscard]] std::vector<std::string> profile_names();
[[nodiscard]] std::vector<std::string> mutant_names();
[[nodiscard]] std::vector<std::string> checker_names();

/// The one command that runs a failing seed again.
[[nodiscard]] std::string replay_command(const RunReport& report);

/// `theta-sim` and `theta sim`: arguments without the program's name. Returns the exit code: 0 when every seed passed,
/// 1 when a checker found something, 2 for arguments that make no sense.
[[nodiscard]] int run_cli(const std::vector<std::string>& arguments);

}  // namespace theta::sim

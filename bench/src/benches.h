#pragma once

#include <optional>
#include <string>

#include "report.h"

namespace theta::bench {

struct Options {
  std::string rivals_folder;  // bench/rivals with its node_modules; empty: without rivals
  std::string work_folder;    // scratch for databases
};

void bench_core(Report& report, const Options& options);
void bench_scene(Report& report, const Options& options);
void bench_hub(Report& report, const Options& options);

/// Runs a script of bench/rivals under node and reads the JSON on its last line; empty, with a note on stderr, when it
/// cannot run.
[[nodiscard]] std::optional<nlohmann::json> run_rival(const Options& options, const std::string& script);

}  // namespace theta::bench

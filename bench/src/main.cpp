#include <cstdio>
#include <fstream>
#include <map>

#include <CLI/CLI.hpp>

#include "hub_benches.h"

namespace theta::bench {

namespace {

void bench_crowd_alone(Report& report, const Options& options) {
  bench_hub_crowd(report, options, bench_hub_ack(report, options));
}
void bench_ack_alone(Report& report, const Options& options) { bench_hub_ack(report, options); }

/// What can be asked for by name. `hub` is all from `ack` on.
const std::map<std::string, void (*)(Report&, const Options&)> kBenches = {
    {"core", bench_core},         {"scene", bench_scene},   {"hub", bench_hub},       {"ack", bench_ack_alone},
    {"crowd", bench_crowd_alone}, {"idle", bench_hub_idle}, {"join", bench_hub_join}, {"bulk", bench_hub_bulk},
    {"quic", bench_quic_bulk},    {"rtc", bench_rtc},       {"echo", bench_echo}};

nlohmann::ordered_json read_results(const std::string& file) {
  std::ifstream input(file);
  auto results = nlohmann::ordered_json::parse(input, nullptr, false);
  return results.is_discarded() ? nlohmann::ordered_json::array() : results;
}

int run(std::vector<std::string> which, const Options& options, const std::string& json_file) {
  if (which.empty()) which = {"core", "scene", "hub", "rtc"};
  const auto previous = read_results(json_file);
  Report report;
  for (const auto& name : which) kBenches.at(name)(report, options);
  report.compare_with(previous);
  const auto text = report.json().dump(2);
  if (json_file.empty())
    std::printf("%s\n", text.c_str());
  else if (!(std::ofstream(json_file) << report.json_over(previous).dump(2) << "\n"))
    std::fprintf(stderr, "cannot write the results to %s\n", json_file.c_str());
  return report.missed() == 0 ? 0 : 1;
}

}  // namespace

}  // namespace theta::bench

int main(int argc, char** argv) {
  CLI::App app{
      "Theta's benchmarks: targets, ratios against rivals in the same run, results as JSON.\n"
      "Exit code 0: every target that was measured is met; 1: at least one is missed."};
  theta::bench::Options options;
  std::vector<std::string> which;
  std::string json_file;
  app.add_option("--rivals", options.rivals_folder, "folder of the rival scripts with their packages installed");
  app.add_option("--work", options.work_folder, "scratch folder for databases; its disk is what is measured")
      ->default_val("/tmp");
  app.add_option("--output", json_file,
                 "write the results here as JSON, after comparing with what is there (default: to stdout)");
  app.add_flag("--json")->description("results are JSON in any case; taken so that `theta --json bench` works");
  std::vector<std::string> names;
  for (const auto& [name, bench] : theta::bench::kBenches) names.push_back(name);
  app.add_option("WHICH", which,
                 "core, scene, hub, rtc (default: these four), or a part of hub: ack, crowd, idle, join, "
                 "bulk, quic; or a part of rtc: echo")
      ->check(CLI::IsMember(names));
  CLI11_PARSE(app, argc, argv);
  return theta::bench::run(which, options, json_file);
}

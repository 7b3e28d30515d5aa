#include <charconv>
#include <cstdio>
#include <optional>

#include "theta/sim/run.h"

namespace theta::sim {
namespace {

constexpr const char* kHelp =
    "usage: theta-sim [--seed N | --seeds COUNT | --seeds FIRST..LAST] [OPTION...]\n"
    "\n"
    "Runs hub, store, network and clients in virtual time, lets things go wrong, and checks every promise.\n"
    "\n"
    "  --seed N             one run\n"
    "  --seeds A..B         all of them; a single number counts from 1 (default: 1..20)\n"
    "  --profile NAME       one scenario for every seed; without it the seed picks one\n"
    "  --mutant NAME        with a fault on purpose, which must be found\n"
    "  --operations COUNT   steps of the workload\n"
    "  --trace              prints everything that happens\n"
    "  --json               one line of JSON a run\n"
    "  --counts             prints how often what happened, over all runs\n"
    "  --keep-going         does not stop at the first failing seed\n"
    "  --list               prints the profiles and mutants\n";

struct Arguments {
  std::uint64_t first = 1;
  std::uint64_t last = 20;
  Options options;
  bool traces = false;
  bool json = false;
  bool counts = false;
  bool keeps_going = false;
  bool lists = false;
  bool helps = false;
};

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool ok = error == std::errc{} && end == text.data() + text.size();
  return ok ? std::optional(value) : std::nullopt;
}

bool take_seeds(Arguments& parsed, std::string_view text) {
  const auto dots = text.find("..");
  const auto first = dots == text.npos ? std::optional<std::uint64_t>(1) : number(text.substr(0, dots));
  const auto last = number(dots == text.npos ? text : text.substr(dots + 2));
  if (!first || !last || *first > *last) return false;
  parsed.first = *first;
  parsed.last = *last;
  return true;
}

bool is_known(const std::vector<std::string>& names, const std::string& name) {
  for (const auto& known : names)
    if (known == name) return true;
  return false;
}

bool take_value(Arguments& parsed, const std::string& option, const std::string& value) {
  if (option == "--seeds") return take_seeds(parsed, value);
  if (option == "--profile") {
    parsed.options.profile = value;
    return is_known(profile_names(), value);
  }
  if (option == "--mutant") {
    parsed.options.mutant = value;
    return is_known(mutant_names(), value);
  }
  const auto parsed_number = number(value);
  if (!parsed_number) return false;
  if (option == "--seed") parsed.first = parsed.last = *parsed_number;
  if (option == "--operations") parsed.options.operations = *parsed_number;
  return option == "--seed" || option == "--operations";
}

bool take_flag(Arguments& parsed, const std::string& option) {
  if (option == "--trace") return parsed.traces = true;
  if (option == "--json") return parsed.json = true;
  if (option == "--counts") return parsed.counts = true;
  if (option == "--keep-going") return parsed.keeps_going = true;
  if (option == "--list") return parsed.lists = true;
  if (option == "--help" || option == "-h") return parsed.helps = true;
  return false;
}

/// Empty when an argument makes no sense; it has been named then.
std::optional<Arguments> parse(const std::vector<std::string>& arguments) {
  Arguments parsed;
  for (std::size_t at = 0; at < arguments.size(); ++at) {
    if (take_flag(parsed, arguments[at])) continue;
    const bool has_value = at + 1 < arguments.size();
    if (has_value && take_value(parsed, arguments[at], arguments[at + 1])) {
      ++at;
      continue;
    }
    std::fprintf(stderr,
                 "theta-sim: '%s%s%s' is no option that it knows, or has no value that makes sense; see --help\n",
                 arguments[at].c_str(), has_value ? " " : "", has_value ? arguments[at + 1].c_str() : "");
    return std::nullopt;
  }
  return parsed;
}

std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') result += '\\';
    result += static_cast<unsigned char>(letter) < 0x20 ? ' ' : letter;
  }
  return result + '"';
}

void print_json(const RunReport& report) {
  std::string line = "{\"seed\":" + std::to_string(report.seed) + ",\"profile\":" + quoted(report.profile) +
                     ",\"ok\":" + (report.ok() ? "true" : "false") + ",\"digest\":" + quoted(report.digest) +
                     ",\"virtual_seconds\":" + std::to_string(report.virtual_seconds);
  if (!report.mutant.empty()) line += ",\"mutant\":" + quoted(report.mutant);
  if (report.violation)
    line += ",\"checker\":" + quoted(report.violation->checker) +
            ",\"sentence\":" + quoted(report.violation->sentence) + ",\"replay\":" + quoted(replay_command(report));
  line += ",\"counts\":{";
  bool is_first = true;
  for (const auto& [name, count] : report.counts) {
    line += (is_first ? "" : ",") + quoted(name) + ":" + std::to_string(count);
    is_first = false;
  }
  std::printf("%s}}\n", line.c_str());
}

void print_failure(const RunReport& report) {
  std::fprintf(stderr, "seed %llu (%s) FAILED\n  %s: %s\n", static_cast<unsigned long long>(report.seed),
               report.profile.c_str(), report.violation->checker.c_str(), report.violation->sentence.c_str());
  std::fprintf(stderr, "last events:\n");
  for (const auto& line : report.last_events) std::fprintf(stderr, "  %s\n", line.c_str());
  std::fprintf(stderr, "run it again with:\n  %s\n", replay_command(report).c_str());
}

void print_names(const char* what, const std::vector<std::string>& names) {
  std::printf("%s:\n", what);
  for (const auto& name : names) std::printf("  %s\n", name.c_str());
}

}  // namespace

int run_cli(const std::vector<std::string>& arguments) {
  auto parsed = parse(arguments);
  if (!parsed) return 2;
  if (parsed->helps) {
    std::fputs(kHelp, stdout);
    return 0;
  }
  if (parsed->lists) {
    print_names("profiles", profile_names());
    print_names("mutants", mutant_names());
    return 0;
  }
  if (parsed->traces)
    parsed->options.trace = [](std::string_view line) {
      std::printf("%.*s\n", static_cast<int>(line.size()), line.data());
    };
  std::uint64_t failures = 0;
  std::map<std::string, std::uint64_t> counts;
  auto seed = parsed->first;
  for (;; ++seed) {
    const auto report = run_seed(seed, parsed->options);
    for (const auto& [name, count] : report.counts) counts[name] += count;
    if (parsed->json) print_json(report);
    if (!report.ok()) {
      ++failures;
      if (!parsed->json) print_failure(report);
    }
    if (seed == parsed->last || (failures > 0 && !parsed->keeps_going)) break;
  }
  if (parsed->counts)
    for (const auto& [name, count] : counts)
      std::printf("%10llu %s\n", static_cast<unsigned long long>(count), name.c_str());
  if (!parsed->json)
    std::printf("%llu of %llu seeds passed\n", static_cast<unsigned long long>(seed - parsed->first + 1 - failures),
                static_cast<unsigned long long>(parsed->last - parsed->first + 1));
  return failures == 0 ? 0 : 1;
}

}  // namespace theta::sim

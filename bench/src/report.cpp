#include "report.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>

namespace theta::bench {

void Report::add(const std::string& name, double value, const std::string& unit, std::optional<double> target,
                 Better better) {
  nlohmann::ordered_json line = {{"name", name}, {"value", value}, {"unit", unit}};
  std::string verdict;
  if (target) {
    const bool met = better == Better::higher ? value >= *target : value <= *target;
    line["target"] = *target;
    line["met"] = met;
    if (!met) ++missed_;
    char text[96];
    std::snprintf(text, sizeof text, "  (%s %.6g: %s)", better == Better::higher ? "at least" : "at most", *target,
                  met ? "met" : "MISSED");
    verdict = text;
  }
  std::fprintf(stderr, "%-52s %14.6g %s%s\n", name.c_str(), value, unit.c_str(), verdict.c_str());
  results_.push_back(std::move(line));
}

void Report::note(const std::string& text) { std::fprintf(stderr, "%s\n", text.c_str()); }

nlohmann::ordered_json Report::json() const { return results_; }

void Report::compare_with(const nlohmann::ordered_json& previous) {
  bool is_first = true;
  for (const auto& line : results_) {
    const auto before = std::find_if(previous.begin(), previous.end(),
                                     [&](const auto& other) { return other.value("name", "") == line["name"]; });
    if (before == previous.end()) continue;
    const double was = before->value("value", 0.0);
    const double is = line["value"];
    if (was == 0 || std::abs(is / was - 1) < 0.1) continue;
    if (is_first) note("changed by more than a tenth since the last run:");
    is_first = false;
    std::fprintf(stderr, "  %-50s %14.6g -> %.6g %s (%+.0f %%)\n", line["name"].get<std::string>().c_str(), was, is,
                 line["unit"].get<std::string>().c_str(), (is / was - 1) * 100);
  }
}

nlohmann::ordered_json Report::json_over(const nlohmann::ordered_json& previous) const {
  auto merged = previous;
  for (const auto& line : results_) {
    const auto before = std::find_if(merged.begin(), merged.end(),
                                     [&](const auto& other) { return other.value("name", "") == line["name"]; });
    if (before == merged.end())
      merged.push_back(line);
    else
      *before = line;
  }
  return merged;
}

double seconds_of(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

double median_seconds(int runs, const std::function<void()>& prepare, const std::function<void()>& work) {
  std::vector<double> seconds;
  for (int run = 0; run < runs; ++run) {
    prepare();
    seconds.push_back(seconds_of(work));
  }
  return quantile(seconds, 0.5);
}

double quantile(std::vector<double>& values, double q) {
  std::sort(values.begin(), values.end());
  if (values.empty()) return 0;
  const auto at = static_cast<std::size_t>(q * static_cast<double>(values.size() - 1) + 0.5);
  return values[at];
}

}  // namespace theta::bench

#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace theta::bench {

/// Results of a run, as lines for people and as JSON for comparing with other runs.
class Report {
 public:
  enum class Better { lower, higher };

  /// `target` is absent for figures that only explain others.
  void add(const std::string& name, double value, const std::string& unit, std::optional<double> target = std::nullopt,
           Better better = Better::higher);
  void note(const std::string& text);
  [[nodiscard]] nlohmann::ordered_json json() const;
  /// Says on stderr what changed by more than a tenth since `previous`, which is what `json` gave then.
  void compare_with(const nlohmann::ordered_json& previous);
  /// `previous` with this run's results in the place of those of the same name, the new ones behind.
  [[nodiscard]] nlohmann::ordered_json json_over(const nlohmann::ordered_json& previous) const;
  [[nodiscard]] std::size_t missed() const { return missed_; }

 private:
  nlohmann::ordered_json results_ = nlohmann::ordered_json::array();
  std::size_t missed_ = 0;
};

/// Seconds that `work` takes.
[[nodiscard]] double seconds_of(const std::function<void()>& work);
/// Median of `runs` runs, each prepared anew.
[[nodiscard]] double median_seconds(int runs, const std::function<void()>& prepare, const std::function<void()>& work);
/// 0 to 1; sorts `values`.
[[nodiscard]] double quantile(std::vector<double>& values, double q);

}  // namespace theta::bench

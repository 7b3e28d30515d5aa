#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "theta/base/time.h"
#include "theta/sim/run.h"

namespace theta::sim {

/// What one run tells: its trace, its counts, and the first thing that a checker found. One for a run; everybody in it
/// writes here.
class RecordKeeper {
 public:
  explicit RecordKeeper(std::function<void(std::string_view)> trace) : trace_(std::move(trace)) {}

  void set_time(MonotonicTime now) { now_ = now; }
  [[nodiscard]] MonotonicTime now() const { return now_; }
  /// `who`: hub, a peer's name, "net", "disk".
  void log(std::string_view who, std::string_view what);
  void count(const std::string& what, std::uint64_t times = 1) { counts_[what] += times; }
  /// The first violation counts; what follows from it is noise.
  void violate(std::string_view checker, std::string sentence);

  [[nodiscard]] bool has_violation() const { return violation_.has_value(); }
  [[nodiscard]] const std::optional<Violation>& violation() const { return violation_; }
  [[nodiscard]] const std::map<std::string, std::uint64_t>& counts() const { return counts_; }
  [[nodiscard]] std::vector<std::string> last_events() const { return {lines_.begin(), lines_.end()}; }
  [[nodiscard]] std::uint64_t trace_hash() const { return hash_; }

 private:
  static constexpr std::size_t kLinesKept = 40;

  std::function<void(std::string_view)> trace_;
  MonotonicTime now_{};
  std::deque<std::string> lines_;
  std::uint64_t hash_ = 0xcbf29ce484222325ULL;
  std::map<std::string, std::uint64_t> counts_;
  std::optional<Violation> violation_;
};

}  // namespace theta::sim

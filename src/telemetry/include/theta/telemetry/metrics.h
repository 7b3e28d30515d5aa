#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "theta/base/time.h"
#include "theta/telemetry/names.h"

namespace theta::telemetry {

// Everything here belongs to one thread: no locks, no atomics. Whoever wants the numbers elsewhere takes a `Snapshot`,
// which is a plain value.

/// Counts up; wraps after 2^64.
class Counter {
 public:
  void add(std::uint64_t amount = 1) { value_ += amount; }
  [[nodiscard]] std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0;
};

/// A level that goes up and down.
class Gauge {
 public:
  void set(double value) { value_ = value; }
  void add(double amount) { value_ += amount; }
  [[nodiscard]] double value() const { return value_; }

 private:
  double value_ = 0;
};

/// Distribution of unsigned integers of any size, in buckets that grow with the value (the layout of HdrHistogram):
/// eight to each power of two, so a quantile is off by at most an eighth of itself. Exact below 16. 4 KiB, never grows.
class Histogram {
 public:
  void record(std::uint64_t value);
  /// In nanoseconds; a negative duration (a clock's fault) counts as zero.
  void record(std::chrono::nanoseconds duration) {
    record(duration.count() < 0 ? 0 : static_cast<std::uint64_t>(duration.count()));
  }

  [[nodiscard]] std::uint64_t count() const { return count_; }
  /// Saturates at 2^64 - 1.
  [[nodiscard]] std::uint64_t sum() const { return sum_; }
  [[nodiscard]] std::uint64_t max() const { return max_; }
  /// The largest value of the bucket in which `fraction` of all values are reached, never above `max()`; 0 when empty.
  /// `fraction` is clamped to [0, 1].
  [[nodiscard]] std::uint64_t quantile(double fraction) const;

 private:
  static constexpr unsigned kSubBucketBits = 3;
  static constexpr std::size_t kBuckets = (64 - kSubBucketBits + 1) << kSubBucketBits;
  [[nodiscard]] static std::size_t bucket_of(std::uint64_t value);
  [[nodiscard]] static std::uint64_t largest_in(std::size_t bucket);

  std::array<std::uint64_t, kBuckets> buckets_{};
  std::uint64_t count_ = 0;
  std::uint64_t sum_ = 0;
  std::uint64_t max_ = 0;
};

/// Events a second over the last ten whole seconds. Time comes in as an argument; time that goes back counts as
/// standing still.
class RateMeter {
 public:
  void add(std::uint64_t amount, MonotonicTime now);
  [[nodiscard]] double per_second(MonotonicTime now);

 private:
  static constexpr std::int64_t kWindowSeconds = 10;
  void advance(MonotonicTime now);

  std::array<std::uint64_t, kWindowSeconds + 1> seconds_{};  // the running second and the window before it
  std::int64_t current_ = 0;
  bool started_ = false;
};

/// What a histogram's numbers are; exporters turn nanoseconds into seconds and thousandths into ones.
enum class Unit : std::uint8_t { ones, nanoseconds, bytes, thousandths };

/// A name of [a-z0-9_], what it means to a person, and at most one label that tells apart metrics of one name (the
/// caller bounds how many values a label takes; nothing a peer chooses belongs there).
struct Description {
  std::string_view name;
  std::string_view help;
  std::string_view label_key = {};
  std::string_view label_value = {};
  Unit unit = Unit::ones;
};

/// All metrics of a thread at one moment, as values, in the order of name and label.
struct Snapshot {
  enum class Kind : std::uint8_t { counter, gauge, histogram };
  struct Sample {
    std::string name;
    std::string help;
    std::string label_key;  // empty: no label
    std::string label_value;
    Kind kind = Kind::counter;
    Unit unit = Unit::ones;
    double value = 0;  // counter, gauge
    // Histogram, in its recorded unit.
    std::uint64_t count = 0;
    std::uint64_t sum = 0;
    std::uint64_t max = 0;
    std::uint64_t p50 = 0;
    std::uint64_t p90 = 0;
    std::uint64_t p99 = 0;
  };
  std::vector<Sample> samples;

  /// Null when there is none of that name and label value.
  [[nodiscard]] const Sample* find(std::string_view name, std::string_view label_value = {}) const;
};

/// Owns metrics by name. Asking twice for one name and label gives the same object, which stays where it is for as long
/// as the registry lives. Asking for it as another kind is a programmer's fault.
class Registry {
 public:
  Registry();
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  [[nodiscard]] Counter& counter(const Description& description);
  [[nodiscard]] Gauge& gauge(const Description& description);
  [[nodiscard]] Histogram& histogram(const Description& description);
  [[nodiscard]] Snapshot snapshot() const;

 private:
  struct Entry;
  [[nodiscard]] Entry& entry(const Description& description, Snapshot::Kind kind);

  std::map<std::pair<std::string, std::string>, std::unique_ptr<Entry>> entries_;
};

/// Prometheus' text exposition format 0.0.4: each name behind `theta_`, histograms as summaries (quantiles 0.5, 0.9 and
/// 0.99, `_sum`, `_count`) in seconds, bytes or ones.
[[nodiscard]] std::string write_prometheus(const Snapshot& snapshot);

}  // namespace theta::telemetry

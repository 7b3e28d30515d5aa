#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace theta::sim {

/// SplitMix64 (Steele, Lea and Flood 2014). Own code, since the standard's distributions differ between libraries and a
/// seed must mean the same run everywhere.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  [[nodiscard]] std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15ULL;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9ULL;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebULL;
    return mixed ^ (mixed >> 31);
  }
  /// From 0 to `bound - 1`; 0 for a bound of 0.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound) { return bound == 0 ? 0 : next() % bound; }
  [[nodiscard]] std::uint64_t between(std::uint64_t low, std::uint64_t high) { return low + below(high - low + 1); }
  /// From 0 to 1, without 1.
  [[nodiscard]] double fraction() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
  [[nodiscard]] bool chance(double probability) { return fraction() < probability; }
  /// Index into `weights`, by weight; their sum must be positive.
  [[nodiscard]] std::size_t weighted(std::span<const double> weights) {
    double sum = 0;
    for (const double weight : weights) sum += weight;
    double left = fraction() * sum;
    for (std::size_t index = 0; index < weights.size(); ++index) {
      left -= weights[index];
      if (left < 0 && weights[index] > 0) return index;
    }
    std::size_t last = weights.size() - 1;
    while (last > 0 && weights[last] <= 0) --last;
    return last;
  }
  template <class T>
  [[nodiscard]] const T& pick(const std::vector<T>& values) {
    return values[below(values.size())];
  }
  void fill(std::span<std::uint8_t> bytes) {
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(next());
  }
  /// A stream of its own, so that one part of a run drawing more does not change what another draws.
  [[nodiscard]] Random fork(std::string_view name) const {
    std::uint64_t hash = 0xcbf29ce484222325ULL ^ state_;
    for (const char letter : name) hash = (hash ^ static_cast<std::uint8_t>(letter)) * 0x100000001b3ULL;
    return Random(hash);
  }

 private:
  std::uint64_t state_;
};

}  // namespace theta::sim

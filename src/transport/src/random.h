#pragma once

#include <bit>
#include <cstdint>

namespace theta::transport {

/// SplitMix64 (Steele, Lea, Flood 2014): a seed replays a run on any machine. Not for secrets.
class SimRandom {
 public:
  explicit SimRandom(std::uint64_t seed) : state_(seed) {}

  [[nodiscard]] std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15ULL;
    auto mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9ULL;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebULL;
    return mixed ^ (mixed >> 31);
  }
  /// From 0 to `bound - 1`; 0 for a bound of 0. The bias of the remainder does not matter to a simulation.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound) { return bound == 0 ? 0 : next() % bound; }
  /// True with the given probability; draws nothing where the answer is fixed, so that a fault that is switched off
  /// does not change the rest of the run.
  [[nodiscard]] bool chance(double probability) {
    if (probability <= 0) return false;
    if (probability >= 1) return true;
    return static_cast<double>(next() >> 11) * 0x1.0p-53 < probability;
  }

 private:
  std::uint64_t state_;
};

}  // namespace theta::transport

#pragma once

#include <algorithm>

#include "theta/base/ids.h"
#include "theta/base/time.h"

namespace theta::log {

[[nodiscard]] constexpr Stamp make_stamp(std::uint64_t ms, std::uint16_t counter) {
  return Stamp{(ms << 16) | counter};
}
[[nodiscard]] constexpr std::uint64_t stamp_ms(Stamp stamp) { return stamp.value() >> 16; }

/// Hybrid logical clock (Kulkarni et al. 2014): near wall time, above everything seen.
class HybridClock {
 public:
  void observe(Stamp seen) { last_ = std::max(last_, seen); }
  /// Strictly above all stamps given and seen before.
  [[nodiscard]] Stamp next(WallTime now) {
    const Stamp physical = make_stamp(to_unix_ms(now), 0);
    last_ = physical > last_ ? physical : Stamp{last_.value() + 1};
    return last_;
  }

 private:
  Stamp last_{};
};

}  // namespace theta::log

#pragma once

#include <chrono>
#include <cstdint>

namespace theta {

/// Clocks as values: the core never reads one, time comes in as an argument. Neither clock has a `now()`.

/// Never goes back; its zero means nothing. For time-outs, pacing and rate limits.
struct MonotonicClock {
  using rep = std::int64_t;
  using period = std::nano;
  using duration = std::chrono::nanoseconds;
  using time_point = std::chrono::time_point<MonotonicClock, duration>;
  static constexpr bool is_steady = true;
};
using MonotonicTime = MonotonicClock::time_point;

/// Milliseconds since the Unix epoch; may jump. For stamps, invite expiry and what people read.
struct WallClock {
  using rep = std::int64_t;
  using period = std::milli;
  using duration = std::chrono::milliseconds;
  using time_point = std::chrono::time_point<WallClock, duration>;
  static constexpr bool is_steady = false;
};
using WallTime = WallClock::time_point;

/// Both clocks, read once for a step.
struct Now {
  MonotonicTime monotonic{};
  WallTime wall{};
};

[[nodiscard]] constexpr std::uint64_t to_unix_ms(WallTime time) {
  const auto count = time.time_since_epoch().count();
  return count < 0 ? 0 : static_cast<std::uint64_t>(count);
}
[[nodiscard]] constexpr WallTime from_unix_ms(std::uint64_t ms) {
  return WallTime{WallClock::duration{static_cast<std::int64_t>(ms)}};
}

}  // namespace theta

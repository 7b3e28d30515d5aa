#pragma once

#include <chrono>
#include <cstdint>

#include "theta/base/time.h"
#include "theta/log/config.h"

namespace theta::log {

/// A bucket that takes `burst` at once and `per_second` in the long run: the generic cell rate algorithm (ITU-T I.371,
/// virtual scheduling), so its state is one moment and the last time seen, and there is no timer. The limit comes with
/// each call and may change in between.
///
/// Costs are in the limit's own unit (commands, messages, bytes). One above the burst is taken only from a full bucket,
/// and then emptied for as long as it costs, at most a day; a negative one, or none (NaN), costs nothing. A limit
/// without a positive rate takes nothing. Time that goes back counts as standing still.
class RateLimiter {
 public:
  /// Zero: taken. Otherwise nothing was taken, and the result is how long to wait until the same cost would be.
  [[nodiscard]] std::chrono::nanoseconds charge(double cost, const RateLimit& limit, MonotonicTime now);

  /// The same for those who pay for being refused as well, so that a flood earns itself nothing: a refused cost goes on
  /// as debt, to at most one burst, and the wait includes it. Whoever waits as long as the latest refusal said, and
  /// sends nothing meanwhile, is taken; nobody ever waits longer than two bursts (and the cost itself) take to refill.
  [[nodiscard]] std::chrono::nanoseconds charge_always(double cost, const RateLimit& limit, MonotonicTime now);

  /// True when nothing is owed: a new limiter would not behave otherwise, so this one may be forgotten.
  [[nodiscard]] bool is_full(MonotonicTime now) const { return theoretical_arrival_ <= now; }

 private:
  enum class WhenRefused : std::uint8_t { free, pays };
  [[nodiscard]] std::chrono::nanoseconds charge_as(WhenRefused refused, double cost, const RateLimit& limit,
                                                   MonotonicTime now);

  MonotonicTime theoretical_arrival_ = MonotonicTime::min();  // when the bucket is full again
  MonotonicTime last_ = MonotonicTime::min();
};

/// A wait as it travels in a refusal: rounded up, so that whoever waits that long has waited enough.
[[nodiscard]] std::uint32_t retry_after_ms(std::chrono::nanoseconds wait);

}  // namespace theta::log

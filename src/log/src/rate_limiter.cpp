#include "theta/log/rate_limiter.h"

#include <algorithm>
#include <cmath>

namespace theta::log {
namespace {

using std::chrono::nanoseconds;

// No bucket stays shut for longer, whatever a hostile size or a typing error in a configuration asks for. It also keeps
// all sums below far from overflow.
constexpr nanoseconds kLongest = std::chrono::hours(24);

nanoseconds in_bounds(double count) {
  if (!(count > 0)) return nanoseconds{0};
  return count < static_cast<double>(kLongest.count()) ? nanoseconds{static_cast<std::int64_t>(count)} : kLongest;
}

}  // namespace

nanoseconds RateLimiter::charge(double cost, const RateLimit& limit, MonotonicTime now) {
  return charge_as(WhenRefused::free, cost, limit, now);
}

nanoseconds RateLimiter::charge_always(double cost, const RateLimit& limit, MonotonicTime now) {
  return charge_as(WhenRefused::pays, cost, limit, now);
}

nanoseconds RateLimiter::charge_as(WhenRefused refused, double cost, const RateLimit& limit, MonotonicTime now) {
  if (!(limit.per_second > 0)) return kLongest;
  last_ = std::max(last_, now);
  const double interval_ns = 1e9 / limit.per_second;
  // A cost is rounded down and the burst up, so that a burst of whole costs always fits.
  const auto increment = in_bounds(std::floor(cost * interval_ns));
  const auto burst = in_bounds(std::ceil(limit.burst * interval_ns));
  const auto tolerance = std::max(burst, increment);
  const auto backlog = std::max(theoretical_arrival_, last_) - last_;
  if (backlog + increment <= tolerance) {
    theoretical_arrival_ = last_ + backlog + increment;
    return nanoseconds{0};
  }
  auto owed = backlog;
  if (refused == WhenRefused::pays) owed = std::max(backlog, std::min(backlog + increment, 2 * burst));
  theoretical_arrival_ = last_ + owed;
  return owed + increment - tolerance;
}

std::uint32_t retry_after_ms(nanoseconds wait) {
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(wait).count();
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(ms, 0, UINT32_MAX));
}

}  // namespace theta::log

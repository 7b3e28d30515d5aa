#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "theta/base/time.h"
#include "theta/log/config.h"

namespace theta::client {

/// What keeps to both; a limit without a burst limits nothing.
[[nodiscard]] inline log::RateLimit stricter(const log::RateLimit& own, const log::RateLimit& hubs) {
  if (own.burst <= 0 || own.per_second <= 0) return hubs;
  return {std::min(own.burst, hubs.burst), std::min(own.per_second, hubs.per_second)};
}

/// Keeps to the hub's rate limit, so that packets are not refused for coming too fast. Slightly slower than the limit,
/// since the network may bunch what was sent evenly. A limit without a burst lets everything through.
class Pacer {
 public:
  void set_limit(const log::RateLimit& limit) {
    if (limit.burst == limit_.burst && limit.per_second == limit_.per_second) return;
    limit_ = limit;
    tokens_ = limit.burst;
  }
  [[nodiscard]] bool is_limited() const { return limit_.burst > 0 && limit_.per_second > 0; }

  /// How much may be sent now, at most `wanted`.
  [[nodiscard]] std::size_t available(std::size_t wanted, MonotonicTime now) {
    if (!is_limited()) return wanted;
    refill(now);
    // The slack absorbs what repeated refilling rounds away, so that a wait as long as told is long enough.
    return std::min(wanted, static_cast<std::size_t>(std::max(0.0, tokens_ + kSlack)));
  }
  void take(std::size_t amount) {
    if (is_limited()) tokens_ -= static_cast<double>(amount);
  }
  /// The hub said that there is nothing left.
  void drain(MonotonicTime now) {
    refill(now);
    tokens_ = std::min(tokens_, 0.0);
  }
  /// Until `amount` (at most the burst) will be available.
  [[nodiscard]] MonotonicTime time_of(std::size_t amount, MonotonicTime now) const {
    if (!is_limited()) return now;
    const double missing = std::min(static_cast<double>(amount), limit_.burst) - tokens_;
    if (missing <= 0) return now;
    const double seconds = std::min(missing / (limit_.per_second * kShare), 3600.0);
    return last_ + std::chrono::nanoseconds(static_cast<std::int64_t>(seconds * 1e9) + 1000);
  }
  [[nodiscard]] double burst() const { return limit_.burst; }

 private:
  static constexpr double kShare = 0.97;
  static constexpr double kSlack = 1e-6;

  void refill(MonotonicTime now) {
    if (now > last_) {
      const double seconds = std::chrono::duration<double>(now - last_).count();
      tokens_ = std::min(limit_.burst, tokens_ + seconds * limit_.per_second * kShare);
      last_ = now;
    }
  }

  log::RateLimit limit_;
  double tokens_ = 0;
  MonotonicTime last_{};
};

}  // namespace theta::client

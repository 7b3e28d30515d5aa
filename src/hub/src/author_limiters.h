#pragma once

#include <unordered_map>

#include "theta/base/ids.h"
#include "theta/base/time.h"
#include "theta/log/rate_limiter.h"

namespace theta::hub {

/// One command bucket for each author, over all rooms and sessions: reconnecting does not refill it.
class AuthorLimiters {
 public:
  /// Zero when `cost` was taken, else how long to wait. `authors_max` bounds the table: when it is full, whoever was
  /// quiet longest is forgotten.
  [[nodiscard]] std::chrono::nanoseconds charge(const AuthorKey& author, double cost, const log::RateLimit& limit,
                                                std::size_t authors_max, MonotonicTime now);
  /// Forgets authors whose bucket is full again.
  void sweep(const log::RateLimit& limit, MonotonicTime now);
  [[nodiscard]] std::size_t size() const { return by_author_.size(); }

 private:
  struct Entry {
    log::RateLimiter limiter;
    MonotonicTime last{};
  };
  void forget_oldest();

  std::unordered_map<AuthorKey, Entry, FixedBytesHash<AuthorKey>> by_author_;
};

}  // namespace theta::hub

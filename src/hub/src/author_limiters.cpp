#include "author_limiters.h"

#include <algorithm>

namespace theta::hub {

std::chrono::nanoseconds AuthorLimiters::charge(const AuthorKey& author, double cost, const log::RateLimit& limit,
                                                std::size_t authors_max, MonotonicTime now) {
  auto found = by_author_.find(author);
  if (found == by_author_.end()) {
    if (by_author_.size() >= std::max<std::size_t>(authors_max, 1)) forget_oldest();
    found = by_author_.emplace(author, Entry{}).first;
  }
  found->second.last = now;
  return found->second.limiter.charge_always(cost, limit, now);
}

void AuthorLimiters::sweep(const log::RateLimit& limit, MonotonicTime now) {
  // An empty bucket is full after burst / rate; debt of refused charges is bounded by as much again.
  const double seconds = limit.per_second > 0 ? std::min(2 * limit.burst / limit.per_second, 3600.0) : 3600.0;
  const auto keep = std::chrono::duration_cast<MonotonicClock::duration>(std::chrono::duration<double>(seconds));
  std::erase_if(by_author_, [&](const auto& item) { return item.second.last + keep < now; });
}

void AuthorLimiters::forget_oldest() {
  const auto oldest = std::min_element(by_author_.begin(), by_author_.end(),
                                       [](const auto& a, const auto& b) { return a.second.last < b.second.last; });
  if (oldest != by_author_.end()) by_author_.erase(oldest);
}

}  // namespace theta::hub

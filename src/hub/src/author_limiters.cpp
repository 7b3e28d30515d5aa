#include "author_limiters.h"

#include <algorithm>

namespace theta::hub {

std::chrono::nanoseconds AuthorLimiters::charge(const AuthorKey& author, Bucket bucket, double cost,
                                                const HubConfig& config, MonotonicTime now) {
  auto& limiter = entry_of(author, config.author_buckets_max).limiters[static_cast<std::size_t>(bucket)];
  switch (bucket) {
    case Bucket::commands: return limiter.charge_always(cost, config.log.commands, now);
    case Bucket::requests: return limiter.charge_always(cost, config.requests, now);
    case Bucket::presence: return limiter.charge(cost, config.log.presence, now);
    case Bucket::bulk: break;
  }
  return limiter.charge(cost, config.log.bulk, now);
}

void AuthorLimiters::sweep(MonotonicTime now) {
  for (auto at = entries_.begin(); at != entries_.end();) {
    const bool is_full = std::all_of(at->limiters.begin(), at->limiters.end(),
                                     [now](const auto& limiter) { return limiter.is_full(now); });
    if (is_full) by_author_.erase(at->author);
    at = is_full ? entries_.erase(at) : std::next(at);
  }
}

AuthorLimiters::Entry& AuthorLimiters::entry_of(const AuthorKey& author, std::size_t authors_max) {
  const auto found = by_author_.find(author);
  if (found != by_author_.end()) {
    entries_.splice(entries_.begin(), entries_, found->second);
    return entries_.front();
  }
  while (!entries_.empty() && entries_.size() >= std::max<std::size_t>(authors_max, 1)) {
    by_author_.erase(entries_.back().author);
    entries_.pop_back();
  }
  entries_.push_front({author, {}});
  by_author_.emplace(author, entries_.begin());
  return entries_.front();
}

}  // namespace theta::hub

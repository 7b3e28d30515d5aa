#include "source_limiter.h"

namespace theta::hub {

log::RateLimiter& SourceLimiter::Buckets::of(const transport::SourceKey& key) {
  const auto found = by_key_.find(key);
  if (found != by_key_.end()) {
    entries_.splice(entries_.begin(), entries_, found->second);
    return entries_.front().second;
  }
  if (entries_.size() >= kSourcesMax) {
    by_key_.erase(entries_.back().first);
    entries_.pop_back();
  }
  entries_.emplace_front(key, log::RateLimiter());
  by_key_.emplace(key, entries_.begin());
  return entries_.front().second;
}

SourceLimiter::Verdict SourceLimiter::charge(const transport::SocketAddress& remote, MonotonicTime now) {
  auto wait = sources_.of(transport::source_of(remote)).charge(1, rates_.source, now);
  const auto network = transport::network_of(remote);
  if (network && wait.count() == 0) wait = networks_.of(*network).charge(1, rates_.network, now);
  if (wait.count() > 0) return {wait, false};
  return {all_.charge(1, rates_.all, now), true};
}

}  // namespace theta::hub

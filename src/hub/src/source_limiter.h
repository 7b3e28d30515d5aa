#pragma once

#include <list>
#include <map>
#include <utility>

#include "theta/base/time.h"
#include "theta/log/rate_limiter.h"
#include "theta/transport/source_key.h"

namespace theta::hub {

/// How often strangers may do something that costs the hub: one source, one network of IPv6, all together.
class SourceLimiter {
 public:
  struct Rates {
    log::RateLimit source;
    log::RateLimit network;
    log::RateLimit all;
  };
  struct Verdict {
    /// Zero: taken.
    std::chrono::nanoseconds wait{};
    /// Whose rate was full.
    bool is_of_all = false;
  };
  /// Sources and networks that are remembered, each. Who was quiet longest is forgotten; what all may do together holds
  /// whoever is remembered.
  static constexpr std::size_t kSourcesMax = 4096;

  explicit SourceLimiter(const Rates& rates) : rates_(rates) {}
  [[nodiscard]] Verdict charge(const transport::SocketAddress& remote, MonotonicTime now);

 private:
  /// Of one kind of key.
  class Buckets {
   public:
    [[nodiscard]] log::RateLimiter& of(const transport::SourceKey& key);

   private:
    using Entry = std::pair<transport::SourceKey, log::RateLimiter>;
    std::list<Entry> entries_;  // who was heard last comes first
    // Ordered, because others choose what it is asked for.
    std::map<transport::SourceKey, std::list<Entry>::iterator> by_key_;
  };

  Rates rates_;
  Buckets sources_;
  Buckets networks_;
  log::RateLimiter all_;
};

}  // namespace theta::hub

#pragma once

#include <array>
#include <list>
#include <unordered_map>

#include "theta/base/ids.h"
#include "theta/base/time.h"
#include "theta/hub/config.h"
#include "theta/log/rate_limiter.h"

namespace theta::hub {

/// The buckets of each author, over all rooms and sessions: neither reconnecting nor attaching again refills one.
class AuthorLimiters {
 public:
  enum class Bucket : std::uint8_t {
    commands,  // in commands; a refused one pays too
    requests,  // Attach, Detach, OpenRoomRequest; a refused one pays too
    presence,  // in messages
    bulk,      // in bytes: assets and history both ways, snapshots
  };

  /// Zero when `cost` was taken, else how long to wait. `config` has the buckets' shapes and bounds the table: when it
  /// is full, whoever was quiet longest is forgotten.
  [[nodiscard]] std::chrono::nanoseconds charge(const AuthorKey& author, Bucket bucket, double cost,
                                                const HubConfig& config, MonotonicTime now);
  /// Forgets authors whose buckets are all full again.
  void sweep(MonotonicTime now);
  [[nodiscard]] std::size_t size() const { return by_author_.size(); }

 private:
  static constexpr std::size_t kBuckets = 4;
  struct Entry {
    AuthorKey author;
    std::array<log::RateLimiter, kBuckets> limiters;
  };
  using Entries = std::list<Entry>;
  [[nodiscard]] Entry& entry_of(const AuthorKey& author, std::size_t authors_max);

  Entries entries_;  // whoever was heard last comes first
  std::unordered_map<AuthorKey, Entries::iterator, FixedBytesHash<AuthorKey>> by_author_;
};

}  // namespace theta::hub

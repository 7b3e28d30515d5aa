#include <algorithm>
#include <bit>
#include <cmath>

#include "theta/telemetry/metrics.h"

namespace theta::telemetry {

// A value with its highest bit at position e >= 3 goes to octave e - 2, and its next three bits pick one of eight
// buckets there; values below 8 have a bucket each in octave 0.
std::size_t Histogram::bucket_of(std::uint64_t value) {
  constexpr std::uint64_t kSubBuckets = 1U << kSubBucketBits;
  if (value < kSubBuckets) return static_cast<std::size_t>(value);
  const unsigned exponent = static_cast<unsigned>(std::bit_width(value)) - 1;
  const unsigned shift = exponent - kSubBucketBits;
  const auto sub_bucket = static_cast<std::size_t>((value >> shift) & (kSubBuckets - 1));
  return (std::size_t{shift + 1} << kSubBucketBits) + sub_bucket;
}

std::uint64_t Histogram::largest_in(std::size_t bucket) {
  constexpr std::uint64_t kSubBuckets = 1U << kSubBucketBits;
  if (bucket < kSubBuckets) return bucket;
  const auto shift = static_cast<unsigned>(bucket >> kSubBucketBits) - 1;
  const std::uint64_t smallest = (kSubBuckets + (bucket & (kSubBuckets - 1))) << shift;
  return smallest + ((std::uint64_t{1} << shift) - 1);
}

void Histogram::record(std::uint64_t value) {
  ++buckets_[bucket_of(value)];
  ++count_;
  sum_ = sum_ > UINT64_MAX - value ? UINT64_MAX : sum_ + value;
  max_ = std::max(max_, value);
}

std::uint64_t Histogram::quantile(double fraction) const {
  if (count_ == 0) return 0;
  const double clamped = std::clamp(fraction, 0.0, 1.0);
  const auto wanted =
      std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(clamped * static_cast<double>(count_))));
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
    seen += buckets_[bucket];
    if (seen >= wanted) return std::min(largest_in(bucket), max_);
  }
  return max_;
}

void RateMeter::advance(MonotonicTime now) {
  const auto second = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
  if (!started_) {
    started_ = true;
    current_ = second;
  }
  const auto slots = static_cast<std::int64_t>(seconds_.size());
  const auto passed = std::min(second - current_, slots);
  for (std::int64_t step = 1; step <= passed; ++step) {
    const auto slot = (((current_ + step) % slots) + slots) % slots;
    seconds_[static_cast<std::size_t>(slot)] = 0;
  }
  if (second - current_ >= slots) seconds_.fill(0);
  current_ = std::max(current_, second);
}

void RateMeter::add(std::uint64_t amount, MonotonicTime now) {
  advance(now);
  const auto slots = static_cast<std::int64_t>(seconds_.size());
  seconds_[static_cast<std::size_t>(((current_ % slots) + slots) % slots)] += amount;
}

double RateMeter::per_second(MonotonicTime now) {
  advance(now);
  const auto slots = static_cast<std::int64_t>(seconds_.size());
  std::uint64_t total = 0;
  for (std::int64_t back = 1; back <= kWindowSeconds; ++back) {
    const auto slot = (((current_ - back) % slots) + slots) % slots;
    total += seconds_[static_cast<std::size_t>(slot)];
  }
  return static_cast<double>(total) / static_cast<double>(kWindowSeconds);
}

}  // namespace theta::telemetry

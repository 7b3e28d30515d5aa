#include "theta/log/rate_limiter.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace theta::log {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr RateLimit kCommands{100, 10};
constexpr nanoseconds kFree{0};

MonotonicTime at(nanoseconds time) { return MonotonicTime{time}; }

// Takes whole costs until one is refused.
int taken_at(RateLimiter& limiter, const RateLimit& limit, MonotonicTime now) {
  int taken = 0;
  while (taken < 1'000'000 && limiter.charge(1, limit, now) == kFree) ++taken;
  return taken;
}

TEST(RateLimiter, IsFullOnceWhatWasTakenHasComeBack) {
  RateLimiter limiter;
  EXPECT_TRUE(limiter.is_full(at(seconds(0))));
  EXPECT_EQ(limiter.charge(3, kCommands, at(seconds(5))), kFree);
  EXPECT_FALSE(limiter.is_full(at(milliseconds(5299))));
  EXPECT_TRUE(limiter.is_full(at(milliseconds(5300))));
}

TEST(RateLimiter, TakesExactlyTheBurstAndThenOneForEachInterval) {
  RateLimiter limiter;
  EXPECT_EQ(taken_at(limiter, kCommands, at(seconds(5))), 100);
  EXPECT_EQ(limiter.charge(1, kCommands, at(seconds(5))), milliseconds(100));
  EXPECT_EQ(limiter.charge(1, kCommands, at(seconds(5) + milliseconds(100) - nanoseconds(1))), nanoseconds(1));
  for (int step = 1; step <= 50; ++step) {
    EXPECT_EQ(limiter.charge(1, kCommands, at(seconds(5) + step * milliseconds(100))), kFree) << step;
    EXPECT_EQ(limiter.charge(1, kCommands, at(seconds(5) + step * milliseconds(100))), milliseconds(100)) << step;
  }
}

TEST(RateLimiter, RefillsToTheBurstAndNoFurther) {
  RateLimiter limiter;
  EXPECT_EQ(taken_at(limiter, kCommands, at(seconds(1))), 100);
  EXPECT_EQ(taken_at(limiter, kCommands, at(seconds(1 + 3600))), 100);
}

TEST(RateLimiter, RatesThatDoNotDivideASecondStillGiveTheWholeBurst) {
  for (const double rate : {7.0, 60.0, 333.0, 0.3}) {
    RateLimiter limiter;
    EXPECT_EQ(taken_at(limiter, {60, rate}, at(seconds(1))), 60) << rate;
  }
}

TEST(RateLimiter, FractionalCostsAddUp) {
  RateLimiter limiter;
  const RateLimit limit{1, 1};
  for (int part = 0; part < 4; ++part) EXPECT_EQ(limiter.charge(0.25, limit, at(seconds(1))), kFree);
  EXPECT_EQ(limiter.charge(0.25, limit, at(seconds(1))), milliseconds(250));
}

TEST(RateLimiter, CostAboveTheBurstIsTakenOnlyFromAFullBucket) {
  RateLimiter limiter;
  const RateLimit limit{10, 10};
  EXPECT_EQ(limiter.charge(1, limit, at(seconds(1))), kFree);
  EXPECT_EQ(limiter.charge(30, limit, at(seconds(1))), milliseconds(100));
  EXPECT_EQ(limiter.charge(30, limit, at(seconds(1) + milliseconds(100))), kFree);
  EXPECT_EQ(limiter.charge(1, limit, at(seconds(1) + milliseconds(100))), milliseconds(2100));
}

TEST(RateLimiter, TimeThatGoesBackStandsStill) {
  RateLimiter limiter;
  EXPECT_EQ(taken_at(limiter, kCommands, at(seconds(100))), 100);
  EXPECT_EQ(limiter.charge(1, kCommands, at(seconds(1))), milliseconds(100));
  EXPECT_EQ(limiter.charge(1, kCommands, at(seconds(100) + milliseconds(100))), kFree);
}

TEST(RateLimiter, WorksBeforeTheClocksZero) {
  RateLimiter limiter;
  EXPECT_EQ(taken_at(limiter, kCommands, at(-seconds(100))), 100);
}

TEST(RateLimiter, HostileCostsAreBounded) {
  for (const double cost : {1e300, std::numeric_limits<double>::infinity(), 1.8e19}) {
    RateLimiter limiter;
    EXPECT_EQ(limiter.charge(cost, kCommands, at(seconds(1))), kFree);
    EXPECT_EQ(limiter.charge(cost, kCommands, at(seconds(1))), std::chrono::hours(24));
    EXPECT_EQ(limiter.charge(cost, kCommands, at(seconds(2) + std::chrono::hours(24))), kFree);
  }
  RateLimiter limiter;
  EXPECT_EQ(limiter.charge(-5, kCommands, at(seconds(1))), kFree);
  EXPECT_EQ(limiter.charge(std::nan(""), kCommands, at(seconds(1))), kFree);
  EXPECT_EQ(taken_at(limiter, kCommands, at(seconds(1))), 100);
}

TEST(RateLimiter, LimitWithoutARateTakesNothing) {
  RateLimiter limiter;
  EXPECT_GT(limiter.charge(1, {100, 0}, at(seconds(1))), kFree);
  EXPECT_GT(limiter.charge(1, {100, -1}, at(seconds(1))), kFree);
  EXPECT_GT(limiter.charge(1, {100, std::nan("")}, at(seconds(1))), kFree);
}

TEST(RateLimiter, LimitMayChangeWhileItRuns) {
  RateLimiter limiter;
  EXPECT_EQ(taken_at(limiter, kCommands, at(seconds(1))), 100);
  EXPECT_EQ(limiter.charge(1, {200, 10}, at(seconds(1))), kFree);
}

TEST(RateLimiter, WhoeverWaitsAsToldIsTaken) {
  RateLimiter limiter;
  MonotonicTime now = at(seconds(1));
  for (int step = 0; step < 500; ++step) {
    const double cost = 1 + step % 7;
    const auto wait = limiter.charge_always(cost, kCommands, now);
    if (wait == kFree) continue;
    now += wait;
    EXPECT_EQ(limiter.charge_always(cost, kCommands, now), kFree) << step;
  }
}

TEST(RateLimiter, WaitRoundedToMillisecondsIsEnough) {
  RateLimiter limiter;
  const RateLimit limit{3, 7};
  MonotonicTime now = at(seconds(1));
  for (int step = 0; step < 100; ++step) {
    const auto wait = limiter.charge_always(1, limit, now);
    if (wait == kFree) continue;
    now += milliseconds(retry_after_ms(wait));
    EXPECT_EQ(limiter.charge_always(1, limit, now), kFree) << step;
  }
}

TEST(RateLimiter, FloodThatPaysStaysShutWhileItLastsAndOpensSoonAfter) {
  RateLimiter limiter;
  MonotonicTime now = at(seconds(1));
  while (limiter.charge_always(1, kCommands, now) == kFree) {
  }
  nanoseconds wait{0};
  for (int step = 0; step < 10'000; ++step) {
    now += milliseconds(1);
    wait = limiter.charge_always(1, kCommands, now);
    ASSERT_GT(wait, kFree);
  }
  // At most two bursts of backlog: 20 s to empty, of which one burst may stay.
  EXPECT_LE(wait, seconds(10) + milliseconds(100));
  EXPECT_EQ(limiter.charge_always(1, kCommands, now + wait), kFree);
}

TEST(RateLimiter, RefusedChargeIsFreeUnlessItPays) {
  RateLimiter limiter;
  EXPECT_EQ(taken_at(limiter, kCommands, at(seconds(1))), 100);
  for (int step = 0; step < 50; ++step) EXPECT_EQ(limiter.charge(1, kCommands, at(seconds(1))), milliseconds(100));
}

TEST(RetryAfter, RoundsUpAndSaturates) {
  EXPECT_EQ(retry_after_ms(nanoseconds(0)), 0U);
  EXPECT_EQ(retry_after_ms(nanoseconds(1)), 1U);
  EXPECT_EQ(retry_after_ms(milliseconds(5)), 5U);
  EXPECT_EQ(retry_after_ms(std::chrono::hours(24 * 365)), UINT32_MAX);
}

}  // namespace
}  // namespace theta::log

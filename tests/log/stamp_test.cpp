#include "theta/log/stamp.h"

#include <gtest/gtest.h>

namespace theta::log {
namespace {

TEST(HybridClock, FollowsTheWallClock) {
  HybridClock clock;
  EXPECT_EQ(clock.next(from_unix_ms(1000)), make_stamp(1000, 0));
  EXPECT_EQ(clock.next(from_unix_ms(1005)), make_stamp(1005, 0));
}

TEST(HybridClock, NeverRepeatsWhenTimeStandsStillOrGoesBack) {
  HybridClock clock;
  EXPECT_EQ(clock.next(from_unix_ms(1000)), make_stamp(1000, 0));
  EXPECT_EQ(clock.next(from_unix_ms(1000)), make_stamp(1000, 1));
  EXPECT_EQ(clock.next(from_unix_ms(10)), make_stamp(1000, 2));
}

TEST(HybridClock, GoesAboveWhatItHasSeen) {
  HybridClock clock;
  clock.observe(make_stamp(5000, 0xffff));
  EXPECT_EQ(clock.next(from_unix_ms(1000)), make_stamp(5001, 0));
  clock.observe(make_stamp(10, 0));
  EXPECT_EQ(clock.next(from_unix_ms(1000)), make_stamp(5001, 1));
}

}  // namespace
}  // namespace theta::log

#include "source_limiter.h"

#include <gtest/gtest.h>

namespace theta::hub {
namespace {

transport::SocketAddress address_of(unsigned number) {
  return transport::SocketAddress::ipv4({10, static_cast<std::uint8_t>(number >> 16),
                                         static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number)},
                                        1);
}

TEST(SourceLimiter, WhoWaitsAsLongAsToldIsTaken) {
  SourceLimiter limiter({{2, 1}, {2, 1}, {100, 100}});
  MonotonicTime now{std::chrono::hours{1}};
  EXPECT_EQ(limiter.charge(address_of(1), now).wait.count(), 0);
  EXPECT_EQ(limiter.charge(address_of(1), now).wait.count(), 0);
  const auto refused = limiter.charge(address_of(1), now);
  EXPECT_GT(refused.wait.count(), 0);
  EXPECT_FALSE(refused.is_of_all);
  EXPECT_EQ(limiter.charge(address_of(2), now).wait.count(), 0);
  EXPECT_EQ(limiter.charge(address_of(1), now + refused.wait).wait.count(), 0);
}

TEST(SourceLimiter, WhoWasQuietLongestIsForgottenWhenThereAreTooMany) {
  SourceLimiter limiter({{1, 0.001}, {1, 1}, {1e6, 1e6}});
  const MonotonicTime now{std::chrono::hours{1}};
  for (unsigned at = 0; at < SourceLimiter::kSourcesMax; ++at) {
    ASSERT_EQ(limiter.charge(address_of(at), now).wait.count(), 0);
  }
  EXPECT_GT(limiter.charge(address_of(0), now).wait.count(), 0) << "remembered, and heard last now";
  EXPECT_EQ(limiter.charge(address_of(0xffffff), now).wait.count(), 0);
  EXPECT_EQ(limiter.charge(address_of(1), now).wait.count(), 0) << "forgotten";
  EXPECT_GT(limiter.charge(address_of(0), now).wait.count(), 0);
}

}  // namespace
}  // namespace theta::hub

#include "descriptor_limit.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>

#include "hub/running_server.h"

namespace theta::hub::testing {
namespace {

TEST(DescriptorLimit, IsRaisedWhenAServerOpens) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit few{256, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  TemporaryFolder folder;
  const auto opened = HubServer::open(options_in(folder.path()));
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  rlimit now{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &now), 0);
  EXPECT_EQ(now.rlim_cur, std::min<rlim_t>(kDescriptorsWanted, before.rlim_max));
  EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

}  // namespace
}  // namespace theta::hub::testing

#include "kept_text.h"

#include <gtest/gtest.h>

namespace theta::hub {
namespace {

using namespace std::chrono_literals;

TEST(KeptText, IsMadeAsOftenAsItsRateAllowsAndElseTheLastOneIsGiven) {
  int made = 0;
  KeptText text({2, 1}, [&] { return std::to_string(++made); });
  const MonotonicTime begin{1h};
  EXPECT_EQ(text.at(begin), "1");
  EXPECT_EQ(text.at(begin), "2") << "who looks twice sees what happened in between";
  for (int count = 0; count < 1000; ++count) EXPECT_EQ(text.at(begin + 999ms), "2");
  EXPECT_EQ(text.at(begin + 1s), "3");
  EXPECT_EQ(text.at(begin + 1s), "3") << "in the long run once a second";
  EXPECT_EQ(text.at(begin + 1h), "4");
}

}  // namespace
}  // namespace theta::hub

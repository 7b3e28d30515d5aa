#include "line_reader.h"

#include <gmock/gmock.h>

#include <vector>

namespace theta::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Lines : public ::testing::Test {
 protected:
  std::vector<std::string> taken;
  std::vector<std::string> too_long;
  LineReader reader{[this](std::string_view line) { taken.emplace_back(line); },
                    [this](std::string_view line) { too_long.emplace_back(line); }, 8};
};

TEST_F(Lines, AreCutWhereverTheChunksEnd) {
  for (const char* chunk : {"on", "e\ntwo\n\nth", "ree", "\n"}) reader.add(chunk);
  EXPECT_THAT(taken, ElementsAre("one", "two", "three"));
  EXPECT_THAT(too_long, IsEmpty());
}

TEST_F(Lines, OfBlanksAreEmpty) {
  reader.add("one\n  \t\n\r\n two\n ");
  reader.finish();
  EXPECT_THAT(taken, ElementsAre("one", " two"));
}

TEST_F(Lines, TheLastOneMayLackItsLineFeed) {
  reader.add("one\ntwo");
  EXPECT_THAT(taken, ElementsAre("one"));
  reader.finish();
  EXPECT_THAT(taken, ElementsAre("one", "two"));
}

TEST_F(Lines, OneAtTheBoundIsTaken) {
  reader.add("12345678\n");
  EXPECT_THAT(taken, ElementsAre("12345678"));
}

TEST_F(Lines, OneOverTheBoundIsReportedOnceAndThoseBehindItAreTaken) {
  for (const char* chunk : {"12345", "6789", "and more\nnext\n", "123456789", "\nlast"}) reader.add(chunk);
  reader.finish();
  EXPECT_THAT(taken, ElementsAre("next", "last"));
  EXPECT_THAT(too_long, ElementsAre("123456789", "123456789"));
}

TEST_F(Lines, OnlyTheBeginningOfALongOneIsShown) {
  reader.add(std::string(1000, 'x'));
  ASSERT_EQ(too_long.size(), 1U);
  EXPECT_EQ(too_long.front().size(), LineReader::kBeginningBytes);
}

}  // namespace
}  // namespace theta::cli

#include "link_terms.h"

#include <gtest/gtest.h>

namespace theta::cli {
namespace {

TEST(LinkTerms, SpansAreReadAsPeopleWriteThem) {
  EXPECT_EQ(parse_span("90s"), std::chrono::seconds{90});
  EXPECT_EQ(parse_span("15m"), std::chrono::minutes{15});
  EXPECT_EQ(parse_span("12h"), std::chrono::hours{12});
  EXPECT_EQ(parse_span("7d"), std::chrono::hours{24 * 7});
  EXPECT_EQ(parse_span("never"), std::chrono::seconds{0});
}

TEST(LinkTerms, MalformedSpansAreRefused) {
  for (const char* text : {"", "d", "7", "7 d", "-7d", "0d", "7w", "99999999999d", "7.5h"})
    EXPECT_FALSE(parse_span(text)) << text;
}

TEST(LinkTerms, AddressesAreSplitAtTheLastColon) {
  EXPECT_EQ(split_address("example.org:4433")->host, "example.org");
  EXPECT_EQ(split_address("example.org:4433")->port, 4433);
  EXPECT_EQ(split_address("[::1]:80")->host, "::1");
  for (const char* text : {"", "host", "host:", ":80", "host:0", "host:65536", "host:8x"})
    EXPECT_FALSE(split_address(text)) << text;
}

}  // namespace
}  // namespace theta::cli

#include "command_json.h"

#include <gtest/gtest.h>

namespace theta::cli {
namespace {

TEST(CommandJson, IdsReadBackWhatTheyPrint) {
  const auto id = make_object_id(AuthorSlot{3}, 17);
  EXPECT_EQ(to_text(id), "3:17");
  EXPECT_EQ(object_from_text("3:17"), id);
  EXPECT_EQ(to_text(kNoObject), "root");
  EXPECT_EQ(object_from_text("root"), kNoObject);
}

TEST(CommandJson, MalformedIdsAreRefused) {
  for (const char* text : {"", ":", "3:", ":17", "3", "3:0", "3:x", "-1:2", "65535:1", "1:281474976710656", "1:2:3"})
    EXPECT_FALSE(object_from_text(text)) << text;
}

}  // namespace
}  // namespace theta::cli

#include "output.h"

#include <gtest/gtest.h>

namespace theta::cli {
namespace {

TEST(Output, PeopleSeeNoEscapesAndProgramsNeither) {
  Output output;
  ::testing::internal::CaptureStdout();
  output.result({{"name", "\x1b[2J"}}, "named \x1b[2J\n  second line");
  EXPECT_EQ(::testing::internal::GetCapturedStdout(), "named \\x1b[2J\n  second line\n");
  output.use_json(true);
  ::testing::internal::CaptureStdout();
  output.result({{"name", "\x1b[2J"}}, "");
  EXPECT_EQ(::testing::internal::GetCapturedStdout(), "{\"name\":\"\\u001b[2J\"}\n");
}

TEST(Output, NotesAndFailuresAreOneLineEach) {
  Output output;
  ::testing::internal::CaptureStderr();
  output.note("a\x1b");
  EXPECT_EQ(output.fail(ExitCode::denied, "b\nc"), ExitCode::denied);
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "a\\x1b\ntheta: b\\x0ac\n");
  output.use_json(true);
  ::testing::internal::CaptureStderr();
  output.note("a");
  EXPECT_EQ(output.fail(ExitCode::denied, "b"), ExitCode::denied);
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "{\"note\":\"a\"}\n{\"error\":\"b\",\"exit_code\":4}\n");
}

}  // namespace
}  // namespace theta::cli

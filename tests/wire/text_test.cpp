#include "theta/wire/text.h"

#include <gtest/gtest.h>

namespace theta::wire {
namespace {

TEST(PlainText, TakesWellFormedUtf8) {
  EXPECT_TRUE(is_plain_text(""));
  EXPECT_TRUE(is_plain_text("Sofa, green"));
  EXPECT_TRUE(is_plain_text("Stühle \u4e09 \U0001f9f8 \U0010ffff"));
}

TEST(PlainText, RefusesControlCharacters) {
  EXPECT_FALSE(is_plain_text("a\nb"));
  EXPECT_FALSE(is_plain_text(std::string_view("a\0b", 3)));
  EXPECT_FALSE(is_plain_text("\x1b[31m"));
  EXPECT_FALSE(is_plain_text("\x7f"));
  EXPECT_FALSE(is_plain_text("\xc2\x85"));  // U+0085, next line
}

TEST(PlainText, RefusesIllFormedUtf8) {
  EXPECT_FALSE(is_plain_text("\x80"));
  EXPECT_FALSE(is_plain_text("\xc3"));              // cut off
  EXPECT_FALSE(is_plain_text("\xc0\xaf"));          // overlong '/'
  EXPECT_FALSE(is_plain_text("\xe0\x80\xaf"));      // overlong '/'
  EXPECT_FALSE(is_plain_text("\xed\xa0\x80"));      // surrogate
  EXPECT_FALSE(is_plain_text("\xf4\x90\x80\x80"));  // above U+10FFFF
  EXPECT_FALSE(is_plain_text("\xf5\x80\x80\x80"));
  EXPECT_FALSE(is_plain_text("\xe4\xb8z"));
}

TEST(ToPlainText, ReplacesWhatIsNotPlainAndCutsBetweenCharacters) {
  EXPECT_EQ(to_plain_text("a\nb\xff", 10), "a?b?");
  EXPECT_EQ(to_plain_text("ab\u00fc", 3), "ab");
  EXPECT_EQ(to_plain_text("ab\u00fc", 4), "ab\u00fc");
  EXPECT_TRUE(is_plain_text(to_plain_text("\xf0\x9f\xa7 x", 100)));
}

TEST(PageAddress, IsASchemeAndAServerAndNothingElse) {
  for (const char* page : {"https://hub.example", "http://127.0.0.1:4480", "https://[::1]:1"})
    EXPECT_TRUE(is_page_address(page)) << page;
  for (const char* page :
       {"", "hub.example", "ftp://hub", "https://", "https://hub/", "https://hub/editor", "https://hub?x",
        "https://hub#x", "https://me@hub", "https://a b", "https://a\"b", "https://a\x1b[2J",
        "https://h\xc3\xbc"
        "b",
        "javascript:alert(1)"})
    EXPECT_FALSE(is_page_address(page)) << page;
  const std::string longest = "https://" + std::string(kPageBytesMax - 8, 'a');
  EXPECT_TRUE(is_page_address(longest));
  EXPECT_FALSE(is_page_address(longest + "a"));
}

}  // namespace
}  // namespace theta::wire

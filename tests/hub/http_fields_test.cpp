#include "http_fields.h"

#include <gtest/gtest.h>

namespace theta::hub {
namespace {

std::string path_of(std::string_view target) {
  const auto parsed = parse_target(target);
  return parsed ? parsed->path : "refused";
}

TEST(HttpFields, TargetsAreDecodedAndLoseTheirQuery) {
  EXPECT_EQ(path_of("/"), "/");
  EXPECT_EQ(path_of("/assets/a.js?v=1#x"), "/assets/a.js");
  EXPECT_EQ(path_of("/%72oom%20one"), "/room one");
  EXPECT_EQ(path_of("/%c3%a4"), "/\xc3\xa4");
  EXPECT_EQ(path_of("/folder/"), "/folder/");
}

TEST(HttpFields, TargetsThatLeaveTheFolderOrAreNoneAreRefused) {
  for (const char* target : {"",
                             "*",
                             "healthz",
                             "/..",
                             "/../etc/passwd",
                             "/a/../b",
                             "/%2e%2e/etc/passwd",
                             "/a/%2E%2E",
                             "/.git/config",
                             "/a/.hidden",
                             "//etc/passwd",
                             "/a//b",
                             "/a\\..\\b",
                             "/a%5cb",
                             "/a%00b",
                             "/a%0d%0aSet-Cookie:x",
                             "/%",
                             "/%4",
                             "/%zz",
                             "/%ff",
                             "/%c0%ae%c0%ae/",
                             "/%ed%a0%80",
                             "/a\x01",
                             "hub:4480",
                             "file:///etc/passwd"})
    EXPECT_EQ(path_of(target), "refused") << target;
  EXPECT_EQ(path_of("/" + std::string(kTargetBytesMax - 1, 'x')), "/" + std::string(kTargetBytesMax - 1, 'x'));
  EXPECT_EQ(path_of("/" + std::string(kTargetBytesMax, 'x')), "refused");
}

TEST(HttpFields, AbsoluteTargetsNameTheirServer) {
  const auto parsed = parse_target("HTTP://Hub.example:81/r/room?x");
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->path, "/r/room");
  EXPECT_EQ(parsed->authority, "Hub.example:81");
  EXPECT_EQ(path_of("https://hub"), "/");
  for (const char* target : {"http://", "http:///x", "http://user@hub/x", "http://hub:99999/", "http://hub/../x"})
    EXPECT_EQ(path_of(target), "refused") << target;
}

TEST(HttpFields, EncodingsAreTakenByNameOrStarUnlessTheirQualityIsZero) {
  EXPECT_TRUE(accepts_encoding("gzip, deflate, br", "br"));
  EXPECT_TRUE(accepts_encoding("BR;q=0.5", "br"));
  EXPECT_TRUE(accepts_encoding(" gzip ;q=1.0 , * ", "br"));
  EXPECT_TRUE(accepts_encoding("br;q=0.001", "br"));
  EXPECT_FALSE(accepts_encoding("", "br"));
  EXPECT_FALSE(accepts_encoding("gzip", "br"));
  EXPECT_FALSE(accepts_encoding("brotli, xbr", "br"));
  EXPECT_FALSE(accepts_encoding("br;q=0", "br"));
  EXPECT_FALSE(accepts_encoding("br; Q=0.000, *", "br"));
  EXPECT_FALSE(accepts_encoding("*;q=0", "br"));
  EXPECT_FALSE(accepts_encoding(",,;;,=;q", "br"));
}

TEST(HttpFields, EntityTagsAreComparedWhole) {
  EXPECT_TRUE(names_etag("\"abc\"", "\"abc\""));
  EXPECT_TRUE(names_etag("\"x\", W/\"abc\" ", "\"abc\""));
  EXPECT_TRUE(names_etag(" * ", "\"abc\""));
  EXPECT_FALSE(names_etag("", "\"abc\""));
  EXPECT_FALSE(names_etag("abc", "\"abc\""));
  EXPECT_FALSE(names_etag("\"abcd\"", "\"abc\""));
}

TEST(HttpFields, HostsAreNamesOrAddresses) {
  for (const char* host : {"hub", "hub.example:4480", "127.0.0.1:1", "[::1]", "[fe80::1]:65535"})
    EXPECT_TRUE(is_host(host)) << host;
  for (const char* host : {"", ":80", "hub:", "hub:65536", "hub:8x", "a b", "user@hub", "[]", "[::1", "[::1]x", "hub/x",
                           "hub\r\nX: y", "<script>"})
    EXPECT_FALSE(is_host(host)) << host;
  EXPECT_FALSE(is_host(std::string(300, 'a')));
}

TEST(HttpFields, MediaTypesAreComparedWithoutParametersAndCase) {
  EXPECT_TRUE(is_media_type("Application/SDP; charset=utf-8", "application/sdp"));
  EXPECT_FALSE(is_media_type("application/sdpx", "application/sdp"));
  EXPECT_FALSE(is_media_type("", "application/sdp"));
}

}  // namespace
}  // namespace theta::hub

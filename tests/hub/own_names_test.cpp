#include "own_names.h"

#include <gtest/gtest.h>

#include <string>

namespace theta::hub {
namespace {

TEST(OwnNames, OnlyTheOwnOriginAndConfiguredOnesAreAllowed) {
  const OwnNames none;
  EXPECT_TRUE(none.allows("https://hub.example", "hub.example"));
  EXPECT_TRUE(none.allows("http://Hub.Example:4480", "hub.example:4480"));
  EXPECT_TRUE(none.allows("http://[::1]:4480", "[::1]:4480"));
  const OwnNames listed(false, "", "http://a, https://other.example");
  EXPECT_TRUE(listed.allows("https://other.example", "hub"));
  for (const char* origin :
       {"", "null", "hub.example", "https://", "https://hub.example:81", "https://hub.example.evil",
        "https://evil/hub.example", "file://hub.example", "https://hub.example/", "http://other.example"})
    EXPECT_FALSE(listed.allows(origin, "hub.example")) << origin;
  EXPECT_FALSE(none.allows("https://", "")) << "no host is nobody's host";
}

TEST(OwnNames, WherePagesComeOverTlsOthersAreNotOwn) {
  const OwnNames with_tls(true, "", "");
  EXPECT_TRUE(with_tls.allows("https://hub.example", "hub.example"));
  EXPECT_FALSE(with_tls.allows("http://hub.example", "hub.example"));
  const OwnNames behind_proxy(false, "https://hub.example", "");
  EXPECT_TRUE(behind_proxy.allows("https://hub.example", "hub.example"));
  EXPECT_FALSE(behind_proxy.allows("http://hub.example", "hub.example"));
  EXPECT_TRUE(behind_proxy.allows("http://127.0.0.1:4480", "127.0.0.1:4480")) << "past the proxy, on its own machine";
}

TEST(OwnNames, AreAddressesLocalhostAndWhatTheOperatorSays) {
  const OwnNames names(false, "https://hub.example:4480", "http://tools.example:81,https://[2001:db8::1]");
  for (const char* host : {"127.0.0.1", "192.0.2.7:4480", "[::1]:4480", "localhost", "LocalHost:1", "a.localhost:4480",
                           "hub.example", "HUB.example:99", "tools.example"})
    EXPECT_TRUE(names.has(host)) << host;
  for (const char* host : {"evil.example", "localhost.evil.example", "notlocalhost", "hub.example.evil",
                           "127.0.0.1.evil", "7f000001.evil", "", ":80", "xlocalhost:1"})
    EXPECT_FALSE(names.has(host)) << host;
  EXPECT_FALSE(OwnNames().has("")) << "what was not said is no name";
}

}  // namespace
}  // namespace theta::hub

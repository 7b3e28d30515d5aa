#include "link_terms.h"

#include <gtest/gtest.h>

#include "theta/base/hex.h"
#include "theta/crypto/keys.h"
#include "theta/json/invite_key.h"

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
  for (const char* text : {"", "host", "host:", ":80", "host:0", "host:65536", "host:8x", "https://host:4480"})
    EXPECT_FALSE(split_address(text)) << text;
}

TEST(LinkTerms, AnInviteIsNamedByItsLinkOrItsKey) {
  crypto::Seed seed;
  seed.bytes.fill(3);
  const auto issuer = crypto::KeyPair::from_seed(seed);
  log::RoomLink link;
  link.host = "example.org";
  link.port = 4433;
  link.room.bytes.fill(1);
  link.hub = issuer.public_key<HubKey>();
  EXPECT_FALSE(json::parse_invite_key(log::to_string(link))) << "a member's link has no invite";
  seed.bytes.fill(4);
  link.ticket = log::RoomLink::Ticket{log::make_invite(link.room, {}, issuer, seed), seed};
  const auto key = link.ticket->invite.key;
  EXPECT_EQ(json::parse_invite_key(log::to_string(link)), key);
  EXPECT_EQ(json::parse_invite_key(to_hex(key.view())), key);
  for (const char* text : {"", "theta://nowhere", "abcd"}) EXPECT_FALSE(json::parse_invite_key(text)) << text;
}

TEST(LinkTerms, ALinkIsGoodForFewWhenNobodySaidHowMany) {
  EXPECT_EQ(default_uses(log::Role::admin), 1U);
  EXPECT_EQ(default_uses(log::Role::editor), 10U);
  EXPECT_EQ(default_uses(log::Role::viewer), 100U);
}

TEST(BrowserLink, HasTheRoomAndTheInviteOfTheLink) {
  const std::string link = "theta://127.0.0.1:4433/ROOM#HUB.INVITE";
  EXPECT_EQ(browser_link("https://hub.example:4480", link), "https://hub.example:4480/r/ROOM#HUB.INVITE");
  EXPECT_EQ(browser_link("http://[::1]:1/", "theta://[::1]:4433/ROOM#HUB"), "http://[::1]:1/r/ROOM#HUB");
}

TEST(BrowserLink, WhatWasTypedGoesOverWhatTheHubTells) {
  EXPECT_EQ(page_for("https://typed", "https://told", "hub.example"), "https://typed");
  EXPECT_EQ(page_for("", "https://told:1", "hub.example"), "https://told:1");
  EXPECT_EQ(page_for("", "", "hub.example"), "");
}

TEST(BrowserLink, PageOnTheHubsOwnMachineIsOfNoUseElsewhere) {
  for (const char* page : {"http://127.0.0.1:4480", "https://localhost:4480", "http://[::1]:4480"}) {
    EXPECT_EQ(page_for("", page, "hub.example"), "") << page;
    for (const char* host : {"127.0.0.1", "localhost", "::1"}) EXPECT_EQ(page_for("", page, host), page) << host;
  }
}

TEST(BrowserLink, PageOfAHubThatListensEverywhereIsWhereTheLinkFindsTheHub) {
  EXPECT_EQ(page_for("", "https://[::]:4480", "hub.example"), "https://hub.example:4480");
  EXPECT_EQ(page_for("", "https://[::]:4480", "2001:db8::1"), "https://[2001:db8::1]:4480");
  EXPECT_EQ(page_for("", "http://[::]:4480", "127.0.0.1"), "http://127.0.0.1:4480");
  EXPECT_EQ(page_for("https://typed", "https://[::]:4480", "hub.example"), "https://typed");
}

TEST(BrowserLink, PagesThatAreNoAddressGiveNone) {
  for (const char* page : {"", "hub.example", "ftp://hub", "https://", "https:///", "https://hub/editor",
                           "https://hub?x", "https://hub#x", "https://a b", "https://me@hub"})
    EXPECT_FALSE(browser_link(page, "theta://h:1/ROOM#HUB").has_value()) << page;
}

}  // namespace
}  // namespace theta::cli

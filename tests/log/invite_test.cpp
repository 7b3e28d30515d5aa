#include "theta/log/invite.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "log/samples.h"
#include "theta/base/hex.h"

namespace theta::log {
namespace {

using ::testing::HasSubstr;

const RoomId kRoom = samples::filled<RoomId>(5);

Invite sample_invite() {
  return make_invite(kRoom, {Role::editor, from_unix_ms(samples::kNowMs), 10}, samples::key(1), samples::seed(50));
}

TEST(Invite, SignatureCoversRoomAndTerms) {
  const Invite invite = sample_invite();
  EXPECT_TRUE(verify_invite(kRoom, invite));
  EXPECT_FALSE(verify_invite(samples::filled<RoomId>(6), invite));
  const auto changed = [&](auto change) {
    Invite other = invite;
    change(other);
    return verify_invite(kRoom, other);
  };
  EXPECT_FALSE(changed([](auto& other) { other.role = Role::admin; }));
  EXPECT_FALSE(changed([](auto& other) { other.expires_at += std::chrono::milliseconds(1); }));
  EXPECT_FALSE(changed([](auto& other) { other.uses_max = 0; }));
  EXPECT_FALSE(changed([](auto& other) { other.key.bytes[0] ^= 1; }));
  EXPECT_FALSE(changed([](auto& other) { other.issuer = samples::key(2).public_key<AuthorKey>(); }));
}

TEST(Invite, ProofIsGoodForOneAuthorInOneRoomOnly) {
  const Invite invite = sample_invite();
  const auto author = samples::key(2).public_key<AuthorKey>();
  const auto other = samples::key(3).public_key<AuthorKey>();
  const Signature proof = prove_invite(kRoom, author, samples::seed(50));
  EXPECT_TRUE(verify_invite_proof(kRoom, author, invite, proof));
  EXPECT_FALSE(verify_invite_proof(kRoom, other, invite, proof));
  EXPECT_FALSE(verify_invite_proof(samples::filled<RoomId>(6), author, invite, proof));
  EXPECT_FALSE(verify_invite_proof(kRoom, author, invite, prove_invite(kRoom, author, samples::seed(51))));
}

constexpr std::string_view kNativeScheme = "theta://";

RoomLink sample_link(std::string host = "hub.example.org") {
  RoomLink link;
  link.host = std::move(host);
  link.port = 4433;
  link.room = kRoom;
  link.hub = samples::key(9).public_key<HubKey>();
  return link;
}

void expect_round_trip(const RoomLink& link) {
  const std::string text = to_string(link);
  const auto parsed = parse_link(text);
  ASSERT_TRUE(parsed.has_value()) << text;
  EXPECT_EQ(parsed->host, link.host);
  EXPECT_EQ(parsed->port, link.port);
  EXPECT_EQ(parsed->room, link.room);
  EXPECT_EQ(parsed->hub, link.hub);
  EXPECT_EQ(to_string(*parsed), text);
}

TEST(RoomLink, SurvivesTextForNamesAndAddresses) {
  expect_round_trip(sample_link());
  expect_round_trip(sample_link("127.0.0.1"));
  expect_round_trip(sample_link("::1"));
  EXPECT_THAT(to_string(sample_link("::1")), HasSubstr("theta://[::1]:4433/"));
}

TEST(RoomLink, TicketKeepsTheWholeInvite) {
  RoomLink link = sample_link();
  link.ticket = RoomLink::Ticket{sample_invite(), samples::seed(50)};
  const auto parsed = parse_link(to_string(link));
  ASSERT_TRUE(parsed.has_value() && parsed->ticket.has_value());
  EXPECT_TRUE(verify_invite(kRoom, parsed->ticket->invite));
  EXPECT_EQ(parsed->ticket->invite.key, link.ticket->invite.key);
  EXPECT_EQ(parsed->ticket->invite.uses_max, 10U);
  EXPECT_EQ(parsed->ticket->secret.bytes, samples::seed(50).bytes);
}

void expect_malformed(const std::string& text, const char* part) {
  const auto parsed = parse_link(text);
  ASSERT_FALSE(parsed.has_value()) << text;
  EXPECT_THAT(parsed.error().message, HasSubstr(part)) << text;
  EXPECT_THAT(parsed.error().message, HasSubstr("theta://HOST:PORT/ROOM#HUB"));
}

TEST(RoomLink, FailureNamesTheWrongPart) {
  const std::string room = to_base64url(kRoom.view());
  const std::string hub = to_base64url(samples::key(9).public_key<HubKey>().view());
  expect_malformed("", "theta://");
  expect_malformed("theta://host:1", "no room");
  expect_malformed("theta://:1/" + room + "#" + hub, "HOST:PORT");
  expect_malformed("theta://host/" + room + "#" + hub, "HOST:PORT");
  expect_malformed("theta://host:0/" + room + "#" + hub, "HOST:PORT");
  expect_malformed("theta://host:65536/" + room + "#" + hub, "HOST:PORT");
  expect_malformed("theta://host:44x/" + room + "#" + hub, "HOST:PORT");
  expect_malformed("theta://::1:1/" + room + "#" + hub, "HOST:PORT");
  expect_malformed("theta://[::1:1/" + room + "#" + hub, "HOST:PORT");
  expect_malformed("theta://ho st:1/" + room + "#" + hub, "HOST:PORT");
  expect_malformed("theta://user@host:1/" + room + "#" + hub, "HOST:PORT");
  expect_malformed("theta://host:1/" + room, "no #");
  expect_malformed("theta://host:1/" + room.substr(1) + "#" + hub, "ROOM");
  expect_malformed("theta://host:1/" + room + "#" + hub.substr(1), "HUB");
  expect_malformed("theta://host:1/" + room + "#" + hub + ".", "INVITE");
  expect_malformed("theta://host:1/" + room + "#" + hub + ".AAAA", "INVITE");
  expect_malformed("theta://" + std::string(2000, 'a') + ":1/" + room + "#" + hub, "longer");
}

TEST(RoomLink, ForBrowsersIsReadWithoutItsAddress) {
  auto link = sample_link();
  link.ticket = RoomLink::Ticket{sample_invite(), samples::seed(50)};
  const auto native = to_string(link);
  const auto room_part = native.substr(native.find('/', kNativeScheme.size()));
  for (const auto* page : {"https://hub.example:4480/r", "http://[::1]:1/r"}) {
    const auto parsed = parse_browser_link(page + room_part);
    ASSERT_TRUE(parsed.has_value()) << parsed.error().message;
    EXPECT_EQ(parsed->room, link.room);
    EXPECT_EQ(parsed->hub, link.hub);
    EXPECT_EQ(parsed->ticket->invite.key, link.ticket->invite.key);
    EXPECT_EQ(parsed->host, "");
    EXPECT_EQ(parse_any_link(page + room_part)->ticket->invite.key, link.ticket->invite.key);
  }
  EXPECT_EQ(parse_any_link(native)->host, link.host);
}

TEST(RoomLink, ForBrowsersThatIsDamagedSaysTheShapeForBrowsers) {
  const auto native = to_string(sample_link());
  const auto page = "https://hub.example/r" + native.substr(native.find('/', kNativeScheme.size()));
  const auto expect_part = [](const std::string& text, const char* part) {
    const auto parsed = parse_browser_link(text);
    ASSERT_FALSE(parsed.has_value()) << text;
    EXPECT_THAT(parsed.error().message, HasSubstr(part)) << text;
    EXPECT_THAT(parsed.error().message, HasSubstr("https://HOST:PORT/r/ROOM#HUB"));
  };
  expect_part(page.substr(0, page.size() - 1), "HUB");
  expect_part(page.substr(0, page.find('#')), "no #");
  expect_part(page.substr(0, page.find('#') - 1) + page.substr(page.find('#')), "ROOM");
  expect_part(page + ".AAAA", "INVITE");
  expect_part("https://hub.example", "no room");
  expect_part(native, "neither");
  expect_part("https://" + std::string(2000, 'a') + "/r/x", "longer");
}

TEST(RoomLink, ForBrowsersGivenToAProgramSaysWhereTheOtherOneIs) {
  for (const auto* text : {"https://hub.example:4480/r/AAAA#BBBB", "https://hub.example:4480/r/AA", "http://h"}) {
    const auto parsed = parse_link(text);
    ASSERT_FALSE(parsed.has_value());
    EXPECT_THAT(parsed.error().message, HasSubstr("for browsers"));
    EXPECT_THAT(parsed.error().message, HasSubstr("theta invite"));
  }
}

TEST(RoomLink, EveryTruncationOfATicketIsRefused) {
  RoomLink link = sample_link();
  link.ticket = RoomLink::Ticket{sample_invite(), samples::seed(50)};
  const std::string text = to_string(link);
  const std::size_t without_ticket = to_string(sample_link()).size();
  for (std::size_t size = without_ticket + 1; size < text.size(); ++size)
    EXPECT_FALSE(parse_link(text.substr(0, size)).has_value()) << size;
}

}  // namespace
}  // namespace theta::log

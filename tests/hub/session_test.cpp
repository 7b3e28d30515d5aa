#include <gtest/gtest.h>

#include "hub/hub_world.h"

namespace theta::hub::testing {
namespace {

using log::RefusalCode;
using transport::CloseReason;
using transport::Lane;

TEST(HubSession, LoginWithTheConnectionsBindingIsWelcome) {
  HubWorld world;
  auto& peer = world.add_member(1);
  EXPECT_FALSE(peer.closed);
  EXPECT_EQ(peer.last<fb::WelcomeT>()->commands_burst, 100);
  EXPECT_EQ(wire::from_fb<HubKey>(*peer.last<fb::HubHelloT>()->hub), world.hub_key.public_key<HubKey>());
  EXPECT_EQ(world.metric("logins"), 1);
}

TEST(HubSession, PageIsToldWhenThereIsOneAndItIsAnAddress) {
  HubWorld world;
  EXPECT_EQ(world.add_member(1).last<fb::WelcomeT>()->page, "");
  world.hub->set_page("https://hub.example:4480");
  EXPECT_EQ(world.add_member(2).last<fb::WelcomeT>()->page, "https://hub.example:4480");
  world.hub->set_page("https://hub.example/\x1b[2J");
  EXPECT_EQ(world.add_member(3).last<fb::WelcomeT>()->page, "");
}

TEST(HubSession, LoginRelayedFromAnotherConnectionIsRefused) {
  HubWorld world;
  auto& peer = world.add_peer(1);
  peer.connect();
  ASSERT_TRUE(world.run_until([&] { return peer.last<fb::HubHelloT>() != nullptr; }));
  transport::ChannelBinding other;
  other.bytes.fill(5);
  peer.log_in(other);
  ASSERT_TRUE(world.run_until([&] { return peer.closed.has_value(); }));
  EXPECT_EQ(peer.closed->reason, CloseReason::unauthenticated);
  EXPECT_TRUE(peer.closed->closed_by_peer);
  EXPECT_EQ(world.metric("login_rejections"), 1);
  EXPECT_EQ(world.hub->session_count(), 0U);
}

/// What a hub answers to a login that says it is of this version.
struct VersionAnswer {
  RefusalCode code = RefusalCode::none;
  std::string text;
};
VersionAnswer log_in_as(const wire::PeerVersion& version) {
  HubWorld world;
  auto& peer = world.add_peer(1);
  peer.connect();
  EXPECT_TRUE(world.run_until([&] { return peer.last<fb::HubHelloT>() != nullptr; }));
  fb::LoginT login;
  login.protocol_version = version.protocol_version;
  login.schema_revision = version.schema_revision;
  login.schema_hash = boxed(version.schema_hash);
  login.author = boxed(peer.author);
  login.signature = std::make_unique<fb::Bytes64>();
  peer.send_control(message_of(std::move(login)));
  EXPECT_TRUE(world.run_until([&] { return peer.closed.has_value(); }));
  EXPECT_EQ(peer.closed->reason, CloseReason::version_mismatch);
  EXPECT_EQ(world.metric("login_rejections"), 1);
  // The connection ends at once, so its text is what the peer reads; the code is counted.
  for (const auto code : {RefusalCode::version_mismatch, RefusalCode::schema_mismatch})
    if (world.metric("refusals", log::refusal_name(code)) == 1) return {code, peer.closed->text};
  return {RefusalCode::none, peer.closed->text};
}

// The sentence is read at the peer, so "this side" is the peer.

TEST(HubSession, APeerOfANewerProtocolIsToldThatTheHubIsOlder) {
  auto newer = wire::own_version();
  ++newer.protocol_version;
  const auto answer = log_in_as(newer);
  EXPECT_EQ(answer.code, RefusalCode::version_mismatch);
  EXPECT_EQ(answer.text, "The two sides speak different protocol versions (this side " +
                             std::to_string(wire::kProtocolVersion + 1) + ", the other side " +
                             std::to_string(wire::kProtocolVersion) + "); the other side is older: update that one.");
}

TEST(HubSession, APeerOfAnOlderProtocolIsToldThatItIsOlder) {
  auto older = wire::own_version();
  --older.protocol_version;
  const auto answer = log_in_as(older);
  EXPECT_EQ(answer.code, RefusalCode::version_mismatch);
  EXPECT_EQ(answer.text, "The two sides speak different protocol versions (this side " +
                             std::to_string(wire::kProtocolVersion - 1) + ", the other side " +
                             std::to_string(wire::kProtocolVersion) + "); this side is older: update it.");
}

TEST(HubSession, APeerOfAnotherSchemaRevisionIsToldWhichSideIsOlder) {
  auto newer = wire::own_version();
  ++newer.schema_revision;
  auto older = wire::own_version();
  --older.schema_revision;
  const auto ours = std::to_string(wire::kSchemaRevision);
  const auto to_newer = log_in_as(newer);
  EXPECT_EQ(to_newer.code, RefusalCode::schema_mismatch);
  EXPECT_EQ(to_newer.text, "The two sides speak different schema revisions (this side " +
                               std::to_string(newer.schema_revision) + ", the other side " + ours +
                               "); the other side is older: update that one.");
  const auto to_older = log_in_as(older);
  EXPECT_EQ(to_older.code, RefusalCode::schema_mismatch);
  EXPECT_EQ(to_older.text, "The two sides speak different schema revisions (this side " +
                               std::to_string(older.schema_revision) + ", the other side " + ours +
                               "); this side is older: update it.");
}

TEST(HubSession, APeerOfAnUnreleasedSchemaIsToldThatNeitherSideIsKnownToBeOlder) {
  auto other = wire::own_version();
  other.schema_hash.bytes[0] ^= 1;
  const auto answer = log_in_as(other);
  EXPECT_EQ(answer.code, RefusalCode::schema_mismatch);
  EXPECT_NE(answer.text.find("one of them is an unreleased build"), std::string::npos) << answer.text;
}

TEST(HubSession, AnythingBeforeLoginClosesTheConnection) {
  HubWorld world;
  auto& peer = world.add_peer(1);
  peer.connect();
  ASSERT_TRUE(world.run_until([&] { return peer.is_connected; }));
  peer.attach(RoomId{});
  ASSERT_TRUE(world.run_until([&] { return peer.closed.has_value(); }));
  EXPECT_EQ(peer.closed->reason, CloseReason::unauthenticated);
  EXPECT_EQ(world.metric("messages_before_login"), 1);
  EXPECT_EQ(world.metric("login_timeouts"), 0);
}

TEST(HubSession, SilenceInsteadOfLoginEndsAfterTheTimeout) {
  HubWorld world;
  auto& peer = world.add_peer(1);
  peer.connect();
  ASSERT_TRUE(world.run_until([&] { return peer.closed.has_value(); }, std::chrono::seconds(20)));
  EXPECT_EQ(peer.closed->reason, CloseReason::idle_timeout) << "which a client tries again after";
  EXPECT_EQ(world.metric("login_timeouts"), 1);
}

TEST(HubSession, MalformedBytesOnEachLaneAreCountedAndCloseTheConnection) {
  for (const auto lane : {Lane::control, Lane::commands, Lane::bulk}) {
    HubWorld world;
    auto& peer = world.add_member(1);
    peer.send(lane, SharedBytes(Bytes(9, 0xff)));
    ASSERT_TRUE(world.run_until([&] { return peer.closed.has_value(); })) << static_cast<int>(lane);
    EXPECT_EQ(peer.closed->reason, CloseReason::protocol_error);
    EXPECT_EQ(world.metric("malformed_messages"), 1);
  }
}

TEST(HubSession, MessagesThatOnlyAHubSendsCloseTheConnection) {
  HubWorld world;
  auto& peer = world.add_member(1);
  peer.send_control(message_of(fb::WelcomeT{}));
  ASSERT_TRUE(world.run_until([&] { return peer.closed.has_value(); }));
  EXPECT_EQ(peer.closed->reason, CloseReason::protocol_error);
}

TEST(HubSession, OneSessionTooManyIsTurnedAwayWithTheLimit) {
  HubConfig config;
  config.sessions_max = 1;
  HubWorld world(config);
  world.add_member(1);
  auto& second = world.add_peer(2);
  second.connect();
  ASSERT_TRUE(world.run_until([&] { return second.closed.has_value(); }));
  EXPECT_EQ(second.closed->reason, CloseReason::resource_limit);
  EXPECT_EQ(world.metric("quota_rejections", "sessions.sessions_max"), 1);
}

}  // namespace
}  // namespace theta::hub::testing

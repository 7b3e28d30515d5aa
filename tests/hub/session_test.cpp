#include <gtest/gtest.h>

#include "hub/hub_world.h"

namespace theta::hub::testing {
namespace {

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

TEST(HubSession, LoginWithAnotherSchemaIsRefusedWithWhoIsOlder) {
  HubWorld world;
  auto& peer = world.add_peer(1);
  peer.connect();
  ASSERT_TRUE(world.run_until([&] { return peer.last<fb::HubHelloT>() != nullptr; }));
  fb::LoginT login;
  login.protocol_version = wire::kProtocolVersion + 1;
  login.schema_revision = wire::kSchemaRevision + 1;
  login.schema_hash = boxed(Hash256{});
  login.author = boxed(peer.author);
  login.signature = std::make_unique<fb::Bytes64>();
  peer.send_control(message_of(std::move(login)));
  ASSERT_TRUE(world.run_until([&] { return peer.closed.has_value(); }));
  EXPECT_EQ(peer.closed->reason, CloseReason::version_mismatch);
  EXPECT_NE(peer.closed->text.find("older"), std::string::npos) << peer.closed->text;
}

TEST(HubSession, AnythingBeforeLoginClosesTheConnection) {
  HubWorld world;
  auto& peer = world.add_peer(1);
  peer.connect();
  ASSERT_TRUE(world.run_until([&] { return peer.is_connected; }));
  peer.attach(RoomId{});
  ASSERT_TRUE(world.run_until([&] { return peer.closed.has_value(); }));
  EXPECT_EQ(peer.closed->reason, CloseReason::unauthenticated);
}

TEST(HubSession, SilenceInsteadOfLoginEndsAfterTheTimeout) {
  HubWorld world;
  auto& peer = world.add_peer(1);
  peer.connect();
  ASSERT_TRUE(world.run_until([&] { return peer.closed.has_value(); }, std::chrono::seconds(20)));
  EXPECT_EQ(peer.closed->reason, CloseReason::unauthenticated);
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
}

}  // namespace
}  // namespace theta::hub::testing

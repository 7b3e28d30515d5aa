// Method: what the hub says to its operator is kept by the world; each thing that an operator must hear of is made to
// happen once.

#include <gtest/gtest.h>

#include "hub/hub_world.h"

namespace theta::hub::testing {
namespace {

using log::RefusalCode;

std::string field(const LogEvent& event, std::string_view key) {
  for (const auto& [name, value] : event.fields)
    if (name == key) return value;
  return {};
}

/// Connects and shows a signature that is none.
void fail_to_log_in(HubWorld& world, ScriptedPeer& peer) {
  peer.closed.reset();
  peer.messages.clear();
  peer.connect();
  ASSERT_TRUE(world.run_until([&] { return peer.last<fb::HubHelloT>() != nullptr; }));
  transport::ChannelBinding other;
  other.bytes.fill(5);
  peer.log_in(other);
  ASSERT_TRUE(world.run_until([&] { return peer.closed.has_value(); }));
}

TEST(HubLog, RoomsAreSaidToBeMadeOpenedAndClosed) {
  HubWorld world;
  auto& admin = world.add_member(1);
  const auto room = world.open_room(admin);
  ASSERT_EQ(world.count_logged("room_created"), 1U);
  ASSERT_EQ(world.count_logged("room_opened"), 1U);
  EXPECT_EQ(field(*world.last_logged("room_opened"), "room"), to_base64url(room.view()));
  EXPECT_EQ(field(*world.last_logged("room_opened"), "head"), "1");
  admin.close();
  ASSERT_TRUE(world.run_until([&] { return world.count_logged("room_closed") == 1; }, std::chrono::minutes(3)));
  EXPECT_EQ(field(*world.last_logged("room_closed"), "room"), to_base64url(room.view()));
}

TEST(HubLog, ADiskThatFailsAndRecoversIsSaid) {
  HubWorld world;
  auto& admin = world.add_member(1);
  world.open_room(admin);
  world.disk.set_fault_hook([](store::DiskOperation operation, const std::string&) {
    return operation == store::DiskOperation::write ? store::DiskFault::io : store::DiskFault::none;
  });
  admin.submit(payload_of(create_entities(AuthorSlot{0}, 1)));
  ASSERT_TRUE(world.run_until([&] { return world.count_logged("room_read_only") == 1; }));
  EXPECT_GE(world.count_logged("store_failed"), 1U);
  EXPECT_EQ(world.last_logged("room_read_only")->level, LogLevel::error);
  EXPECT_EQ(world.count_logged("room_writable"), 0U);
  world.disk.set_fault_hook({});
  EXPECT_TRUE(world.run_until([&] { return world.count_logged("room_writable") == 1; }, std::chrono::minutes(2)));
  EXPECT_EQ(world.count_logged("room_read_only"), 1U) << "once, however often it was tried";
}

TEST(HubLog, AnEquivocationIsSaidWithWhoAndWhere) {
  HubWorld world;
  auto& admin = world.add_member(1);
  const auto room = world.open_room(admin);
  const auto first = admin.submit(payload_of(create_entities(AuthorSlot{0}, 1)));
  ASSERT_TRUE(world.run_until([&] { return admin.head().value() == 2; }));
  admin.submit_packet(
      admin.make_packet(payload_of(create_entities(AuthorSlot{0}, 9)), first.header.nonce, first.header.prev));
  ASSERT_TRUE(world.run_until([&] { return world.count_logged("equivocation") == 1; }));
  EXPECT_EQ(field(*world.last_logged("equivocation"), "author"), to_base64url(admin.author.view()));
  EXPECT_EQ(field(*world.last_logged("equivocation"), "room"), to_base64url(room.view()));
}

TEST(HubLog, RefusedLoginsAreSaidAsFarAsTheyAreFew) {
  HubWorld world;
  auto& peer = world.add_peer(1);
  fail_to_log_in(world, peer);
  ASSERT_EQ(world.count_logged("login_refused"), 1U);
  EXPECT_EQ(world.last_logged("login_refused")->level, LogLevel::warning);
  EXPECT_EQ(field(*world.last_logged("login_refused"), "code"), "unauthenticated");
  for (int count = 0; count < 60; ++count) fail_to_log_in(world, peer);
  EXPECT_LT(world.count_logged("login_refused"), 61U);
  EXPECT_GT(world.metric("log_lines_left_out"), 0);
  const auto said =
      world.count_logged("login_refused") + world.count_logged("connected") + world.count_logged("disconnected");
  EXPECT_EQ(said + world.metric("log_lines_left_out"), 3 * 61);
  world.run_for(std::chrono::minutes(2));
  fail_to_log_in(world, peer);
  EXPECT_GE(world.count_logged("log_left_out"), 1U) << "how many there were is said as soon as something may be";
}

TEST(HubLog, ConnectionsAreSaidWithTheirTransportAndWhyTheyEnd) {
  HubWorld world;
  auto& polite = world.add_member(1);
  ASSERT_EQ(world.count_logged("connected"), 1U);
  EXPECT_EQ(world.last_logged("connected")->level, LogLevel::info);
  EXPECT_EQ(field(*world.last_logged("connected"), "transport"), "simulated");
  EXPECT_FALSE(field(*world.last_logged("connected"), "address").empty());
  polite.close();
  ASSERT_TRUE(world.run_until([&] { return world.count_logged("disconnected") == 1; }));
  EXPECT_EQ(field(*world.last_logged("disconnected"), "by"), "peer");
  EXPECT_EQ(field(*world.last_logged("disconnected"), "reason"), "none");
  EXPECT_EQ(world.last_logged("disconnected")->text, "A connection over simulated was ended by the peer: done");
  EXPECT_EQ(field(*world.last_logged("disconnected"), "author"), to_base64url(polite.author.view()));
  auto& rude = world.add_peer(2);
  fail_to_log_in(world, rude);
  ASSERT_TRUE(world.run_until([&] { return world.count_logged("disconnected") == 2; }));
  EXPECT_EQ(field(*world.last_logged("disconnected"), "by"), "hub");
  EXPECT_EQ(field(*world.last_logged("disconnected"), "reason"), "unauthenticated");
  EXPECT_TRUE(world.last_logged("disconnected")
                  ->text.starts_with("A connection over simulated was ended by this hub, unauthenticated: Expected"))
      << world.last_logged("disconnected")->text;
}

TEST(HubLog, AFloodOfConnectionsIsBoundedAndHidesNoWarning) {
  HubWorld world;
  auto& peer = world.add_peer(1);
  constexpr std::size_t kConnections = 60;
  for (std::size_t count = 0; count < kConnections; ++count) {
    peer.is_connected = false;
    peer.connect();
    ASSERT_TRUE(world.run_until([&] { return peer.is_connected; }));
    peer.closed.reset();
    peer.close();
    ASSERT_TRUE(world.run_until([&] { return peer.closed.has_value(); }));
  }
  const auto said = [&] { return world.count_logged("connected") + world.count_logged("disconnected"); };
  // The hub hears of an end later than who ended it.
  EXPECT_TRUE(world.run_until(
      [&] { return static_cast<double>(said()) + world.metric("log_lines_left_out") == 2 * kConnections; }));
  EXPECT_LT(said(), kConnections);
  fail_to_log_in(world, peer);
  EXPECT_EQ(world.count_logged("login_refused"), 1U);
}

TEST(HubLog, AWrongAdminTokenIsSaidWithoutTheToken) {
  HubWorld world;
  auto& peer = world.add_member(1);
  fb::OpenRoomRequestT request;
  request.admin_token = Bytes(32, 'x');
  request.packet = Bytes(10, 0);
  peer.send_control(message_of(std::move(request)));
  ASSERT_TRUE(world.run_until([&] { return world.count_logged("admin_token_refused") == 1; }));
  const auto& event = *world.last_logged("admin_token_refused");
  EXPECT_EQ(event.text.find("xxx"), std::string::npos);
  for (const auto& [name, value] : event.fields) EXPECT_EQ(value.find("xxx"), std::string::npos) << name;
}

TEST(HubLog, ControlCharactersFromOutsideAreTakenOut) {
  HubWorld world;
  auto& peer = world.add_peer(1, "\x1b]0;owned\x07\n2026 error: forged");
  fail_to_log_in(world, peer);
  ASSERT_EQ(world.count_logged("login_refused"), 1U);
  EXPECT_EQ(field(*world.last_logged("login_refused"), "address"), "sim:?]0;owned??2026 error: forged");
}

}  // namespace
}  // namespace theta::hub::testing

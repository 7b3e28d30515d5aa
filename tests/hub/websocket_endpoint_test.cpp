// Method: a real HubServer on loopback, its loop on a thread, and Beast's WebSocket client on blocking sockets. Every
// read waits for what must come, or for the hub to close.

#include <gtest/gtest.h>

#include "hub/running_server.h"
#include "hub/websocket_client.h"

namespace theta::hub::testing {
namespace {

using transport::Lane;

TEST(WebSocketEndpoint, HubGreetsOnTheControlLane) {
  TemporaryFolder folder;
  RunningServer running(options_in(folder.path()));
  WebSocketClient client(*running.server);
  ASSERT_FALSE(client.error) << client.error.message() << client.body;
  EXPECT_EQ(client.status, 101U);
  EXPECT_EQ(client.protocol, "theta.1");
  ASSERT_TRUE(client.establish(*running.server));
  const auto greeting = client.receive();
  ASSERT_TRUE(greeting.has_value());
  EXPECT_EQ(greeting->lane, Lane::control);
  const wire::AlignedBytes aligned(greeting->message());
  const auto* message = wire::verified_message(aligned.view());
  ASSERT_NE(message, nullptr);
  EXPECT_NE(message->body_as_HubHello(), nullptr);
  const auto metrics = get(*running.server, "/metrics");
  EXPECT_NE(metrics.find("theta_transport_kind{kind=\"websocket\"} 1"), std::string::npos);
  EXPECT_NE(metrics.find("theta_websocket_events{event=\"handshakes_completed\"} 1"), std::string::npos);
}

TEST(WebSocketEndpoint, WhatComesInPlaceOfALoginClosesWithTheReasonInTheCloseFrame) {
  TemporaryFolder folder;
  RunningServer running(options_in(folder.path()));
  WebSocketClient client(*running.server);
  ASSERT_TRUE(client.establish(*running.server));
  ASSERT_TRUE(client.receive().has_value());
  client.say(Lane::control, as_bytes("no message of Theta's"));
  while (client.receive()) {
  }
  EXPECT_EQ(client.error, boost::beast::websocket::error::closed);
  EXPECT_EQ(client.close_code, 4004);
  EXPECT_FALSE(client.close_reason.empty());
}

TEST(WebSocketEndpoint, TamperedMessageClosesTheConnection) {
  TemporaryFolder folder;
  RunningServer running(options_in(folder.path()));
  WebSocketClient client(*running.server);
  ASSERT_TRUE(client.establish(*running.server));
  auto sealed = client.channel->seal(Lane::control, as_bytes("x"));
  sealed[3] ^= 1;
  client.say(sealed);
  while (client.receive()) {
  }
  EXPECT_EQ(client.close_code, 4002);
  EXPECT_NE(client.close_reason.find("does not open"), std::string::npos) << client.close_reason;
}

TEST(WebSocketEndpoint, TextMessageAndWrongHelloCloseTheConnection) {
  TemporaryFolder folder;
  RunningServer running(options_in(folder.path()));
  WebSocketClient text(*running.server);
  text.socket().text(true);
  text.say(as_bytes("hello"));
  EXPECT_FALSE(text.read().has_value());
  EXPECT_EQ(text.close_code, 4002);
  EXPECT_EQ(text.close_reason, "expected binary messages, got text");
  WebSocketClient wrong(*running.server);
  wrong.say(Bytes(33, 1));
  EXPECT_FALSE(wrong.read().has_value());
  EXPECT_EQ(wrong.close_code, 4002);
}

TEST(WebSocketEndpoint, OtherOriginsProtocolsAndPathsAreRefused) {
  TemporaryFolder folder;
  auto options = options_in(folder.path());
  std::vector<std::string> refused;  // written by the server's thread, read when it has ended
  options.log = [&](const LogEvent& event) {
    if (event.event == "signalling_refused") refused.push_back(event.text);
  };
  RunningServer running(options);
  const auto status = [&](const WebSocketClient::Handshake& handshake) {
    return WebSocketClient(*running.server, handshake).status;
  };
  EXPECT_EQ(status({}), 101U);
  EXPECT_EQ(status({.origin = "http://evil.example"}), 403U);
  EXPECT_EQ(status({.origin = ""}), 403U);
  EXPECT_EQ(status({.protocol = "theta.2"}), 400U);
  EXPECT_EQ(status({.protocol = ""}), 400U);
  EXPECT_EQ(status({.protocol = "other, theta.1"}), 101U);
  EXPECT_EQ(status({.path = "/websocket"}), 404U);
  const auto metrics = get(*running.server, "/metrics");
  EXPECT_NE(metrics.find("theta_http_rejections{reason=\"origin\"} 2"), std::string::npos);
  EXPECT_NE(metrics.find("theta_http_rejections{reason=\"no_websocket\"} 2"), std::string::npos);
  EXPECT_NE(metrics.find("theta_signalling_rejections{door=\"ws\"} 4"), std::string::npos);
  running.stop();
  ASSERT_EQ(refused.size(), 4U);
  EXPECT_TRUE(refused.front().starts_with("A request to /ws was refused with 403: ")) << refused.front();
  EXPECT_TRUE(refused.front().ends_with("this hub.")) << refused.front();
}

TEST(WebSocketEndpoint, ConfiguredOriginIsAllowed) {
  TemporaryFolder folder;
  auto options = options_in(folder.path());
  options.environment = [](const std::string& name) -> std::optional<std::string> {
    if (name == "THETA_HUB_ALLOWED_ORIGINS") return "https://other.example http://tools.example:81";
    return std::nullopt;
  };
  RunningServer running(options);
  const auto answer = ask_over_tcp(running.server->addresses().http,
                                   "GET /ws HTTP/1.1\r\nHost: localhost\r\nOrigin: http://tools.example:81\r\n"
                                   "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  EXPECT_EQ(status_line(answer), "HTTP/1.1 400 Bad Request") << "the origin passed, the protocol is missing";
}

TEST(WebSocketEndpoint, TooManyConnectionsFromOneSourceAreTurnedAwayInHttp) {
  TemporaryFolder folder;
  auto options = options_in(folder.path());
  options.environment = [](const std::string& name) -> std::optional<std::string> {
    if (name == "THETA_TRANSPORT_CONNECTIONS_PER_SOURCE_MAX") return "2";
    return std::nullopt;
  };
  RunningServer running(options);
  WebSocketClient first(*running.server);
  WebSocketClient second(*running.server);
  WebSocketClient third(*running.server);
  EXPECT_EQ(third.status, 429U);
  EXPECT_NE(third.body.find("Too many connections"), std::string::npos);
}

TEST(WebSocketEndpoint, StoppingHubTellsGoingAwayInTheCloseFrame) {
  TemporaryFolder folder;
  RunningServer running(options_in(folder.path()));
  WebSocketClient client(*running.server);
  ASSERT_TRUE(client.establish(*running.server));
  ASSERT_TRUE(client.receive().has_value());
  running.server->stop();
  while (client.receive()) {
  }
  EXPECT_EQ(client.close_code, 4001);
  EXPECT_EQ(client.close_reason, "The hub is stopping; connect again soon.");
  running.stop();
}

TEST(WebSocketEndpoint, ClientThatVanishesIsForgotten) {
  TemporaryFolder folder;
  RunningServer running(options_in(folder.path()));
  {
    WebSocketClient client(*running.server);
    ASSERT_TRUE(client.establish(*running.server));
    ASSERT_TRUE(client.receive().has_value());
  }
  while (get(*running.server, "/metrics").find("theta_transport_kind{kind=\"websocket\"} 0") == std::string::npos)
    std::this_thread::yield();
}

TEST(WebSocketEndpoint, BytesBeforeTheUpgradeIsAnsweredAreRefused) {
  TemporaryFolder folder;
  RunningServer running(options_in(folder.path()));
  const auto answer =
      ask_over_tcp(running.server->addresses().http,
                   "GET /ws HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\nConnection: Upgrade, close\r\n"
                   "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: theta.1\r\n"
                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\nsmuggled");
  EXPECT_EQ(status_line(answer), "HTTP/1.1 426 Upgrade Required");
}

}  // namespace
}  // namespace theta::hub::testing

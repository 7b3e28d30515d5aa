#pragma once

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "theta/base/hex.h"
#include "theta/hub/server.h"
#include "theta/transport/sealed_channel.h"
#include "theta/wire/schema.h"

namespace theta::hub::testing {

/// A browser's side of /ws on blocking sockets: Beast's client and the sealed channel.
class WebSocketClient {
 public:
  using Socket = boost::beast::websocket::stream<boost::asio::ip::tcp::socket>;
  struct Handshake {
    std::string origin = "http://127.0.0.1";  // the port is added
    std::string protocol = "theta.1";
    std::string path = "/ws";
  };

  explicit WebSocketClient(const HubServer& server) : WebSocketClient(server, Handshake()) {}
  WebSocketClient(const HubServer& server, const Handshake& handshake) : socket_(context_) {
    const auto& address = server.addresses().http;
    const auto colon = address.rfind(':');
    const auto port = static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1)));
    auto& tcp = socket_.next_layer();
    tcp.connect({boost::asio::ip::make_address(address.substr(0, colon)), port});
    socket_.set_option(
        boost::beast::websocket::stream_base::decorator([&](boost::beast::websocket::request_type& request) {
          if (!handshake.origin.empty())
            request.set(boost::beast::http::field::origin, handshake.origin + address.substr(colon));
          if (!handshake.protocol.empty())
            request.set(boost::beast::http::field::sec_websocket_protocol, handshake.protocol);
        }));
    boost::beast::websocket::response_type response;
    socket_.handshake(response, address, handshake.path, error);
    status = response.result_int();
    body = response.body();
    protocol = std::string(response[boost::beast::http::field::sec_websocket_protocol]);
    socket_.binary(true);
  }

  /// Sets the sealed channel up; false when the hub closed before.
  [[nodiscard]] bool establish(const HubServer& server) {
    crypto::Seed seed;
    seed.bytes.fill(42);
    const auto key = HubKey::from(*from_base64url(server.addresses().fingerprint));
    const transport::SealedClient client(seed, key);
    say(client.hello());
    const auto answer = read();
    if (!answer) return false;
    auto established = client.establish(*answer);
    EXPECT_TRUE(established.has_value()) << established.error().message;
    if (!established) return false;
    say(established->finish);
    channel.emplace(std::move(established->channel));
    return true;
  }
  void say(ByteView bytes) { socket_.write(boost::asio::const_buffer(bytes.data(), bytes.size()), error); }
  void say(transport::Lane lane, ByteView message) { say(channel->seal(lane, message)); }
  /// Empty when the hub closed; `error` and `close_code` say how.
  [[nodiscard]] std::optional<Bytes> read() {
    boost::beast::flat_buffer buffer;
    socket_.read(buffer, error);
    if (error) {
      close_code = static_cast<std::uint16_t>(socket_.reason().code);
      close_reason = std::string(socket_.reason().reason.data(), socket_.reason().reason.size());
      return std::nullopt;
    }
    const auto* data = static_cast<const std::uint8_t*>(buffer.data().data());
    return Bytes(data, data + buffer.size());
  }
  [[nodiscard]] std::optional<transport::OpenedMessage> receive() {
    const auto sealed = read();
    if (!sealed) return std::nullopt;
    auto opened = channel->open(*sealed);
    EXPECT_TRUE(opened.has_value()) << opened.error().message;
    if (!opened) return std::nullopt;
    return std::move(*opened);
  }
  [[nodiscard]] Socket& socket() { return socket_; }

  boost::beast::error_code error;
  unsigned status = 0;
  std::string body;
  std::string protocol;
  std::optional<transport::SealedChannel> channel;
  std::uint16_t close_code = 0;
  std::string close_reason;

 private:
  boost::asio::io_context context_;
  Socket socket_;
};

}  // namespace theta::hub::testing

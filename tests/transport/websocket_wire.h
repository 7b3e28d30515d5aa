#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "theta/transport/sealed_channel.h"
#include "theta/transport/websocket_engine.h"
#include "transport/recording_sink.h"

namespace theta::transport::testing {

inline crypto::Seed seed_filled(std::uint8_t fill) {
  crypto::Seed seed;
  seed.bytes.fill(fill);
  return seed;
}

/// One end of a WebSocket in memory: keeps what the engine writes until the test lets it through.
class FakeLink final : public WebSocketLink {
 public:
  void write(Bytes message) override {
    EXPECT_FALSE(is_writing) << "one message at a time";
    is_writing = true;
    written.push_back(std::move(message));
  }
  void ping(std::string_view payload) override { pings.emplace_back(payload); }
  void close(std::uint16_t code, std::string_view reason) override {
    EXPECT_FALSE(is_writing);
    close_code = code;
    close_reason = reason;
  }
  void drop() override { is_dropped = true; }

  std::deque<Bytes> written;
  std::vector<std::string> pings;
  bool is_writing = false;
  bool is_dropped = false;
  std::optional<std::uint16_t> close_code;
  std::string close_reason;
};

/// An engine and browsers in virtual time.
class WebSocketWire {
 public:
  struct Browser {
    explicit Browser(WebSocketWire& wire_, const std::string& address) : wire(wire_) {
      remote = *SocketAddress::parse(address);
    }
    /// Lets everything through that the engine has written.
    void drain() {
      while (link.is_writing) {
        link.is_writing = false;
        wire.engine.on_written(peer, wire.now);
        wire.engine.flush(wire.now);
      }
    }
    void say(ByteView bytes, bool is_last = true) {
      wire.engine.on_data(peer, bytes, is_last, wire.now);
      wire.engine.flush(wire.now);
    }
    void say(Lane lane, std::string_view text) { say(channel->seal(lane, as_bytes(text))); }
    /// The texts of all that came, in order, as "lane:text".
    std::vector<std::string> take() {
      std::vector<std::string> texts;
      drain();
      for (const auto& sealed : link.written) {
        const auto opened = channel->open(sealed);
        EXPECT_TRUE(opened.has_value()) << opened.error().message;
        if (!opened) break;
        texts.push_back(std::to_string(static_cast<int>(opened->lane)) + ":" +
                        std::string(opened->message().begin(), opened->message().end()));
      }
      link.written.clear();
      return texts;
    }

    WebSocketWire& wire;
    SocketAddress remote;
    FakeLink link;
    PeerId peer;
    std::optional<SealedChannel> channel;
  };

  explicit WebSocketWire(const WebSocketOptions& options = {})
      : hub_key(crypto::KeyPair::from_seed(seed_filled(1))),
        engine(
            options, hub_key,
            [this](std::span<std::uint8_t> bytes) {
              ++draws;
              for (auto& byte : bytes) byte = static_cast<std::uint8_t>(draws);
            },
            sink) {}

  /// Accepted; nothing was said.
  std::unique_ptr<Browser> accept(const std::string& address = "127.0.0.1:50000") {
    auto browser = std::make_unique<Browser>(*this, address);
    const auto peer = engine.accept(browser->link, browser->remote, now);
    EXPECT_TRUE(peer.has_value()) << peer.error().message;
    if (peer) browser->peer = *peer;
    engine.flush(now);
    return browser;
  }
  /// With its channel.
  std::unique_ptr<Browser> connect(const std::string& address = "127.0.0.1:50000") {
    auto browser = accept(address);
    const SealedClient client(seed_filled(2), hub_key.public_key<HubKey>());
    browser->say(client.hello());
    browser->drain();
    auto established = client.establish(browser->link.written.front());
    EXPECT_TRUE(established.has_value());
    browser->link.written.clear();
    browser->channel.emplace(std::move(established->channel));
    browser->say(established->finish);
    return browser;
  }
  void run_for(MonotonicClock::duration time) {
    const auto until = now + time;
    while (engine.next_timeout() <= until) {
      now = std::max(now, engine.next_timeout());
      engine.on_timer(now);
      engine.flush(now);
    }
    now = until;
  }

  MonotonicTime now{std::chrono::hours{1}};
  int draws = 0;
  crypto::KeyPair hub_key;
  RecordingSink sink;
  WebSocketEngine engine;
};

}  // namespace theta::transport::testing

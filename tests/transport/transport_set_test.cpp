#include "theta/transport/transport_set.h"

#include <gtest/gtest.h>

#include "transport/recording_sink.h"

namespace theta::transport {
namespace {

/// Remembers whom it was called for.
struct SpyTransport final : Transport {
  SendResult send(PeerId peer, Lane, const SharedBytes&) override {
    sent_to.push_back(peer);
    return SendResult::full;
  }
  void close(PeerId peer, CloseReason reason, std::string text) override {
    closed.push_back(peer);
    last_reason = reason;
    last_text = std::move(text);
  }
  std::size_t queued_bytes(PeerId, Lane lane) const override { return 100 + static_cast<std::size_t>(lane); }
  PeerStats peer_stats(PeerId) const override { return {.packets_sent = 7}; }

  std::vector<PeerId> sent_to;
  std::vector<PeerId> closed;
  CloseReason last_reason = CloseReason::none;
  std::string last_text;
};

TEST(TransportSet, EachCallGoesToTheTransportThatThePeersIdNames) {
  SpyTransport quic;
  SpyTransport websocket;
  TransportSet set;
  set.set(TransportKind::quic, &quic);
  set.set(TransportKind::websocket, &websocket);
  const auto native = make_peer_id(TransportKind::quic, 5);
  const auto browser = make_peer_id(TransportKind::websocket, 5);
  EXPECT_EQ(native, PeerId{5});
  EXPECT_EQ(browser.value(), 0x0200000000000005U);
  EXPECT_EQ(set.send(browser, Lane::bulk, testing::bytes_of("x")), SendResult::full);
  EXPECT_EQ(set.queued_bytes(browser, Lane::bulk), 102U);
  EXPECT_EQ(set.peer_stats(browser).packets_sent, 7U);
  set.close(native, CloseReason::superseded, "newer");
  EXPECT_EQ(websocket.sent_to, std::vector{browser});
  EXPECT_TRUE(quic.sent_to.empty());
  EXPECT_EQ(quic.closed, std::vector{native});
  EXPECT_EQ(quic.last_reason, CloseReason::superseded);
  EXPECT_EQ(quic.last_text, "newer");
  EXPECT_TRUE(websocket.closed.empty());
}

TEST(TransportSet, PeersOfNoTransportAreUnknownPeers) {
  SpyTransport quic;
  TransportSet set;
  set.set(TransportKind::quic, &quic);
  for (const auto peer : {make_peer_id(TransportKind::webrtc, 1), PeerId{0x0400000000000001U}, PeerId{~0ULL}}) {
    EXPECT_EQ(set.send(peer, Lane::control, testing::bytes_of("x")), SendResult::closed);
    EXPECT_EQ(set.queued_bytes(peer, Lane::control), 0U);
    EXPECT_EQ(set.peer_stats(peer).packets_sent, 0U);
    set.close(peer, CloseReason::none, {});
  }
  set.set(TransportKind::quic, nullptr);
  EXPECT_EQ(set.send(PeerId{1}, Lane::control, testing::bytes_of("x")), SendResult::closed);
  EXPECT_TRUE(quic.sent_to.empty());
  EXPECT_TRUE(quic.closed.empty());
}

}  // namespace
}  // namespace theta::transport

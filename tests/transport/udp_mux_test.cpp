#include "theta/transport/udp_mux.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "transport/quic_loop.h"

namespace theta::transport {
namespace {

using testing::loopback;
using testing::steady_now;

Bytes first_byte(int value) {
  Bytes bytes(32, 0);
  bytes[0] = static_cast<std::uint8_t>(value);
  return bytes;
}

Bytes stun_request() {
  auto bytes = first_byte(0);
  bytes[4] = 0x21;
  bytes[5] = 0x12;
  bytes[6] = 0xa4;
  bytes[7] = 0x42;
  return bytes;
}

TEST(DatagramKind, FollowsTheFirstByte) {
  for (int value = 0; value < 256; ++value) {
    auto expected = DatagramKind::unknown;
    if (value >= 20 && value <= 63) expected = DatagramKind::dtls;
    if ((value >= 64 && value <= 127) || value >= 192) expected = DatagramKind::quic;
    EXPECT_EQ(classify_datagram(first_byte(value)), expected) << value;
  }
  EXPECT_EQ(classify_datagram({}), DatagramKind::unknown);
}

TEST(DatagramKind, StunNeedsItsMagicCookie) {
  EXPECT_EQ(classify_datagram(stun_request()), DatagramKind::stun);
  auto short_one = stun_request();
  short_one.resize(19);
  EXPECT_EQ(classify_datagram(short_one), DatagramKind::unknown);
}

/// Keeps what it is given.
class Collector final : public DatagramHandler {
 public:
  void on_datagram(const Datagram& datagram, MonotonicTime) override {
    got.emplace_back(datagram.bytes.begin(), datagram.bytes.end());
    remote = datagram.remote;
    local = datagram.local;
  }
  std::vector<Bytes> got;
  SocketAddress remote;
  SocketAddress local;
};

std::unique_ptr<UdpMux> open_mux(const SocketAddress& listen = loopback()) {
  auto mux = UdpMux::open({.listen = listen});
  EXPECT_TRUE(mux.has_value());
  return std::move(*mux);
}

void receive_until(UdpMux& mux, const std::function<bool()>& condition) {
  const auto deadline = steady_now() + std::chrono::seconds{60};
  while (!condition() && steady_now() < deadline) {
    pollfd polled{mux.fd(), POLLIN, 0};
    (void)poll(&polled, 1, 1000);
    mux.on_readable(steady_now());
  }
}

void send_one(UdpMux& from, const UdpMux& to, const Bytes& bytes) {
  from.send({.local = {}, .remote = to.local_address(), .ecn = 0, .bytes = bytes, .segment_bytes = bytes.size()});
}

TEST(UdpMux, EachKindGoesToItsHandlerAndTheRestIsCounted) {
  const auto receiver = open_mux();
  const auto sender = open_mux();
  Collector stun;
  Collector quic;
  receiver->set_handler(DatagramKind::stun, &stun);
  receiver->set_handler(DatagramKind::quic, &quic);
  send_one(*sender, *receiver, first_byte(128));
  send_one(*sender, *receiver, first_byte(22));
  send_one(*sender, *receiver, stun_request());
  send_one(*sender, *receiver, first_byte(64));
  receive_until(*receiver, [&] { return receiver->stats().datagrams_received == 4; });
  EXPECT_EQ(stun.got.size(), 1U);
  EXPECT_EQ(quic.got.size(), 1U);
  EXPECT_EQ(receiver->stats().dropped_unknown_kind, 1U);
  EXPECT_EQ(receiver->stats().dropped_no_handler, 1U) << "DTLS, which nobody serves here";
  EXPECT_EQ(quic.remote, sender->local_address());
  EXPECT_EQ(quic.local, receiver->local_address());
}

TEST(UdpMux, ABurstArrivesAsItsSegments) {
  const auto receiver = open_mux();
  const auto sender = open_mux();
  Collector quic;
  receiver->set_handler(DatagramKind::quic, &quic);
  constexpr std::size_t kSegment = 1200;
  Bytes burst(40 * kSegment + 100, 0x40);
  for (std::size_t at = 0; at < burst.size(); ++at) burst[at] = static_cast<std::uint8_t>(64 + at / kSegment);
  sender->send({.local = {}, .remote = receiver->local_address(), .ecn = 0, .bytes = burst, .segment_bytes = kSegment});
  receive_until(*receiver, [&] { return quic.got.size() == 41; });
  ASSERT_EQ(quic.got.size(), 41U);
  for (std::size_t at = 0; at < 41; ++at) {
    EXPECT_EQ(quic.got[at].size(), at == 40 ? 100 : kSegment);
    EXPECT_EQ(quic.got[at].front(), 64 + at);
  }
  EXPECT_EQ(sender->stats().datagrams_sent, 41U);
}

TEST(UdpMux, AnAddressInUseIsRefusedWithASentence) {
  const auto first = open_mux();
  const auto second = UdpMux::open({.listen = first->local_address()});
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, TransportError::address_unavailable);
  EXPECT_THAT(second.error().message, ::testing::HasSubstr(first->local_address().to_string()));
}

TEST(SocketAddress, TextAndBack) {
  for (const std::string text : {"127.0.0.1:4433", "0.0.0.0:0", "[::1]:65535", "[2001:db8::7]:1", "[fe80::1%2]:9"}) {
    const auto address = SocketAddress::parse(text);
    ASSERT_TRUE(address.has_value()) << text;
    EXPECT_EQ(address->to_string(), text);
  }
}

TEST(SocketAddress, RefusesWhatIsNoAddress) {
  for (const std::string text : {"", ":", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1: 1",
                                 "::1:80", "[::1]", "[::1:80", "example.org:80", "[fe80::1%eth0]:1", "1.2.3:4"}) {
    const auto address = SocketAddress::parse(text);
    EXPECT_FALSE(address.has_value()) << text;
  }
}

TEST(SocketAddress, KnowsWhatNeverLeavesTheMachine) {
  for (const char* text : {"127.0.0.1:1", "127.255.0.7:1", "[::1]:1"})
    EXPECT_TRUE(SocketAddress::parse(text)->is_loopback()) << text;
  for (const char* text : {"0.0.0.0:1", "[::]:1", "128.0.0.1:1", "[::2]:1", "[2001:db8::1]:1"})
    EXPECT_FALSE(SocketAddress::parse(text)->is_loopback()) << text;
}

TEST(SocketAddress, ResolvesNumbersWithoutAsking) {
  const auto found = resolve("127.0.0.1:80");
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->front(), loopback(80));
  EXPECT_FALSE(resolve("no port here").has_value());
}

}  // namespace
}  // namespace theta::transport

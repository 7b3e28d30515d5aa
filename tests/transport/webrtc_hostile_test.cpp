// What a stranger, a hostile page or somebody on the way can send, and that it comes to nothing.

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "theta/transport/webrtc_engine.h"
#include "transport/raw_dtls_client.h"
#include "transport/rtc_wire.h"
#include "transport/stun_request.h"

namespace theta::transport::testing {
namespace {

using namespace std::chrono_literals;

/// A hub that has answered the offer of a browser which says nothing by itself.
struct Answered {
  explicit Answered(const WebRtcOptions& options = {}) : wire(options), client(wire.add_client()) {
    client.sends_checks = false;
    client.begins_dtls = false;
    const auto answer = wire.offer(client, client.offer());
    EXPECT_TRUE(answer.has_value());
    client.accept(*answer);
  }
  [[nodiscard]] const WebRtcStats& stats() const { return wire.engine->stats(); }
  /// Sends and waits until it came, and an answer too, if there is any.
  void exchange(ByteView bytes) {
    client.transmit(bytes);
    wire.run_for(20ms);
  }
  RtcWire wire;
  RtcClient& client;
};

/// A hub and one browser with four open channels.
struct Connected {
  Connected() : client(wire.add_client()) {
    EXPECT_TRUE(wire.connect(client));
    peer = wire.last_peer();
  }
  [[nodiscard]] const WebRtcStats& stats() const { return wire.engine->stats(); }
  /// The hub disconnects the peer as one that breaks the protocol, and tells it so.
  [[nodiscard]] ::testing::AssertionResult ends_with_protocol_error() {
    if (!wire.run_until([&] { return wire.sink.count(Event::Kind::closed) != 0; })) {
      return ::testing::AssertionFailure() << "never closed";
    }
    wire.run_for(100ms);
    const auto& event = wire.sink.first(Event::Kind::closed)->event;
    if (event.reason != CloseReason::protocol_error) return ::testing::AssertionFailure() << event.text;
    if (!client.closed || client.closed->first != CloseReason::protocol_error) {
      return ::testing::AssertionFailure() << "the browser was not told";
    }
    return stats().protocol_errors == 1 ? ::testing::AssertionSuccess()
                                        : ::testing::AssertionFailure() << "not counted";
  }
  RtcWire wire;
  RtcClient& client;
  PeerId peer;
};

TEST(WebRtcHostile, ChecksThatProveNothingGetNoAnswer) {
  Answered hub;
  const auto& client = hub.client;
  const auto name = client.username();
  hub.exchange(stun_check(name, "not the password of the answer"));
  EXPECT_EQ(hub.stats().stun_dropped_integrity, 1U);
  hub.exchange(stun_check(name, client.password));  // the browser's own
  EXPECT_EQ(hub.stats().stun_dropped_integrity, 2U);
  for (const auto& other : {client.hub_ufrag(), client.hub_ufrag() + ":", client.hub_ufrag() + ":browserUfra",
                            client.hub_ufrag() + ":browserUfragX", ":" + client.ufrag, std::string(),
                            client.ufrag + ":" + client.hub_ufrag(), name.substr(1)}) {
    hub.exchange(stun_check(other, client.hub_password()));
  }
  EXPECT_EQ(hub.stats().stun_dropped_unknown_user, 8U);
  auto cut = stun_check(name, client.hub_password());
  cut.pop_back();
  hub.exchange(cut);
  EXPECT_EQ(hub.stats().stun_dropped_malformed, 1U);
  EXPECT_EQ(hub.stats().checks_answered, 0U);
  EXPECT_EQ(hub.stats().datagrams_sent, 0U);
  hub.exchange(stun_check(name, client.hub_password()));
  EXPECT_EQ(hub.stats().checks_answered, 1U);
  EXPECT_EQ(client.stun_answers, 1U);
}

TEST(WebRtcHostile, ABrowserInTheWrongRoleIsToldSo) {
  Answered hub;
  const auto check = StunRequestWriter()
                         .add_username(hub.client.username())
                         .add_priority()
                         .add_controlled()
                         .add_integrity(hub.client.hub_password())
                         .add_fingerprint();
  hub.exchange(check.bytes());
  EXPECT_EQ(hub.client.stun_errors, std::vector<std::uint16_t>{487});
  EXPECT_EQ(hub.stats().role_conflicts, 1U);
  hub.exchange(Bytes{22, 254, 253});
  EXPECT_EQ(hub.stats().dtls_dropped_unknown_address, 1U) << "such a check opens nothing";
}

TEST(WebRtcHostile, UnknownAttributesThatMustBeUnderstoodAreNamed) {
  Answered hub;
  const auto check = StunRequestWriter()
                         .add_username(hub.client.username())
                         .add(0x7abc, Bytes(40))
                         .add_integrity(hub.client.hub_password())
                         .add_fingerprint();
  hub.exchange(check.bytes());
  EXPECT_EQ(hub.client.stun_errors, std::vector<std::uint16_t>{420});
}

TEST(WebRtcHostile, DtlsFromAnAddressWithoutACheckIsNotLookedAt) {
  Answered hub;
  hub.exchange(Bytes(1200, 22));
  EXPECT_EQ(hub.stats().dtls_dropped_unknown_address, 1U);
  EXPECT_EQ(hub.stats().datagrams_sent, 0U);
}

TEST(WebRtcHostile, NothingSentIsLongerThanWhatCameBeforeTheAddressIsProven) {
  for (const bool has_long_hello : {false, true}) {
    RtcWire wire;
    auto& client = wire.add_client();
    std::int64_t balance = 0;
    std::int64_t lowest = 0;
    bool is_proven = false;
    wire.on_transmit = [&](RtcPacket& packet, MonotonicClock::duration&) {
      const bool is_browsers = packet.to == wire.hub_address();
      const bool is_handshake = packet.bytes[0] == 22 && packet.bytes.size() > 25;
      const bool is_hello = is_browsers && is_handshake && packet.bytes[13] == 1;
      if (is_hello && has_long_hello) packet.bytes.resize(1400);  // with garbage behind it, which DTLS skips
      // A second hello sends a cookie back.
      is_proven = is_proven || (is_hello && packet.bytes[18] != 0);
      if (is_hello) client.sends_checks = false;  // or they would pay for what is sent again
      const auto size = static_cast<std::int64_t>(packet.bytes.size());
      if (!is_proven) balance += is_browsers ? size : -size;
      lowest = std::min(lowest, balance);
      // The browser's next flight never comes.
      return !is_browsers || is_hello || packet.bytes[0] <= 3;
    };
    const auto answer = wire.offer(client, client.offer());
    ASSERT_TRUE(answer.has_value());
    client.accept(*answer);
    wire.run_for(20s);
    EXPECT_GE(lowest, 0);
    EXPECT_EQ(is_proven, !has_long_hello) << "only a short hello needs a cookie";
    EXPECT_GT(wire.engine->stats().datagrams_sent, 5U);
    EXPECT_EQ(wire.engine->stats().dtls_held_unproven != 0, has_long_hello);
  }
}

TEST(WebRtcHostile, AnotherCertificateThanTheOfferNamedIsRefused) {
  RtcWire wire;
  auto& client = wire.add_client();
  client.claimed_fingerprint.emplace();
  client.claimed_fingerprint->bytes.fill(7);
  const auto answer = wire.offer(client, client.offer());
  ASSERT_TRUE(answer.has_value());
  client.accept(*answer);
  wire.run_for(20s);
  EXPECT_EQ(wire.engine->stats().fingerprint_mismatches, 1U);
  EXPECT_EQ(wire.engine->stats().connections_failed, 1U);
  EXPECT_EQ(wire.engine->connection_count(), 0U);
  EXPECT_TRUE(wire.sink.entries.empty());
}

/// A bare DTLS client behind the client's address, which has sent a check.
struct Raw {
  explicit Raw(unsigned mtu = 1200) : dtls([this](ByteView bytes) { hub.client.transmit(bytes); }, mtu) {
    hub.wire.on_transmit = [this](RtcPacket& packet, MonotonicClock::duration&) {
      if (packet.to == hub.client.address && packet.bytes[0] > 3) dtls.receive(packet.bytes);
      return true;
    };
    hub.client.send_check();
    hub.wire.run_for(20ms);
  }
  int run(int turns) {
    int status = GNUTLS_E_AGAIN;
    for (int at = 0; at < turns && status == GNUTLS_E_AGAIN; ++at) {
      status = dtls.handshake();
      hub.wire.run_for(50ms);
    }
    return status;
  }
  Answered hub;
  RawDtlsClient dtls;
};

TEST(WebRtcHostile, ABrowserWithoutACertificateIsRefused) {
  Raw raw;
  const int status = raw.run(50);
  EXPECT_LT(status, 0);
  EXPECT_EQ(raw.hub.stats().dtls_failures, 1U);
  EXPECT_EQ(raw.hub.stats().fingerprint_mismatches, 0U) << "there was none to compare";
  EXPECT_EQ(raw.hub.wire.engine->connection_count(), 0U);
  EXPECT_TRUE(raw.hub.wire.sink.entries.empty());
}

/// The pairs of hash and signature in a CertificateRequest of DTLS 1.2 (RFC 5246 section 7.4.4); nothing in others.
std::vector<std::pair<int, int>> asked_signatures(const Bytes& datagram) {
  constexpr std::size_t kRecordHeader = 13;
  constexpr std::size_t kMessageHeader = 12;
  constexpr std::uint8_t kCertificateRequest = 13;
  std::vector<std::pair<int, int>> result;
  for (std::size_t at = 0; at + kRecordHeader + kMessageHeader < datagram.size();) {
    const auto* body = &datagram[at + kRecordHeader + kMessageHeader];
    if (datagram[at] == 22 && datagram[at + kRecordHeader] == kCertificateRequest) {
      const auto* list = body + 1 + body[0];
      for (int each = 2; each < 2 + list[0] * 256 + list[1]; each += 2) result.emplace_back(list[each], list[each + 1]);
    }
    at += kRecordHeader + datagram[at + 11] * 256U + datagram[at + 12];
  }
  return result;
}

TEST(WebRtcHostile, OnlySignaturesWhoseCostTheOtherSideDoesNotChooseAreTaken) {
  RtcWire wire;
  auto& client = wire.add_client();
  std::vector<std::pair<int, int>> asked;
  wire.on_transmit = [&](RtcPacket& packet, MonotonicClock::duration&) {
    if (packet.from == wire.hub_address())
      for (const auto& pair : asked_signatures(packet.bytes)) asked.push_back(pair);
    return true;
  };
  ASSERT_TRUE(wire.connect(client));
  EXPECT_FALSE(asked.empty());
  constexpr int kEcdsa = 3;
  for (const auto& [hash, signature] : asked) EXPECT_EQ(signature, kEcdsa) << "with hash " << hash;
}

TEST(WebRtcHostile, AHandshakeThatIsEndedInAnothersNameProvesNothing) {
  Answered hub;
  const auto here = hub.client.address;
  const auto victim = SocketAddress::ipv4({203, 0, 113, 9}, 4000);
  // What the hub says is read here, and the flight that ends the handshake goes out as if it came from the victim.
  std::int64_t balance = 0;
  std::size_t sent_to_victim = 0;
  bool is_last_flight = false;
  hub.wire.on_transmit = [&](RtcPacket& packet, MonotonicClock::duration&) {
    constexpr std::uint8_t kCertificate = 11;
    is_last_flight =
        is_last_flight || (packet.from == here && packet.bytes[0] == 22 && packet.bytes[13] == kCertificate);
    const bool is_handshake = packet.bytes[0] >= 20 && packet.bytes[0] <= 22;
    if (packet.from == here && is_last_flight && is_handshake) packet.from = victim;
    if (packet.from == victim) balance += static_cast<std::int64_t>(packet.bytes.size());
    if (packet.to != victim) return true;
    balance -= static_cast<std::int64_t>(packet.bytes.size());
    ++sent_to_victim;
    EXPECT_GE(balance, 0);
    // Whoever ends a handshake can do without its answer; GnuTLS cannot.
    packet.to = is_handshake ? here : victim;
    return is_handshake;
  };
  const auto check = stun_check(hub.client.username(), hub.client.hub_password());
  hub.wire.inject({victim, hub.wire.hub_address(), check}, 1ms);
  balance += static_cast<std::int64_t>(check.size());
  Bytes init;
  hub.client.watch_sctp = [&](ByteView packet) {
    if (init.empty()) init.assign(packet.begin(), packet.end());
  };
  hub.client.begins_dtls = true;
  hub.client.sends_checks = true;
  ASSERT_TRUE(hub.wire.run_until([&] { return !init.empty(); }));
  // Each asks for an answer that is several times as long.
  for (int at = 0; at < 50; ++at) {
    (void)hub.client.dtls->send(init);
    hub.wire.run_for(20ms);
  }
  EXPECT_TRUE(is_last_flight);
  EXPECT_GT(sent_to_victim, 0U);
  EXPECT_GT(hub.stats().dtls_held_unproven, 0U);
}

TEST(WebRtcHostile, ASecondHandshakeEndsTheConnection) {
  Connected pair;
  // A HelloRequest's counterpart: a ClientHello under the keys there are. What matters is that it is a handshake
  // message.
  EXPECT_EQ(gnutls_handshake(pair.client.dtls->native()), GNUTLS_E_AGAIN);
  ASSERT_TRUE(pair.wire.run_until([&] { return pair.wire.sink.count(Event::Kind::closed) != 0; }));
  EXPECT_EQ(pair.stats().renegotiations_refused, 1U);
  EXPECT_EQ(pair.wire.sink.first(Event::Kind::closed)->event.reason, CloseReason::protocol_error);
}

TEST(WebRtcHostile, TamperedAndRepeatedRecordsAreDropped) {
  Connected pair;
  std::vector<RtcPacket> seen;
  pair.wire.on_transmit = [&](RtcPacket& packet, MonotonicClock::duration&) {
    if (packet.to == pair.wire.hub_address() && packet.bytes[0] == 23) seen.push_back(packet);
    return true;
  };
  pair.client.send(Lane::commands, "once");
  pair.wire.run_for(1s);
  ASSERT_FALSE(seen.empty());
  const auto repeated = seen;
  const auto dropped = pair.stats().dtls_dropped_records;
  for (const auto& packet : repeated) pair.wire.inject(packet, 5ms);
  for (auto packet : repeated) {
    packet.bytes.back() ^= 1;
    pair.wire.inject(packet, 6ms);
  }
  pair.wire.run_for(1s);
  EXPECT_EQ(pair.wire.sink.texts(Lane::commands), std::vector<std::string>{"once"});
  EXPECT_EQ(pair.stats().dtls_dropped_records - dropped, 2 * repeated.size());
  EXPECT_EQ(pair.wire.sink.count(Event::Kind::closed), 0U);
}

TEST(WebRtcHostile, AClientHelloInPiecesIsReadInAnyOrder) {
  for (const bool is_swapped : {false, true}) {
    Answered hub;
    std::vector<Bytes> hello;
    RawDtlsClient small([&](ByteView bytes) { hello.emplace_back(bytes.begin(), bytes.end()); }, 150);
    ASSERT_EQ(small.handshake(), GNUTLS_E_AGAIN);
    ASSERT_EQ(hello.size(), 2U);
    hub.wire.run_for(10ms);
    // Enough checks that what came covers the answer.
    for (int at = 0; at < 30; ++at) hub.client.send_check();
    hub.wire.run_for(20ms);
    if (is_swapped) std::swap(hello[0], hello[1]);
    const auto before = hub.stats().datagrams_sent;
    hub.exchange(hello[0]);
    hub.exchange(hello[1]);
    EXPECT_GE(hub.stats().datagrams_sent - before, 4U) << "hello, certificate, key exchange, request";
  }
}

TEST(WebRtcHostile, AReplayedCheckFromElsewhereMovesNothing) {
  Connected pair;
  pair.wire.run_for(1s);
  const auto victim = SocketAddress::ipv4({203, 0, 113, 9}, 4000);
  std::size_t received = 0;
  std::size_t sent = 0;
  pair.wire.on_transmit = [&](RtcPacket& packet, MonotonicClock::duration&) {
    if (packet.to == victim) sent += packet.bytes.size();
    return true;
  };
  const auto check = stun_check(pair.client.username(), pair.client.hub_password());
  for (int at = 0; at < 20; ++at) {
    pair.wire.inject({victim, pair.wire.hub_address(), check}, 1ms);
    received += check.size();
    ASSERT_EQ(pair.wire.engine->send(pair.peer, Lane::bulk, filled(50'000)), SendResult::queued);
    pair.wire.run_for(100ms);
    EXPECT_LE(sent, received);
  }
  pair.wire.run_for(5s);
  EXPECT_EQ(pair.stats().address_changes, 0U);
  EXPECT_EQ(pair.client.texts(Lane::bulk).size(), 20U) << "all of it went where it always went";
}

TEST(WebRtcHostile, AnAddressThatChangesWithChecksTakesTheConnectionAlong) {
  Connected pair;
  pair.wire.run_for(1s);
  pair.client.address = SocketAddress::ipv4({127, 0, 0, 2}, 3999);
  ASSERT_EQ(pair.wire.engine->send(pair.peer, Lane::bulk, filled(50'000)), SendResult::queued);
  ASSERT_TRUE(pair.wire.run_until([&] { return !pair.client.texts(Lane::bulk).empty(); }));
  EXPECT_EQ(pair.stats().address_changes, 1U);
  EXPECT_EQ(pair.wire.sink.count(Event::Kind::closed), 0U);
  pair.wire.run_for(2min);
  EXPECT_EQ(pair.wire.sink.count(Event::Kind::closed), 0U);
}

TEST(WebRtcHostile, DataFromAnAddressThatWasNotNominatedIsTakenAndMovesNothing) {
  Connected pair;
  pair.wire.run_for(1s);
  const auto old = std::exchange(pair.client.address, SocketAddress::ipv4({127, 0, 0, 2}, 3999));
  pair.client.nominates = false;
  std::size_t to_old = 0;
  pair.wire.on_transmit = [&](RtcPacket& packet, MonotonicClock::duration&) {
    to_old += packet.to == old && packet.bytes[0] == 23 ? 1 : 0;
    if (packet.to == old) packet.to = pair.client.address;  // it still listens there
    return true;
  };
  pair.client.send_check(false);
  pair.wire.run_for(100ms);
  pair.client.send(Lane::commands, "another way");
  pair.wire.run_for(5s);
  EXPECT_EQ(pair.wire.sink.texts(Lane::commands), std::vector<std::string>{"another way"});
  EXPECT_EQ(pair.stats().address_changes, 0U);
  EXPECT_GT(to_old, 0U);
}

TEST(WebRtcHostile, AnAddressThatChangesWithoutChecksIsNotHeard) {
  Connected pair;
  pair.client.sends_checks = false;
  pair.client.address = SocketAddress::ipv4({127, 0, 0, 2}, 3999);
  pair.client.send(Lane::commands, "from elsewhere");
  pair.wire.run_for(5s);
  EXPECT_TRUE(pair.wire.sink.texts(Lane::commands).empty());
  EXPECT_GT(pair.stats().dtls_dropped_unknown_address, 0U);
  EXPECT_EQ(pair.stats().address_changes, 0U);
}

TEST(WebRtcHostile, AnAddressInUseIsNotTakenOverByAnotherSession) {
  Connected pair;
  auto& thief = pair.wire.add_client(2002);
  thief.sends_checks = false;
  const auto answer = pair.wire.offer(thief, thief.offer());
  ASSERT_TRUE(answer.has_value());
  thief.accept(*answer);
  const auto check = stun_check(thief.username(), thief.hub_password());
  const auto answered = pair.stats().checks_answered;
  pair.wire.inject({pair.client.address, pair.wire.hub_address(), check}, 1ms);
  pair.wire.run_for(20ms);
  EXPECT_EQ(pair.stats().checks_answered, answered);
  EXPECT_EQ(pair.stats().stun_dropped_address_limit, 1U);
  pair.client.send(Lane::commands, "still mine");
  pair.wire.run_for(1s);
  EXPECT_EQ(pair.wire.sink.texts(Lane::commands), std::vector<std::string>{"still mine"});
}

TEST(WebRtcHostile, AClaimWithoutProofKeepsNobodyOut) {
  RtcWire wire;
  auto& squatter = wire.add_client(2002);
  squatter.sends_checks = false;
  const auto answer = wire.offer(squatter, squatter.offer());
  ASSERT_TRUE(answer.has_value());
  squatter.accept(*answer);
  auto& client = wire.add_client(2001);
  wire.inject({client.address, wire.hub_address(), stun_check(squatter.username(), squatter.hub_password())}, 1ms);
  wire.run_for(10ms);
  EXPECT_EQ(wire.engine->stats().checks_answered, 1U);
  EXPECT_TRUE(wire.connect(client));
}

TEST(WebRtcHostile, WhoLosesTheAddressInUseWithItsConsentEndsAllTheSame) {
  Connected pair;
  MonotonicTime last_check{};
  pair.wire.on_transmit = [&](RtcPacket& packet, MonotonicClock::duration& time) {
    if (packet.from == pair.client.address && packet.bytes.front() <= 3) last_check = pair.wire.now() + time;
    return true;
  };
  pair.client.send_check();
  pair.client.sends_checks = false;
  const auto lapses_at = last_check + WebRtcOptions{}.consent_timeout;
  pair.wire.run_for(lapses_at - pair.wire.now() - 1s);
  auto& second = pair.wire.add_client(2002);
  second.sends_checks = false;
  second.begins_dtls = false;
  const auto answer = pair.wire.offer(second, second.offer());
  ASSERT_TRUE(answer.has_value());
  second.accept(*answer);
  const auto answered = pair.stats().checks_answered;
  ASSERT_EQ(pair.wire.sink.count(Event::Kind::closed), 0U);
  // At the very moment at which consent ends, so before the timer that would see it.
  const auto check = stun_check(second.username(), second.hub_password());
  pair.wire.inject({pair.client.address, pair.wire.hub_address(), check}, lapses_at - pair.wire.now());
  pair.wire.run_for(2s);
  EXPECT_EQ(pair.stats().checks_answered, answered + 1) << "the address is the second one's now";
  ASSERT_EQ(pair.wire.sink.count(Event::Kind::closed), 1U);
  EXPECT_EQ(pair.wire.sink.first(Event::Kind::closed)->event.reason, CloseReason::idle_timeout);
  EXPECT_EQ(pair.stats().consent_expired, 1U);
}

TEST(WebRtcHostile, ACheckThatIsNotTakenTakesNoAddressAway) {
  RtcWire wire;
  auto& owner = wire.add_client(2001);
  owner.sends_checks = false;
  owner.begins_dtls = false;
  auto& other = wire.add_client(2002);
  other.sends_checks = false;
  for (auto* client : {&owner, &other}) {
    const auto answer = wire.offer(*client, client->offer());
    ASSERT_TRUE(answer.has_value());
    client->accept(*answer);
  }
  owner.send_check();
  const auto check = stun_check(other.username(), other.hub_password());
  for (std::uint16_t port = 5000; port < 5008; ++port) {
    wire.inject({SocketAddress::ipv4({10, 0, 0, 1}, port), wire.hub_address(), check}, 1ms);
  }
  wire.run_for(20ms);
  ASSERT_EQ(wire.engine->stats().checks_answered, 9U) << "the other one has all the addresses that it may have";
  wire.inject({owner.address, wire.hub_address(), check}, 1ms);
  wire.run_for(20ms);
  EXPECT_EQ(wire.engine->stats().stun_dropped_address_limit, 1U);
  owner.transmit(Bytes{22, 254, 253});
  wire.run_for(20ms);
  EXPECT_EQ(wire.engine->stats().dtls_dropped_unknown_address, 0U) << "the owner still speaks from there";
}

TEST(WebRtcHostile, ASessionHasFewAddressesAtATime) {
  Connected pair;
  const auto check = stun_check(pair.client.username(), pair.client.hub_password(), false);
  for (std::uint16_t port = 5000; port < 5020; ++port) {
    pair.wire.inject({SocketAddress::ipv4({10, 0, 0, 1}, port), pair.wire.hub_address(), check}, 1ms);
  }
  pair.wire.run_for(20ms);
  EXPECT_EQ(pair.stats().stun_dropped_address_limit, 20U - 7U) << "eight, with the one in use";
  pair.wire.run_for(40s);
  pair.wire.inject({SocketAddress::ipv4({10, 0, 0, 2}, 1), pair.wire.hub_address(), check}, 1ms);
  pair.wire.run_for(20ms);
  EXPECT_EQ(pair.stats().stun_dropped_address_limit, 20U - 7U) << "old ones make room";
}

TEST(WebRtcHostile, PendingSessionsAreBoundedAndForgotten) {
  WebRtcOptions options;
  options.pending_max = 6;
  options.pending_per_source_max = 4;
  options.pending_per_author_max = 2;
  RtcWire wire(options);
  auto& client = wire.add_client();
  const auto offer = [&](std::uint8_t author, std::uint8_t host) {
    wire.author.bytes.fill(author);
    client.address = SocketAddress::ipv4({10, 0, 0, host}, 1);
    const auto answer = wire.offer(client, client.offer());
    EXPECT_TRUE(answer || answer.error().code == TransportError::busy);
    return answer.has_value();
  };
  EXPECT_TRUE(offer(1, 1));
  EXPECT_TRUE(offer(1, 1));
  EXPECT_FALSE(offer(1, 1)) << "of one author";
  EXPECT_TRUE(offer(2, 1));
  EXPECT_TRUE(offer(3, 1));
  EXPECT_FALSE(offer(4, 1)) << "of one source";
  EXPECT_TRUE(offer(4, 2));
  EXPECT_TRUE(offer(5, 3));
  EXPECT_FALSE(offer(6, 4)) << "in all";
  EXPECT_EQ(wire.engine->stats().offers_refused_busy, 3U);
  EXPECT_EQ(wire.engine->stats().pending, 6U);
  wire.run_for(16s);
  EXPECT_EQ(wire.engine->stats().pending, 0U);
  EXPECT_EQ(wire.engine->stats().connect_timeouts, 6U);
  EXPECT_EQ(wire.engine->connection_count(), 0U);
  EXPECT_TRUE(offer(1, 1));
  EXPECT_TRUE(wire.sink.entries.empty()) << "a server tells nothing of attempts that never completed";
}

TEST(WebRtcHostile, ConnectionsAreBoundedInAllAndOfOneSource) {
  WebRtcOptions options;
  options.connections_max = 3;
  options.connections_per_source_max = 2;
  RtcWire wire(options);
  auto& first = wire.add_client(2001);
  auto& second = wire.add_client(2002);
  ASSERT_TRUE(wire.connect(first));
  ASSERT_TRUE(wire.connect(second));
  auto& third = wire.add_client(2003);
  EXPECT_FALSE(wire.offer(third, third.offer()).has_value()) << "of one source";
  third.address = SocketAddress::ipv4({127, 0, 0, 3}, 1);
  EXPECT_TRUE(wire.connect(third));
  auto& fourth = wire.add_client(2004);
  fourth.address = SocketAddress::ipv4({127, 0, 0, 4}, 1);
  EXPECT_FALSE(wire.offer(fourth, fourth.offer()).has_value()) << "in all";
  wire.engine->close(wire.last_peer(), CloseReason::none, "");
  ASSERT_TRUE(wire.run_until([&] { return wire.engine->connection_count() == 2; }));
  EXPECT_TRUE(wire.connect(fourth));
}

TEST(WebRtcHostile, JunkOffersAreRefusedAndLeaveNothing) {
  RtcWire wire;
  auto& client = wire.add_client();
  for (const auto& sdp : {std::string(), std::string("v=0\r\n"), std::string(100'000, 'a')}) {
    const auto answer = wire.offer(client, sdp);
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().code, TransportError::malformed);
  }
  EXPECT_EQ(wire.engine->stats().offers_malformed, 3U);
  EXPECT_EQ(wire.engine->connection_count(), 0U);
}

TEST(WebRtcHostile, WhatIsNoMessageOfALaneEndsTheConnection) {
  const auto data = static_cast<std::uint32_t>(Ppid::binary);
  const auto bad = [&](const auto& misbehave) {
    Connected pair;
    misbehave(pair.client);
    EXPECT_TRUE(pair.ends_with_protocol_error());
    EXPECT_EQ(pair.stats().unfinished_bytes, 0U);
    EXPECT_EQ(pair.wire.sink.count(Event::Kind::message), 0U);
  };
  bad([&](RtcClient& client) { client.send_fragment(Lane::commands, Bytes{2, 0, 0}); });
  bad([&](RtcClient& client) { client.send_fragment(Lane::commands, Bytes{9}); });
  bad([&](RtcClient& client) { client.send_fragment(Lane::presence, Bytes{1, 1}); });
  bad([&](RtcClient& client) { client.send_fragment(Lane::presence, Bytes(1102, 0)); });
  bad([&](RtcClient& client) { client.send_fragment(Lane::bulk, Bytes(kFragmentBytesMax + 1, 0)); });
  bad([&](RtcClient& client) { client.send_fragment(Lane::bulk, Bytes(100'000, 1)); });
  bad([&](RtcClient& client) { client.send_on_stream(10, data, Bytes{0, 1}); });
  for (const std::uint32_t ppid : {0, 49, 52, 54, 55, 56, 57, 58}) {
    bad([&](RtcClient& client) { client.send_on_stream(2, ppid, Bytes{0}); });
  }
  bad([&](RtcClient& client) {
    for (int at = 0; at < 5; ++at) client.send_fragment(Lane::control, Bytes(kFragmentBytesMax, 1));
  });
}

TEST(WebRtcHostile, ChannelsThatNobodyAskedForEndTheConnection) {
  const auto dcep = static_cast<std::uint32_t>(Ppid::dcep);
  const auto bad = [&](const auto& misbehave) {
    Connected pair;
    misbehave(pair.client);
    EXPECT_TRUE(pair.ends_with_protocol_error());
  };
  bad([](RtcClient& client) { client.open_channel(Lane::commands, 8); });
  bad([](RtcClient& client) { client.open_channel(Lane::commands, 2); });
  bad([&](RtcClient& client) { client.send_on_stream(8, dcep, Bytes{kChannelAck}); });
  bad([&](RtcClient& client) { client.send_on_stream(8, dcep, Bytes(500, 3)); });
  auto other = write_channel_open(Lane::commands);
  other[12] = 'C';
  bad([&](RtcClient& client) { client.send_on_stream(8, dcep, other); });
}

TEST(WebRtcHostile, JunkBeforeTheChannelsAreOpenEndsTheAttempt) {
  RtcWire wire;
  auto& client = wire.add_client();
  client.opens_channels = false;
  const auto answer = wire.offer(client, client.offer());
  ASSERT_TRUE(answer.has_value());
  client.accept(*answer);
  wire.run_for(1s);
  ASSERT_TRUE(client.sctp);
  client.open_channel(Lane::control, 0);
  client.send_fragment(Lane::control, Bytes{0, 1});
  wire.run_for(3s);
  EXPECT_EQ(wire.engine->connection_count(), 0U);
  EXPECT_EQ(wire.engine->stats().connections_failed, 1U);
  EXPECT_TRUE(wire.sink.entries.empty());
}

TEST(WebRtcHostile, MoreStreamsThanTheBoundAreNotToBeHad) {
  RtcWire wire;
  auto& client = wire.add_client();
  client.streams = 1000;
  ASSERT_TRUE(wire.connect(client));
  const auto send_on = [&](std::uint16_t stream) {
    return client.sctp->send({stream, static_cast<std::uint32_t>(Ppid::dcep), false, write_channel_open(Lane::bulk)});
  };
  EXPECT_EQ(send_on(kSctpStreamsMax), SctpAssociation::SendResult::failed);
  EXPECT_EQ(send_on(kSctpStreamsMax - 1), SctpAssociation::SendResult::sent);
}

TEST(WebRtcHostile, TheResetOfAChannelIsAnsweredAndEndsTheConnection) {
  Connected pair;
  pair.client.sctp->reset_stream(2);
  ASSERT_TRUE(pair.wire.run_until([&] { return pair.wire.sink.count(Event::Kind::closed) != 0; }));
  pair.wire.run_for(100ms);
  EXPECT_EQ(pair.client.resets, std::vector<std::uint16_t>{2});
  EXPECT_EQ(pair.stats().stream_resets, 1U);
  EXPECT_TRUE(pair.wire.sink.first(Event::Kind::closed)->event.closed_by_peer);
}

TEST(WebRtcHostile, UnfinishedMessagesOfAllPeersAreBounded) {
  WebRtcOptions options;
  options.unfinished_bytes_max = 100'000;
  RtcWire wire(options);
  auto& first = wire.add_client(2001);
  auto& second = wire.add_client(2002);
  ASSERT_TRUE(wire.connect(first));
  ASSERT_TRUE(wire.connect(second));
  first.send_fragment(Lane::bulk, Bytes(kFragmentBytesMax, 1));
  wire.run_for(1s);
  const auto of_first = wire.engine->stats().unfinished_bytes;
  for (int at = 0; at < 5; ++at) second.send_fragment(Lane::bulk, Bytes(kFragmentBytesMax, 1));
  wire.run_for(1s);
  first.send_fragment(Lane::bulk, Bytes(kFragmentBytesMax, 1));
  first.send_fragment(Lane::bulk, Bytes(kFragmentBytesMax, 1));
  ASSERT_TRUE(wire.run_until([&] { return wire.sink.count(Event::Kind::closed) != 0; }));
  wire.run_for(1s);
  EXPECT_EQ(wire.sink.count(Event::Kind::closed), 1U) << "the other's fit now";
  EXPECT_TRUE(second.closed && !first.closed) << "who holds the most goes, not who comes last";
  EXPECT_GE(wire.engine->stats().unfinished_bytes, of_first);
  EXPECT_EQ(wire.sink.first(Event::Kind::closed)->event.reason, CloseReason::resource_limit);
  EXPECT_EQ(wire.engine->stats().unfinished_limit_closes, 1U);
  EXPECT_LE(wire.engine->stats().unfinished_bytes, options.unfinished_bytes_max);
}

TEST(WebRtcHostile, WhatUsrsctpSaysForTheDeadGoesNowhere) {
  RtcWire wire;
  auto& other = wire.add_client(2002);
  ASSERT_TRUE(wire.connect(other));
  {
    auto& client = wire.add_client(2001);
    ASSERT_TRUE(wire.connect(client));
    const auto peer = wire.last_peer();
    wire.on_transmit = [&](RtcPacket& packet, MonotonicClock::duration&) {
      return packet.from != client.address && packet.to != client.address;
    };
    ASSERT_EQ(wire.engine->send(peer, Lane::bulk, filled(500'000)), SendResult::queued);
    wire.run_for(100ms);
    wire.engine->close(peer, CloseReason::internal_error, "gone");
    ASSERT_TRUE(wire.run_until([&] { return wire.engine->connection_count() == 1; }));
    wire.on_transmit = nullptr;
    wire.remove(client);
  }
  // usrsctp's timers of the closed association go on; another one keeps them running.
  wire.run_for(5min);
  EXPECT_EQ(wire.sink.count(Event::Kind::closed), 1U);
  // And a packet for it by hand, as the send callback does it.
  const auto before = wire.engine->stats().sctp_dropped_late;
  EXPECT_EQ(SctpStack::on_output(reinterpret_cast<void*>(std::uintptr_t{999'999}), nullptr, 0, 0, 0), 0);
  EXPECT_EQ(wire.engine->stats().sctp_dropped_late, before + 1);
}

}  // namespace
}  // namespace theta::transport::testing

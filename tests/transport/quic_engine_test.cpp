#include "theta/transport/quic_engine.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "transport/engine_wire.h"

// Method: engines joined by an in-memory wire in virtual time. Faults are made by looking at each datagram as it is
// sent: dropping, repeating, changing it, or keeping it to be sent again by somebody else.

namespace theta::transport {
namespace {

using namespace std::chrono_literals;
using testing::bytes_of;
using ::testing::ElementsAre;
using testing::EngineWire;
using testing::filled;
using testing::loopback;
using testing::Packet;
using testing::seed_of;

QuicOptions hub_options() {
  QuicOptions options;
  options.hub_seed = seed_of(1);
  return options;
}

/// A small generator of our own, so that a run can be repeated from its seed (xorshift64*).
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t below(std::uint64_t bound) {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return (state_ * 0x2545f4914f6cdd1dULL) % bound;
  }

 private:
  std::uint64_t state_;
};

struct Wired {
  explicit Wired(const QuicOptions& for_hub = hub_options(), const QuicOptions& for_client = {})
      : hub(wire.add(for_hub)), client(wire.add(for_client)) {}

  [[nodiscard]] bool connect() {
    at_client = client.engine->connect(hub.address, hub.engine->hub_key(), wire.now());
    const bool done = wire.run_until([&] { return hub.sink.count(Event::Kind::connected) == 1; });
    if (done) at_hub = hub.sink.first(Event::Kind::connected)->event.peer;
    return done;
  }
  [[nodiscard]] bool can_still_talk() {
    const auto before = hub.sink.texts(Lane::commands).size();
    if (client.engine->send(at_client, Lane::commands, bytes_of("still here")) != SendResult::queued) return false;
    return wire.run_until([&] { return hub.sink.texts(Lane::commands).size() > before; });
  }

  EngineWire wire;
  EngineWire::End& hub;
  EngineWire::End& client;
  PeerId at_client;
  PeerId at_hub;
};

TEST(QuicEngine, ADeadPeerIsNoticedByTheIdleTimeout) {
  Wired pair;
  ASSERT_TRUE(pair.connect());
  pair.wire.run_for(1s);
  pair.wire.remove(pair.client);
  pair.wire.run_for(29s);
  EXPECT_EQ(pair.hub.sink.count(Event::Kind::closed), 0U);
  pair.wire.run_for(2s);
  ASSERT_EQ(pair.hub.sink.count(Event::Kind::closed), 1U);
  EXPECT_EQ(pair.hub.sink.first(Event::Kind::closed)->event.reason, CloseReason::idle_timeout);
  EXPECT_EQ(pair.hub.engine->stats().idle_timeouts, 1U);
  EXPECT_EQ(pair.hub.engine->stats().connections, 0U);
}

TEST(QuicEngine, KeepAlivesHoldAnIdleConnectionForHours) {
  Wired pair;
  ASSERT_TRUE(pair.connect());
  pair.wire.run_for(5h);
  EXPECT_EQ(pair.hub.sink.count(Event::Kind::closed), 0U);
  EXPECT_TRUE(pair.can_still_talk());
}

TEST(QuicEngine, WithoutKeepAlivesAnIdleConnectionEnds) {
  QuicOptions options;
  options.keep_alive = 0s;
  Wired pair(hub_options(), options);
  ASSERT_TRUE(pair.connect());
  pair.wire.run_for(32s);
  EXPECT_EQ(pair.client.sink.first(Event::Kind::closed)->event.reason, CloseReason::idle_timeout);
  EXPECT_EQ(pair.hub.sink.first(Event::Kind::closed)->event.reason, CloseReason::idle_timeout);
}

TEST(QuicEngine, NobodyThereIsUnreachableAfterTheHandshakeTimeout) {
  EngineWire wire;
  auto& client = wire.add({});
  client.engine->connect(loopback(1), std::nullopt, wire.now());
  wire.run_for(9s);
  EXPECT_EQ(client.sink.count(Event::Kind::closed), 0U);
  wire.run_for(2s);
  ASSERT_EQ(client.sink.count(Event::Kind::closed), 1U);
  EXPECT_EQ(client.sink.first(Event::Kind::closed)->event.reason, CloseReason::unreachable);
  EXPECT_EQ(client.engine->stats().connections, 0U);
}

TEST(QuicEngine, AFingerprintThatIsNobodysKeyIsRefused) {
  EngineWire wire;
  auto& client = wire.add({});
  client.engine->connect(loopback(1), HubKey{}, wire.now());
  EXPECT_EQ(client.sink.entries.size(), 0U) << "told by the next call that drives the engine";
  wire.run_for(0s);
  ASSERT_EQ(client.sink.count(Event::Kind::closed), 1U);
  EXPECT_EQ(client.sink.first(Event::Kind::closed)->event.reason, CloseReason::unauthenticated);
}

TEST(QuicEngine, ReliableLanesSurviveLossRepetitionAndReordering) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    Wired pair;
    Random random(seed);
    std::vector<Packet> kept;
    pair.wire.on_transmit = [&](Packet& packet) {
      if (random.below(10) == 0) return false;
      if (random.below(10) == 0) kept.push_back(packet);
      return true;
    };
    ASSERT_TRUE(pair.connect()) << "seed " << seed;
    std::vector<std::string> sent;
    for (int i = 0; i < 300; ++i) {
      sent.push_back(std::to_string(i) + std::string(static_cast<std::size_t>(i) * 7, '.'));
      ASSERT_EQ(pair.client.engine->send(pair.at_client, Lane::commands, bytes_of(sent.back())), SendResult::queued);
      pair.wire.run_for(1ms);
      for (const auto& late : std::exchange(kept, {})) pair.wire.deliver(late);
    }
    ASSERT_TRUE(pair.wire.run_until([&] { return pair.hub.sink.texts(Lane::commands).size() == sent.size(); }))
        << "seed " << seed;
    EXPECT_EQ(pair.hub.sink.texts(Lane::commands), sent) << "seed " << seed;
  }
}

TEST(QuicEngine, ALostPresenceMessageIsNotRepeated) {
  Wired pair;
  ASSERT_TRUE(pair.connect());
  pair.wire.run_for(1s);
  bool drops = true;
  pair.wire.on_transmit = [&](Packet&) { return !drops; };
  (void)pair.client.engine->send(pair.at_client, Lane::presence, bytes_of("lost"));
  pair.wire.run_for(1ms);
  drops = false;
  (void)pair.client.engine->send(pair.at_client, Lane::presence, bytes_of("seen"));
  pair.wire.run_for(10s);
  EXPECT_THAT(pair.hub.sink.texts(Lane::presence), ElementsAre("seen"));
}

TEST(QuicEngine, AClientWhoseAddressChangesGoesOn) {
  Wired pair;
  ASSERT_TRUE(pair.connect());
  pair.wire.run_for(1s);
  pair.client.seen_as = loopback(4444);
  EXPECT_TRUE(pair.can_still_talk());
  (void)pair.hub.engine->send(pair.at_hub, Lane::commands, bytes_of("found you"));
  EXPECT_TRUE(pair.wire.run_until([&] { return !pair.client.sink.texts(Lane::commands).empty(); }));
  pair.wire.run_for(60s);
  EXPECT_EQ(pair.hub.sink.count(Event::Kind::closed), 0U);
}

TEST(QuicEngine, ABlockedSocketHoldsDataBackAndLosesNothing) {
  Wired pair;
  ASSERT_TRUE(pair.connect());
  pair.client.is_blocked = true;
  for (int i = 0; i < 5; ++i) (void)pair.client.engine->send(pair.at_client, Lane::commands, bytes_of("x"));
  pair.wire.run_for(100ms);
  EXPECT_EQ(pair.hub.sink.count(Event::Kind::message), 0U);
  pair.client.is_blocked = false;
  EXPECT_TRUE(pair.wire.run_until([&] { return pair.hub.sink.count(Event::Kind::message) == 5; }));
}

TEST(QuicEngine, GarbageIsCountedByItsKind) {
  Wired pair;
  ASSERT_TRUE(pair.connect());
  const auto send = [&](Bytes bytes) { pair.wire.deliver({loopback(7), pair.hub.address, std::move(bytes)}); };
  const auto stats = [&] { return pair.hub.engine->stats(); };
  const auto before = stats();

  send(Bytes(20, 0x40));
  EXPECT_EQ(stats().dropped_short, before.dropped_short + 1);

  Bytes truncated_header(21, 0xff);
  truncated_header[5] = 200;  // a connection id that the datagram is too short for
  send(truncated_header);
  EXPECT_EQ(stats().dropped_malformed, before.dropped_malformed + 1);

  send(Bytes(100, 0x41));  // a short header for a connection id that nobody has
  EXPECT_EQ(stats().dropped_unknown_connection, before.dropped_unknown_connection + 1);
  EXPECT_EQ(stats().stateless_resets_sent, before.stateless_resets_sent + 1);

  Bytes other_version(1200, 0);
  other_version[0] = 0xc0;
  other_version[1] = 0x7a;  // version 0x7a000000
  other_version[5] = 8;
  other_version[14] = 8;
  send(other_version);
  EXPECT_EQ(stats().version_negotiations_sent, before.version_negotiations_sent + 1);
  other_version.resize(1199);
  send(other_version);
  EXPECT_EQ(stats().version_negotiations_sent, before.version_negotiations_sent + 1) << "no answer to small ones";

  EXPECT_EQ(stats().connections, 1U);
  EXPECT_TRUE(pair.can_still_talk());
}

TEST(QuicEngine, AnswersToStrangersAreShorterThanTheQuestionAndRationed) {
  auto options = hub_options();
  options.stranger_answers_burst = 10;
  options.stranger_answers_per_second = 1;
  EngineWire wire;
  auto& hub = wire.add(options);
  std::vector<Packet> answers;
  wire.on_transmit = [&](Packet& packet) {
    answers.push_back(packet);
    return false;
  };
  for (int i = 0; i < 100; ++i) {
    const Bytes question(static_cast<std::size_t>(22 + i), 0x41);
    wire.deliver({loopback(7), hub.address, question});
    if (answers.empty()) continue;
    EXPECT_LT(answers.back().bytes.size(), question.size());
  }
  EXPECT_EQ(answers.size(), 10U);
  EXPECT_EQ(hub.engine->stats().dropped_answer_budget, 90U);
  wire.run_for(5s);
  for (int i = 0; i < 100; ++i) wire.deliver({loopback(7), hub.address, Bytes(50, 0x41)});
  EXPECT_EQ(answers.size(), 15U) << "one more for each second";
}

/// Every datagram of some connections that talked on all lanes, as the hub got them.
std::vector<Bytes> captured_conversation() {
  std::vector<Bytes> corpus;
  Wired pair;
  pair.wire.on_transmit = [&](Packet& packet) {
    if (packet.to == pair.hub.address) corpus.push_back(packet.bytes);
    return true;
  };
  EXPECT_TRUE(pair.connect());
  for (const auto lane : {Lane::control, Lane::commands, Lane::bulk, Lane::presence}) {
    (void)pair.client.engine->send(pair.at_client, lane, filled(900));
    pair.wire.run_for(100ms);
  }
  pair.client.engine->close(pair.at_client, CloseReason::none, "done");
  pair.wire.run_for(1s);
  EXPECT_GE(corpus.size(), 8U);
  return corpus;
}

Bytes mutate(Bytes bytes, Random& random) {
  const auto changes = 1 + random.below(8);
  for (std::uint64_t change = 0; change < changes && !bytes.empty(); ++change) {
    switch (random.below(4)) {
      case 0: bytes[random.below(bytes.size())] ^= static_cast<std::uint8_t>(1U << random.below(8)); break;
      case 1:
        // Headers are where parsers live.
        bytes[random.below(std::min<std::size_t>(bytes.size(), 48))] = static_cast<std::uint8_t>(random.below(256));
        break;
      case 2: bytes.resize(random.below(bytes.size()) + 1); break;
      default: bytes.insert(bytes.end(), random.below(64), static_cast<std::uint8_t>(random.below(256))); break;
    }
  }
  return bytes;
}

TEST(QuicEngine, MutatedDatagramsHurtNobodyElse) {
  auto corpus = captured_conversation();
  auto options = hub_options();
  options.half_open_before_retry = 8;
  options.half_open_max = 16;
  Wired pair(options);
  // What the live connection says is mutated too, and sent in its name.
  pair.wire.on_transmit = [&](Packet& packet) {
    if (packet.to == pair.hub.address) corpus.push_back(packet.bytes);
    return true;
  };
  ASSERT_TRUE(pair.connect());
  pair.wire.run_for(1s);
  pair.wire.on_transmit = nullptr;
  constexpr std::uint64_t kSeed = 20;
  Random random(kSeed);
  for (int i = 0; i < 20'000; ++i) {
    const auto from =
        random.below(2) == 0 ? pair.client.address : loopback(static_cast<std::uint16_t>(random.below(50)));
    pair.wire.deliver({from, pair.hub.address, mutate(corpus[random.below(corpus.size())], random)});
    if (i % 100 == 0) pair.wire.run_for(10ms);
    ASSERT_LE(pair.hub.engine->stats().half_open, 16U) << "seed " << kSeed;
  }
  EXPECT_TRUE(pair.can_still_talk()) << "seed " << kSeed;
  EXPECT_EQ(pair.hub.sink.count(Event::Kind::connected), 1U) << "nobody gets in with mutated datagrams";
  pair.wire.run_for(60s);
  EXPECT_EQ(pair.hub.engine->stats().connections, 1U) << "what they began is forgotten again";
}

TEST(QuicEngine, MutatedDatagramsHurtNoClient) {
  std::vector<Bytes> corpus;
  Wired pair;
  pair.wire.on_transmit = [&](Packet& packet) {
    if (packet.to == pair.client.address) corpus.push_back(packet.bytes);
    return true;
  };
  ASSERT_TRUE(pair.connect());
  (void)pair.hub.engine->send(pair.at_hub, Lane::bulk, filled(5000));
  pair.wire.run_for(1s);
  pair.wire.on_transmit = nullptr;
  Random random(21);
  for (int i = 0; i < 5000; ++i) {
    pair.wire.deliver({pair.hub.address, pair.client.address, mutate(corpus[random.below(corpus.size())], random)});
    if (i % 100 == 0) pair.wire.run_for(10ms);
  }
  EXPECT_TRUE(pair.can_still_talk());
}

TEST(QuicEngine, AFloodOfFirstPacketsIsBounded) {
  constexpr std::uint16_t kFlood = 600;
  EngineWire wire;
  auto& flooder = wire.add({});
  std::vector<Packet> firsts;
  wire.on_transmit = [&](Packet& packet) {
    firsts.push_back(packet);
    return false;
  };
  for (std::uint16_t i = 0; i < kFlood; ++i) flooder.engine->connect(loopback(1), std::nullopt, wire.now());
  flooder.engine->flush(wire.now());
  ASSERT_GE(firsts.size(), kFlood);
  wire.on_transmit = nullptr;
  wire.remove(flooder);

  auto options = hub_options();
  options.half_open_before_retry = 10;
  options.retries_burst = 256;
  auto& hub = wire.add(options);
  for (std::uint16_t i = 0; i < kFlood; ++i) {
    const auto from = "10.0." + std::to_string(i / 256) + "." + std::to_string(i % 256) + ":9";
    wire.deliver({*SocketAddress::parse(from), hub.address, firsts[i].bytes});
  }
  EXPECT_EQ(hub.engine->stats().half_open, 10U);
  EXPECT_EQ(hub.engine->stats().retries_sent, 256U) << "the budget of Retry";
  EXPECT_EQ(hub.engine->stats().dropped_answer_budget, kFlood - 10U - 256U);
  wire.run_for(30s);
  EXPECT_EQ(hub.engine->stats().connections, 0U);
  EXPECT_EQ(hub.engine->stats().half_open, 0U);
  EXPECT_EQ(hub.sink.entries.size(), 0U);
}

bool is_retry(const Packet& packet) { return (packet.bytes[0] & 0xf0) == 0xf0; }

/// A hub that asks everybody for proof of the address. Nothing else that it says arrives, so no handshake completes.
EngineWire::End& add_proof_asking_hub(EngineWire& wire, QuicOptions options) {
  options.half_open_before_retry = 0;
  auto& hub = wire.add(options);
  wire.on_transmit = [&hub](Packet& packet) { return packet.to == hub.address || is_retry(packet); };
  return hub;
}

/// Begins so many connections from there.
EngineWire::End& add_newcomers(EngineWire& wire, const EngineWire::End& hub, const std::string& from, int count = 1) {
  auto& end = wire.add({});
  end.seen_as = *SocketAddress::parse(from);
  for (int i = 0; i < count; ++i) end.engine->connect(hub.address, hub.engine->hub_key(), wire.now());
  return end;
}

TEST(QuicEngine, BeyondTheHalfOpenLimitNewcomersAreDropped) {
  auto options = hub_options();
  options.half_open_max = 3;
  EngineWire wire;
  auto& hub = add_proof_asking_hub(wire, options);
  auto& client = wire.add({});
  for (int i = 0; i < 5; ++i) client.engine->connect(hub.address, hub.engine->hub_key(), wire.now());
  wire.run_for(100ms);
  EXPECT_EQ(hub.engine->stats().half_open, 3U);
  EXPECT_GE(hub.engine->stats().dropped_half_open_limit, 2U);
}

TEST(QuicEngine, OptionsCanChangeWhileConnectionsLive) {
  Wired pair(hub_options());
  ASSERT_TRUE(pair.connect());
  auto options = hub_options();
  options.connections_max = 1;
  options.hub_seed.reset();
  options.alpn = "other";
  const auto key = pair.hub.engine->hub_key();
  pair.hub.engine->set_options(options);
  EXPECT_TRUE(pair.can_still_talk()) << "what is there is not taken away";
  auto& late = pair.wire.add({});
  late.engine->connect(pair.hub.address, key, pair.wire.now());
  ASSERT_TRUE(pair.wire.run_until([&] { return late.sink.count(Event::Kind::closed) == 1; }));
  EXPECT_EQ(pair.hub.engine->stats().dropped_connection_limit, 1U);
  options.connections_max = 2;
  pair.hub.engine->set_options(options);
  late.engine->connect(pair.hub.address, key, pair.wire.now());
  EXPECT_TRUE(pair.wire.run_until([&] { return late.sink.count(Event::Kind::connected) == 1; }))
      << "identity and protocol stay as they are";
}

TEST(QuicEngine, NobodyAloneCanTakeAllHandshakesUnderWay) {
  constexpr int kFlood = 20;
  auto options = hub_options();
  options.half_open_max = 16;
  options.half_open_per_source_max = 4;
  EngineWire wire;
  auto& hub = add_proof_asking_hub(wire, options);
  auto& flooder = add_newcomers(wire, hub, "192.0.2.6:9", kFlood);
  wire.run_for(100ms);
  EXPECT_EQ(hub.engine->stats().half_open, 4U);
  EXPECT_EQ(hub.engine->stats().dropped_half_open_limit, kFlood - 4U);
  auto& other = add_newcomers(wire, hub, "192.0.2.7:9");
  wire.run_for(100ms);
  EXPECT_EQ(hub.engine->stats().half_open, 5U) << "others find room";
  wire.remove(flooder);
  wire.remove(other);
  wire.run_for(30s);
  EXPECT_EQ(hub.engine->stats().half_open, 0U);
  add_newcomers(wire, hub, "192.0.2.6:9");
  wire.run_for(100ms);
  EXPECT_EQ(hub.engine->stats().half_open, 1U) << "what a source had is given back";
}

TEST(QuicEngine, ANetworkOfManySourcesIsBoundedToo) {
  constexpr int kFlood = 10;
  for (const bool by_half_open : {true, false}) {
    auto options = hub_options();
    (by_half_open ? options.half_open_per_network_max : options.connections_per_network_max) = 4;
    EngineWire wire;
    auto& hub = add_proof_asking_hub(wire, options);
    std::vector<EngineWire::End*> ends;
    for (int i = 0; i < kFlood; ++i)
      ends.push_back(&add_newcomers(wire, hub, "[2001:db8:7:" + std::to_string(i) + "::1]:9"));
    wire.run_for(100ms);
    EXPECT_EQ(hub.engine->stats().half_open, 4U);
    const auto& stats = hub.engine->stats();
    EXPECT_EQ(by_half_open ? stats.dropped_half_open_limit : stats.dropped_network_limit, kFlood - 4U);
    ends.push_back(&add_newcomers(wire, hub, "[2001:db8:8::1]:9"));
    ends.push_back(&add_newcomers(wire, hub, "192.0.2.7:9"));
    wire.run_for(100ms);
    EXPECT_EQ(hub.engine->stats().half_open, 6U) << "others find room";
    for (auto* end : ends) wire.remove(*end);
    wire.run_for(30s);
    add_newcomers(wire, hub, "[2001:db8:7::2]:9");
    wire.run_for(100ms);
    EXPECT_EQ(hub.engine->stats().half_open, 1U) << "what a network had is given back";
  }
}

/// First datagrams of so many clients.
std::vector<Bytes> first_datagrams(EngineWire& wire, int count) {
  auto& clients = wire.add({});
  std::vector<Bytes> firsts;
  wire.on_transmit = [&](Packet& packet) {
    firsts.push_back(packet.bytes);
    return false;
  };
  for (int i = 0; i < count; ++i) clients.engine->connect(loopback(1), std::nullopt, wire.now());
  clients.engine->flush(wire.now());
  wire.on_transmit = nullptr;
  wire.remove(clients);
  return firsts;
}

TEST(QuicEngine, FirstPacketsInTheNameOfAnAddressDoNotKeepItsOwnerOut) {
  constexpr std::size_t kForged = 80;
  EngineWire wire;
  const auto firsts = first_datagrams(wire, kForged);
  ASSERT_GE(firsts.size(), kForged);
  auto& hub = wire.add(hub_options());
  auto& owner = wire.add({});
  wire.on_transmit = [&](Packet& packet) {
    EXPECT_TRUE(!is_retry(packet) || packet.bytes.size() < firsts[0].size()) << "no mirror for who forges";
    return true;
  };
  for (std::size_t i = 0; i < kForged; ++i) wire.deliver({owner.address, hub.address, firsts[i]});
  EXPECT_EQ(hub.engine->stats().half_open, 4U);
  EXPECT_EQ(hub.engine->stats().retries_sent, kForged - 4U);
  owner.engine->connect(hub.address, hub.engine->hub_key(), wire.now());
  wire.run_for(100ms);
  EXPECT_EQ(owner.sink.count(Event::Kind::connected), 1U) << "long before anything is sent again";
}

TEST(QuicEngine, ForgedAddressesUseUpNoPlacesOfTheirNetworkOrOfAll) {
  constexpr std::size_t kForged = 80;
  auto options = hub_options();
  options.connections_max = 4;
  options.connections_per_network_max = 4;
  options.half_open_max = 4;
  options.half_open_per_network_max = 4;
  EngineWire wire;
  const auto firsts = first_datagrams(wire, kForged);
  ASSERT_GE(firsts.size(), kForged);
  auto& hub = wire.add(options);
  for (std::size_t i = 0; i < kForged; ++i) {
    const auto from = "[2001:db8:7:" + std::to_string(i) + "::1]:9";
    wire.deliver({*SocketAddress::parse(from), hub.address, firsts[i]});
  }
  EXPECT_EQ(hub.engine->stats().half_open, options.half_open_before_retry);
  auto& owner = add_newcomers(wire, hub, "[2001:db8:7:1::1]:9");
  wire.run_for(100ms);
  EXPECT_EQ(owner.sink.count(Event::Kind::connected), 1U);
  wire.run_for(20s);
  EXPECT_EQ(hub.engine->stats().connections, 1U) << "what was forged is forgotten";
  EXPECT_EQ(hub.engine->stats().half_open, 0U);
}

TEST(QuicEngine, WhoeverConnectsWithoutARetryCountsForItsSource) {
  auto options = hub_options();
  options.connections_per_source_max = 1;
  Wired pair(options);
  ASSERT_TRUE(pair.connect());
  auto& second = pair.wire.add({});
  const auto attempt = [&] { second.engine->connect(pair.hub.address, pair.hub.engine->hub_key(), pair.wire.now()); };
  attempt();
  pair.wire.run_for(100ms);
  EXPECT_EQ(pair.hub.engine->stats().dropped_source_limit, 1U);
  pair.client.engine->close(pair.at_client, CloseReason::none, "");
  pair.wire.run_for(5s);
  attempt();
  pair.wire.run_for(100ms);
  EXPECT_EQ(second.sink.count(Event::Kind::connected), 1U) << "its place is given back";
}

TEST(QuicEngine, UnfinishedMessagesOfAllPeersAreBounded) {
  auto options = hub_options();
  options.unfinished_bytes_max = 100'000;
  Wired pair(options);
  ASSERT_TRUE(pair.connect());
  pair.wire.run_for(1s);
  // The message begins to arrive and never ends.
  std::size_t passed = 0;
  pair.wire.on_transmit = [&](Packet& packet) { return packet.to != pair.hub.address || ++passed <= 12; };
  (void)pair.client.engine->send(pair.at_client, Lane::bulk, filled(80'000));
  pair.wire.run_for(20ms);
  EXPECT_GT(pair.hub.engine->stats().unfinished_bytes, 0U);
  EXPECT_LE(pair.hub.engine->stats().unfinished_bytes, 100'000U);
  pair.wire.on_transmit = nullptr;
  ASSERT_TRUE(pair.wire.run_until([&] { return pair.hub.sink.texts(Lane::bulk).size() == 1; }));
  EXPECT_EQ(pair.hub.sink.count(Event::Kind::closed), 0U);

  (void)pair.client.engine->send(pair.at_client, Lane::bulk, filled(500'000));
  ASSERT_TRUE(pair.wire.run_until([&] { return pair.client.sink.count(Event::Kind::closed) == 1; }));
  EXPECT_EQ(pair.client.sink.first(Event::Kind::closed)->event.reason, CloseReason::resource_limit);
  EXPECT_EQ(pair.hub.engine->stats().unfinished_limit_closes, 1U);
  EXPECT_EQ(pair.hub.engine->stats().unfinished_bytes, 0U);
}

TEST(QuicEngine, ARetryTokenIsWorthNothingToAnotherAddress) {
  auto options = hub_options();
  options.half_open_before_retry = 0;
  Wired pair(options);
  // The client's second first packet, with the token, comes from elsewhere.
  int initials = 0;
  pair.wire.on_transmit = [&](Packet& packet) {
    const bool is_initial = packet.to == pair.hub.address && (packet.bytes[0] & 0xf0) == 0xc0;
    if (is_initial && ++initials > 1) packet.from = loopback(9);
    return true;
  };
  pair.client.engine->connect(pair.hub.address, pair.hub.engine->hub_key(), pair.wire.now());
  pair.wire.run_for(15s);
  EXPECT_GT(pair.hub.engine->stats().dropped_bad_token, 0U);
  EXPECT_EQ(pair.hub.engine->stats().connections_accepted, 0U);
}

TEST(QuicEngine, ASlowCloserIsForgottenAfterTheLinger) {
  Wired pair;
  ASSERT_TRUE(pair.connect());
  pair.wire.run_for(1s);
  pair.wire.on_transmit = [](Packet&) { return false; };
  (void)pair.hub.engine->send(pair.at_hub, Lane::commands, bytes_of("nobody hears this"));
  pair.hub.engine->close(pair.at_hub, CloseReason::going_away, "bye");
  pair.wire.run_for(900ms);
  EXPECT_EQ(pair.hub.sink.count(Event::Kind::closed), 0U);
  pair.wire.run_for(200ms);
  EXPECT_EQ(pair.hub.sink.count(Event::Kind::closed), 1U);
  EXPECT_EQ(pair.hub.engine->connection_count(), 0U);
}

TEST(QuicEngine, ALostGoodbyeIsRepeatedToWhoeverStillTalks) {
  Wired pair;
  ASSERT_TRUE(pair.connect());
  pair.wire.run_for(1s);
  int dropped = 0;
  pair.wire.on_transmit = [&](Packet& packet) { return !(packet.to == pair.client.address && dropped++ == 0); };
  pair.hub.engine->close(pair.at_hub, CloseReason::resource_limit, "too much");
  pair.hub.engine->flush(pair.wire.now());
  (void)pair.client.engine->send(pair.at_client, Lane::commands, bytes_of("are you there"));
  pair.wire.run_for(1s);
  ASSERT_EQ(pair.client.sink.count(Event::Kind::closed), 1U);
  EXPECT_EQ(pair.client.sink.first(Event::Kind::closed)->event.text, "too much");
}

}  // namespace
}  // namespace theta::transport

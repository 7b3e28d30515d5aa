// A hub that lies: what it sends is bent on the way out, and the session must notice, say so, and believe nothing.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "peers.h"
#include "theta/base/byte_codec.h"
#include "theta/client/limits.h"
#include "theta/client/session.h"
#include "theta/crypto/hash.h"
#include "theta/log/record.h"
#include "theta/log/stamp.h"

namespace theta::client {
namespace {

using testing::author_key;
using testing::create_one;
using testing::TestPeer;
using testing::World;

TEST(Trust, AWrongFingerprintIsNoObstacleToTheRightOne) {
  World world;
  auto& admin = world.add_admin();
  auto& other = world.add_peer("Bob");
  const auto options = world.member_options(admin, "Bob");
  auto wrong = options;
  wrong.hub = author_key(9).public_key<HubKey>();
  other.start(wrong, author_key(2));
  EXPECT_FALSE(world.run_until([&] { return other->caught_up(); }, std::chrono::seconds{5}));
  other.crash();
  other.start(options, author_key(2));
  ASSERT_TRUE(other.restored) << other.restored.error().message;
  EXPECT_TRUE(world.run_until([&] { return other->caught_up(); }));
}

TEST(Trust, AnInviteThatLetsNobodyInIsNoObstacleToAGoodOne) {
  World world;
  auto& admin = world.add_admin();
  auto& other = world.add_peer("Bob");
  const auto good = world.member_options(admin, "Bob");
  auto forged = good;
  forged.ticket->invite.signature.bytes[5] ^= 1;
  other.start(forged, author_key(2));
  ASSERT_TRUE(world.run_until([&] { return other->phase() == SessionPhase::stopped; }));
  EXPECT_FALSE(other->caught_up());
  other.crash();
  other.start(good, author_key(2));
  ASSERT_TRUE(other.restored) << other.restored.error().message;
  EXPECT_TRUE(world.run_until([&] { return other->caught_up(); }, std::chrono::seconds{30}));
}

TEST(Trust, WhatCameFromOneHubIsNotTakenForAnothers) {
  World world;
  auto& admin = world.add_admin();
  create_one(*admin, "cube");
  auto options = world.admin_options();
  admin.crash();
  options.hub = author_key(9).public_key<HubKey>();
  admin.start(options, author_key(1));
  ASSERT_FALSE(admin.restored);
  EXPECT_EQ(admin.restored.error().code, ClientError::storage);
  EXPECT_NE(admin.restored.error().message.find("the link names"), std::string::npos);
}

TEST(Trust, AForgedRecordIsNotApplied) {
  World world;
  auto& admin = world.add_admin();
  auto& other = world.add_member(admin, "Bob", 2);
  const auto head = other->confirmed_head();
  world.hub.bend_record = [](Bytes& compact) { compact[compact.size() - 5] ^= 1; };
  create_one(*admin, "cube");
  ASSERT_TRUE(world.run_until([&] { return !other.all<Diverged>().empty(); }));
  EXPECT_EQ(other->confirmed_head(), head);
  EXPECT_EQ(other->scene().entity_count(), 0U);
  EXPECT_EQ(other->phase(), SessionPhase::stopped);
  EXPECT_FALSE(other.all<Diverged>()[0].text.empty());
}

/// An author's own packet is not verified when it comes back as it was signed; any other bytes are.
TEST(Trust, AnOwnPacketThatComesBackWithAnotherSignatureIsNotApplied) {
  World world;
  auto& admin = world.add_admin();
  const auto head = admin->confirmed_head();
  world.hub.bend_record = [](Bytes& compact) {
    ByteReader reader(compact);
    for (int before = 0; before < 4; ++before) static_cast<void>(reader.get_varint());  // slot, time, nonce, count
    static_cast<void>(reader.get<std::uint8_t>());                                      // flags
    for (int before = 0; before < 2; ++before) static_cast<void>(reader.get_varint());  // version, base
    static_cast<void>(reader.get<std::uint64_t>());                                     // stamp
    compact[compact.size() - reader.remaining()] ^= 1;
  };
  create_one(*admin, "cube");
  ASSERT_TRUE(world.run_until([&] { return !admin.all<Diverged>().empty(); }));
  EXPECT_EQ(admin->confirmed_head(), head);
}

TEST(Trust, ATamperedSnapshotIsRefused) {
  World world;
  auto& admin = world.add_admin();
  create_one(*admin, "cube");
  ASSERT_TRUE(world.run_until([&] { return admin->is_idle(); }));
  world.hub.resume_records_max = 0;
  world.hub.bend_snapshot = [](Bytes& bytes) { bytes[bytes.size() / 2] ^= 1; };
  auto& other = world.add_peer("Bob");
  other.start(world.member_options(admin, "Bob"), author_key(2));
  ASSERT_TRUE(world.run_until([&] { return !other.all<Diverged>().empty(); }));
  EXPECT_EQ(other->confirmed_head(), Seq{0});
  EXPECT_GE(world.hub.snapshots_sent, limits::kStrikesMax) << "a broken network gets another chance";
}

TEST(Trust, ASignedSnapshotIsKeptForWhoWantsToVerify) {
  World world;
  auto& admin = world.add_admin();
  create_one(*admin, "cube");
  ASSERT_TRUE(world.run_until([&] { return admin->is_idle(); }));
  world.hub.resume_records_max = 0;
  for (const bool keep : {true, false}) {
    auto& other = world.add_peer(keep ? "Bob" : "Cem");
    auto options = world.member_options(admin, "Bob");
    options.keep_signed_snapshot = keep;
    other.start(options, author_key(keep ? 2 : 3));
    ASSERT_TRUE(world.run_until([&] { return other->caught_up(); }));
    ASSERT_EQ(other->signed_snapshot().has_value(), keep);
    if (!keep) continue;
    EXPECT_TRUE(log::verify_checkpoint(other->signed_snapshot()->checkpoint));
    EXPECT_EQ(crypto::hash256(other->signed_snapshot()->bytes), other->signed_snapshot()->checkpoint.snapshot_hash);
  }
}

TEST(Trust, ASnapshotThatIsLongerThanAnnouncedIsRefused) {
  World world;
  auto& admin = world.add_admin();
  world.hub.resume_records_max = 0;
  world.hub.bend_snapshot = [](Bytes& bytes) { bytes.resize(bytes.size() + 1); };
  auto& other = world.add_peer("Bob");
  other.start(world.member_options(admin, "Bob"), author_key(2));
  ASSERT_TRUE(world.run_until([&] { return other->phase() == SessionPhase::stopped; }));
  EXPECT_EQ(other->confirmed_head(), Seq{0});
}

TEST(Trust, ACheckpointOfAnotherStateStopsTheSession) {
  World world;
  auto& admin = world.add_admin();
  create_one(*admin, "cube");
  ASSERT_TRUE(world.run_until([&] { return admin->is_idle(); }));
  world.hub.relays = false;
  create_one(*admin, "later");
  ASSERT_TRUE(world.run_until([&] { return world.hub.replica().scene().entity_count() == 2; }));
  Hash256 other_state;
  other_state.bytes.fill(7);
  world.hub.send_checkpoint(other_state);
  world.run_for(std::chrono::milliseconds{50});
  world.hub.relays = true;
  create_one(*admin, "last");  // makes the hub relay what it kept back
  ASSERT_TRUE(world.run_until([&] { return !admin.all<Diverged>().empty(); }));
  EXPECT_EQ(admin->submit(commands::activate_tool("move")).error().code, ClientError::stopped);
}

/// What the hub's log would be if it had ended at `head`.
replica::Replica log_until(const World& world, std::size_t head) {
  replica::Replica result;
  for (std::size_t at = 0; at < head; ++at)
    EXPECT_TRUE(result.apply(world.hub.log()[at], replica::Trust::trusted_source));
  return result;
}

/// Goes on with a packet that the hub's own log does not have.
void write(replica::Replica& room, const crypto::KeyPair& key, const Command& command, WallTime at) {
  const auto& chain = *room.members().find(key.public_key<AuthorKey>());
  log::PacketHeader header;
  header.protocol_version = wire::kProtocolVersion;
  header.command_count = 1;
  header.room = room.room();
  header.author = chain.key;
  header.nonce = Nonce{chain.nonce.value() + 1};
  header.prev = chain.head;
  header.base_seq = room.head();
  header.stamp = Stamp{std::max(log::make_stamp(to_unix_ms(at), 0), room.latest_stamp()).value() + 1};
  auto valid =
      room.validate(log::sign_packet(header, Bytes(command.payload().begin(), command.payload().end()), key), at);
  ASSERT_TRUE(valid.has_value()) << valid.error().text;
  static_cast<void>(room.sequence(std::move(*valid)));
}

/// A hub that has lost its log, or has been made to tell another one, and signs snapshots of that with the right key.
class Forked : public ::testing::Test {
 protected:
  void SetUp() override {
    create_one(*admin, "cube");
    create_one(*other, "sphere");
    ASSERT_TRUE(world.run_until([&] { return admin->is_idle() && other->is_idle(); }));
    ASSERT_TRUE(world.run_until([&] { return other->confirmed_head() == world.hub.replica().head(); }));
    head = other->confirmed_head();
    state = other->confirmed_state_hash();
    other->go_offline();
    world.hub.resume_records_max = 0;
  }
  /// Sent to whoever has come less far: the fake hub sends snapshots to those who lag behind its own log.
  void come_back_to(replica::Replica fork) {
    for (int count = 0; count < 3; ++count) create_one(*admin, "later");
    ASSERT_TRUE(world.run_until([&] { return admin->is_idle(); }));
    world.hub.forked = std::move(fork);
    other->go_online();
    ASSERT_TRUE(world.run_until([&] { return other->phase() == SessionPhase::stopped || other->caught_up(); }));
  }
  void expect_diverged(const char* words) {
    ASSERT_EQ(other.all<Diverged>().size(), 1U);
    EXPECT_THAT(other.all<Diverged>().front().text, ::testing::HasSubstr(words));
    EXPECT_EQ(other->confirmed_head(), head);
    EXPECT_EQ(other->confirmed_state_hash(), state) << "what was verified stays";
  }

  World world;
  TestPeer& admin = world.add_admin();
  TestPeer& other = world.add_member(admin, "Bob", 2);
  crypto::KeyPair admin_key = author_key(1);
  Seq head;
  Hash256 state;
};

TEST_F(Forked, ASnapshotOfAnotherPastAtTheOwnHeadStopsTheSession) {
  auto fork = log_until(world, head.value() - 1);
  write(fork, admin_key, commands::activate_tool("a lie"), world.hub.wall);
  ASSERT_EQ(fork.head(), head);
  come_back_to(std::move(fork));
  expect_diverged("record hash");
}

TEST_F(Forked, ASnapshotWithoutTheOwnAcknowledgedPacketsStopsTheSession) {
  auto fork = log_until(world, 2);  // Bob has joined, and made nothing yet
  for (int count = 0; count < 10; ++count) write(fork, admin_key, commands::activate_tool("a lie"), world.hub.wall);
  ASSERT_GT(fork.head(), head);
  come_back_to(std::move(fork));
  expect_diverged("are missing");
}

TEST_F(Forked, ASnapshotInWhichAMemberNeverCameStopsTheSession) {
  auto fork = log_until(world, 1);
  for (int count = 0; count < 10; ++count) write(fork, admin_key, commands::activate_tool("a lie"), world.hub.wall);
  come_back_to(std::move(fork));
  expect_diverged("is no member");
}

TEST_F(Forked, ASnapshotOfTheSameLogIsTaken) {
  auto ahead = log_until(world, head.value());
  write(ahead, admin_key, commands::activate_tool("the truth"), world.hub.wall);
  come_back_to(std::move(ahead));
  EXPECT_TRUE(other.all<Diverged>().empty());
  EXPECT_EQ(other->confirmed_head(), Seq{head.value() + 1});
}

TEST_F(Forked, ACheckpointThatContradictsTheSnapshotStopsTheSession) {
  come_back_to(log_until(world, world.hub.log().size()));
  ASSERT_TRUE(other->caught_up());
  Hash256 other_state;
  other_state.bytes.fill(7);
  world.hub.send_checkpoint(other_state);
  ASSERT_TRUE(world.run_until([&] { return !other.all<Diverged>().empty(); }));
  EXPECT_THAT(other.all<Diverged>().front().text, ::testing::HasSubstr("another state"));
}

TEST(Trust, AHubTimeThatNoStampCanHoldIsRefused) {
  World world;
  auto& admin = world.add_admin();
  for (const auto told : {log::kHubTimeMsMax + 1, std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
    world.hub.told_time_ms = told;
    auto& peer = world.add_peer("Bob");
    peer.start(world.member_options(admin, "Bob"), author_key(2));
    ASSERT_TRUE(world.run_until([&] { return peer->phase() == SessionPhase::stopped; })) << told;
    EXPECT_THAT(peer.all<Disconnected>().front().text, ::testing::HasSubstr("clock"));
    EXPECT_EQ(peer.all<Disconnected>().front().reason, transport::CloseReason::protocol_error);
    EXPECT_EQ(peer->confirmed_head(), Seq{0});
  }
}

TEST(Trust, AHubThatLiesAboutTheTimeTakesNobodysStampsFarAhead) {
  World world;
  auto& admin = world.add_admin();
  admin->go_offline();
  const auto honest = world.hub.wall;
  world.hub.told_time_ms = log::kHubTimeMsMax;
  admin->go_online();
  ASSERT_TRUE(world.run_until([&] { return admin->caught_up(); }));
  create_one(*admin, "cube");
  ASSERT_TRUE(world.run_until([&] { return admin->is_idle(); }));
  const auto stamp = log::stamp_ms(world.hub.log().back().packet.header.stamp);
  EXPECT_GT(stamp, to_unix_ms(honest)) << "within bounds, the hub's clock counts";
  EXPECT_LE(stamp, to_unix_ms(world.hub.wall + limits::kClockAheadMax));
}

TEST(Trust, ATrueCheckpointPasses) {
  World world;
  auto& admin = world.add_admin();
  for (int i = 0; i < 300; ++i) create_one(*admin, "cube");
  ASSERT_TRUE(world.run_until([&] { return admin->is_idle(); }));
  world.hub.send_checkpoint();
  world.run_for(std::chrono::seconds{1});
  create_one(*admin, "one more");
  ASSERT_TRUE(world.run_until([&] { return admin->is_idle(); }));
  EXPECT_TRUE(admin.all<Diverged>().empty());
}

TEST(Trust, ACheckpointByAnotherKeyIsNotBelieved) {
  World world;
  auto& admin = world.add_admin();
  const auto forger = author_key(66);
  world.hub.send_checkpoint({}, &forger);
  ASSERT_TRUE(world.run_until([&] { return !admin.all<Disconnected>().empty(); }));
  ASSERT_TRUE(world.run_until([&] { return admin->caught_up(); })) << "and tries again";
}

TEST(Trust, AHubWithAnotherKeyIsLeftAtOnce) {
  World world;
  world.add_admin();
  auto options = world.admin_options();
  options.hub.bytes[0] ^= 1;
  auto& peer = world.add_peer("Bob");
  peer.start(options, author_key(2));
  ASSERT_TRUE(world.run_until([&] { return peer->phase() == SessionPhase::stopped; }));
  ASSERT_EQ(peer.all<Disconnected>().size(), 1U);
  EXPECT_FALSE(peer.all<Disconnected>()[0].will_retry);
}

TEST(Trust, AStrangerWithoutAnInviteIsToldWhy) {
  World world;
  world.add_admin();
  auto& peer = world.add_peer("Bob");
  peer.start(world.admin_options(), author_key(2));
  ASSERT_TRUE(world.run_until([&] { return peer->phase() == SessionPhase::stopped; }));
  EXPECT_EQ(peer.all<Disconnected>().back().text, "not a member");
  EXPECT_EQ(peer.all<Disconnected>().back().refusal, log::RefusalCode::not_member);
}

TEST(Trust, MutatedMessagesNeverBreakTheSession) {
  // Flips bits in everything that either side receives; a session may reconnect or stop, but what it believes stays
  // true. The hub's time of a record is the one thing that no author has signed: only checkpoints vouch for it.
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    transport::SimOptions options;
    options.corruption = transport::SimOptions::Corruption::delivered;
    World world(seed, options);
    auto& admin = world.add_admin();
    auto& other = world.add_member(admin, "Bob", 2);
    const auto cube = create_one(*admin, "cube");
    ASSERT_TRUE(world.run_until([&] { return admin->is_idle(); }));
    transport::LinkOptions link;
    link.corrupt = 0.1;
    world.network.set_link(other.endpoint(), *world.hub_endpoint, link);
    for (int i = 0; i < 50; ++i) {
      static_cast<void>(admin->submit(commands::translate({&cube, 1}, {1, 0, 0})));
      world.run_for(std::chrono::milliseconds{200});
    }
    const auto head = other->confirmed_head().value();
    ASSERT_GE(head, 1U);
    replica::Replica expected;
    for (std::size_t index = 0; index < head; ++index)
      ASSERT_TRUE(expected.apply(world.hub.log()[index], replica::Trust::trusted_source));
    EXPECT_EQ(other->confirmed_state_hash(), expected.state_hash());
  }
}

}  // namespace
}  // namespace theta::client

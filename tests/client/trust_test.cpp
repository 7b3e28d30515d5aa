// A hub that lies: what it sends is bent on the way out, and the session must notice, say so, and believe nothing.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "peers.h"
#include "theta/base/byte_codec.h"
#include "theta/client/limits.h"
#include "theta/client/session.h"
#include "theta/crypto/hash.h"

namespace theta::client {
namespace {

using testing::author_key;
using testing::create_one;
using testing::World;

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

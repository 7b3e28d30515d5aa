#include "random_room.h"
#include "room_fixture.h"

namespace theta::replica::testing {
namespace {

TEST(Snapshot, LoadedReplicaContinuesLikeTheOneThatSaved) {
  RandomRoom random(7);
  random.run(400);
  const auto bytes = random.room.hub.save_snapshot();
  auto loaded = Replica::load_snapshot(bytes, true);
  ASSERT_TRUE(loaded.has_value()) << loaded.error().message;
  EXPECT_EQ(loaded->state_hash(), random.room.hub.state_hash());
  EXPECT_EQ(loaded->save_snapshot(), bytes) << "canonical";
  const auto first_new = random.room.records.size();
  random.run(400);
  for (auto at = first_new; at < random.room.records.size(); ++at) {
    const auto outcomes = loaded->apply(*log::decode_record(random.room.records[at]));
    ASSERT_TRUE(outcomes.has_value()) << outcomes.error().message;
  }
  EXPECT_EQ(loaded->state_hash(), random.room.hub.state_hash());
  EXPECT_EQ(loaded->save_snapshot(), random.room.hub.save_snapshot());
}

TEST(Snapshot, EmptyRoomRoundTrips) {
  TestRoom room;
  const auto loaded = Replica::load_snapshot(room.hub.save_snapshot(), true);
  ASSERT_TRUE(loaded.has_value()) << loaded.error().message;
  EXPECT_EQ(loaded->state_hash(), room.hub.state_hash());
  EXPECT_EQ(loaded->room_name(), "test");
}

TEST(Snapshot, MutatedBytesNeverCrashAndNeverPassForTheState) {
  RandomRoom random(8);
  random.run(150);
  const auto bytes = random.room.hub.save_snapshot();
  const auto promised = random.room.hub.state_hash();
  std::size_t refused = 0;
  constexpr int kMutations = 4000;
  for (int round = 0; round < kMutations; ++round) {
    auto mutated = bytes;
    for (std::uint64_t flips = 1 + random.next() % 4; flips > 0; --flips)
      mutated[random.next() % mutated.size()] ^= static_cast<std::uint8_t>(1U << (random.next() % 8));
    const auto loaded = Replica::load_snapshot(mutated, true);
    if (!loaded) {
      EXPECT_FALSE(loaded.error().message.empty());
      ++refused;
    } else {
      EXPECT_EQ(loaded->state_hash(), promised) << "only padding may differ";
    }
  }
  EXPECT_GT(refused, std::size_t{kMutations} * 9 / 10);
}

TEST(Snapshot, TruncatedBytesAreRefused) {
  TestRoom room;
  const auto bytes = room.hub.save_snapshot();
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(Replica::load_snapshot(ByteView(bytes).first(size), true).has_value()) << size;
}

}  // namespace
}  // namespace theta::replica::testing

#include "random_room.h"

namespace theta::replica::testing {
namespace {

/// Every entity hangs below the root, and every hash is what the values say.
void expect_sound(const Replica& replica) {
  const auto& scene = replica.scene();
  std::size_t reached = 0;
  std::vector<ObjectId> open = scene.children(kNoObject);
  while (!open.empty()) {
    const auto entity = open.back();
    open.pop_back();
    ++reached;
    for (const auto child : scene.children(entity)) open.push_back(child);
  }
  EXPECT_EQ(reached, scene.entity_count()) << "an orphan or a cycle";
  EXPECT_EQ(scene.recompute_hash(), scene.hash());
}

class Convergence : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(Convergence, ReplicasAgreeAfterEveryRecordWhateverAuthorsDo) {
  RandomRoom random(GetParam());
  for (int part = 0; part < 10; ++part) {
    random.run(60);
    expect_sound(random.room.hub);
    if (HasFailure()) FAIL() << "seed " << GetParam();
  }
  for (const auto count : random.statuses) EXPECT_GT(count, 0) << "the workload must meet every kind of outcome";
  for (std::size_t at = 1; at < random.applied.size(); ++at)
    EXPECT_GT(random.applied[at], 0) << fb::EnumNamesCommand()[at] << " must work at least once in every room";
}

INSTANTIATE_TEST_SUITE_P(Seeds, Convergence, ::testing::Range(std::uint64_t{1}, std::uint64_t{13}));

TEST(Replica, RefusesRecordsThatDoNotContinueTheLog) {
  RandomRoom random(99);
  random.run(20);
  Replica fresh;
  const auto record = [&](std::size_t at) { return *log::decode_record(random.room.records[at]); };
  EXPECT_EQ(fresh.apply(record(1)).error().code, ReplicaError::out_of_order);
  ASSERT_TRUE(fresh.apply(record(0)).has_value());
  auto wrong_hash = record(1);
  wrong_hash.record_hash.bytes[3] ^= 1;
  EXPECT_EQ(fresh.apply(wrong_hash).error().code, ReplicaError::broken_chain);
  auto other_time = record(1);
  other_time.hub_time += std::chrono::milliseconds(1);
  EXPECT_EQ(fresh.apply(other_time).error().code, ReplicaError::broken_chain);
  const auto compact = log::compact_record(record(1), kNoSlot);
  const auto expanded = log::expand_record(compact, Seq{2}, Hash256{}, fresh.members());
  EXPECT_EQ(fresh.apply(*expanded).error().code, ReplicaError::broken_chain) << "computed on top of another record";
  auto forged = record(1);
  forged.packet.signature.bytes[0] ^= 1;
  EXPECT_EQ(fresh.apply(forged).error().code, ReplicaError::invalid_packet);
  auto archived = *log::decode_record(log::archive_record(random.room.records[1]));
  EXPECT_EQ(fresh.apply(archived).error().code, ReplicaError::archived);
  const auto before = fresh.state_hash();
  EXPECT_EQ(fresh.head(), Seq{1});
  EXPECT_EQ(fresh.state_hash(), before);
  EXPECT_TRUE(fresh.apply(record(1)).has_value()) << "a refused record leaves nothing behind";
}

}  // namespace
}  // namespace theta::replica::testing

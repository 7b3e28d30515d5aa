#include "theta/log/policy.h"

#include <gtest/gtest.h>

namespace theta::log {
namespace {

constexpr ObjectId kEntity{77};
constexpr auto kDefault = ConflictStrategy::last_write_wins;

TEST(PolicyTable, WithoutRulesTheDefaultHolds) {
  EXPECT_EQ(PolicyTable().resolve(kEntity, Component::name, ConflictStrategy::merge), ConflictStrategy::merge);
}

TEST(PolicyTable, MostSpecificRuleWins) {
  PolicyTable table;
  table.set({kNoObject, {}}, ConflictStrategy::merge);
  EXPECT_EQ(table.resolve(kEntity, Component::name, kDefault), ConflictStrategy::merge);
  table.set({kNoObject, Component::name}, ConflictStrategy::reject);
  EXPECT_EQ(table.resolve(kEntity, Component::name, kDefault), ConflictStrategy::reject);
  EXPECT_EQ(table.resolve(kEntity, Component::transform, kDefault), ConflictStrategy::merge);
  table.set({kEntity, {}}, ConflictStrategy::last_write_wins);
  EXPECT_EQ(table.resolve(kEntity, Component::name, ConflictStrategy::merge), ConflictStrategy::last_write_wins);
  table.set({kEntity, Component::name}, ConflictStrategy::merge);
  EXPECT_EQ(table.resolve(kEntity, Component::name, kDefault), ConflictStrategy::merge);
  EXPECT_EQ(table.resolve(ObjectId{78}, Component::name, kDefault), ConflictStrategy::reject);
}

TEST(PolicyTable, ClearedRuleUncoversTheOneBehindIt) {
  PolicyTable table;
  table.set({kNoObject, {}}, ConflictStrategy::reject);
  table.set({kEntity, {}}, ConflictStrategy::merge);
  table.set({kEntity, {}}, std::nullopt);
  EXPECT_EQ(table.resolve(kEntity, Component::name, kDefault), ConflictStrategy::reject);
  EXPECT_EQ(table.find({kEntity, {}}), std::nullopt);
  EXPECT_EQ(table.all().size(), 1U);
}

TEST(PolicyTable, ExistenceIsAComponentAndNotAnyComponent) {
  PolicyTable table;
  table.set({kNoObject, Component::existence}, ConflictStrategy::reject);
  EXPECT_EQ(table.resolve(kEntity, Component::existence, kDefault), ConflictStrategy::reject);
  EXPECT_EQ(table.resolve(kEntity, Component::name, kDefault), kDefault);
}

}  // namespace
}  // namespace theta::log

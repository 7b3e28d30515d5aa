#include "theta/base/ids.h"

#include <type_traits>

#include <gtest/gtest.h>

#include "theta/base/time.h"

namespace theta {
namespace {

static_assert(!std::is_convertible_v<std::uint64_t, Seq>, "a number is no id until somebody says which");
static_assert(!std::is_convertible_v<Seq, Nonce> && !std::is_constructible_v<Seq, Nonce>, "ids do not mix");
static_assert(!std::is_same_v<AuthorKey, HubKey>, "keys of different holders are different types");

TEST(ObjectId, HoldsSlotAndCounter) {
  const auto id = make_object_id(AuthorSlot{0xfffe}, kObjectCounterMax);
  EXPECT_EQ(slot_of(id), AuthorSlot{0xfffe});
  EXPECT_EQ(counter_of(id), kObjectCounterMax);
  EXPECT_EQ(make_object_id(AuthorSlot{0}, 0), kNoObject);
}

TEST(ObjectId, ACounterNeverReachesTheSlot) {
  EXPECT_EQ(slot_of(make_object_id(AuthorSlot{3}, kObjectCounterMax + 1)), AuthorSlot{3});
}

TEST(WallTime, MillisecondsRoundTripAndNeverGoBelowTheEpoch) {
  EXPECT_EQ(to_unix_ms(from_unix_ms(1'700'000'000'123)), 1'700'000'000'123U);
  EXPECT_EQ(to_unix_ms(WallTime{WallClock::duration{-5}}), 0U);
}

TEST(FixedBytes, ComparesAndKnowsZero) {
  Hash256 hash;
  EXPECT_TRUE(hash.is_zero());
  hash.bytes[31] = 1;
  EXPECT_FALSE(hash.is_zero());
  EXPECT_NE(hash, Hash256{});
  EXPECT_EQ(Hash256::from(hash.view()), hash);
}

TEST(SharedBytes, CopiesShareOneBuffer) {
  const SharedBytes first(Bytes{1, 2, 3});
  const SharedBytes second = first;
  EXPECT_EQ(first.view().data(), second.view().data());
  EXPECT_EQ(second.size(), 3U);
  EXPECT_TRUE(SharedBytes().empty());
}

}  // namespace
}  // namespace theta

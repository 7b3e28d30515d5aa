#include "theta/crypto/set_hash.h"

#include <gtest/gtest.h>

#include "theta/crypto/hash.h"

namespace theta::crypto {
namespace {

Hash256 element(int number) { return Hasher("element").update_integer(number).finish(); }

TEST(SetHash, OrderDoesNotMatter) {
  SetHash up;
  SetHash down;
  for (int number = 0; number < 100; ++number) up.add(element(number));
  for (int number = 99; number >= 0; --number) down.add(element(number));
  EXPECT_EQ(up, down);
}

TEST(SetHash, RemovingEverythingGivesTheEmptySet) {
  SetHash set;
  for (int number = 0; number < 100; ++number) set.add(element(number));
  EXPECT_NE(set, SetHash{});
  for (int number = 0; number < 100; ++number) set.remove(element(number));
  EXPECT_EQ(set, SetHash{});
}

TEST(SetHash, CarriesThroughAllWords) {
  Hash256 all_ones;
  all_ones.bytes.fill(0xff);
  Hash256 one;
  one.bytes[0] = 1;
  SetHash set;
  set.add(all_ones);
  set.add(one);
  EXPECT_EQ(set, SetHash{});
  set.remove(one);
  EXPECT_EQ(set.value(), all_ones);
}

}  // namespace
}  // namespace theta::crypto

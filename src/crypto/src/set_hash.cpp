#include "theta/crypto/set_hash.h"

#include <cstring>

namespace theta::crypto {

namespace {

using Words = std::array<std::uint64_t, 4>;

Words words_of(const Hash256& hash) {
  Words words;
  std::memcpy(words.data(), hash.bytes.data(), sizeof words);
  return words;
}

void add_words(Words& sum, const Words& addend) {
  std::uint64_t carry = 0;
  for (std::size_t at = 0; at < sum.size(); ++at) {
    const std::uint64_t with_carry = sum[at] + carry;
    const std::uint64_t first_carry = with_carry < carry ? 1 : 0;
    sum[at] = with_carry + addend[at];
    carry = first_carry + (sum[at] < addend[at] ? 1 : 0);
  }
}

void subtract_words(Words& difference, const Words& subtrahend) {
  std::uint64_t borrow = 0;
  for (std::size_t at = 0; at < difference.size(); ++at) {
    const std::uint64_t before = difference[at];
    const std::uint64_t without = before - subtrahend[at];
    difference[at] = without - borrow;
    borrow = (before < subtrahend[at] ? 1U : 0U) + (without < borrow ? 1U : 0U);
  }
}

}  // namespace

void SetHash::add(const Hash256& element) { add_words(words_, words_of(element)); }
void SetHash::remove(const Hash256& element) { subtract_words(words_, words_of(element)); }
void SetHash::add(const SetHash& other) { add_words(words_, other.words_); }

Hash256 SetHash::value() const {
  Hash256 hash;
  std::memcpy(hash.bytes.data(), words_.data(), sizeof words_);
  return hash;
}

SetHash SetHash::from_value(const Hash256& value) {
  SetHash hash;
  hash.words_ = words_of(value);
  return hash;
}

}  // namespace theta::crypto

#include "theta/crypto/keys.h"

#include <gtest/gtest.h>

#include "theta/base/hex.h"
#include "theta/crypto/hash.h"

namespace theta::crypto {
namespace {

KeyPair key_of(std::uint8_t fill) {
  Seed seed;
  seed.bytes.fill(fill);
  return KeyPair::from_seed(seed);
}

TEST(Keys, SignatureVerifiesOnlyForItsDomainMessageAndKey) {
  const auto key = key_of(1);
  const auto author = key.public_key<AuthorKey>();
  const auto other = key_of(2).public_key<AuthorKey>();
  const auto signature = key.sign("theta/a", as_bytes("hello"));
  EXPECT_TRUE(verify("theta/a", as_bytes("hello"), signature, author.view()));
  EXPECT_FALSE(verify("theta/b", as_bytes("hello"), signature, author.view()));
  EXPECT_FALSE(verify("theta/a", as_bytes("hallo"), signature, author.view()));
  EXPECT_FALSE(verify("theta/a", as_bytes("hello"), signature, other.view()));
}

TEST(Keys, EveryFlippedBitOfASignatureIsRefused) {
  const auto key = key_of(3);
  const auto author = key.public_key<AuthorKey>();
  const auto signature = key.sign("theta/a", as_bytes("hello"));
  for (std::size_t bit = 0; bit < Signature::kSize * 8; ++bit) {
    auto flipped = signature;
    flipped.bytes[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    EXPECT_FALSE(verify("theta/a", as_bytes("hello"), flipped, author.view())) << "bit " << bit;
  }
}

TEST(Keys, SmallOrderAndMalformedKeysAreInvalid) {
  AuthorKey zero;
  EXPECT_FALSE(is_valid_public_key(zero.view()));
  AuthorKey identity;
  identity.bytes[0] = 1;
  EXPECT_FALSE(is_valid_public_key(identity.view()));
  EXPECT_FALSE(is_valid_public_key(as_bytes("short")));
  EXPECT_TRUE(is_valid_public_key(key_of(4).public_key<AuthorKey>().view()));
}

TEST(Keys, SeedRoundTrips) {
  const auto key = key_of(5);
  EXPECT_EQ(KeyPair::from_seed(key.seed()).public_key<HubKey>(), key.public_key<HubKey>());
}

TEST(Hash, MatchesThePublishedVectorOfBlake2b256) {
  // BLAKE2b-256 of the empty string.
  EXPECT_EQ(to_hex(hash256(ByteView{}).view()), "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
}

TEST(Hash, DomainSeparates) {
  EXPECT_NE(hash256("a", as_bytes("bc")), hash256("ab", as_bytes("c")));
  EXPECT_EQ(hash256("a", as_bytes("bc")), Hasher("a").update(as_bytes("b")).update(as_bytes("c")).finish());
}

}  // namespace
}  // namespace theta::crypto

#include "theta/crypto/hash.h"

#include <sodium.h>

#include "theta/base/check.h"

namespace theta::crypto {

static_assert(sizeof(crypto_generichash_state) <= 384 && alignof(crypto_generichash_state) <= 64);

namespace {

// Without it libsodium keeps to its portable code: BLAKE2b is half as fast. What else it does (it asks for random
// bytes once) is of no consequence to what Theta computes.
[[maybe_unused]] const int kSodiumIsReady = sodium_init();

crypto_generichash_state* as_state(std::uint8_t* bytes) { return reinterpret_cast<crypto_generichash_state*>(bytes); }

}  // namespace

Hasher::Hasher() {
  const int failed = crypto_generichash_init(as_state(state_), nullptr, 0, Hash256::kSize);
  THETA_CHECK(failed == 0);
}

Hasher::Hasher(std::string_view domain) : Hasher() {
  update(as_bytes(domain));
  update_integer(std::uint8_t{0});
}

Hasher& Hasher::update(ByteView bytes) {
  crypto_generichash_update(as_state(state_), bytes.data(), bytes.size());
  return *this;
}

Hash256 Hasher::finish() {
  Hash256 hash;
  crypto_generichash_final(as_state(state_), hash.bytes.data(), hash.bytes.size());
  return hash;
}

Hash256 hash256(ByteView bytes) {
  Hash256 hash;
  crypto_generichash(hash.bytes.data(), hash.bytes.size(), bytes.data(), bytes.size(), nullptr, 0);
  return hash;
}

Hash256 hash256(std::string_view domain, ByteView bytes) { return Hasher(domain).update(bytes).finish(); }

bool equal_constant_time(ByteView a, ByteView b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace theta::crypto

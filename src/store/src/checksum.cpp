#include "checksum.h"

#include <sodium.h>

#include <array>
#include <cstring>

namespace theta::store {

Checksum& Checksum::add(ByteView bytes) {
  static_assert(crypto_shorthash_KEYBYTES == 16 && crypto_shorthash_BYTES == 8);
  std::array<std::uint64_t, 2> key{value_, bytes.size()};
  std::array<unsigned char, crypto_shorthash_KEYBYTES> key_bytes;
  std::memcpy(key_bytes.data(), key.data(), key_bytes.size());
  std::array<unsigned char, crypto_shorthash_BYTES> hash;
  crypto_shorthash(hash.data(), bytes.data(), bytes.size(), key_bytes.data());
  std::memcpy(&value_, hash.data(), sizeof value_);
  return *this;
}

Checksum& Checksum::add(std::uint64_t value) {
  std::array<std::uint8_t, sizeof value> bytes;
  std::memcpy(bytes.data(), &value, sizeof value);
  return add(ByteView(bytes));
}

}  // namespace theta::store

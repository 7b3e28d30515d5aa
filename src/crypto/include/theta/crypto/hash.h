#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "theta/base/bytes.h"
#include "theta/base/ids.h"

namespace theta::crypto {

/// BLAKE2b-256 (RFC 7693) in pieces. A copy goes on from where the original is, which saves starting anew with the same
/// domain over and over.
class Hasher {
 public:
  Hasher();
  /// Starts with a domain, so that bytes hashed for one purpose never stand for another. The domain is closed by a
  /// zero byte; it holds none itself.
  explicit Hasher(std::string_view domain);

  Hasher& update(ByteView bytes);
  template <class Integer>
  Hasher& update_integer(Integer value) {
    std::uint8_t bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    return update({bytes, sizeof value});
  }
  /// Call once.
  [[nodiscard]] Hash256 finish();

 private:
  // libsodium's crypto_generichash_state: 384 bytes at an alignment of 64; the source file asserts both.
  alignas(64) std::uint8_t state_[384];
};

[[nodiscard]] Hash256 hash256(ByteView bytes);
[[nodiscard]] Hash256 hash256(std::string_view domain, ByteView bytes);

/// In time that does not depend on where the bytes differ. Sizes must be equal, else false at once.
[[nodiscard]] bool equal_constant_time(ByteView a, ByteView b);

}  // namespace theta::crypto

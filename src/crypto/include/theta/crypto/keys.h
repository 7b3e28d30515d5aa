#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "theta/base/bytes.h"
#include "theta/base/ids.h"

namespace theta::crypto {

/// 32 secret bytes from which an Ed25519 key pair follows (RFC 8032). Wiped when destroyed.
struct Seed {
  std::array<std::uint8_t, 32> bytes{};

  Seed() = default;
  explicit Seed(const std::array<std::uint8_t, 32>& secret) : bytes(secret) {}
  Seed(const Seed&) = default;
  Seed& operator=(const Seed&) = default;
  ~Seed();
};

/// An Ed25519 key pair. Signs `domain || 0 || message`, so that a signature given for one purpose is worthless for
/// another.
class KeyPair {
 public:
  [[nodiscard]] static KeyPair from_seed(const Seed& seed);
  KeyPair(const KeyPair&) = default;
  KeyPair& operator=(const KeyPair&) = default;
  ~KeyPair();

  /// The public key, as whatever it stands for: AuthorKey, HubKey or InviteKey.
  template <class Key>
  [[nodiscard]] Key public_key() const {
    return Key::from(public_);
  }
  [[nodiscard]] Seed seed() const;
  [[nodiscard]] Signature sign(std::string_view domain, ByteView message) const;

 private:
  KeyPair() = default;
  std::array<std::uint8_t, 32> public_{};
  std::array<std::uint8_t, 64> secret_{};
};

/// False for small-order and non-canonical keys. A key is checked once, when it is first seen.
[[nodiscard]] bool is_valid_public_key(ByteView key);

/// Strict: non-canonical S and small-order keys are refused (libsodium 1.0.18).
[[nodiscard]] bool verify(std::string_view domain, ByteView message, const Signature& signature, ByteView public_key);

}  // namespace theta::crypto

#include "theta/crypto/keys.h"

#include <sodium.h>

#include <array>
#include <cstring>

#include "theta/base/check.h"

namespace theta::crypto {

namespace {

/// `domain || 0 || message`, on the stack for the short messages that Theta signs.
class SignedMessage {
 public:
  SignedMessage(std::string_view domain, ByteView message) {
    const auto size = domain.size() + 1 + message.size();
    std::uint8_t* out = inline_.data();
    if (size > inline_.size()) {
      heap_.resize(size);
      out = heap_.data();
    }
    std::memcpy(out, domain.data(), domain.size());
    out[domain.size()] = 0;
    if (!message.empty()) std::memcpy(out + domain.size() + 1, message.data(), message.size());
    view_ = {out, size};
  }
  SignedMessage(const SignedMessage&) = delete;
  SignedMessage& operator=(const SignedMessage&) = delete;

  [[nodiscard]] ByteView view() const { return view_; }

 private:
  std::array<std::uint8_t, 512> inline_;
  Bytes heap_;
  ByteView view_;
};

}  // namespace

Seed::~Seed() { sodium_memzero(bytes.data(), bytes.size()); }

KeyPair KeyPair::from_seed(const Seed& seed) {
  KeyPair pair;
  const int failed = crypto_sign_seed_keypair(pair.public_.data(), pair.secret_.data(), seed.bytes.data());
  THETA_CHECK(failed == 0);
  return pair;
}

KeyPair::~KeyPair() { sodium_memzero(secret_.data(), secret_.size()); }

Seed KeyPair::seed() const {
  Seed seed;
  crypto_sign_ed25519_sk_to_seed(seed.bytes.data(), secret_.data());
  return seed;
}

Signature KeyPair::sign(std::string_view domain, ByteView message) const {
  const SignedMessage to_sign(domain, message);
  Signature signature;
  crypto_sign_detached(signature.bytes.data(), nullptr, to_sign.view().data(), to_sign.view().size(), secret_.data());
  return signature;
}

bool is_valid_public_key(ByteView key) {
  // A point is on the main subgroup, canonical and not of small order exactly when libsodium accepts it here.
  return key.size() == crypto_core_ed25519_BYTES && crypto_core_ed25519_is_valid_point(key.data()) == 1;
}

bool verify(std::string_view domain, ByteView message, const Signature& signature, ByteView public_key) {
  if (public_key.size() != crypto_sign_PUBLICKEYBYTES) return false;
  const SignedMessage signed_message(domain, message);
  return crypto_sign_verify_detached(signature.bytes.data(), signed_message.view().data(), signed_message.view().size(),
                                     public_key.data()) == 0;
}

}  // namespace theta::crypto

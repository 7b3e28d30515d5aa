#include "theta/crypto/secret_stream.h"

#include <sodium.h>

#include <utility>

#include "theta/base/check.h"

namespace theta::crypto {

namespace {

using State = crypto_secretstream_xchacha20poly1305_state;
static_assert(sizeof(State) <= 52 && alignof(State) <= 8);
static_assert(kStreamSealBytes == crypto_secretstream_xchacha20poly1305_ABYTES);
static_assert(StreamHeader::kSize == crypto_secretstream_xchacha20poly1305_HEADERBYTES);
static_assert(ExchangeKey::kSize == crypto_kx_PUBLICKEYBYTES);

State* as_state(std::array<std::uint8_t, 52>& bytes) { return reinterpret_cast<State*>(bytes.data()); }

}  // namespace

StreamKey::~StreamKey() { sodium_memzero(bytes.data(), bytes.size()); }

ExchangeKeyPair ExchangeKeyPair::from_seed(const Seed& seed) {
  static_assert(crypto_kx_SEEDBYTES == sizeof(Seed::bytes));
  ExchangeKeyPair pair;
  const int failed = crypto_kx_seed_keypair(pair.public_.bytes.data(), pair.secret_.data(), seed.bytes.data());
  THETA_CHECK(failed == 0);
  return pair;
}

ExchangeKeyPair::~ExchangeKeyPair() { sodium_memzero(secret_.data(), secret_.size()); }

std::optional<ExchangedKeys> ExchangeKeyPair::exchange_as_client(const ExchangeKey& server) const {
  ExchangedKeys keys;
  if (crypto_kx_client_session_keys(keys.receive.bytes.data(), keys.send.bytes.data(), public_.bytes.data(),
                                    secret_.data(), server.bytes.data()) != 0) {
    return std::nullopt;
  }
  return keys;
}

std::optional<ExchangedKeys> ExchangeKeyPair::exchange_as_server(const ExchangeKey& client) const {
  ExchangedKeys keys;
  if (crypto_kx_server_session_keys(keys.receive.bytes.data(), keys.send.bytes.data(), public_.bytes.data(),
                                    secret_.data(), client.bytes.data()) != 0) {
    return std::nullopt;
  }
  return keys;
}

SecretStream::SecretStream(const StreamKey& key, const StreamHeader& header) {
  // Both ends begin in the same state, so this serves a sender as well, with a header of the caller's choice;
  // libsodium's own function for senders would draw the header itself.
  const int failed =
      crypto_secretstream_xchacha20poly1305_init_pull(as_state(state_), header.bytes.data(), key.bytes.data());
  THETA_CHECK(failed == 0);
}

SecretStream::SecretStream(SecretStream&& other) noexcept : state_(other.state_), broken_(other.broken_) {
  other.broken_ = true;
}

SecretStream& SecretStream::operator=(SecretStream&& other) noexcept {
  state_ = other.state_;
  broken_ = std::exchange(other.broken_, true);
  return *this;
}

SecretStream::~SecretStream() { sodium_memzero(state_.data(), state_.size()); }

Bytes SecretStream::seal(ByteView message) {
  THETA_CHECK(!broken_);
  Bytes sealed(message.size() + kStreamSealBytes);
  const int failed = crypto_secretstream_xchacha20poly1305_push(as_state(state_), sealed.data(), nullptr,
                                                                message.data(), message.size(), nullptr, 0, 0);
  THETA_CHECK(failed == 0);
  return sealed;
}

std::optional<Bytes> SecretStream::open(ByteView sealed) {
  if (broken_ || sealed.size() < kStreamSealBytes) {
    broken_ = true;
    return std::nullopt;
  }
  Bytes message(sealed.size() - kStreamSealBytes);
  unsigned char tag = 0;
  const int failed = crypto_secretstream_xchacha20poly1305_pull(as_state(state_), message.data(), nullptr, &tag,
                                                                sealed.data(), sealed.size(), nullptr, 0);
  if (failed != 0 || tag != crypto_secretstream_xchacha20poly1305_TAG_MESSAGE) {
    broken_ = true;
    return std::nullopt;
  }
  return message;
}

}  // namespace theta::crypto

#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "theta/base/bytes.h"
#include "theta/crypto/keys.h"

namespace theta::crypto {

/// X25519 public key (RFC 7748) of one connection; thrown away with it.
using ExchangeKey = FixedBytes<struct ExchangeKeyTag, 32>;
/// What the receiver of a stream needs beside the key. Public, and no two streams of one key have the same.
using StreamHeader = FixedBytes<struct StreamHeaderTag, 24>;

/// Secret key of one direction. Wiped when destroyed.
struct StreamKey {
  std::array<std::uint8_t, 32> bytes{};

  StreamKey() = default;
  StreamKey(const StreamKey&) = default;
  StreamKey& operator=(const StreamKey&) = default;
  ~StreamKey();
};

/// The keys of both directions, as one end sees them.
struct ExchangedKeys {
  StreamKey send;
  StreamKey receive;
};

/// One end's half of a key exchange (libsodium's crypto_kx). It says nothing about who the other end is: whoever needs
/// to know lets it sign both public keys.
class ExchangeKeyPair {
 public:
  /// The seed must be drawn anew for every connection.
  [[nodiscard]] static ExchangeKeyPair from_seed(const Seed& seed);
  ExchangeKeyPair(const ExchangeKeyPair&) = default;
  ExchangeKeyPair& operator=(const ExchangeKeyPair&) = default;
  ~ExchangeKeyPair();

  [[nodiscard]] const ExchangeKey& public_key() const { return public_; }
  /// Nothing if the other's key is of small order, that is, would make a secret that anybody can compute.
  [[nodiscard]] std::optional<ExchangedKeys> exchange_as_client(const ExchangeKey& server) const;
  [[nodiscard]] std::optional<ExchangedKeys> exchange_as_server(const ExchangeKey& client) const;

 private:
  ExchangeKeyPair() = default;
  ExchangeKey public_;
  std::array<std::uint8_t, 32> secret_{};
};

/// By how much a sealed message is longer than what is in it.
inline constexpr std::size_t kStreamSealBytes = 17;

/// One direction of a sequence of messages (libsodium's crypto_secretstream_xchacha20poly1305). Each message opens
/// once, in its place, and unchanged; a receiver that was refused one can open no later one either.
class SecretStream {
 public:
  SecretStream(const StreamKey& key, const StreamHeader& header);
  SecretStream(const SecretStream&) = delete;
  SecretStream& operator=(const SecretStream&) = delete;
  SecretStream(SecretStream&& other) noexcept;
  SecretStream& operator=(SecretStream&& other) noexcept;
  ~SecretStream();

  /// A stream either seals or opens, never both.
  [[nodiscard]] Bytes seal(ByteView message);
  /// Nothing if these are not the bytes that the other end sealed next.
  [[nodiscard]] std::optional<Bytes> open(ByteView sealed);

 private:
  // libsodium's crypto_secretstream_xchacha20poly1305_state; the source file asserts the size.
  alignas(8) std::array<std::uint8_t, 52> state_{};
  bool broken_ = false;
};

}  // namespace theta::crypto

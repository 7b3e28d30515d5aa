#include "theta/crypto/secret_stream.h"

#include <gtest/gtest.h>
#include <sodium.h>

namespace theta::crypto {
namespace {

StreamKey key_of(std::uint8_t fill) {
  StreamKey key;
  key.bytes.fill(fill);
  return key;
}

TEST(SecretStream, OpensWhatLibsodiumsOwnSenderSealed) {
  const auto key = key_of(7);
  crypto_secretstream_xchacha20poly1305_state state;
  StreamHeader header;
  crypto_secretstream_xchacha20poly1305_init_push(&state, header.bytes.data(), key.bytes.data());
  const Bytes message{1, 2, 3};
  Bytes sealed(message.size() + kStreamSealBytes);
  crypto_secretstream_xchacha20poly1305_push(&state, sealed.data(), nullptr, message.data(), message.size(), nullptr, 0,
                                             crypto_secretstream_xchacha20poly1305_TAG_MESSAGE);
  SecretStream receiver(key, header);
  EXPECT_EQ(receiver.open(sealed), message);
}

TEST(SecretStream, OtherTagsThanAMessagesAreRefused) {
  for (const unsigned char tag :
       {crypto_secretstream_xchacha20poly1305_TAG_PUSH, crypto_secretstream_xchacha20poly1305_TAG_REKEY,
        crypto_secretstream_xchacha20poly1305_TAG_FINAL}) {
    const auto key = key_of(7);
    crypto_secretstream_xchacha20poly1305_state state;
    StreamHeader header;
    crypto_secretstream_xchacha20poly1305_init_push(&state, header.bytes.data(), key.bytes.data());
    Bytes sealed(kStreamSealBytes);
    crypto_secretstream_xchacha20poly1305_push(&state, sealed.data(), nullptr, nullptr, 0, nullptr, 0, tag);
    SecretStream receiver(key, header);
    EXPECT_FALSE(receiver.open(sealed).has_value()) << int{tag};
  }
}

TEST(SecretStream, DiffersByKeyAndByHeader) {
  StreamHeader other;
  other.bytes.fill(1);
  const auto sealed = SecretStream(key_of(7), {}).seal(as_bytes("hello"));
  EXPECT_NE(SecretStream(key_of(8), {}).seal(as_bytes("hello")), sealed);
  EXPECT_NE(SecretStream(key_of(7), other).seal(as_bytes("hello")), sealed);
}

TEST(SecretStream, MovedFromStreamOpensNothing) {
  const auto sealed = SecretStream(key_of(7), {}).seal(as_bytes("hello"));
  SecretStream first(key_of(7), {});
  SecretStream second(std::move(first));
  EXPECT_FALSE(first.open(sealed).has_value());
  EXPECT_TRUE(second.open(sealed).has_value());
}

TEST(ExchangeKeyPair, BothEndsComputeTheSameTwoKeys) {
  Seed one;
  one.bytes.fill(1);
  Seed two;
  two.bytes.fill(2);
  const auto client = ExchangeKeyPair::from_seed(one);
  const auto server = ExchangeKeyPair::from_seed(two);
  const auto client_keys = client.exchange_as_client(server.public_key());
  const auto server_keys = server.exchange_as_server(client.public_key());
  EXPECT_EQ(client_keys->send.bytes, server_keys->receive.bytes);
  EXPECT_EQ(client_keys->receive.bytes, server_keys->send.bytes);
  EXPECT_NE(client_keys->send.bytes, client_keys->receive.bytes);
}

}  // namespace
}  // namespace theta::crypto

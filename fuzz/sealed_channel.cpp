#include "theta/transport/sealed_channel.h"
#include "fuzz_input.h"

// The bytes are taken for each message of the handshake, and for a sealed one: nothing of them opens, for want of the
// keys, and nothing is read that is not there.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace theta;
  using namespace theta::transport;
  const auto bytes = fuzz::copy_of(data, size);
  crypto::Seed seed;
  seed.bytes.fill(1);
  static const auto hub_key = crypto::KeyPair::from_seed(seed);
  const SealedClient client(seed, hub_key.public_key<HubKey>());
  THETA_CHECK(!client.establish(bytes).has_value());
  const auto hub = SealedHub::accept(hub_key, seed, bytes);
  THETA_CHECK(!hub || size == kSealedHelloBytes);
  static const auto honest = SealedHub::accept(hub_key, seed, client.hello());
  auto channel = honest->establish(bytes);
  THETA_CHECK(channel.has_value() == (size == kSealedFinishBytes));
  auto established = client.establish(honest->answer());
  THETA_CHECK(!established->channel.open(bytes).has_value());
  THETA_CHECK(!established->channel.open(bytes).has_value());
  return 0;
}

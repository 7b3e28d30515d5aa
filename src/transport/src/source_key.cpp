#include "theta/transport/source_key.h"

#include <sodium.h>

#include <algorithm>

namespace theta::transport {

static_assert(sizeof(SourceKeyHash::key) == crypto_shorthash_KEYBYTES);

std::size_t SourceKeyHash::operator()(const SourceKey& source) const {
  std::size_t result = 0;
  crypto_shorthash(reinterpret_cast<std::uint8_t*>(&result), source.data(), source.size(), key.data());
  return result;
}

SourceKey source_of(const SocketAddress& address) {
  auto source = address.ip;
  if (!address.is_ipv4()) std::fill(source.begin() + 8, source.end(), std::uint8_t{0});
  return source;
}

std::optional<SourceKey> network_of(const SocketAddress& address) {
  if (address.is_ipv4()) return std::nullopt;
  auto network = address.ip;
  std::fill(network.begin() + 6, network.end(), std::uint8_t{0});
  return network;
}

}  // namespace theta::transport

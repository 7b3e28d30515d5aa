#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "theta/transport/socket_address.h"

namespace theta::transport {

/// Who connects, for bounds on how much of us one may take: an IPv4 address or an IPv6 /64.
using SourceKey = std::array<std::uint8_t, 16>;

/// Addresses are others' choice, so the table is keyed.
struct SourceKeyHash {
  std::array<std::uint8_t, 16> key{};
  [[nodiscard]] std::size_t operator()(const SourceKey& source) const;
};

[[nodiscard]] SourceKey source_of(const SocketAddress& address);
/// An IPv6 /48; nothing for IPv4, where whoever has more addresses pays for each.
[[nodiscard]] std::optional<SourceKey> network_of(const SocketAddress& address);

}  // namespace theta::transport

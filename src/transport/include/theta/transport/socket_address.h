#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "theta/transport/error.h"

namespace theta::transport {

/// An IP address and a UDP port. IPv4 is held in its IPv6-mapped form (::ffff:a.b.c.d), so there is one shape only.
struct SocketAddress {
  std::array<std::uint8_t, 16> ip{};
  std::uint16_t port = 0;
  std::uint32_t scope = 0;  // of a link-local IPv6 address

  /// Numeric forms only: "127.0.0.1:4433", "[::1]:4433", "[fe80::1%2]:4433".
  [[nodiscard]] static TransportResult<SocketAddress> parse(std::string_view text);
  [[nodiscard]] static SocketAddress ipv4(std::array<std::uint8_t, 4> ip, std::uint16_t port);

  [[nodiscard]] bool is_ipv4() const;
  /// 0.0.0.0 or ::
  [[nodiscard]] bool is_wildcard() const;
  /// 127.0.0.0/8 or ::1
  [[nodiscard]] bool is_loopback() const;
  /// What `parse` reads.
  [[nodiscard]] std::string to_string() const;

  friend auto operator<=>(const SocketAddress&, const SocketAddress&) = default;
};

/// The addresses of "host:port", where the host may be a name; never empty. Blocks on the system's resolver, so not for
/// a thread that serves others.
[[nodiscard]] TransportResult<std::vector<SocketAddress>> resolve(std::string_view host_and_port);

}  // namespace theta::transport

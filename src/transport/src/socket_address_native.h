#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include "theta/transport/socket_address.h"

namespace theta::transport {

/// A SocketAddress as the system's calls and ngtcp2 want it.
struct NativeAddress {
  union {
    sockaddr base;
    sockaddr_in v4;
    sockaddr_in6 v6;
  } storage{};
  socklen_t size = 0;

  [[nodiscard]] sockaddr* get() { return &storage.base; }
};

/// `as_ipv6`: IPv4 in its mapped form, for a socket of both families.
[[nodiscard]] NativeAddress to_native(const SocketAddress& address, bool as_ipv6);
/// All zero for a family that is neither IPv4 nor IPv6.
[[nodiscard]] SocketAddress from_native(const sockaddr* native);

}  // namespace theta::transport

#include "theta/transport/socket_address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <memory>

#include "socket_address_native.h"

namespace theta::transport {
namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

struct HostAndPort {
  std::string host;
  std::string port;
};

/// Splits "host:port" and "[host]:port"; both parts empty when the text is neither.
HostAndPort split(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return {};
  auto host = text.substr(0, colon);
  const bool is_bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (is_bracketed) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return {};
  }
  return {std::string(host), std::string(text.substr(colon + 1))};
}

bool parse_port(std::string_view text, std::uint16_t& port) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc{} && end == text.data() + text.size() && !text.empty();
}

tl::unexpected<Failure<TransportError>> invalid(std::string_view text) {
  return fail(TransportError::invalid_address, "expected an address like 127.0.0.1:4433 or [::1]:4433, got \"" +
                                                   std::string(text.substr(0, 128)) + "\"");
}

}  // namespace

SocketAddress SocketAddress::ipv4(std::array<std::uint8_t, 4> ip, std::uint16_t port) {
  SocketAddress result;
  std::copy(kMappedPrefix.begin(), kMappedPrefix.end(), result.ip.begin());
  std::copy(ip.begin(), ip.end(), result.ip.begin() + 12);
  result.port = port;
  return result;
}

bool SocketAddress::is_ipv4() const { return std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), ip.begin()); }

bool SocketAddress::is_wildcard() const {
  const auto* first = is_ipv4() ? ip.data() + 12 : ip.data();
  return std::all_of(first, ip.data() + ip.size(), [](std::uint8_t byte) { return byte == 0; });
}

bool SocketAddress::is_loopback() const {
  constexpr std::uint8_t kLoopbackNetwork = 127;
  if (is_ipv4()) return ip[12] == kLoopbackNetwork;
  std::array<std::uint8_t, 16> loopback{};
  loopback.back() = 1;
  return ip == loopback;
}

std::string SocketAddress::to_string() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (is_ipv4()) {
    inet_ntop(AF_INET, ip.data() + 12, text.data(), text.size());
    return std::string(text.data()) + ":" + std::to_string(port);
  }
  inet_ntop(AF_INET6, ip.data(), text.data(), text.size());
  std::string result("[");
  result.append(text.data());
  if (scope != 0) result.append("%").append(std::to_string(scope));
  return result.append("]:").append(std::to_string(port));
}

TransportResult<SocketAddress> SocketAddress::parse(std::string_view text) {
  auto [host, port_text] = split(text);
  std::uint16_t port = 0;
  if (host.empty() || !parse_port(port_text, port)) return invalid(text);
  std::array<std::uint8_t, 4> v4{};
  if (inet_pton(AF_INET, host.c_str(), v4.data()) == 1) return ipv4(v4, port);
  SocketAddress result;
  result.port = port;
  const auto percent = host.find('%');
  if (percent != std::string::npos) {
    const auto zone = std::string_view(host).substr(percent + 1);
    const auto [end, error] = std::from_chars(zone.data(), zone.data() + zone.size(), result.scope);
    if (error != std::errc{} || end != zone.data() + zone.size()) return invalid(text);
    host.resize(percent);
  }
  if (inet_pton(AF_INET6, host.c_str(), result.ip.data()) != 1) return invalid(text);
  return result;
}

TransportResult<std::vector<SocketAddress>> resolve(std::string_view host_and_port) {
  if (const auto numeric = SocketAddress::parse(host_and_port)) return std::vector{*numeric};
  const auto [host, port_text] = split(host_and_port);
  std::uint16_t port = 0;
  if (host.empty() || !parse_port(port_text, port)) return invalid(host_and_port);
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  const int status = getaddrinfo(host.c_str(), port_text.c_str(), &hints, &found);
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> guard(found, freeaddrinfo);
  std::vector<SocketAddress> result;
  for (const auto* entry = found; status == 0 && entry != nullptr; entry = entry->ai_next) {
    result.push_back(from_native(entry->ai_addr));
  }
  if (result.empty()) {
    return fail(TransportError::unresolved, "no address found for \"" + host.substr(0, 128) +
                                                "\": " + (status == 0 ? "the name has none" : gai_strerror(status)));
  }
  return result;
}

NativeAddress to_native(const SocketAddress& address, bool as_ipv6) {
  NativeAddress result;
  if (address.is_ipv4() && !as_ipv6) {
    auto& v4 = result.storage.v4;
    v4.sin_family = AF_INET;
    v4.sin_port = htons(address.port);
    std::memcpy(&v4.sin_addr, address.ip.data() + 12, 4);
    result.size = sizeof v4;
    return result;
  }
  auto& v6 = result.storage.v6;
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(address.port);
  v6.sin6_scope_id = address.scope;
  std::memcpy(&v6.sin6_addr, address.ip.data(), 16);
  result.size = sizeof v6;
  return result;
}

SocketAddress from_native(const sockaddr* native) {
  if (native->sa_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(native);
    std::array<std::uint8_t, 4> ip{};
    std::memcpy(ip.data(), &v4->sin_addr, 4);
    return SocketAddress::ipv4(ip, ntohs(v4->sin_port));
  }
  SocketAddress result;
  if (native->sa_family != AF_INET6) return result;
  const auto* v6 = reinterpret_cast<const sockaddr_in6*>(native);
  std::memcpy(result.ip.data(), &v6->sin6_addr, 16);
  result.port = ntohs(v6->sin6_port);
  result.scope = v6->sin6_scope_id;
  return result;
}

}  // namespace theta::transport

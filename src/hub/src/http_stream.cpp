#include "http_stream.h"

namespace theta::hub {

namespace asio = boost::asio;

asio::ip::tcp::endpoint to_endpoint(const transport::SocketAddress& address) {
  const asio::ip::address_v6 v6(address.ip, address.scope);
  if (address.is_ipv4()) return {asio::ip::make_address_v4(asio::ip::v4_mapped, v6), address.port};
  return {v6, address.port};
}

transport::SocketAddress to_socket_address(const asio::ip::tcp::endpoint& endpoint) {
  const auto& address = endpoint.address();
  if (address.is_v4()) return transport::SocketAddress::ipv4(address.to_v4().to_bytes(), endpoint.port());
  transport::SocketAddress result;
  result.ip = address.to_v6().to_bytes();
  result.port = endpoint.port();
  result.scope = static_cast<std::uint32_t>(address.to_v6().scope_id());
  return result;
}

}  // namespace theta::hub

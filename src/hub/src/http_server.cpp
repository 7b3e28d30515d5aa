#include "http_server.h"

#include <boost/beast/core/error.hpp>
#include <vector>

#include "http_connection.h"

namespace theta::hub {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;

void HttpServerShared::accept() {
  if (is_accepting || !acceptor.is_open()) return;
  is_accepting = true;
  acceptor.async_accept([self = shared_from_this()](beast::error_code error, tcp::socket socket) {
    self->is_accepting = false;
    if (!error) self->take(std::move(socket));
    if (error == asio::error::operation_aborted) return;
    if (!error) return self->accept();
    // Out of descriptors and the like: the end of a connection tries again, or time does. At once it would only spin.
    constexpr auto kRetryAfter = std::chrono::milliseconds(100);
    self->accept_again.expires_after(kRetryAfter);
    self->accept_again.async_wait([self](beast::error_code stopped) {
      if (!stopped) self->accept();
    });
  });
}

void HttpServerShared::take(tcp::socket socket) {
  // An honest request takes milliseconds. Whoever has the most is the likeliest to only hold places, and must not keep
  // others or a probe of the hub's health waiting.
  if (connections.size() >= limits.connections_max) {
    ++stats.connections_full;
    connections.next_to_go().drop();
  }
  serve(std::move(socket));
}

HttpServer::HttpServer(asio::io_context& loop, const HttpLimits& limits, Handler handler)
    : shared_(std::make_shared<HttpServerShared>(loop, limits, std::move(handler))) {}
HttpServer::~HttpServer() { close(); }

void HttpServer::set_websockets(WebSocketEndpoint* endpoint) { shared_->websockets = endpoint; }
void HttpServer::set_tls(TlsContext context) { shared_->tls = std::move(context); }

ServerResult<void> HttpServer::listen(const std::string& address) {
  const auto parsed = transport::SocketAddress::parse(address);
  if (!parsed) return fail(ServerError::address, "The HTTP address: " + parsed.error().message);
  const auto endpoint = to_endpoint(*parsed);
  auto& acceptor = shared_->acceptor;
  beast::error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(tcp::acceptor::max_listen_connections, error);
  if (error)
    return fail(ServerError::address,
                "Cannot serve HTTP on " + address + ": " + error.message() + ". Choose another address with --http.");
  shared_->accept();
  return {};
}

std::string HttpServer::local_address() const {
  beast::error_code error;
  const auto endpoint = shared_->acceptor.local_endpoint(error);
  if (error) return {};
  const auto host = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(endpoint.port());
}

void HttpServer::set_limits(const HttpLimits& limits) { shared_->limits = limits; }
const HttpStats& HttpServer::stats() const { return shared_->stats; }

void HttpServer::close() {
  beast::error_code ignored;
  shared_->is_closed = true;
  shared_->acceptor.close(ignored);
  shared_->accept_again.cancel();
  // A drop takes the connection out of the table.
  for (auto* connection : shared_->connections.all())
    if (connection->is_idle) connection->drop();
}

}  // namespace theta::hub

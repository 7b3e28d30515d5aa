#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <functional>
#include <memory>
#include <string>

#include "http_message.h"
#include "theta/hub/server.h"
#include "theta/log/rate_limiter.h"

namespace theta::hub {

class WebSocketEndpoint;
struct HttpServerShared;

/// What came, and what was turned away before any route saw it.
struct HttpStats {
  std::uint64_t requests = 0;  // answered, refusals included
  std::uint64_t malformed = 0;
  std::uint64_t header_too_large = 0;
  std::uint64_t body_too_large = 0;
  std::uint64_t timeouts = 0;
  std::uint64_t connections_full = 0;  // ended for a newcomer's sake
  std::uint64_t tls_failures = 0;      // handshakes
  std::uint64_t tls_waits = 0;         // handshakes that had to wait for their turn
  std::uint64_t plain_redirects = 0;   // plain HTTP where TLS is spoken
};

/// TLS handshakes that may begin at once, and a second in the long run; further ones wait. Each takes the loop as long
/// as a signature, and with an RSA key that is a millisecond. An IPv4 address or IPv6 /64, an IPv6 /48, everybody.
inline constexpr log::RateLimit kTlsHandshakesOfSource{100, 25};
inline constexpr log::RateLimit kTlsHandshakesOfNetwork{400, 100};
inline constexpr log::RateLimit kTlsHandshakesOfAll{500, 250};

/// HTTP/1.1 on the owner's loop, plain or over TLS: requests in turn on a connection that is kept, or handed to the
/// WebSocket endpoint. Connections, sizes and times are bounded; a connection over the bound ends one of whoever has
/// the most, the one that was used longest ago.
class HttpServer {
 public:
  using Handler = std::function<HttpAnswer(const HttpRequest&)>;
  using TlsContext = std::shared_ptr<boost::asio::ssl::context>;

  HttpServer(boost::asio::io_context& loop, const HttpLimits& limits, Handler handler);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Who takes upgraded connections; outlives the server, or is taken away with null.
  void set_websockets(WebSocketEndpoint* endpoint);
  /// For connections that are accepted from now on; null: plain HTTP.
  void set_tls(TlsContext context);
  /// "127.0.0.1:8080", "[::1]:0".
  [[nodiscard]] ServerResult<void> listen(const std::string& address);
  [[nodiscard]] std::string local_address() const;
  [[nodiscard]] const HttpStats& stats() const;
  /// For connections that are accepted from now on.
  void set_limits(const HttpLimits& limits);
  /// Accepts no more, and ends connections that wait for a request.
  void close();

 private:
  std::shared_ptr<HttpServerShared> shared_;
};

}  // namespace theta::hub

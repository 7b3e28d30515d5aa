#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "theta/hub/server.h"

namespace theta::hub {

struct HttpAnswer {
  unsigned status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

/// What came, and what was turned away.
struct HttpStats {
  std::uint64_t requests = 0;  // answered, refusals included
  std::uint64_t malformed = 0;
  std::uint64_t wrong_method = 0;
  std::uint64_t header_too_large = 0;
  std::uint64_t body_too_large = 0;
  std::uint64_t timeouts = 0;
  std::uint64_t connections_full = 0;  // ended for a newcomer's sake
};

/// Answers GET and HEAD, one request a connection, on the owner's loop. Connections, sizes and time are bounded; a
/// connection over the bound ends the oldest one.
class HttpServer {
 public:
  using Handler = std::function<HttpAnswer(std::string_view path)>;

  HttpServer(boost::asio::io_context& loop, const HttpLimits& limits, Handler handler);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// "127.0.0.1:8080", "[::1]:0".
  [[nodiscard]] ServerResult<void> listen(const std::string& address);
  [[nodiscard]] std::string local_address() const;
  [[nodiscard]] const HttpStats& stats() const;
  /// For connections that are accepted from now on.
  void set_limits(const HttpLimits& limits);
  void close();

 private:
  struct Shared;
  class Connection;
  std::shared_ptr<Shared> shared_;
};

}  // namespace theta::hub

#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <list>
#include <memory>

#include "http_server.h"
#include "http_stream.h"

namespace theta::hub {

/// A connection as the table of them sees it.
class HttpConnectionBase {
 public:
  virtual ~HttpConnectionBase() = default;
  /// Ends it; what is under way on it fails, and with that it goes.
  virtual void drop() = 0;
  /// Whether it waits for a request.
  bool is_idle = false;
};

/// What connections and acceptor share; a connection keeps it alive.
struct HttpServerShared : std::enable_shared_from_this<HttpServerShared> {
  HttpServerShared(boost::asio::io_context& loop_, const HttpLimits& limits_, HttpServer::Handler handler_)
      : loop(loop_), limits(limits_), handler(std::move(handler_)), acceptor(loop_) {}

  void accept();
  /// Makes room in the table and serves.
  void take(boost::asio::ip::tcp::socket socket);
  /// Begins to serve a connection that was accepted.
  void serve(boost::asio::ip::tcp::socket socket);

  boost::asio::io_context& loop;
  HttpLimits limits;
  HttpServer::Handler handler;
  HttpServer::TlsContext tls;
  WebSocketEndpoint* websockets = nullptr;
  boost::asio::ip::tcp::acceptor acceptor;
  HttpStats stats;
  std::list<HttpConnectionBase*> connections;  // the one that was used longest ago first
  bool is_accepting = false;
  bool is_closed = false;
};

}  // namespace theta::hub

#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>

#include "http_server.h"
#include "http_stream.h"
#include "http_table.h"
#include "source_limiter.h"

namespace theta::hub {

/// What connections and acceptor share; a connection keeps it alive.
struct HttpServerShared : std::enable_shared_from_this<HttpServerShared> {
  HttpServerShared(boost::asio::io_context& loop_, const HttpLimits& limits_, HttpServer::Handler handler_)
      : loop(loop_), limits(limits_), handler(std::move(handler_)), acceptor(loop_), accept_again(loop_) {}

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
  boost::asio::steady_timer accept_again;
  HttpStats stats;
  HttpTable connections;
  SourceLimiter tls_handshakes{{kTlsHandshakesOfSource, kTlsHandshakesOfNetwork, kTlsHandshakesOfAll}};
  bool is_accepting = false;
  bool is_closed = false;
};

}  // namespace theta::hub

#include "http_server.h"

#include <boost/asio/strand.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/version.hpp>
#include <optional>
#include <vector>

#include "theta/transport/socket_address.h"

namespace theta::hub {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;

/// The path without a query.
std::string_view path_of(std::string_view target) { return target.substr(0, target.find('?')); }

tcp::endpoint endpoint_of(const transport::SocketAddress& address) {
  const asio::ip::address_v6 v6(address.ip, address.scope);
  if (address.is_ipv4()) return {asio::ip::make_address_v4(asio::ip::v4_mapped, v6), address.port};
  return {v6, address.port};
}

}  // namespace

/// What connections and acceptor share; a connection keeps it alive.
struct HttpServer::Shared : std::enable_shared_from_this<Shared> {
  Shared(asio::io_context& loop_, const HttpLimits& limits_, Handler handler_)
      : loop(loop_), limits(limits_), handler(std::move(handler_)), acceptor(loop_) {}

  void accept();
  void take(tcp::socket socket);

  asio::io_context& loop;
  HttpLimits limits;
  Handler handler;
  tcp::acceptor acceptor;
  HttpStats stats;
  std::vector<Connection*> connections;  // the oldest first
  bool is_accepting = false;
};

class HttpServer::Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<Shared> shared, tcp::socket socket)
      : shared_(std::move(shared)), stream_(std::move(socket)), buffer_(shared_->limits.header_bytes_max * 2) {
    shared_->connections.push_back(this);
  }
  ~Connection() {
    std::erase(shared_->connections, this);
    shared_->accept();
  }

  void read() {
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(shared_->limits.header_bytes_max));
    parser_->body_limit(shared_->limits.body_bytes_max);
    stream_.expires_after(shared_->limits.request_timeout);
    http::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](beast::error_code error, std::size_t) { self->on_read(error); });
  }
  /// Ends it; what is under way on it fails, and with that it goes.
  void drop() {
    std::erase(shared_->connections, this);
    stream_.close();
  }

 private:
  void on_read(beast::error_code error) {
    auto& stats = shared_->stats;
    const auto refuse = [this](std::uint64_t& counter, unsigned status, const char* text) {
      ++counter;
      answer({status, "text/plain; charset=utf-8", text});
    };
    if (error == beast::error::timeout) ++stats.timeouts;
    if (error == http::error::end_of_stream || error == beast::error::timeout) return;
    if (error == http::error::header_limit)
      return refuse(stats.header_too_large, 431, "The request's header is larger than this server reads.\n");
    if (error == http::error::body_limit)
      return refuse(stats.body_too_large, 413, "This server takes no request body of that size.\n");
    if (error.category() == http::make_error_code(http::error::bad_method).category())
      return refuse(stats.malformed, 400, "Expected an HTTP/1.1 request; this is none.\n");
    if (error) return;
    const auto& request = parser_->get();
    is_head_ = request.method() == http::verb::head;
    if (request.method() != http::verb::get && !is_head_)
      return refuse(stats.wrong_method, 405, "This server answers GET and HEAD only.\n");
    answer(shared_->handler(path_of({request.target().data(), request.target().size()})));
  }

  void answer(HttpAnswer what) {
    ++shared_->stats.requests;
    response_.version(11);
    response_.result(what.status);
    response_.set(http::field::server, "theta");
    response_.set(http::field::content_type, what.content_type);
    response_.set(http::field::cache_control, "no-store");
    if (what.status == 405) response_.set(http::field::allow, "GET, HEAD");
    response_.keep_alive(false);
    response_.content_length(what.body.size());
    if (!is_head_) response_.body() = std::move(what.body);
    serializer_.emplace(response_);
    serializer_->split(is_head_);
    auto done = [self = shared_from_this()](beast::error_code, std::size_t) { self->finish(); };
    if (is_head_) return http::async_write_header(stream_, *serializer_, std::move(done));
    http::async_write(stream_, *serializer_, std::move(done));
  }

  void finish() {
    beast::error_code ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
  }

  std::shared_ptr<Shared> shared_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  http::response<http::string_body> response_;
  std::optional<http::response_serializer<http::string_body>> serializer_;
  bool is_head_ = false;
};

void HttpServer::Shared::accept() {
  if (is_accepting || !acceptor.is_open()) return;
  is_accepting = true;
  acceptor.async_accept([self = shared_from_this()](beast::error_code error, tcp::socket socket) {
    self->is_accepting = false;
    if (!error) self->take(std::move(socket));
    if (error == asio::error::operation_aborted) return;
    // Out of descriptors and the like: the end of a connection tries again.
    if (!error || self->connections.empty()) self->accept();
  });
}

void HttpServer::Shared::take(tcp::socket socket) {
  // An honest request takes milliseconds. Whoever has been here longest is the likeliest to only hold its place, and
  // must not keep a probe of the hub's health waiting.
  if (connections.size() >= limits.connections_max) {
    ++stats.connections_full;
    connections.front()->drop();
  }
  std::make_shared<Connection>(shared_from_this(), std::move(socket))->read();
}

HttpServer::HttpServer(asio::io_context& loop, const HttpLimits& limits, Handler handler)
    : shared_(std::make_shared<Shared>(loop, limits, std::move(handler))) {}
HttpServer::~HttpServer() { close(); }

ServerResult<void> HttpServer::listen(const std::string& address) {
  const auto parsed = transport::SocketAddress::parse(address);
  if (!parsed) return fail(ServerError::address, "The HTTP address: " + parsed.error().message);
  const auto endpoint = endpoint_of(*parsed);
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
  shared_->acceptor.close(ignored);
}

}  // namespace theta::hub

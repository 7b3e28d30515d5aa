#include "http_connection.h"

#include <array>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <optional>

#include "http_fields.h"
#include "http_site.h"
#include "theta/transport/rtc_signalling.h"
#include "websocket_endpoint.h"

namespace theta::hub {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;

/// How long a connection may wait for its next request.
constexpr auto kIdleTimeout = std::chrono::seconds(30);
/// Bodies leave in slices, each with the whole time of a request: what is slow but moves is served.
constexpr std::size_t kSliceBytes = 64 * 1024;
/// Of the body, what leaves together with the header, so that small answers take one packet.
constexpr std::size_t kFirstBodyBytes = 8 * 1024;
/// What a client still sends to a connection that is being closed is read so far, or it would lose the answer.
constexpr std::size_t kLingerBytesMax = 256 * 1024;
constexpr auto kLingerTimeout = std::chrono::seconds(1);
/// What was received and not yet understood: a whole header and a first piece of what follows it.
constexpr std::size_t kReadAheadBytesMax = 32 * 1024;

beast::flat_buffer read_buffer(const HttpLimits& limits) {
  return beast::flat_buffer(limits.header_bytes_max + kReadAheadBytesMax);
}

std::string_view view_of(beast::string_view text) { return {text.data(), text.size()}; }

std::string header_text(const HttpAnswer& answer, bool keeps_alive) {
  std::string text = "HTTP/1.1 " + std::to_string(answer.status) + " ";
  text += view_of(http::obsolete_reason(static_cast<http::status>(answer.status)));
  text += "\r\nServer: theta\r\nContent-Type: " + answer.content_type;
  text += "\r\nCache-Control: " + answer.cache_control;
  // A 304 says what it would have been, but has no length of its own (RFC 9110 section 8.6).
  if (answer.status != 304) text += "\r\nContent-Length: " + std::to_string(answer.body.size());
  for (const auto& [name, value] : answer.fields) text += "\r\n" + name + ": " + value;
  text += keeps_alive ? "\r\nConnection: keep-alive" : "\r\nConnection: close";
  return text + "\r\n\r\n";
}

transport::SocketAddress remote_of(const tcp::socket& socket) {
  beast::error_code ignored;
  return to_socket_address(socket.remote_endpoint(ignored));
}

template <class Stream>
inline constexpr bool kIsTls = std::is_same_v<Stream, TlsStream>;

/// One connection; its pending operations keep it alive.
template <class Stream>
class HttpConnection final : public HttpConnectionBase, public std::enable_shared_from_this<HttpConnection<Stream>> {
 public:
  using Shared = std::shared_ptr<HttpServerShared>;

  HttpConnection(Shared shared, Stream stream, beast::flat_buffer buffer)
      : HttpConnectionBase(remote_of(beast::get_lowest_layer(stream).socket())),
        shared_(std::move(shared)),
        stream_(std::move(stream)),
        buffer_(std::move(buffer)) {
    beast::error_code ignored;
    local_ = to_socket_address(lowest().socket().local_endpoint(ignored));
    shared_->connections.add(*this);
  }
  ~HttpConnection() override {
    shared_->connections.remove(*this);
    shared_->accept();
  }

  /// `is_misdirected`: plain HTTP came where TLS is spoken.
  void start(bool is_misdirected) {
    is_misdirected_ = is_misdirected;
    if constexpr (kIsTls<Stream>) {
      lowest().expires_after(shared_->limits.request_timeout);
      stream_.async_handshake(asio::ssl::stream_base::server, buffer_.data(),
                              // Beast's concept asks for a handler without the size, and then calls with it.
                              [self = this->shared_from_this()](beast::error_code error, std::size_t used = 0) {
                                self->buffer_.consume(used);
                                if (error == beast::error::timeout) return void(++self->shared_->stats.timeouts);
                                if (error) return void(++self->shared_->stats.tls_failures);
                                self->read_header();
                              });
    } else {
      read_header();
    }
  }
  void drop() override {
    shared_->connections.remove(*this);
    lowest().close();
  }

 private:
  [[nodiscard]] beast::tcp_stream& lowest() { return beast::get_lowest_layer(stream_); }

  void wait_for_request() {
    if (buffer_.size() != 0) return read_header();
    if (shared_->is_closed) return finish();
    is_idle = true;
    lowest().expires_after(kIdleTimeout);
    constexpr std::size_t kFirstBytes = 4096;
    stream_.async_read_some(buffer_.prepare(kFirstBytes),
                            [self = this->shared_from_this()](beast::error_code error, std::size_t size) {
                              self->is_idle = false;
                              if (error) return;
                              self->buffer_.commit(size);
                              self->read_header();
                            });
  }

  void read_header() {
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(shared_->limits.header_bytes_max));
    parser_->body_limit(std::max<std::size_t>(shared_->limits.body_bytes_max, transport::kOfferBytesMax));
    lowest().expires_after(shared_->limits.request_timeout);
    http::async_read_header(stream_, buffer_, *parser_,
                            [self = this->shared_from_this()](beast::error_code error, std::size_t) {
                              if (error) return self->on_read_error(error);
                              self->on_header();
                            });
  }

  void on_header() {
    const auto& request = parser_->get();
    // Nobody needs it for so small bodies, and what stands between and behind the chunks has no bound in Beast.
    if (parser_->chunked())
      return refuse(shared_->stats.malformed, 411,
                    "Expected a body with a Content-Length; this server takes no chunks.\n");
    target_ = parse_target(view_of(request.target()));
    const bool is_offer = target_ && target_->path == "/rtc" && request.method() == http::verb::post;
    const auto body_max = is_offer ? transport::kOfferBytesMax : shared_->limits.body_bytes_max;
    if (parser_->content_length().value_or(0) > body_max) return on_read_error(http::error::body_limit);
    parser_->body_limit(body_max);
    if (parser_->is_done()) return on_request();
    if (!beast::iequals(request[http::field::expect], "100-continue")) return read_body();
    header_ = "HTTP/1.1 100 Continue\r\n\r\n";
    asio::async_write(stream_, asio::buffer(header_),
                      [self = this->shared_from_this()](beast::error_code error, std::size_t) {
                        if (error) return self->on_write_error(error);
                        self->read_body();
                      });
  }

  void read_body() {
    http::async_read(stream_, buffer_, *parser_,
                     [self = this->shared_from_this()](beast::error_code error, std::size_t) {
                       if (error) return self->on_read_error(error);
                       self->on_request();
                     });
  }

  void on_read_error(beast::error_code error) {
    auto& stats = shared_->stats;
    if (error == beast::error::timeout) ++stats.timeouts;
    if (error == http::error::end_of_stream || error == http::error::partial_message) return;
    if (error == http::error::header_limit || error == http::error::buffer_overflow)
      return refuse(stats.header_too_large, 431, "The request's header is larger than this server reads.\n");
    if (error == http::error::body_limit)
      return refuse(stats.body_too_large, 413, "This server takes no request body of that size.\n");
    if (error.category() == http::make_error_code(http::error::bad_method).category())
      return refuse(stats.malformed, 400, "Expected an HTTP/1.1 request; this is none.\n");
  }

  void refuse(std::uint64_t& counter, unsigned status, const char* sentence) {
    ++counter;
    keeps_alive_ = false;
    auto answer = text_answer(status, sentence);
    add_policy(answer);
    respond(std::move(answer));
  }

  void on_request() {
    const auto& request = parser_->get();
    const auto hosts = request.count(http::field::host);
    const bool is_clear = hosts <= 1 && request.count(http::field::origin) <= 1;
    if (!target_ || !is_clear || (request.version() == 11 && hosts == 0))
      return refuse(shared_->stats.malformed, 400,
                    "Expected a plain path and one Host; this request is not what a browser sends.\n");
    host_ = target_->authority.empty() ? std::string(view_of(request[http::field::host])) : target_->authority;
    if (!host_.empty() && !is_host(host_))
      return refuse(shared_->stats.malformed, 400, "The Host header is no name or address of a server.\n");
    keeps_alive_ = request.keep_alive();
    if (is_misdirected_) return redirect();
    auto answer = shared_->handler(describe(request));
    if (answer.is_upgrade) return upgrade();
    respond(std::move(answer));
  }

  [[nodiscard]] HttpRequest describe(const BeastRequest& request) const {
    HttpRequest result;
    result.method = view_of(request.method_string());
    result.path = target_->path;
    result.host = host_;
    result.body = request.body();
    result.remote = remote();
    result.local = local_;
    result.wants_websocket = beast::websocket::is_upgrade(request) && buffer_.size() == 0;
    result.origin = view_of(request[http::field::origin]);
    result.accept_encoding = view_of(request[http::field::accept_encoding]);
    result.if_none_match = view_of(request[http::field::if_none_match]);
    result.content_type = view_of(request[http::field::content_type]);
    result.websocket_protocols = view_of(request[http::field::sec_websocket_protocol]);
    result.theta_author = view_of(request["Theta-Author"]);
    result.theta_time = view_of(request["Theta-Time"]);
    result.theta_signature = view_of(request["Theta-Signature"]);
    return result;
  }

  /// For whoever typed the address without https://.
  void redirect() {
    ++shared_->stats.plain_redirects;
    keeps_alive_ = false;
    auto answer = text_answer(308, "This hub speaks HTTPS here: begin the address with https://\n");
    // Decoded, it may have letters that do not belong into a header; the browser keeps what follows '#' itself.
    const bool is_simple = target_->path.find_first_of(" \"<>%") == std::string::npos;
    if (!host_.empty() && is_simple) answer.fields.emplace_back("Location", "https://" + host_ + target_->path);
    if (host_.empty() || !is_simple) answer.status = 400;
    add_policy(answer);
    respond(std::move(answer));
  }

  void upgrade() {
    ++shared_->stats.requests;
    shared_->connections.remove(*this);
    if (shared_->websockets == nullptr) return;
    shared_->websockets->take(std::move(stream_), parser_->release(), remote());
  }

  void respond(HttpAnswer answer) {
    ++shared_->stats.requests;
    const bool is_head = parser_ && parser_->get().method() == http::verb::head;
    header_ = header_text(answer, keeps_alive_ && !shared_->is_closed);
    body_ = is_head ? SharedBytes() : std::move(answer.body);
    // One buffer a write: what a first piece is short of a slice goes along with the header, in a copy.
    written_ = std::min(body_.size(), kFirstBodyBytes);
    header_.append(reinterpret_cast<const char*>(body_.view().data()), written_);
    lowest().expires_after(shared_->limits.request_timeout);
    asio::async_write(stream_, asio::buffer(header_),
                      [self = this->shared_from_this()](beast::error_code error, std::size_t) {
                        if (error) return self->on_write_error(error);
                        self->respond_further();
                      });
  }

  void on_write_error(beast::error_code error) {
    if (error == beast::error::timeout) ++shared_->stats.timeouts;
  }

  void respond_further() {
    if (written_ == body_.size()) return after_response();
    const auto slice = body_.view().subspan(written_, std::min(body_.size() - written_, kSliceBytes));
    written_ += slice.size();
    lowest().expires_after(shared_->limits.request_timeout);
    asio::async_write(stream_, asio::const_buffer(slice.data(), slice.size()),
                      [self = this->shared_from_this()](beast::error_code error, std::size_t) {
                        if (error) return self->on_write_error(error);
                        self->respond_further();
                      });
  }

  void after_response() {
    body_ = {};
    shared_->connections.note_use(*this);
    if (!keeps_alive_) return finish();
    wait_for_request();
  }

  void finish() {
    lowest().expires_after(kLingerTimeout);
    if constexpr (kIsTls<Stream>) {
      // Fails where more of the request is still coming, which says nothing about whether the answer arrived.
      stream_.async_shutdown([self = this->shared_from_this()](beast::error_code) { self->end_sending(); });
    } else {
      end_sending();
    }
  }

  void end_sending() {
    beast::error_code ignored;
    lowest().socket().shutdown(tcp::socket::shutdown_send, ignored);
    linger(0);
  }

  void linger(std::size_t seen) {
    if (seen > kLingerBytesMax) return;
    buffer_.clear();
    constexpr std::size_t kPieceBytes = 4096;
    lowest().async_read_some(buffer_.prepare(kPieceBytes),
                             [self = this->shared_from_this(), seen](beast::error_code error, std::size_t size) {
                               if (!error) self->linger(seen + size);
                             });
  }

  Shared shared_;
  Stream stream_;
  beast::flat_buffer buffer_;
  bool is_misdirected_ = false;
  bool keeps_alive_ = false;
  transport::SocketAddress local_;
  std::optional<http::request_parser<http::string_body>> parser_;
  std::optional<RequestTarget> target_;
  std::string host_;
  std::string header_;
  SharedBytes body_;
  std::size_t written_ = 0;
};

/// Looks at the first bytes of a connection to a server that speaks TLS: a browser whose person typed no "https://" is
/// answered in words, and a handshake begins when it is its turn.
class TlsDetector final : public HttpConnectionBase, public std::enable_shared_from_this<TlsDetector> {
 public:
  TlsDetector(std::shared_ptr<HttpServerShared> shared, tcp::socket socket)
      : HttpConnectionBase(remote_of(socket)),
        shared_(std::move(shared)),
        stream_(std::move(socket)),
        turn_(shared_->loop),
        began_at_(now()),
        buffer_(read_buffer(shared_->limits)) {
    shared_->connections.add(*this);
  }
  ~TlsDetector() override {
    shared_->connections.remove(*this);
    shared_->accept();
  }
  void drop() override {
    shared_->connections.remove(*this);
    stream_.close();
    turn_.cancel();
  }
  void start() {
    stream_.expires_after(shared_->limits.request_timeout);
    beast::async_detect_ssl(stream_, buffer_, [self = shared_from_this()](beast::error_code error, bool is_tls) {
      if (error == beast::error::timeout) ++self->shared_->stats.timeouts;
      if (error) return;
      if (is_tls && self->shared_->tls) return self->wait_for_turn(false);
      self->go_on<PlainStream>(PlainStream(std::move(self->stream_)), true);
    });
  }

 private:
  [[nodiscard]] static MonotonicTime now() {
    return MonotonicTime(std::chrono::steady_clock::now().time_since_epoch());
  }

  void wait_for_turn(bool has_waited) {
    const auto at = now();
    const auto wait = shared_->tls_handshakes.charge(remote(), at).wait;
    if (wait.count() == 0) return go_on<TlsStream>(TlsStream(std::move(stream_), *shared_->tls), false);
    if (!has_waited) ++shared_->stats.tls_waits;
    if (at + wait > began_at_ + shared_->limits.request_timeout) return void(++shared_->stats.timeouts);
    turn_.expires_after(wait);
    turn_.async_wait([self = shared_from_this()](beast::error_code error) {
      if (!error && self->stream_.socket().is_open() && self->shared_->tls) self->wait_for_turn(true);
    });
  }
  template <class Stream>
  void go_on(Stream stream, bool is_misdirected) {
    shared_->connections.remove(*this);
    std::make_shared<HttpConnection<Stream>>(shared_, std::move(stream), std::move(buffer_))->start(is_misdirected);
  }

  std::shared_ptr<HttpServerShared> shared_;
  beast::tcp_stream stream_;
  asio::steady_timer turn_;
  MonotonicTime began_at_;
  beast::flat_buffer buffer_;
};

}  // namespace

void HttpServerShared::serve(tcp::socket socket) {
  if (tls) return std::make_shared<TlsDetector>(shared_from_this(), std::move(socket))->start();
  std::make_shared<HttpConnection<PlainStream>>(shared_from_this(), PlainStream(std::move(socket)), read_buffer(limits))
      ->start(false);
}

}  // namespace theta::hub

#include "websocket_endpoint.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/post.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>

#include "theta/base/check.h"

namespace theta::hub {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;

namespace {

/// What is read at once; longer messages come in pieces, so that a long one that is only announced costs nothing.
constexpr std::size_t kReadBytes = 8 * 1024;
/// What the system may hold unsent: beyond it, what is urgent would queue behind what is not, out of our reach.
constexpr int kUnsentBytesMax = 64 * 1024;
constexpr auto kUpgradeTimeout = std::chrono::seconds(10);

void tune(int socket) {
  const int yes = 1;
  // Both only make things faster, so a system that refuses is no fault.
  (void)::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  (void)::setsockopt(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kUnsentBytesMax, sizeof kUnsentBytesMax);
}

}  // namespace

struct WebSocketEndpoint::Shared {
  /// Null once the endpoint is gone.
  transport::WebSocketEngine* engine = nullptr;
  Turn turn;
};

/// One WebSocket. Pending operations keep it alive; `peer_` is zero once the engine and it have nothing more to say to
/// each other.
template <class Stream>
class WebSocketEndpoint::Connection final : public transport::WebSocketLink,
                                            public std::enable_shared_from_this<Connection<Stream>> {
 public:
  Connection(std::shared_ptr<Shared> shared, Stream stream, BeastRequest request)
      : shared_(std::move(shared)), request_(std::move(request)), socket_(std::move(stream)) {}

  void start(const transport::SocketAddress& remote) {
    const auto now = shared_->turn.begin();
    const auto peer = shared_->engine->accept(*this, remote, now.monotonic);
    // The route asked before, in the same turn; but if it did not, the connection just ends.
    if (!peer) return;
    peer_ = *peer;
    auto& lowest = beast::get_lowest_layer(socket_);
    lowest.expires_never();
    tune(lowest.socket().native_handle());
    socket_.set_option(websocket::stream_base::timeout{kUpgradeTimeout, websocket::stream_base::none(), false});
    socket_.set_option(websocket::stream_base::decorator([](websocket::response_type& response) {
      response.set(beast::http::field::server, "theta");
      response.set(beast::http::field::sec_websocket_protocol, std::string(transport::kWebSocketProtocol));
    }));
    socket_.read_message_max(0);  // the engine has bounds of its own
    socket_.auto_fragment(false);
    socket_.binary(true);
    socket_.control_callback([this](websocket::frame_type kind, beast::string_view payload) {
      if (kind == websocket::frame_type::pong) on_pong({payload.data(), payload.size()});
      if (kind == websocket::frame_type::ping) on_ping();
    });
    socket_.async_accept(request_, [self = this->shared_from_this()](beast::error_code error) {
      self->request_ = {};
      if (error) return self->end(0, {});
      self->read();
    });
    shared_->turn.end(now);
  }

  // WebSocketLink.
  void write(Bytes message) override {
    writing_ = std::move(message);
    socket_.async_write(asio::buffer(writing_), [self = this->shared_from_this()](beast::error_code error,
                                                                                  std::size_t) {
      self->writing_ = {};
      // Reading fails as well then, and tells.
      if (error) return;
      self->drive([&](transport::WebSocketEngine& engine, MonotonicTime now) { engine.on_written(self->peer_, now); });
    });
  }
  void ping(std::string_view payload) override {
    // One that has not left for so long says the same as one that was not answered.
    if (is_pinging_) return;
    is_pinging_ = true;
    socket_.async_ping({payload.data(), payload.size()},
                       [self = this->shared_from_this()](beast::error_code) { self->is_pinging_ = false; });
  }
  void close(std::uint16_t code, std::string_view reason) override {
    websocket::close_reason why(code);
    why.reason.assign(reason.data(), reason.size());
    socket_.async_close(why, [self = this->shared_from_this(), code](beast::error_code error) {
      self->end(error ? std::uint16_t{0} : code, {});
    });
  }
  void drop() override {
    peer_ = {};
    beast::get_lowest_layer(socket_).close();
  }

 private:
  template <class Call>
  void drive(Call call) {
    if (shared_->engine == nullptr || peer_ == transport::PeerId{}) return;
    const auto now = shared_->turn.begin();
    call(*shared_->engine, now.monotonic);
    shared_->turn.end(now);
  }

  void read() {
    socket_.async_read_some(
        asio::buffer(reading_),
        [self = this->shared_from_this()](beast::error_code error, std::size_t size) { self->on_read(error, size); });
  }
  void on_read(beast::error_code error, std::size_t size) {
    if (error == websocket::error::closed) {
      const auto& why = socket_.reason();
      const auto code = static_cast<std::uint16_t>(why.code);
      return end(code == 0 ? std::uint16_t{websocket::close_code::no_status} : code,
                 {why.reason.data(), why.reason.size()});
    }
    // Beast has sent the close frame already, with the code of RFC 6455.
    if (error == websocket::condition::protocol_violation)
      drive([&](transport::WebSocketEngine& engine, MonotonicTime now) {
        engine.on_protocol_error(peer_, "a frame breaks RFC 6455: " + error.message(), now);
        engine.on_ended(std::exchange(peer_, {}), 0, {}, now);
      });
    if (error) return end(0, {});
    drive([&](transport::WebSocketEngine& engine, MonotonicTime now) {
      if (!socket_.got_binary()) return engine.on_protocol_error(peer_, "expected binary messages, got text", now);
      engine.on_data(peer_, {reading_.data(), size}, socket_.is_message_done(), now);
    });
    if (peer_ != transport::PeerId{}) read();
  }
  void on_pong(std::string payload) {
    // Beast calls from the midst of a read, where a turn of the loop has no place.
    asio::post(socket_.get_executor(), [self = this->shared_from_this(), payload = std::move(payload)] {
      self->drive(
          [&](transport::WebSocketEngine& engine, MonotonicTime now) { engine.on_pong(self->peer_, payload, now); });
    });
  }
  void on_ping() {
    asio::post(socket_.get_executor(), [self = this->shared_from_this()] {
      self->drive([&](transport::WebSocketEngine& engine, MonotonicTime now) { engine.on_ping(self->peer_, now); });
    });
  }
  void end(std::uint16_t code, std::string_view reason) {
    const auto peer = std::exchange(peer_, {});
    beast::get_lowest_layer(socket_).close();
    if (shared_->engine == nullptr || peer == transport::PeerId{}) return;
    const auto now = shared_->turn.begin();
    shared_->engine->on_ended(peer, code, reason, now.monotonic);
    shared_->turn.end(now);
  }

  std::shared_ptr<Shared> shared_;
  BeastRequest request_;
  websocket::stream<Stream> socket_;
  transport::PeerId peer_;
  std::array<std::uint8_t, kReadBytes> reading_;
  Bytes writing_;
  bool is_pinging_ = false;
};

WebSocketEndpoint::WebSocketEndpoint(transport::WebSocketEngine& engine, Turn turn)
    : shared_(std::make_shared<Shared>()) {
  shared_->engine = &engine;
  shared_->turn = std::move(turn);
}

WebSocketEndpoint::~WebSocketEndpoint() { shared_->engine = nullptr; }

void WebSocketEndpoint::take(PlainStream stream, BeastRequest request, const transport::SocketAddress& remote) {
  std::make_shared<Connection<PlainStream>>(shared_, std::move(stream), std::move(request))->start(remote);
}

void WebSocketEndpoint::take(TlsStream stream, BeastRequest request, const transport::SocketAddress& remote) {
  std::make_shared<Connection<TlsStream>>(shared_, std::move(stream), std::move(request))->start(remote);
}

}  // namespace theta::hub

// Method: a message of 100 bytes there and back on the commands lane, one at a time, between two processes on loopback,
// C++ at both ends: the tests' WebRTC client with Theta's WebRTC endpoint, and two QUIC endpoints of ours. Both clients
// poll their socket, both begin anew in each run, and they take turns.

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "hub_benches.h"
#include "hub_fixture.h"
#include "rtc_echo_server.h"
#include "rtc_sctp.h"
#include "theta/base/check.h"
#include "transport/rtc_client.h"

namespace theta::bench {

namespace {

using namespace std::chrono_literals;
using transport::Lane;

constexpr int kRuns = 5;
constexpr int kEchoes = 5000;
constexpr std::size_t kBytes = 100;

void write_line(int output, const std::string& text) {
  const auto line = text + "\n";
  THETA_CHECK(::write(output, line.data(), line.size()) == static_cast<ssize_t>(line.size()));
}

/// The tests' client on a socket of its own, driven as an endpoint of ours is.
class RtcEchoClient final : public transport::testing::RtcPath, public transport::DatagramHandler {
 public:
  RtcEchoClient() : mux_(open()), client_(*this, mux_->local_address()) {
    mux_->set_handler(transport::DatagramKind::stun, this);
    mux_->set_handler(transport::DatagramKind::dtls, this);
  }
  [[nodiscard]] std::string offer() const { return client_.offer(); }
  void connect(std::uint16_t port, const std::string& answer) {
    hub_address_ = transport::SocketAddress::ipv4({127, 0, 0, 1}, port);
    client_.accept(answer);
    run_until([this] { return client_.is_open(); });
  }
  double echo_us(const std::string& message) {
    auto& received = client_.messages[static_cast<std::size_t>(Lane::commands)];
    received.clear();
    const auto started = steady_now();
    client_.send(Lane::commands, message);
    run_until([&] { return !received.empty(); });
    const auto taken = seconds_between(started, steady_now());
    THETA_CHECK(received.size() == 1 && received.front().size() == message.size());
    return taken * 1e6;
  }

  void transmit(transport::testing::RtcPacket packet) override {
    mux_->send({{}, packet.to, 0, packet.bytes, packet.bytes.size()});
  }
  [[nodiscard]] MonotonicTime now() const override { return steady_now(); }
  [[nodiscard]] transport::SocketAddress hub_address() const override { return hub_address_; }
  void on_datagram(const transport::Datagram& datagram, MonotonicTime) override {
    client_.on_datagram({datagram.remote, client_.address, Bytes(datagram.bytes.begin(), datagram.bytes.end())});
  }

 private:
  static std::unique_ptr<transport::UdpMux> open() {
    auto mux = transport::UdpMux::open({.listen = *transport::SocketAddress::parse("127.0.0.1:0")});
    THETA_CHECK(mux.has_value());
    return std::move(*mux);
  }
  template <class Condition>
  void run_until(const Condition& done) {
    while (!done()) turn();
  }
  void turn() {
    const auto due = std::min(client_.next_timeout(), tick_at_);
    const auto wait = std::clamp<MonotonicClock::duration>(due - steady_now(), 0ms, 100ms);
    pollfd ready{mux_->fd(), POLLIN, 0};
    ::poll(&ready, 1, static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(wait).count()));
    if (ready.revents != 0) mux_->on_readable(steady_now());
    const auto now = steady_now();
    client_.on_time(now);
    if (now < tick_at_) return;
    transport::SctpStack::instance().advance(now);
    tick_at_ = now + 20ms;
  }

  std::unique_ptr<transport::UdpMux> mux_;
  transport::SocketAddress hub_address_;
  MonotonicTime tick_at_{};
  transport::testing::RtcClient client_;
};

/// Microseconds each.
std::vector<double> quic_echo_us() {
  crypto::Seed seed;
  seed.bytes.fill(4);
  auto server = ChildProcess::start([&](int output) {
    BareEndpoint endpoint(seed);
    bool is_over = false;
    endpoint.handler = [&](const transport::Event& event) {
      if (event.kind == transport::Event::Kind::closed) is_over = true;
      if (event.kind != transport::Event::Kind::message) return;
      const SharedBytes back(Bytes(event.message.begin(), event.message.end()));
      THETA_CHECK(endpoint.endpoint->send(event.peer, event.lane, back) == transport::SendResult::queued);
    };
    write_line(output, std::to_string(endpoint.endpoint->local_address().port));
    while (!is_over) endpoint.turn(100ms);
  });
  const auto port = static_cast<std::uint16_t>(std::stoi(server.read_line()));
  BareEndpoint client(std::nullopt);
  const auto key = crypto::KeyPair::from_seed(seed).public_key<HubKey>();
  const auto peer = client.connect(transport::SocketAddress::ipv4({127, 0, 0, 1}, port), key);
  int received = 0;
  client.handler = [&](const transport::Event& event) { received += event.kind == transport::Event::Kind::message; };
  const SharedBytes message{Bytes(kBytes, 1)};
  std::vector<double> times;
  for (int turn = 0; turn < kEchoes; ++turn) {
    const auto started = steady_now();
    THETA_CHECK(client.endpoint->send(peer, Lane::commands, message) == transport::SendResult::queued);
    client.endpoint->flush(steady_now());
    client.run_until([&] { return received > turn; });
    times.push_back(seconds_between(started, steady_now()) * 1e6);
  }
  client.endpoint->close(peer, transport::CloseReason::none, "done");
  client.endpoint->flush(steady_now());
  client.run_until([&] { return client.endpoint->connection_count() == 0; });
  return times;
}

std::vector<double> rtc_echo_us() {
  RtcEchoClient client;
  // The server's process begins with the offer in its hands, so that all it has to say is the answer.
  auto server = ChildProcess::start([offer = client.offer()](int output) {
    RtcEchoServer echo;
    write_line(output, nlohmann::json{{"port", echo.port()}, {"answer", echo.answer(offer)}}.dump());
    while (echo.closed() == 0) echo.turn(-1);
  });
  const auto answered = nlohmann::json::parse(server.read_line());
  client.connect(answered["port"].get<std::uint16_t>(), answered["answer"].get<std::string>());
  const std::string message(kBytes, 'x');
  std::vector<double> times;
  for (int turn = 0; turn < kEchoes; ++turn) times.push_back(client.echo_us(message));
  return times;
}

}  // namespace

void bench_echo(Report& report, const Options&) {
  std::vector<double> rtc_us;
  std::vector<double> quic_us;
  std::vector<double> ratios;
  for (int run = 0; run < kRuns; ++run) {
    auto rtc = rtc_echo_us();
    auto quic = quic_echo_us();
    ratios.push_back(quantile(rtc, 0.5) / quantile(quic, 0.5));
    rtc_us.insert(rtc_us.end(), rtc.begin(), rtc.end());
    quic_us.insert(quic_us.end(), quic.begin(), quic.end());
  }
  report.add("echo: 100 bytes by data channel, p50", quantile(rtc_us, 0.5), "us");
  report.add("echo: 100 bytes by data channel, p99", quantile(rtc_us, 0.99), "us");
  report.add("echo: 100 bytes by QUIC, p50", quantile(quic_us, 0.5), "us");
  report.add("echo: 100 bytes by QUIC, p99", quantile(quic_us, 0.99), "us");
  report.add("echo: data channel over QUIC, p50", quantile(ratios, 0.5), "ratio", 2, Report::Better::lower);
}

}  // namespace theta::bench

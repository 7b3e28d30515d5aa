// Method: a WebRTC peer that is not ours (libdatachannel through node-datachannel, bench/rivals/rtc_client.mjs)
// connects again and again, sends 100 bytes there and back, one message at a time, and then as many as the channel
// takes. The other end is once Theta's engine and once node-datachannel itself, in turns; what is compared is Theta's
// end with theirs, under the same client. Beside it stands an echo between two QUIC endpoints of ours.

#include <poll.h>

#include <cmath>

#include "hub_benches.h"
#include "hub_fixture.h"
#include "theta/base/check.h"
#include "theta/transport/webrtc_engine.h"

namespace theta::bench {

namespace {

using namespace std::chrono_literals;
using transport::Lane;

constexpr int kRuns = 5;
constexpr int kConnects = 20;
constexpr int kEchoes = 1000;
constexpr int kSmallMessages = 30'000;
constexpr int kSmallBytes = 100;
constexpr int kLargeMessages = 2'000;
/// With the byte before it a fragment of the largest size.
constexpr int kLargeBytes = 16 * 1024 - 1;

struct Measured {
  std::vector<double> connect_ms;
  std::vector<double> echo_us;
  double flood_seconds = 0;
};

ChildProcess start_node(const Options& options, const std::string& script, std::vector<std::string> arguments = {}) {
  arguments.insert(arguments.begin(), {"node", script});
  return ChildProcess::converse(arguments, options.rivals_folder);
}

ChildProcess start_client(const Options& options, int connects, int echoes, int messages, int bytes) {
  return start_node(
      options, "rtc_client.mjs",
      {std::to_string(connects), std::to_string(echoes), std::to_string(messages), std::to_string(bytes)});
}

std::optional<Measured> measured_of(const std::string& line) {
  const auto json = nlohmann::json::parse(line, nullptr, false);
  if (json.is_discarded()) return std::nullopt;
  return Measured{json["connect_ms"].get<std::vector<double>>(), json["echo_us"].get<std::vector<double>>(),
                  json["flood_seconds"].get<double>()};
}

/// Sends back whatever comes, on the lane it came on; what a full lane does not take waits.
class RtcEcho final : public transport::EventSink {
 public:
  RtcEcho() {
    auto mux = transport::UdpMux::open({.listen = *transport::SocketAddress::parse("127.0.0.1:0")});
    THETA_CHECK(mux.has_value());
    mux_ = std::move(*mux);
    auto engine = transport::WebRtcEngine::create({}, *this, *mux_);
    THETA_CHECK(engine.has_value());
    engine_ = std::move(*engine);
    mux_->set_handler(transport::DatagramKind::stun, engine_.get());
    mux_->set_handler(transport::DatagramKind::dtls, engine_.get());
  }

  void on_event(const transport::Event& event) override {
    if (event.kind == transport::Event::Kind::message) waiting_.emplace_back(event.peer, event.lane, event.message);
    if (event.kind == transport::Event::Kind::closed) waiting_.clear();
  }

  /// Answers the offers of `client` and serves its peers until it says what it measured.
  std::optional<Measured> serve(ChildProcess& client) {
    for (;;) {
      const auto now = steady_now();
      const auto wait = std::clamp<MonotonicClock::duration>(engine_->next_timeout() - now, 0ms, 100ms);
      pollfd ready[2] = {{mux_->fd(), POLLIN, 0}, {client.fd(), POLLIN, 0}};
      ::poll(ready, 2, static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(wait).count()));
      if (ready[0].revents != 0) mux_->on_readable(steady_now());
      if (engine_->next_timeout() <= steady_now()) engine_->on_timer(steady_now());
      echo();
      engine_->flush(steady_now());
      if (ready[1].revents == 0) continue;
      const auto line = client.read_line();
      const auto json = nlohmann::json::parse(line, nullptr, false);
      if (json.is_discarded() || !json.contains("offer")) return measured_of(line);
      client.write_line(nlohmann::json{{"answer", answer(json["offer"].get<std::string>())}}.dump());
    }
  }

 private:
  struct Waiting {
    Waiting(transport::PeerId peer_, Lane lane_, ByteView bytes)
        : peer(peer_), lane(lane_), message(Bytes(bytes.begin(), bytes.end())) {}
    transport::PeerId peer;
    Lane lane;
    SharedBytes message;
  };

  void echo() {
    std::size_t sent = 0;
    while (sent < waiting_.size()) {
      const auto& next = waiting_[sent];
      if (engine_->send(next.peer, next.lane, next.message) == transport::SendResult::full) break;
      ++sent;
    }
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(sent));
  }

  std::string answer(const std::string& offer) {
    const auto local = mux_->local_address();
    auto made = engine_->accept_offer({.sdp = offer, .remote = local, .author = {}, .candidate = local}, steady_now());
    if (!made) std::fprintf(stderr, "the offer was refused: %s\n", made.error().message.c_str());
    return made ? *made : std::string{};
  }

  std::unique_ptr<transport::UdpMux> mux_;
  std::unique_ptr<transport::WebRtcEngine> engine_;
  std::vector<Waiting> waiting_;
};

std::optional<Measured> measure_ours(const Options& options, int connects, int echoes, int messages, int bytes) {
  RtcEcho server;
  auto client = start_client(options, connects, echoes, messages, bytes);
  return server.serve(client);
}

std::optional<Measured> measure_theirs(const Options& options, int connects, int echoes, int messages, int bytes) {
  auto server = start_node(options, "rtc_echo_server.mjs");
  auto client = start_client(options, connects, echoes, messages, bytes);
  for (;;) {
    const auto line = client.read_line();
    const auto json = nlohmann::json::parse(line, nullptr, false);
    if (json.is_discarded() || !json.contains("offer")) return measured_of(line);
    server.write_line(line);
    client.write_line(server.read_line());
  }
}

/// Microseconds of a message there and back between two QUIC endpoints, the far one in a process of its own.
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
    const auto line = std::to_string(endpoint.endpoint->local_address().port) + "\n";
    THETA_CHECK(::write(output, line.data(), line.size()) == static_cast<ssize_t>(line.size()));
    while (!is_over) endpoint.turn(100ms);
  });
  const auto port = static_cast<std::uint16_t>(std::stoi(server.read_line()));
  BareEndpoint client(std::nullopt);
  const auto key = crypto::KeyPair::from_seed(seed).public_key<HubKey>();
  const auto peer = client.connect(transport::SocketAddress::ipv4({127, 0, 0, 1}, port), key);
  int received = 0;
  client.handler = [&](const transport::Event& event) { received += event.kind == transport::Event::Kind::message; };
  const SharedBytes message{Bytes(kSmallBytes, 1)};
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

/// The medians of all runs of one side.
struct Side {
  std::vector<double> connect_ms, echo_us, small_per_second, large_megabytes;

  void add(const Measured& small, const Measured& large) {
    connect_ms.insert(connect_ms.end(), small.connect_ms.begin(), small.connect_ms.end());
    echo_us.insert(echo_us.end(), small.echo_us.begin(), small.echo_us.end());
    small_per_second.push_back(kSmallMessages / small.flood_seconds);
    large_megabytes.push_back(kLargeMessages * double{kLargeBytes} / 1e6 / large.flood_seconds);
  }
};

}  // namespace

void bench_rtc(Report& report, const Options& options) {
  Side ours;
  Side theirs;
  std::vector<double> quic_us;
  for (int run = 0; run < kRuns; ++run) {
    const auto small = measure_ours(options, kConnects, kEchoes, kSmallMessages, kSmallBytes);
    const auto large = measure_ours(options, 1, 1, kLargeMessages, kLargeBytes);
    const auto their_small = measure_theirs(options, kConnects, kEchoes, kSmallMessages, kSmallBytes);
    const auto their_large = measure_theirs(options, 1, 1, kLargeMessages, kLargeBytes);
    if (!small || !large || !their_small || !their_large)
      return report.note("rtc: the rival's client did not run; './dev bench' installs it with npm");
    ours.add(*small, *large);
    theirs.add(*their_small, *their_large);
    const auto times = quic_echo_us();
    quic_us.insert(quic_us.end(), times.begin(), times.end());
  }
  const double echo = quantile(ours.echo_us, 0.5);
  const double small = quantile(ours.small_per_second, 0.5);
  const double large = quantile(ours.large_megabytes, 0.5);
  const double their_echo = quantile(theirs.echo_us, 0.5);
  const double their_small = quantile(theirs.small_per_second, 0.5);
  const double their_large = quantile(theirs.large_megabytes, 0.5);
  report.add("rtc: offer to open channels, p50", quantile(ours.connect_ms, 0.5), "ms", 150, Report::Better::lower);
  report.add("rtc: the same with node-datachannel answering, p50", quantile(theirs.connect_ms, 0.5), "ms");
  report.add("rtc: echo of 100 bytes, p50", echo, "us");
  report.add("rtc: the same with node-datachannel answering, p50", their_echo, "us");
  report.add("rtc: QUIC echo of 100 bytes, p50", quantile(quic_us, 0.5), "us");
  report.add("rtc: 100-byte messages echoed", small, "/s");
  report.add("rtc: the same by node-datachannel", their_small, "/s");
  report.add("rtc: messages a second over node-datachannel's", small / their_small, "ratio", 1);
  report.add("rtc: 16 KiB messages echoed", large, "MB/s");
  report.add("rtc: the same by node-datachannel", their_large, "MB/s");
  report.add("rtc: bytes a second over node-datachannel's", large / their_large, "ratio", 1);
}

}  // namespace theta::bench

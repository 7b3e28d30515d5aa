// Method: a process that serves and a process that reads, on loopback, 256 MiB downstream: once with two QuicEndpoints
// over the bulk lane, once with ngtcp2's own example server and client (GnuTLS, HTTP/3) and a file. Times run from
// the reader's start to its end, processor time is that of both processes. Pairs take turns.

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "hub_benches.h"
#include "hub_fixture.h"
#include "theta/base/check.h"

namespace theta::bench {

namespace {

using namespace std::chrono_literals;
using transport::Lane;

constexpr std::size_t kMessageBytes = 256 * 1024;
constexpr std::size_t kMessages = 1024;
constexpr std::size_t kBytes = kMessageBytes * kMessages;
constexpr int kRuns = 5;

struct Transfer {
  double seconds = 0;
  double cpu_seconds = 0;
};

crypto::Seed server_seed() {
  crypto::Seed seed;
  seed.bytes.fill(4);
  return seed;
}

/// Sends everything to whoever connects; ends when that peer has gone.
void serve_bulk(int output) {
  BareEndpoint server(server_seed());
  const SharedBytes message{Bytes(kMessageBytes, 1)};
  std::optional<transport::PeerId> peer;
  std::size_t sent = 0;
  bool is_over = false;
  server.handler = [&](const transport::Event& event) {
    if (event.kind == transport::Event::Kind::connected) peer = event.peer;
    if (event.kind == transport::Event::Kind::closed) is_over = true;
  };
  const auto line = std::to_string(server.endpoint->local_address().port) + "\n";
  THETA_CHECK(::write(output, line.data(), line.size()) == static_cast<ssize_t>(line.size()));
  while (!is_over) {
    server.turn(100ms);
    if (!peer || sent == kMessages) continue;
    const auto before = sent;
    while (sent < kMessages && server.endpoint->send(*peer, Lane::bulk, message) == transport::SendResult::queued)
      ++sent;
    if (sent != before) server.endpoint->flush(steady_now());
  }
}

/// Reads everything and leaves.
void read_bulk(std::uint16_t port) {
  BareEndpoint client(std::nullopt);
  std::size_t received = 0;
  client.handler = [&](const transport::Event& event) {
    if (event.kind == transport::Event::Kind::message) received += event.message.size();
  };
  const auto key = crypto::KeyPair::from_seed(server_seed()).public_key<HubKey>();
  const auto peer = client.connect(transport::SocketAddress::ipv4({127, 0, 0, 1}, port), key);
  client.run_until([&] { return received >= kBytes; });
  client.endpoint->close(peer, transport::CloseReason::none, "done");
  client.endpoint->flush(steady_now());
  client.run_until([&] { return client.endpoint->connection_count() == 0; });
}

Transfer move_with_theta() {
  auto server = ChildProcess::start(serve_bulk);
  const auto port = static_cast<std::uint16_t>(std::stoi(server.read_line()));
  Transfer result;
  ProcessUse reader;
  result.seconds = seconds_of([&] { reader = ChildProcess::start([&](int) { read_bulk(port); }).wait(); });
  THETA_CHECK(reader.ended_well);
  result.cpu_seconds = reader.cpu_seconds + server.wait().cpu_seconds;
  return result;
}

/// ngtcp2's example programs with a certificate and a file, or nothing where they are not installed.
class Ngtcp2 {
 public:
  explicit Ngtcp2(const std::string& work_folder) : folder_(work_folder) {
    is_there_ = std::filesystem::exists(kServer) && std::filesystem::exists(kClient);
    if (!is_there_) return;
    const auto make_certificate = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout " +
                                  folder_.path() + "/key.pem -out " + folder_.path() +
                                  "/cert.pem -days 2 -subj /CN=localhost >/dev/null 2>&1";
    is_there_ = std::system(make_certificate.c_str()) == 0;
    std::ofstream file(folder_.path() + "/bytes", std::ios::binary);
    const std::string block(kMessageBytes, 'x');
    for (std::size_t at = 0; at < kMessages; ++at) file << block;
  }

  [[nodiscard]] bool is_there() const { return is_there_; }

  /// Empty when the transfer failed.
  std::optional<Transfer> move() {
    // The server cannot choose a port itself and does not say when it listens: a free port, and clients that ask until
    // one is answered (a client whose first packet is lost sends it again).
    const std::string port = std::to_string(free_port());
    auto server = ChildProcess::run({kServer, "-q", "--no-quic-dump", "--no-http-dump", "-d", folder_.path(),
                                     "127.0.0.1", port, folder_.path() + "/key.pem", folder_.path() + "/cert.pem"});
    await_listening(port);
    ProcessUse reader;
    Transfer result;
    result.seconds = seconds_of([&] {
      reader = ChildProcess::run({kClient, "-q", "--no-quic-dump", "--no-http-dump", "--exit-on-all-streams-close",
                                  "127.0.0.1", port, "https://localhost/bytes"})
                   .wait();
    });
    result.cpu_seconds = reader.cpu_seconds + server.stop().cpu_seconds;
    if (!reader.ended_well) return std::nullopt;
    return result;
  }

 private:
  static constexpr const char* kServer = "/usr/sbin/gtlsserver";
  static constexpr const char* kClient = "/usr/bin/gtlsclient";

  static unsigned free_port() {
    const BareEndpoint borrowed(std::nullopt);
    return borrowed.endpoint->local_address().port;
  }
  /// Until the system lists a UDP socket on this port.
  static void await_listening(const std::string& port) {
    char wanted[8];
    std::snprintf(wanted, sizeof wanted, ":%04X", static_cast<unsigned>(std::stoi(port)));
    for (bool is_listed = false; !is_listed;) {
      std::ifstream sockets("/proc/net/udp");
      for (std::string line; std::getline(sockets, line);) is_listed = is_listed || line.find(wanted) < 20;
    }
  }

  ScratchFolder folder_;
  bool is_there_ = false;
};

double median_of(const std::vector<Transfer>& transfers, double Transfer::*field) {
  std::vector<double> values;
  for (const auto& transfer : transfers) values.push_back(transfer.*field);
  return quantile(values, 0.5);
}

}  // namespace

void bench_quic_bulk(Report& report, const Options& options) {
  std::vector<Transfer> ours;
  std::vector<Transfer> theirs;
  Ngtcp2 ngtcp2(options.work_folder);
  for (int run = 0; run < kRuns; ++run) {
    ours.push_back(move_with_theta());
    if (!ngtcp2.is_there()) continue;
    if (const auto moved = ngtcp2.move()) theirs.push_back(*moved);
  }
  constexpr double kMegabytes = static_cast<double>(kBytes) / 1e6;
  const double rate = kMegabytes / median_of(ours, &Transfer::seconds);
  const double cost = median_of(ours, &Transfer::cpu_seconds);
  report.add("bulk: QuicEndpoint's bulk lane", rate, "MB/s");
  report.add("bulk: its processor time for 256 MiB", cost, "s");
  if (theirs.empty())
    return report.note("ngtcp2's own server and client did not run: see ngtcp2-server, ngtcp2-client");
  const double their_rate = kMegabytes / median_of(theirs, &Transfer::seconds);
  const double their_cost = median_of(theirs, &Transfer::cpu_seconds);
  report.add("bulk: ngtcp2's own server and client", their_rate, "MB/s");
  report.add("bulk: their processor time", their_cost, "s");
  report.add("bulk: rate over ngtcp2's own", rate / their_rate, "ratio", 0.6);
  report.add("bulk: processor time over ngtcp2's own", cost / their_cost, "ratio");
}

}  // namespace theta::bench

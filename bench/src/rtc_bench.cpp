// Method: a WebRTC peer that is not ours (libdatachannel through node-datachannel, bench/rivals/rtc_client.mjs)
// connects again and again, sends 100 bytes there and back, one message at a time, and then as many as the channel
// takes. The other end is once Theta's engine and once node-datachannel itself, in turns; what is compared is Theta's
// end with theirs, under the same client. What a data channel costs over QUIC is measured apart, with C++ at both ends
// of both (echo_bench.cpp), in turns: a client in Node would be most of what is measured.

#include "child_process.h"
#include "hub_benches.h"
#include "rtc_echo_server.h"

namespace theta::bench {

namespace {

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

/// Answers the offers of `client` and serves its peers until it says what it measured.
std::optional<Measured> serve(RtcEchoServer& server, ChildProcess& client) {
  for (;;) {
    if (!server.turn(client.fd())) continue;
    const auto line = client.read_line();
    const auto json = nlohmann::json::parse(line, nullptr, false);
    if (json.is_discarded() || !json.contains("offer")) return measured_of(line);
    client.write_line(nlohmann::json{{"answer", server.answer(json["offer"].get<std::string>())}}.dump());
  }
}

std::optional<Measured> measure_ours(const Options& options, int connects, int echoes, int messages, int bytes) {
  RtcEchoServer server;
  auto client = start_client(options, connects, echoes, messages, bytes);
  return serve(server, client);
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
  bench_echo(report, options);
  Side ours;
  Side theirs;
  for (int run = 0; run < kRuns; ++run) {
    const auto small = measure_ours(options, kConnects, kEchoes, kSmallMessages, kSmallBytes);
    const auto large = measure_ours(options, 1, 1, kLargeMessages, kLargeBytes);
    const auto their_small = measure_theirs(options, kConnects, kEchoes, kSmallMessages, kSmallBytes);
    const auto their_large = measure_theirs(options, 1, 1, kLargeMessages, kLargeBytes);
    if (!small || !large || !their_small || !their_large)
      return report.note("rtc: the rival's client did not run; './dev bench' installs it with npm");
    ours.add(*small, *large);
    theirs.add(*their_small, *their_large);
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
  report.add("rtc: 100-byte messages echoed", small, "/s");
  report.add("rtc: the same by node-datachannel", their_small, "/s");
  report.add("rtc: messages a second over node-datachannel's", small / their_small, "ratio", 1);
  report.add("rtc: 16 KiB messages echoed", large, "MB/s");
  report.add("rtc: the same by node-datachannel", their_large, "MB/s");
  report.add("rtc: bytes a second over node-datachannel's", large / their_large, "ratio", 1);
}

}  // namespace theta::bench

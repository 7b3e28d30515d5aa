// A WebRTC endpoint that sends back whatever comes, on the lane it came on: what independent peers are tried against.
//
// usage: theta_rtc_echo [ADDRESS:PORT]
//
// Reads one base64url-encoded SDP offer a line from its input and writes the answer in the same form, or "! sentence".
// Ends at the end of its input; then it prints its counters.

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <string>

#include "theta/base/hex.h"
#include "theta/transport/udp_mux.h"
#include "theta/transport/webrtc_engine.h"

namespace {

using namespace theta;
using namespace theta::transport;

MonotonicTime steady_now() {
  return MonotonicTime{
      std::chrono::duration_cast<MonotonicClock::duration>(std::chrono::steady_clock::now().time_since_epoch())};
}

struct Echo final : EventSink {
  Transport* transport = nullptr;
  void on_event(const Event& event) override {
    if (event.kind == Event::Kind::connected) std::cerr << "connected " << event.info.address << "\n";
    if (event.kind == Event::Kind::closed) std::cerr << "closed " << event.text << "\n";
    if (event.kind != Event::Kind::message) return;
    const SharedBytes copy(Bytes(event.message.begin(), event.message.end()));
    if (transport->send(event.peer, event.lane, copy) != SendResult::queued) std::cerr << "an echo was refused\n";
  }
};

/// Offers, line by line.
class Lines {
 public:
  /// False at the end of the input.
  [[nodiscard]] bool read() {
    char buffer[4096];
    const auto size = ::read(STDIN_FILENO, buffer, sizeof buffer);
    if (size > 0) text_.append(buffer, static_cast<std::size_t>(size));
    return size > 0;
  }
  [[nodiscard]] bool next(std::string& line) {
    const auto end = text_.find('\n');
    if (end == std::string::npos) return false;
    line = text_.substr(0, end);
    text_.erase(0, end + 1);
    return true;
  }

 private:
  std::string text_;
};

void answer(WebRtcEngine& engine, const std::string& line, const SocketAddress& candidate) {
  const auto bytes = from_base64url(line);
  const std::string offer = bytes ? std::string(bytes->begin(), bytes->end()) : std::string();
  const auto result = engine.accept_offer({offer, candidate, AuthorKey{}, candidate}, steady_now());
  if (result) {
    std::cout << to_base64url(as_bytes(*result)) << std::endl;
  } else {
    std::cout << "! " << result.error().message << std::endl;
  }
}

}  // namespace

int main(int argc, char** argv) {
  const auto listen = SocketAddress::parse(argc > 1 ? argv[1] : "127.0.0.1:0");
  if (!listen) {
    std::cerr << listen.error().message << "\n";
    return 2;
  }
  auto mux = UdpMux::open({*listen});
  if (!mux) {
    std::cerr << mux.error().message << "\n";
    return 1;
  }
  Echo echo;
  WebRtcOptions options;
  options.pending_per_author_max = options.pending_max;
  options.pending_per_source_max = options.pending_max;
  auto engine = WebRtcEngine::create(options, echo, **mux);
  if (!engine) {
    std::cerr << engine.error().message << "\n";
    return 1;
  }
  echo.transport = engine->get();
  (*mux)->set_handler(DatagramKind::stun, engine->get());
  (*mux)->set_handler(DatagramKind::dtls, engine->get());
  Lines lines;
  for (bool is_open = true; is_open;) {
    (*engine)->flush(steady_now());
    pollfd polled[2] = {{(*mux)->fd(), POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
    const auto due = std::min((*engine)->next_timeout(), steady_now() + std::chrono::hours{1});
    const auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(due - steady_now()).count();
    (void)poll(polled, 2, static_cast<int>(std::max<std::int64_t>(wait, 0)));
    if ((polled[0].revents & POLLIN) != 0) (*mux)->on_readable(steady_now());
    if ((polled[1].revents & (POLLIN | POLLHUP)) != 0) is_open = lines.read();
    for (std::string line; lines.next(line);) answer(**engine, line, (*mux)->local_address());
    if ((*engine)->next_timeout() <= steady_now()) (*engine)->on_timer(steady_now());
  }
  const auto& stats = (*engine)->stats();
  std::cerr << "completed " << stats.connections_completed << " messages " << stats.messages_received << " checks "
            << stats.checks_answered << " dtls failures " << stats.dtls_failures << " discarded "
            << stats.dtls_dropped_records << " protocol errors " << stats.protocol_errors << "\n";
  return 0;
}

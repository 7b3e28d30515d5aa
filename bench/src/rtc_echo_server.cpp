#include "rtc_echo_server.h"

#include <poll.h>

#include <algorithm>
#include <cstdio>

#include "hub_fixture.h"
#include "theta/base/check.h"

namespace theta::bench {

using namespace std::chrono_literals;

RtcEchoServer::RtcEchoServer() {
  auto mux = transport::UdpMux::open({.listen = *transport::SocketAddress::parse("127.0.0.1:0")});
  THETA_CHECK(mux.has_value());
  mux_ = std::move(*mux);
  auto engine = transport::WebRtcEngine::create({}, *this, *mux_);
  THETA_CHECK(engine.has_value());
  engine_ = std::move(*engine);
  mux_->set_handler(transport::DatagramKind::stun, engine_.get());
  mux_->set_handler(transport::DatagramKind::dtls, engine_.get());
}

void RtcEchoServer::on_event(const transport::Event& event) {
  if (event.kind == transport::Event::Kind::message) waiting_.emplace_back(event.peer, event.lane, event.message);
  if (event.kind != transport::Event::Kind::closed) return;
  waiting_.clear();
  ++closed_;
}

std::string RtcEchoServer::answer(const std::string& offer) {
  const auto local = mux_->local_address();
  auto made = engine_->accept_offer({.sdp = offer, .remote = local, .author = {}, .candidate = local}, steady_now());
  if (!made) std::fprintf(stderr, "the offer was refused: %s\n", made.error().message.c_str());
  return made ? *made : std::string{};
}

bool RtcEchoServer::turn(int other) {
  const auto now = steady_now();
  const auto wait = std::clamp<MonotonicClock::duration>(engine_->next_timeout() - now, 0ms, 100ms);
  pollfd ready[2] = {{mux_->fd(), POLLIN, 0}, {other, POLLIN, 0}};
  ::poll(ready, 2, static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(wait).count()));
  if (ready[0].revents != 0) mux_->on_readable(steady_now());
  if (engine_->next_timeout() <= steady_now()) engine_->on_timer(steady_now());
  echo();
  engine_->flush(steady_now());
  return ready[1].revents != 0;
}

void RtcEchoServer::echo() {
  std::size_t sent = 0;
  while (sent < waiting_.size()) {
    const auto& next = waiting_[sent];
    if (engine_->send(next.peer, next.lane, next.message) == transport::SendResult::full) break;
    ++sent;
  }
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(sent));
}

}  // namespace theta::bench

#include "transport/rtc_wire.h"

#include <sys/time.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include <gtest/gtest.h>

namespace {

/// Of the wire that lives.
const theta::MonotonicTime* virtual_time = nullptr;

}  // namespace

/// usrsctp takes its timers' time from its caller and then reads the system's clock to see which packets are due: in
/// virtual time it would never send anything again. It finds this function in the system's place.
extern "C" int gettimeofday(timeval* result, void*) {
  const auto now =
      virtual_time != nullptr
          ? std::chrono::duration_cast<std::chrono::microseconds>(virtual_time->time_since_epoch())
          : std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch());
  result->tv_sec = static_cast<time_t>(now.count() / 1'000'000);
  result->tv_usec = static_cast<suseconds_t>(now.count() % 1'000'000);
  return 0;
}

namespace theta::transport::testing {

RtcWire::RtcWire(const WebRtcOptions& options) {
  virtual_time = &now_;
  auto made = WebRtcEngine::create(options, sink, *this);
  EXPECT_TRUE(made.has_value());
  engine = std::move(*made);
}
RtcWire::~RtcWire() {
  // What they still say goes nowhere.
  on_transmit = [](RtcPacket&, MonotonicClock::duration&) { return false; };
  clients_.clear();
  engine.reset();
  virtual_time = nullptr;
}

RtcClient& RtcWire::add_client(std::uint16_t port) {
  clients_.push_back(std::make_unique<RtcClient>(*this, SocketAddress::ipv4({127, 0, 0, 1}, port)));
  return *clients_.back();
}

void RtcWire::remove(RtcClient& client) {
  const auto silence = std::exchange(on_transmit, [](RtcPacket&, MonotonicClock::duration&) { return false; });
  std::erase_if(clients_, [&](const auto& entry) { return entry.get() == &client; });
  on_transmit = silence;
}

TransportResult<std::string> RtcWire::offer(const RtcClient& client, const std::string& sdp) {
  return engine->accept_offer({sdp, client.address, author, hub_address_}, now_);
}

bool RtcWire::connect(RtcClient& client) {
  const auto answer = offer(client, client.offer());
  if (!answer) return false;
  client.accept(*answer);
  const auto before = sink.count(Event::Kind::connected);
  return run_until([&] { return client.is_open() && sink.count(Event::Kind::connected) > before; });
}

PeerId RtcWire::last_peer() const {
  PeerId peer;
  for (const auto& entry : sink.entries) {
    if (entry.event.kind == Event::Kind::connected) peer = entry.event.peer;
  }
  return peer;
}

void RtcWire::send(const DatagramBurst& burst) {
  ++bursts;
  for (std::size_t at = 0; at < burst.bytes.size(); at += burst.segment_bytes) {
    const auto piece = burst.bytes.subspan(at, std::min(burst.segment_bytes, burst.bytes.size() - at));
    transmit({hub_address_, burst.remote, Bytes(piece.begin(), piece.end())});
  }
}

void RtcWire::transmit(RtcPacket packet) {
  auto time = delay;
  if (on_transmit && !on_transmit(packet, time)) return;
  in_flight_.emplace(now_ + time, std::move(packet));
}

void RtcWire::deliver(const RtcPacket& packet) {
  if (packet.to == hub_address_) {
    if (engine) engine->on_datagram({hub_address_, packet.from, 0, packet.bytes}, now_);
    return;
  }
  for (const auto& client : clients_) {
    if (client->address == packet.to) client->on_datagram(packet);
  }
}

bool RtcWire::step(MonotonicTime until) {
  if (engine) engine->flush(now_);
  auto next = in_flight_.empty() ? MonotonicTime::max() : in_flight_.begin()->first;
  for (const auto& client : clients_) next = std::min(next, client->next_timeout());
  if (engine) next = std::min(next, engine->next_timeout());
  if (next > until) return false;
  now_ = std::max(now_, next);
  while (!in_flight_.empty() && in_flight_.begin()->first <= now_) {
    const auto packet = std::move(in_flight_.begin()->second);
    in_flight_.erase(in_flight_.begin());
    deliver(packet);
  }
  for (const auto& client : clients_) client->on_time(now_);
  if (engine && engine->next_timeout() <= now_) engine->on_timer(now_);
  return true;
}

void RtcWire::run_for(MonotonicClock::duration time) {
  const auto until = now_ + time;
  while (step(until)) {
  }
  now_ = until;
}

bool RtcWire::run_until(const std::function<bool()>& condition) {
  const auto deadline = now_ + std::chrono::hours{1};
  while (!condition()) {
    if (!step(deadline)) return false;
  }
  return true;
}

}  // namespace theta::transport::testing

#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "theta/transport/quic_engine.h"
#include "transport/quic_loop.h"
#include "transport/recording_sink.h"

namespace theta::transport::testing {

/// One datagram on its way.
struct Packet {
  SocketAddress from;
  SocketAddress to;
  Bytes bytes;
};

/// QUIC engines joined in memory, in virtual time: no socket, no waiting, and everything on the wire can be seen,
/// changed, kept or thrown away.
class EngineWire {
 public:
  struct End final : DatagramSender {
    EngineWire* wire = nullptr;
    RecordingSink sink;
    SocketAddress address;
    /// What the others see instead, once a NAT has rebound it.
    SocketAddress seen_as;
    std::unique_ptr<QuicEngine> engine;
    bool is_blocked = false;

    void send(const DatagramBurst& burst) override {
      for (std::size_t at = 0; at < burst.bytes.size(); at += burst.segment_bytes) {
        const auto piece = burst.bytes.subspan(at, std::min(burst.segment_bytes, burst.bytes.size() - at));
        wire->transmit({seen_as, burst.remote, Bytes(piece.begin(), piece.end())});
      }
    }
    [[nodiscard]] bool can_send() const override { return !is_blocked; }
  };

  End& add(const QuicOptions& options) {
    ends_.push_back(std::make_unique<End>());
    auto& end = *ends_.back();
    end.wire = this;
    end.address = loopback(static_cast<std::uint16_t>(1000 + ends_.size()));
    end.seen_as = end.address;
    auto engine = QuicEngine::create(options, end.sink, end, end.address);
    EXPECT_TRUE(engine.has_value());
    end.engine = std::move(*engine);
    return end;
  }
  void remove(End& end) {
    std::erase_if(ends_, [&](const auto& entry) { return entry.get() == &end; });
  }

  [[nodiscard]] MonotonicTime now() const { return now_; }

  /// Lets virtual time pass. A datagram takes 5 ms.
  void run_for(MonotonicClock::duration time) {
    const auto until = now_ + time;
    while (step(until)) {
    }
    now_ = until;
  }
  /// False when the condition did not come true within an hour of virtual time.
  [[nodiscard]] bool run_until(const std::function<bool()>& condition) {
    const auto deadline = now_ + std::chrono::hours{1};
    while (!condition()) {
      if (!step(deadline)) return false;
    }
    return true;
  }
  void deliver(const Packet& packet) {
    for (auto& end : ends_) {
      if (end->seen_as != packet.to) continue;
      end->engine->on_datagram({end->address, packet.from, 0, packet.bytes}, now_);
    }
  }

  /// Sees every datagram when it is sent; false drops it. May change it.
  std::function<bool(Packet&)> on_transmit;

 private:
  void transmit(Packet packet) {
    if (on_transmit && !on_transmit(packet)) return;
    in_flight_.emplace_back(now_ + std::chrono::milliseconds{5}, std::move(packet));
  }

  /// The next thing that happens, at the latest at `until`; false when nothing does.
  bool step(MonotonicTime until) {
    for (auto& end : ends_) end->engine->flush(now_);
    auto next = MonotonicTime::max();
    if (!in_flight_.empty()) next = in_flight_.front().first;
    for (const auto& end : ends_) next = std::min(next, end->engine->next_timeout());
    if (next > until) return false;
    now_ = std::max(now_, next);
    while (!in_flight_.empty() && in_flight_.front().first <= now_) {
      const auto packet = std::move(in_flight_.front().second);
      in_flight_.pop_front();
      deliver(packet);
    }
    for (auto& end : ends_) {
      if (end->engine->next_timeout() <= now_) end->engine->on_timer(now_);
    }
    return true;
  }

  MonotonicTime now_{std::chrono::hours{1}};
  std::deque<std::pair<MonotonicTime, Packet>> in_flight_;
  std::vector<std::unique_ptr<End>> ends_;
};

}  // namespace theta::transport::testing

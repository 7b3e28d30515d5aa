#pragma once

#include <poll.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "theta/transport/quic_endpoint.h"
#include "transport/recording_sink.h"

namespace theta::transport::testing {

[[nodiscard]] inline MonotonicTime steady_now() {
  return MonotonicTime{
      std::chrono::duration_cast<MonotonicClock::duration>(std::chrono::steady_clock::now().time_since_epoch())};
}

[[nodiscard]] inline crypto::Seed seed_of(std::uint8_t value) {
  crypto::Seed seed;
  seed.bytes.fill(value);
  return seed;
}

[[nodiscard]] inline SocketAddress loopback(std::uint16_t port = 0) {
  return SocketAddress::ipv4({127, 0, 0, 1}, port);
}

/// Endpoints on real sockets, driven by one poll loop until a condition holds. The deadline only guards against a test
/// that would hang.
class QuicLoop {
 public:
  QuicEndpoint& open(EventSink& sink, const QuicOptions& quic, const SocketAddress& listen = loopback()) {
    QuicEndpoint::Options options;
    options.listen = listen;
    options.quic = quic;
    auto opened = QuicEndpoint::open(options, sink);
    EXPECT_TRUE(opened.has_value()) << (opened ? "" : opened.error().message);
    endpoints_.push_back(std::move(*opened));
    return *endpoints_.back();
  }
  /// The process dies: its socket is gone and nobody is told.
  void kill(QuicEndpoint& endpoint) {
    std::erase_if(endpoints_, [&](const auto& entry) { return entry.get() == &endpoint; });
  }

  [[nodiscard]] ::testing::AssertionResult run_until(const std::function<bool()>& condition) {
    const auto deadline = steady_now() + std::chrono::seconds{60};
    while (!condition()) {
      if (steady_now() > deadline) return ::testing::AssertionFailure() << "the condition never came true";
      turn();
    }
    return ::testing::AssertionSuccess();
  }

  void turn() {
    std::vector<pollfd> polled;
    auto wake = steady_now() + std::chrono::seconds{1};
    for (const auto& endpoint : endpoints_) {
      endpoint->flush(steady_now());
      polled.push_back({endpoint->fd(), POLLIN, 0});
      wake = std::min(wake, endpoint->next_timeout());
    }
    const auto wait = std::max(wake - steady_now(), MonotonicClock::duration::zero());
    timespec timeout{};
    timeout.tv_sec = std::chrono::duration_cast<std::chrono::seconds>(wait).count();
    timeout.tv_nsec = (wait % std::chrono::seconds{1}).count();
    (void)ppoll(polled.data(), polled.size(), &timeout, nullptr);
    for (std::size_t at = 0; at < polled.size(); ++at) {
      if ((polled[at].revents & POLLIN) != 0) {
        endpoints_[at]->on_readable(steady_now());
      } else if (endpoints_[at]->next_timeout() <= steady_now()) {
        endpoints_[at]->on_timer(steady_now());
      }
    }
  }

 private:
  std::vector<std::unique_ptr<QuicEndpoint>> endpoints_;
};

}  // namespace theta::transport::testing

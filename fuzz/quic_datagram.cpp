#include <algorithm>

#include "fuzz_input.h"
#include "theta/base/byte_codec.h"
#include "theta/transport/quic_engine.h"

namespace {

using namespace theta::transport;

struct Sink final : EventSink {
  void on_event(const Event& event) override { THETA_CHECK(event.kind != Event::Kind::message); }
};

/// Counts what a stranger makes us send.
struct Output final : DatagramSender {
  std::size_t bytes = 0;
  void send(const DatagramBurst& burst) override { bytes += burst.bytes.size(); }
  [[nodiscard]] bool can_send() const override { return true; }
};

}  // namespace

// Datagrams (each behind its size, u16) at a hub's port from somebody who never finishes a handshake: nothing of them
// reaches the hub as a message, and nobody is made a mirror's target (RFC 9000 section 8: three times what came in).
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  theta::ByteReader in({data, size});
  QuicOptions options;
  options.hub_seed.emplace();
  Sink sink;
  Output output;
  const auto local = SocketAddress::ipv4({127, 0, 0, 1}, 4433);
  const auto engine = QuicEngine::create(options, sink, output, local);
  THETA_CHECK(engine.has_value());
  theta::MonotonicTime now{std::chrono::hours{1}};
  std::size_t received = 0;
  while (in.ok() && in.remaining() > 2) {
    const auto size_bytes = in.get<std::uint16_t>();
    const auto bytes = in.get_bytes(std::min<std::size_t>(size_bytes, in.remaining()));
    received += bytes.size();
    // As the mux does: other protocols' datagrams never get to QUIC.
    if (classify_datagram(bytes) != DatagramKind::quic) continue;
    (*engine)->on_datagram({local, SocketAddress::ipv4({127, 0, 0, 2}, 999), 0, bytes}, now);
    (*engine)->flush(now);
    now += std::chrono::milliseconds{1};
  }
  THETA_CHECK(output.bytes <= 3 * received);
  return 0;
}

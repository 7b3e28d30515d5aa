#include "theta/transport/udp_mux.h"

#include <algorithm>
#include <utility>

#include "theta/base/check.h"
#include "udp_socket.h"

namespace theta::transport {
namespace {

/// RFC 8489 section 5, in network order behind the type and the length.
constexpr std::array<std::uint8_t, 4> kStunMagicCookie{0x21, 0x12, 0xa4, 0x42};
constexpr std::size_t kStunHeaderBytes = 20;
/// Enough to serve many peers in a turn, few enough that a flood cannot hold up the rest of the loop.
constexpr int kBatchesPerTurn = 16;

bool has_stun_cookie(ByteView datagram) {
  return datagram.size() >= kStunHeaderBytes &&
         std::equal(kStunMagicCookie.begin(), kStunMagicCookie.end(), datagram.begin() + 4);
}

}  // namespace

DatagramKind classify_datagram(ByteView datagram) {
  if (datagram.empty()) return DatagramKind::unknown;
  const auto first = datagram.front();
  if (first <= 3) return has_stun_cookie(datagram) ? DatagramKind::stun : DatagramKind::unknown;
  if (first >= 20 && first <= 63) return DatagramKind::dtls;
  if ((first >= 64 && first <= 127) || first >= 192) return DatagramKind::quic;
  return DatagramKind::unknown;
}

struct UdpMux::Impl {
  explicit Impl(UdpSocket opened) : socket(std::move(opened)) {}

  UdpSocket socket;
  std::array<DatagramHandler*, kDatagramKindCount> handlers{};
  UdpStats stats;

  void dispatch(const Datagram& datagram, MonotonicTime now) {
    const auto kind = classify_datagram(datagram.bytes);
    if (kind == DatagramKind::unknown) {
      ++stats.dropped_unknown_kind;
      return;
    }
    auto* handler = handlers[static_cast<std::size_t>(kind)];
    if (handler == nullptr) {
      ++stats.dropped_no_handler;
      return;
    }
    handler->on_datagram(datagram, now);
  }
};

UdpMux::UdpMux(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
UdpMux::~UdpMux() = default;

TransportResult<std::unique_ptr<UdpMux>> UdpMux::open(const Options& options) {
  auto socket = UdpSocket::open(options.listen, options.socket_buffer_bytes);
  if (!socket) return tl::unexpected(std::move(socket.error()));
  return std::unique_ptr<UdpMux>(new UdpMux(std::make_unique<Impl>(std::move(*socket))));
}

void UdpMux::set_handler(DatagramKind kind, DatagramHandler* handler) {
  THETA_CHECK(kind != DatagramKind::unknown);
  impl_->handlers[static_cast<std::size_t>(kind)] = handler;
}

void UdpMux::on_readable(MonotonicTime now) {
  for (int batch = 0; batch < kBatchesPerTurn; ++batch) {
    const auto more =
        impl_->socket.receive(impl_->stats, [&](const Datagram& datagram) { impl_->dispatch(datagram, now); });
    if (!more) return;
  }
}

void UdpMux::on_writable() { impl_->socket.send_pending(impl_->stats); }
void UdpMux::send(const DatagramBurst& burst) { impl_->socket.send(burst, impl_->stats); }
bool UdpMux::can_send() const { return !impl_->socket.is_blocked(); }
int UdpMux::fd() const { return impl_->socket.fd(); }
const SocketAddress& UdpMux::local_address() const { return impl_->socket.local_address(); }
const UdpStats& UdpMux::stats() const { return impl_->stats; }

}  // namespace theta::transport

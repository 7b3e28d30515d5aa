#pragma once

#include <deque>
#include <functional>
#include <memory>

#include "theta/transport/udp_mux.h"

namespace theta::transport {

/// The system's side of UdpMux: a non-blocking socket, batches in and out.
class UdpSocket {
 public:
  [[nodiscard]] static TransportResult<UdpSocket> open(const SocketAddress& listen, int buffer_bytes);
  UdpSocket(UdpSocket&& other) noexcept;
  UdpSocket& operator=(UdpSocket&& other) noexcept;
  ~UdpSocket();

  /// One batch; true when there may be more.
  bool receive(UdpStats& stats, const std::function<void(const Datagram&)>& on_datagram);
  void send(const DatagramBurst& burst, UdpStats& stats);
  void send_pending(UdpStats& stats);

  [[nodiscard]] bool is_blocked() const { return !pending_.empty(); }
  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] const SocketAddress& local_address() const { return local_; }

 private:
  enum class Sent : std::uint8_t { done, blocked };
  struct ReceiveBuffers;
  /// A burst that the system did not take yet.
  struct Pending {
    DatagramBurst burst;
    Bytes bytes;
  };

  UdpSocket(int fd, bool is_ipv6);
  void configure(int buffer_bytes);
  [[nodiscard]] Sent try_send(const DatagramBurst& burst, UdpStats& stats, std::size_t& sent_bytes);
  [[nodiscard]] bool send_message(const DatagramBurst& burst, ByteView bytes, std::size_t segment_bytes) const;
  void keep(const DatagramBurst& burst, ByteView rest, UdpStats& stats);

  int fd_ = -1;
  bool is_ipv6_ = false;
  bool can_segment_ = true;
  SocketAddress local_;
  std::unique_ptr<ReceiveBuffers> buffers_;
  std::deque<Pending> pending_;
  std::size_t pending_bytes_ = 0;
};

}  // namespace theta::transport

#include "udp_socket.h"

#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "socket_address_native.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

namespace theta::transport {
namespace {

constexpr std::size_t kReceiveBatch = 16;
/// With receive offload the system hands over many datagrams of one peer as one buffer.
constexpr std::size_t kReceiveBytes = 65536;
/// What the kernel takes in one segmented send.
constexpr std::size_t kSegmentsMax = 64;
constexpr std::size_t kBurstBytesMax = 65000;
/// What is kept while the system's buffer is full; the rest is dropped, as a full router would.
constexpr std::size_t kPendingBytesMax = 1024 * 1024;
constexpr std::size_t kControlBytes = CMSG_SPACE(sizeof(in6_pktinfo)) + 3 * CMSG_SPACE(sizeof(int));

void set_int(int fd, int level, int option, int value) {
  // Each of these makes things better where the system has it; none is needed.
  (void)setsockopt(fd, level, option, &value, sizeof value);
}

std::string error_text() { return std::strerror(errno); }

template <class Value>
void append_control(msghdr& message, int level, int type, const Value& value) {
  auto* header = reinterpret_cast<cmsghdr*>(static_cast<char*>(message.msg_control) + message.msg_controllen);
  header->cmsg_level = level;
  header->cmsg_type = type;
  header->cmsg_len = CMSG_LEN(sizeof value);
  std::memcpy(CMSG_DATA(header), &value, sizeof value);
  message.msg_controllen += CMSG_SPACE(sizeof value);
}

template <class Value>
Value control_value(const cmsghdr& header) {
  Value value{};
  std::memcpy(&value, CMSG_DATA(const_cast<cmsghdr*>(&header)), sizeof value);
  return value;
}

}  // namespace

struct UdpSocket::ReceiveBuffers {
  std::array<mmsghdr, kReceiveBatch> messages{};
  std::array<iovec, kReceiveBatch> parts{};
  std::array<sockaddr_in6, kReceiveBatch> names{};
  alignas(cmsghdr) std::array<std::array<char, kControlBytes>, kReceiveBatch> controls{};
  // Not initialised, so that memory is only used where datagrams really came in.
  std::unique_ptr<std::uint8_t[]> bytes{new std::uint8_t[kReceiveBatch * kReceiveBytes]};

  void arm() {
    for (std::size_t i = 0; i < kReceiveBatch; ++i) {
      parts[i] = {bytes.get() + i * kReceiveBytes, kReceiveBytes};
      auto& header = messages[i].msg_hdr;
      header = {};
      header.msg_name = &names[i];
      header.msg_namelen = sizeof names[i];
      header.msg_iov = &parts[i];
      header.msg_iovlen = 1;
      header.msg_control = controls[i].data();
      header.msg_controllen = controls[i].size();
    }
  }
};

UdpSocket::UdpSocket(int fd, bool is_ipv6) : fd_(fd), is_ipv6_(is_ipv6), buffers_(std::make_unique<ReceiveBuffers>()) {}

UdpSocket::UdpSocket(UdpSocket&& other) noexcept { *this = std::move(other); }

UdpSocket& UdpSocket::operator=(UdpSocket&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(is_ipv6_, other.is_ipv6_);
  std::swap(can_segment_, other.can_segment_);
  std::swap(local_, other.local_);
  std::swap(buffers_, other.buffers_);
  std::swap(pending_, other.pending_);
  std::swap(pending_bytes_, other.pending_bytes_);
  return *this;
}

UdpSocket::~UdpSocket() {
  if (fd_ >= 0) ::close(fd_);
}

TransportResult<UdpSocket> UdpSocket::open(const SocketAddress& listen, int buffer_bytes) {
  const bool is_ipv6 = !listen.is_ipv4();
  const int fd = ::socket(is_ipv6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0 && is_ipv6 && errno == EAFNOSUPPORT && listen.is_wildcard()) {
    // A system without IPv6: all addresses are then all IPv4 addresses.
    return open(SocketAddress::ipv4({}, listen.port), buffer_bytes);
  }
  if (fd < 0) return fail(TransportError::system, "cannot open a UDP socket: " + error_text());
  UdpSocket result(fd, is_ipv6);
  if (is_ipv6) set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
  auto native = to_native(listen, is_ipv6);
  if (::bind(fd, native.get(), native.size) != 0) {
    return fail(TransportError::address_unavailable, "cannot listen on " + listen.to_string() + " (UDP): " +
                                                         error_text() + "; choose another address or port");
  }
  NativeAddress bound;
  bound.size = sizeof bound.storage;
  if (::getsockname(fd, bound.get(), &bound.size) != 0) {
    return fail(TransportError::system, "cannot learn the address of a UDP socket: " + error_text());
  }
  result.local_ = from_native(bound.get());
  result.configure(buffer_bytes);
  return result;
}

void UdpSocket::configure(int buffer_bytes) {
  set_int(fd_, SOL_SOCKET, SO_RCVBUF, buffer_bytes);
  set_int(fd_, SOL_SOCKET, SO_SNDBUF, buffer_bytes);
  set_int(fd_, IPPROTO_UDP, UDP_GRO, 1);
  // Both families on an IPv6 socket: it sees mapped IPv4 traffic with IPv4 control messages.
  set_int(fd_, IPPROTO_IP, IP_PKTINFO, 1);
  set_int(fd_, IPPROTO_IP, IP_RECVTOS, 1);
  // Never fragment, and do not believe ICMP: QUIC probes the path's MTU itself (RFC 9000 section 14).
  set_int(fd_, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
  if (!is_ipv6_) return;
  set_int(fd_, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
  set_int(fd_, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
  set_int(fd_, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE);
}

bool UdpSocket::receive(UdpStats& stats, const std::function<void(const Datagram&)>& on_datagram) {
  buffers_->arm();
  const int count = ::recvmmsg(fd_, buffers_->messages.data(), kReceiveBatch, MSG_DONTWAIT, nullptr);
  ++stats.receive_calls;
  if (count <= 0) return false;
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    auto& header = buffers_->messages[i].msg_hdr;
    const std::size_t size = buffers_->messages[i].msg_len;
    if ((header.msg_flags & MSG_TRUNC) != 0) {
      ++stats.dropped_truncated;
      continue;
    }
    Datagram datagram;
    datagram.local = local_;
    datagram.remote = from_native(static_cast<const sockaddr*>(header.msg_name));
    std::size_t segment = size;
    for (auto* control = CMSG_FIRSTHDR(&header); control != nullptr; control = CMSG_NXTHDR(&header, control)) {
      if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_PKTINFO) {
        std::array<std::uint8_t, 4> ip{};
        const auto info = control_value<in_pktinfo>(*control);
        std::memcpy(ip.data(), &info.ipi_addr, ip.size());
        datagram.local = SocketAddress::ipv4(ip, local_.port);
      } else if (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_PKTINFO) {
        const auto info = control_value<in6_pktinfo>(*control);
        std::memcpy(datagram.local.ip.data(), &info.ipi6_addr, datagram.local.ip.size());
        datagram.local.scope = datagram.remote.scope;
      } else if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_TOS) {
        datagram.ecn = control_value<std::uint8_t>(*control) & 3;
      } else if (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_TCLASS) {
        datagram.ecn = static_cast<std::uint8_t>(control_value<int>(*control) & 3);
      } else if (control->cmsg_level == IPPROTO_UDP && control->cmsg_type == UDP_GRO) {
        segment = static_cast<std::size_t>(control_value<int>(*control));
      }
    }
    const ByteView all(static_cast<const std::uint8_t*>(buffers_->parts[i].iov_base), size);
    stats.bytes_received += size;
    for (std::size_t at = 0; at < size; at += std::max<std::size_t>(segment, 1)) {
      ++stats.datagrams_received;
      datagram.bytes = all.subspan(at, std::min(segment, size - at));
      on_datagram(datagram);
    }
  }
  return static_cast<std::size_t>(count) == kReceiveBatch;
}

bool UdpSocket::send_message(const DatagramBurst& burst, ByteView bytes, std::size_t segment_bytes) const {
  auto native = to_native(burst.remote, is_ipv6_);
  iovec part{const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
  alignas(cmsghdr) std::array<char, kControlBytes> control{};
  msghdr message{};
  message.msg_name = native.get();
  message.msg_namelen = native.size;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  const bool goes_as_ipv4 = burst.remote.is_ipv4();
  if (!burst.local.is_wildcard() && burst.local.is_ipv4() == goes_as_ipv4) {
    // Answer from the address that was asked, or a client behind a firewall never sees it.
    if (goes_as_ipv4) {
      in_pktinfo info{};
      std::memcpy(&info.ipi_spec_dst, burst.local.ip.data() + 12, 4);
      append_control(message, IPPROTO_IP, IP_PKTINFO, info);
    } else {
      in6_pktinfo info{};
      std::memcpy(&info.ipi6_addr, burst.local.ip.data(), 16);
      info.ipi6_ifindex = burst.local.scope;
      append_control(message, IPPROTO_IPV6, IPV6_PKTINFO, info);
    }
  }
  if (burst.ecn != 0) {
    const int ecn = burst.ecn;
    append_control(message, goes_as_ipv4 ? IPPROTO_IP : IPPROTO_IPV6, goes_as_ipv4 ? IP_TOS : IPV6_TCLASS, ecn);
  }
  if (bytes.size() > segment_bytes) {
    append_control(message, IPPROTO_UDP, UDP_SEGMENT, static_cast<std::uint16_t>(segment_bytes));
  }
  if (message.msg_controllen == 0) message.msg_control = nullptr;
  return ::sendmsg(fd_, &message, MSG_DONTWAIT) >= 0;
}

UdpSocket::Sent UdpSocket::try_send(const DatagramBurst& burst, UdpStats& stats, std::size_t& sent_bytes) {
  while (sent_bytes < burst.bytes.size()) {
    const auto segment = std::max<std::size_t>(burst.segment_bytes, 1);
    const auto segments = can_segment_ ? std::min(kSegmentsMax, std::max<std::size_t>(kBurstBytesMax / segment, 1)) : 1;
    const auto piece = burst.bytes.subspan(sent_bytes, std::min(segments * segment, burst.bytes.size() - sent_bytes));
    ++stats.send_calls;
    if (send_message(burst, piece, segment)) {
      stats.bytes_sent += piece.size();
      stats.datagrams_sent += (piece.size() + segment - 1) / segment;
      sent_bytes += piece.size();
      continue;
    }
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS) return Sent::blocked;
    const bool refused_offload = piece.size() > segment && (errno == EIO || errno == EINVAL || errno == ENOPROTOOPT);
    if (refused_offload) {
      // The device (or a path with checksums in software) cannot segment: every datagram goes alone from now on.
      can_segment_ = false;
      ++stats.segmentation_fallbacks;
      continue;
    }
    // EMSGSIZE answers an MTU probe; others mean no route. QUIC's loss recovery and time-outs deal with both.
    stats.send_errors += (piece.size() + segment - 1) / segment;
    sent_bytes += piece.size();
  }
  return Sent::done;
}

void UdpSocket::send(const DatagramBurst& burst, UdpStats& stats) {
  std::size_t sent = 0;
  if (is_blocked() || try_send(burst, stats, sent) == Sent::blocked) keep(burst, burst.bytes.subspan(sent), stats);
}

void UdpSocket::keep(const DatagramBurst& burst, ByteView rest, UdpStats& stats) {
  if (pending_bytes_ + rest.size() > kPendingBytesMax) {
    const auto segment = std::max<std::size_t>(burst.segment_bytes, 1);
    stats.dropped_blocked += (rest.size() + segment - 1) / segment;
    return;
  }
  pending_bytes_ += rest.size();
  pending_.push_back({burst, Bytes(rest.begin(), rest.end())});
}

void UdpSocket::send_pending(UdpStats& stats) {
  while (!pending_.empty()) {
    auto& first = pending_.front();
    first.burst.bytes = first.bytes;
    std::size_t sent = 0;
    const auto result = try_send(first.burst, stats, sent);
    pending_bytes_ -= sent;
    if (result == Sent::blocked) {
      first.bytes.erase(first.bytes.begin(), first.bytes.begin() + static_cast<std::ptrdiff_t>(sent));
      return;
    }
    pending_.pop_front();
  }
}

}  // namespace theta::transport

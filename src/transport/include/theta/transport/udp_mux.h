#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "theta/base/bytes.h"
#include "theta/base/time.h"
#include "theta/transport/error.h"
#include "theta/transport/socket_address.h"

namespace theta::transport {

/// What a datagram's first byte says it is, when QUIC, DTLS and STUN share one port (RFC 9443 section 3). STUN must
/// also carry its magic cookie.
enum class DatagramKind : std::uint8_t { stun, dtls, quic, unknown };
inline constexpr std::size_t kDatagramKindCount = 4;

[[nodiscard]] DatagramKind classify_datagram(ByteView datagram);

/// A datagram that came in; `bytes` borrows for the call.
struct Datagram {
  SocketAddress local;
  SocketAddress remote;
  std::uint8_t ecn = 0;
  ByteView bytes;
};

/// Datagrams to one address: `bytes` cut into pieces of `segment_bytes`, the last one may be shorter.
struct DatagramBurst {
  SocketAddress local;  // a wildcard lets the system choose
  SocketAddress remote;
  std::uint8_t ecn = 0;
  ByteView bytes;
  std::size_t segment_bytes = 0;
};

/// Where an engine's datagrams go.
class DatagramSender {
 public:
  virtual ~DatagramSender() = default;
  /// Takes the burst whole: sends it or keeps a copy to send later. Datagrams may get lost, as they may anywhere.
  virtual void send(const DatagramBurst& burst) = 0;
  /// False while the system's buffer is full; an engine then holds its data back until it is driven again.
  [[nodiscard]] virtual bool can_send() const = 0;
};

/// Receives one kind of datagram.
class DatagramHandler {
 public:
  virtual ~DatagramHandler() = default;
  virtual void on_datagram(const Datagram& datagram, MonotonicTime now) = 0;
};

struct UdpStats {
  std::uint64_t datagrams_received = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t datagrams_sent = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t send_calls = 0;
  std::uint64_t receive_calls = 0;
  std::uint64_t dropped_unknown_kind = 0;  // no protocol of ours begins so
  std::uint64_t dropped_no_handler = 0;    // a known protocol that nobody serves here
  std::uint64_t dropped_truncated = 0;     // larger than any datagram we accept
  std::uint64_t dropped_blocked = 0;       // sent while the system's buffer was full, beyond what is kept
  std::uint64_t send_errors = 0;
  std::uint64_t segmentation_fallbacks = 0;  // GSO was refused (EIO) and is off since
};

/// One UDP socket for all protocols of a process: receives in batches, tells the protocols apart, sends in batches with
/// segmentation offload where the system has it. IPv6 wildcards serve IPv4 too. No thread: its owner polls `fd()`.
class UdpMux final : public DatagramSender {
 public:
  struct Options {
    SocketAddress listen;
    /// Asked of the system, which may grant less.
    int socket_buffer_bytes = 4 * 1024 * 1024;
  };

  [[nodiscard]] static TransportResult<std::unique_ptr<UdpMux>> open(const Options& options);
  ~UdpMux() override;
  UdpMux(const UdpMux&) = delete;
  UdpMux& operator=(const UdpMux&) = delete;

  /// `handler` must outlive the mux or be replaced by null first.
  void set_handler(DatagramKind kind, DatagramHandler* handler);
  /// Hands waiting datagrams to their handlers, at most a few thousand a call so that the owner's other work gets its
  /// turn; poll again afterwards.
  void on_readable(MonotonicTime now);
  /// Tries again to send what the system refused to take. Owners that poll for writing only while `!can_send()` call
  /// it then; others call it whenever they are woken.
  void on_writable();

  void send(const DatagramBurst& burst) override;
  [[nodiscard]] bool can_send() const override;
  [[nodiscard]] int fd() const;
  /// With the port that the system chose for port 0.
  [[nodiscard]] const SocketAddress& local_address() const;
  [[nodiscard]] const UdpStats& stats() const;

 private:
  struct Impl;
  explicit UdpMux(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace theta::transport

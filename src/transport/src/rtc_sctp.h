#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "theta/base/bytes.h"
#include "theta/base/time.h"
#include "theta/transport/transport.h"

struct socket;

namespace theta::transport {

/// Channels use four; browsers number theirs 0, 2, 4, 6. 65,535 streams, which browsers ask for, would cost megabytes.
inline constexpr std::uint16_t kSctpStreamsMax = 16;
/// What usrsctp holds of one association that was not acknowledged, and that arrived incomplete.
inline constexpr std::size_t kSctpSendBufferBytes = 256 * 1024;
inline constexpr std::size_t kSctpReceiveBufferBytes = 128 * 1024;

/// What a peer sends back of a HEARTBEAT, unread: only who received it can.
using HeartbeatNonce = FixedBytes<struct HeartbeatNonceTag, 16>;
/// The nonces that a packet sends back.
[[nodiscard]] std::vector<HeartbeatNonce> find_heartbeat_acks(ByteView packet);

/// Where an association's packets go, from within any call of usrsctp.
class SctpHandler {
 public:
  virtual ~SctpHandler() = default;
  virtual void on_sctp_output(ByteView packet) = 0;
  /// Something waits to be taken by `SctpAssociation::take`. Must not call usrsctp.
  virtual void on_sctp_pending() = 0;
};

/// One thing that happened on an association.
struct SctpEvent {
  enum class Kind : std::uint8_t {
    up,
    lost,          // aborted by the peer or by time, or shut down
    message,       // or a piece of one: `is_end` tells
    stream_reset,  // the peer closed its direction of `stream`
    dry,           // everything sent was acknowledged
  };
  Kind kind = Kind::up;
  std::uint16_t stream = 0;
  std::uint32_t ppid = 0;
  bool is_end = true;
  Bytes bytes;
};

/// One SCTP association (RFC 9260 over DTLS, RFC 8261) inside usrsctp.
class SctpAssociation {
 public:
  enum class SendResult : std::uint8_t { sent, blocked, failed };
  struct Message {
    std::uint16_t stream = 0;
    std::uint32_t ppid = 0;
    bool is_presence = false;  // unordered, never retransmitted
    ByteView bytes;
  };

  /// Begins the association with the peer's port at once; both ends may. Null when usrsctp refuses. `handler` must
  /// outlive it.
  [[nodiscard]] static std::unique_ptr<SctpAssociation> connect(SctpHandler& handler, std::uint16_t peer_port,
                                                                std::uint16_t streams = kSctpStreamsMax);
  /// Aborts what is still there, which tells the peer.
  ~SctpAssociation();
  SctpAssociation(const SctpAssociation&) = delete;
  SctpAssociation& operator=(const SctpAssociation&) = delete;

  void receive(ByteView packet);
  [[nodiscard]] SendResult send(const Message& message);
  /// Lower goes first among what waits in usrsctp.
  void set_priority(std::uint16_t stream, std::uint16_t priority);
  /// Closes our direction of `stream`.
  void reset_stream(std::uint16_t stream);
  /// What happened since the last call.
  [[nodiscard]] std::vector<SctpEvent> take();
  /// A packet with a HEARTBEAT chunk that carries `nonce`, for the owner to send where it likes; empty before the peer
  /// is known. usrsctp has no part in it.
  [[nodiscard]] Bytes make_heartbeat(const HeartbeatNonce& nonce) const;
  /// Bytes that usrsctp holds for sending.
  [[nodiscard]] std::size_t unacknowledged_bytes() const { return unacknowledged_; }

 private:
  friend class SctpStack;
  SctpAssociation(SctpHandler& handler, std::uint64_t id) : handler_(handler), id_(id) {}
  [[nodiscard]] bool open(std::uint16_t peer_port, std::uint16_t streams);
  [[nodiscard]] bool set_options(std::uint16_t streams);
  void on_received(Bytes bytes, std::uint16_t stream, std::uint32_t ppid, int flags);
  void on_notification(ByteView bytes);
  void on_output(ByteView packet);
  void on_send_space(std::size_t free_bytes);
  void add(SctpEvent event);

  SctpHandler& handler_;
  std::uint64_t id_;
  struct ::socket* socket_ = nullptr;
  std::uint16_t peer_port_ = 0;
  std::array<std::uint8_t, 4> peer_tag_{};  // of packets to the peer; zero until it is known
  std::size_t unacknowledged_ = 0;
  std::vector<SctpEvent> events_;
};

/// usrsctp is global to the process; this owns it. Associations are numbers to it, never pointers, and looked up when
/// it calls: it may do so after they are gone.
class SctpStack {
 public:
  [[nodiscard]] static SctpStack& instance();
  SctpStack(const SctpStack&) = delete;
  SctpStack& operator=(const SctpStack&) = delete;

  /// usrsctp's timers move on to `now`. Time begins anew when there is no association.
  void advance(MonotonicTime now);
  [[nodiscard]] bool is_idle() const { return associations_.empty(); }
  /// Packets for associations that are gone.
  [[nodiscard]] std::uint64_t late_packets() const { return late_packets_; }
  /// What usrsctp calls with each packet.
  static int on_output(void* id, void* bytes, std::size_t size, std::uint8_t tos, std::uint8_t set_df);

 private:
  friend class SctpAssociation;
  SctpStack();
  [[nodiscard]] SctpAssociation* find(void* id) const;

  std::unordered_map<std::uint64_t, SctpAssociation*> associations_;
  std::uint64_t count_ = 0;
  std::uint64_t late_packets_ = 0;
  bool has_time_ = false;
  MonotonicTime time_{};
};

}  // namespace theta::transport

#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <ngtcp2/ngtcp2.h>

#include "quic_lanes.h"
#include "quic_tls.h"
#include "theta/transport/quic_engine.h"

namespace theta::transport {

class QuicConnection;

/// The length of the connection ids we choose.
inline constexpr std::size_t kConnectionIdBytes = 12;

/// What a connection needs of the engine that owns it.
class QuicHost {
 public:
  virtual ~QuicHost() = default;
  [[nodiscard]] virtual const QuicOptions& options() const = 0;
  [[nodiscard]] virtual const TlsContext& tls() const = 0;
  [[nodiscard]] virtual QuicStats& stats() = 0;
  [[nodiscard]] virtual MonotonicTime now() const = 0;
  virtual void add_id(ByteView id, QuicConnection& connection) = 0;
  virtual void remove_id(ByteView id, QuicConnection& connection) = 0;
  /// The peer's reset of this connection will end with this token, whatever connection id it begins with.
  virtual void add_reset_token(ByteView token, QuicConnection& connection) = 0;
  virtual void remove_reset_token(ByteView token, QuicConnection& connection) = 0;
  /// Writes NGTCP2_STATELESS_RESET_TOKENLEN bytes; false when the TLS library fails.
  [[nodiscard]] virtual bool make_reset_token(const ngtcp2_cid& id, std::uint8_t* token) const = 0;
  virtual void emit(const Event& event) = 0;
  /// The connection completed its handshake.
  virtual void on_established(QuicConnection& connection) = 0;
  /// The connection carries no more data; it may stay a while to answer late packets.
  virtual void on_ended(QuicConnection& connection) = 0;
  /// The bound on unfinished messages is passed: ends whoever holds the most, which may be the one that asks.
  virtual void end_largest_holder() = 0;
};

struct NgtcpDeleter {
  void operator()(ngtcp2_conn* connection) const { ngtcp2_conn_del(connection); }
};

[[nodiscard]] ngtcp2_tstamp to_timestamp(MonotonicTime time);
[[nodiscard]] MonotonicTime from_timestamp(ngtcp2_tstamp timestamp);
[[nodiscard]] ngtcp2_cid random_connection_id(std::size_t size);

/// One QUIC connection: ngtcp2's state machine, its TLS session, its lanes. quic_callbacks.cpp holds what ngtcp2 calls.
class QuicConnection final : public TlsOwner {
 public:
  /// What the server learnt of a newcomer from its first packet.
  struct Newcomer {
    ngtcp2_pkt_hd header{};
    bool has_retry_token = false;
    ngtcp2_cid original_dcid{};  // before the Retry, if there was one
  };

  /// Null when memory or the TLS library fails.
  [[nodiscard]] static std::unique_ptr<QuicConnection> start(QuicHost& host, PeerId peer, const SocketAddress& local,
                                                             const SocketAddress& remote,
                                                             const std::optional<HubKey>& expected);
  [[nodiscard]] static std::unique_ptr<QuicConnection> accept(QuicHost& host, PeerId peer, const Datagram& first,
                                                              const Newcomer& newcomer);
  ~QuicConnection() override;

  void read(const Datagram& datagram);
  void on_timer();
  /// `scratch` holds one burst.
  void write(DatagramSender& output, std::span<std::uint8_t> scratch);
  void request_close(CloseReason reason, std::string text);
  /// What unfinished messages take here; 0 for a connection that is ending.
  [[nodiscard]] std::size_t held_bytes() const;
  /// Ends the connection, whose unfinished messages are given up at once.
  void give_up_unfinished();
  [[nodiscard]] SendResult send(Lane lane, const SharedBytes& message);
  /// Tells `writable` and `closed` where they are due; the handlers may call anything but what drives the engine.
  void tell_deferred();

  [[nodiscard]] PeerId peer() const { return peer_; }
  [[nodiscard]] bool is_server() const { return is_server_; }
  /// Whether the handshake began with proof that `first_remote` is the peer's own: a Retry token, or we chose it.
  [[nodiscard]] bool began_validated() const { return began_validated_; }
  [[nodiscard]] bool is_established() const { return was_established_; }
  /// Nothing is left to do; the engine forgets it.
  [[nodiscard]] bool is_over() const { return phase_ == Phase::over; }
  [[nodiscard]] bool has_ended() const { return phase_ >= Phase::closing; }
  [[nodiscard]] bool is_closing() const { return ending_.has_value() || has_ended(); }
  [[nodiscard]] MonotonicTime next_timeout() const;
  /// Whether anything waits on a lane for its packet.
  [[nodiscard]] bool has_unsent() const;
  [[nodiscard]] std::size_t queued_bytes(Lane lane) const;
  [[nodiscard]] PeerStats stats() const;
  [[nodiscard]] const SocketAddress& first_remote() const { return first_remote_; }
  /// Ends at once and silently: for a table that is full of connections that are over already.
  void forget();

  [[nodiscard]] ngtcp2_conn* native() { return conn_.get(); }
  HubPin* hub_pin() override { return is_server_ ? nullptr : &pin_; }

  // The engine's bookkeeping.
  std::vector<ngtcp2_cid> ids;  // under which it stands in the table
  std::vector<std::array<std::uint8_t, NGTCP2_STATELESS_RESET_TOKENLEN>> reset_tokens;  // likewise
  bool is_dirty = false;
  MonotonicTime scheduled_at = MonotonicTime::max();

 private:
  friend struct QuicCallbacks;
  enum class Phase : std::uint8_t {
    handshake,
    open,
    lingering,  // close was asked for, queued data still leaves
    closing,    // our CONNECTION_CLOSE was sent and is repeated to whoever did not see it (RFC 9000 section 10.2)
    draining,   // the peer's came, or there is nobody to tell
    over,
  };
  struct Ending {
    CloseReason reason = CloseReason::none;
    bool by_peer = false;
    std::string text;
  };
  struct ReliableLane {
    ReliableLane(Lane which, bool expects_preface) : receiver(which, expects_preface) {}
    LaneSender sender;
    LaneReceiver receiver;
    bool is_open = false;
    bool wants_writable = false;
  };
  struct PacketWrite {
    ngtcp2_ssize result = 0;
    SocketAddress local;
    SocketAddress remote;
    std::uint8_t ecn = 0;
  };
  class BurstBuilder;

  QuicConnection(QuicHost& host, PeerId peer, bool is_server, const SocketAddress& local, const SocketAddress& remote);
  [[nodiscard]] bool create_client(const std::optional<HubKey>& expected);
  [[nodiscard]] bool create_server(const Newcomer& newcomer);
  void fill_settings(ngtcp2_settings& settings) const;
  void fill_parameters(ngtcp2_transport_params& parameters) const;
  void attach_session(TlsSession session);

  // Reading and ending.
  void on_read_result(int status);
  void on_draining();
  void fail(int status);
  /// Notes how it ends. `code` with `is_application` false is a QUIC transport error.
  void end_with_close(Ending ending, std::uint64_t code, bool is_application);
  void end_silently(Ending ending, Phase phase);
  void end_by_timeout(int status);
  void release();
  [[nodiscard]] Ending ending_of_peer() const;

  // Writing.
  void write_packets(DatagramSender& output, std::span<std::uint8_t> scratch);
  void write_close(DatagramSender& output, std::span<std::uint8_t> scratch);
  [[nodiscard]] PacketWrite write_packet(std::span<std::uint8_t> buffer);
  [[nodiscard]] ngtcp2_ssize fill_packet(ngtcp2_path* path, ngtcp2_pkt_info& info, std::span<std::uint8_t> buffer);
  [[nodiscard]] bool is_drained() const;

  // What the callbacks do.
  [[nodiscard]] int on_handshake_completed();
  [[nodiscard]] bool open_lanes();
  [[nodiscard]] int refuse_lane_data(CloseReason reason, const char* text);
  [[nodiscard]] int on_lane_data(std::int64_t stream, ByteView data, bool is_end);
  void deliver(Lane lane, ByteView message);
  [[nodiscard]] ReliableLane* lane_of(std::int64_t stream);
  [[nodiscard]] ReliableLane& reliable(Lane lane) { return lanes_[static_cast<std::size_t>(lane)]; }

  QuicHost& host_;
  PeerId peer_;
  bool is_server_;
  bool began_validated_ = true;
  bool was_established_ = false;
  bool was_reset_ = false;
  bool wants_close_packet_ = false;
  bool is_close_told_ = false;
  bool may_drop_session_ = false;
  Phase phase_ = Phase::handshake;
  SocketAddress local_;
  SocketAddress first_remote_;
  std::unique_ptr<ngtcp2_conn, NgtcpDeleter> conn_;
  TlsSession session_;
  ngtcp2_crypto_conn_ref session_reference_{};
  HubPin pin_;

  std::array<ReliableLane, 3> lanes_;
  std::deque<SharedBytes> presence_;
  std::size_t presence_bytes_ = 0;

  std::optional<Ending> ending_;
  std::uint64_t close_code_ = 0;
  bool is_application_close_ = false;
  MonotonicTime linger_deadline_ = MonotonicTime::max();
  MonotonicTime written_at_{};  // when the last packet left
  MonotonicTime forget_at_ = MonotonicTime::max();
  Bytes close_packet_;
  SocketAddress close_to_;
  std::uint32_t packets_since_close_ = 0;

  std::uint64_t packets_sent_ = 0;
  std::uint64_t packets_received_ = 0;
};

}  // namespace theta::transport

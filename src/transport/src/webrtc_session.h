#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rtc_channels.h"
#include "rtc_dtls.h"
#include "rtc_sctp.h"
#include "rtc_sctp_guard.h"
#include "rtc_sdp.h"
#include "rtc_stun.h"
#include "theta/transport/webrtc_engine.h"

namespace theta::transport {

class WebRtcSession;

/// What a session needs of the engine that owns it.
class WebRtcHost {
 public:
  virtual ~WebRtcHost() = default;
  [[nodiscard]] virtual const WebRtcOptions& options() const = 0;
  [[nodiscard]] virtual WebRtcStats& stats() = 0;
  [[nodiscard]] virtual const DtlsContext& dtls() const = 0;
  [[nodiscard]] virtual MonotonicTime now() const = 0;
  virtual void send_datagram(const SocketAddress& local, const SocketAddress& remote, ByteView datagram) = 0;
  [[nodiscard]] virtual bool can_send() const = 0;
  virtual void emit(const Event& event) = 0;
  virtual void mark_dirty(WebRtcSession& session) = 0;
  /// `remote` may speak to this session from now on, or no longer.
  virtual void add_address(const SocketAddress& remote, WebRtcSession& session) = 0;
  virtual void remove_address(const SocketAddress& remote, WebRtcSession& session) = 0;
  /// All four channels are open.
  virtual void on_established(WebRtcSession& session) = 0;
  /// The bound on unfinished messages is passed: ends whoever holds the most, which may be the one that asks.
  virtual void end_largest_holder() = 0;
};

/// One browser: from the offer that was answered to its end. webrtc_lanes.cpp deals with channels and messages.
class WebRtcSession final : public DtlsHandler, public SctpHandler {
 public:
  struct Identity {
    PeerId peer;
    AuthorKey author;
    SocketAddress offered_from;
    std::string ufrag;
    std::string password;
  };
  WebRtcSession(WebRtcHost& host, Identity identity, SdpOffer offer);
  ~WebRtcSession() override;

  /// An authenticated check that came with `request`. Returns whether `remote` has a place here.
  [[nodiscard]] bool on_check(const Datagram& datagram, const StunRequest& request);
  [[nodiscard]] bool has_proved(const SocketAddress& remote) const;
  /// Another session speaks from `remote`. Does not end this one: that is for its consent, which runs on.
  void give_up(const SocketAddress& remote);
  /// From an address that a check came from.
  void on_dtls(const Datagram& datagram);
  void on_timer();
  /// Sends what may leave and tells what is due.
  void flush();
  [[nodiscard]] SendResult send(Lane lane, const SharedBytes& message);
  void request_close(CloseReason reason, std::string text);
  /// What unfinished messages take here; 0 for a session that is ending.
  [[nodiscard]] std::size_t held_bytes() const;
  /// Ends the session, whose unfinished messages are given up at once.
  void give_up_unfinished();

  [[nodiscard]] const Identity& identity() const { return identity_; }
  [[nodiscard]] const SdpOffer& offer() const { return offer_; }
  [[nodiscard]] bool is_established() const { return was_established_; }
  [[nodiscard]] bool is_over() const { return phase_ == Phase::over; }
  [[nodiscard]] MonotonicTime next_timeout() const;
  [[nodiscard]] std::size_t queued_bytes(Lane lane) const { return sending(lane).bytes; }
  [[nodiscard]] PeerStats stats() const;

  // DtlsHandler and SctpHandler.
  void on_dtls_output(ByteView datagram) override;
  void on_dtls_data(ByteView bytes) override;
  void on_sctp_output(ByteView packet) override;
  void on_sctp_pending() override;

  // The engine's bookkeeping.
  bool is_dirty = false;
  MonotonicTime scheduled_at = MonotonicTime::max();

 private:
  enum class Phase : std::uint8_t {
    pending,  // the channels are not all open
    open,
    lingering,  // close was asked for, queued messages still leave
    closing,    // the reason was sent and waits to be acknowledged
    over,
  };
  struct Ending {
    CloseReason reason = CloseReason::none;
    bool by_peer = false;
    std::string text;
  };
  struct Path {
    SocketAddress local;
    SocketAddress remote;
    MonotonicTime checked_at{};
    bool is_nominated = false;
    /// What is sent there has come back, so nobody was made to receive it in another's name.
    bool is_proven = false;
    /// Bytes that may be sent before that: what came from there, less what was answered.
    std::size_t credit = 0;
    std::optional<HeartbeatNonce> challenge;
  };
  /// A HEARTBEAT on the path in use, of which the round trip is measured.
  struct Probe {
    HeartbeatNonce nonce;
    SocketAddress to;
    MonotonicTime sent_at{};
  };
  struct SendingLane {
    std::deque<SharedBytes> messages;
    std::size_t bytes = 0;
    std::size_t offset = 0;  // what usrsctp took of the first message
    bool wants_writable = false;
  };
  struct Channel {
    Lane lane = Lane::control;
    std::uint16_t stream = 0;
    FragmentReceiver receiver;
  };

  // Paths.
  [[nodiscard]] Path* find_path(const SocketAddress& remote);
  [[nodiscard]] const Path* find_path(const SocketAddress& remote) const;
  void forget_old_paths();
  void select(const Path& path);
  [[nodiscard]] MonotonicTime consent_until() const;
  void challenge(Path& path);
  void on_heartbeat_ack(const HeartbeatNonce& nonce);
  void send_probe();
  void send_heartbeat(Path& path, const HeartbeatNonce& nonce);
  void send_on(Path& path, ByteView datagram);
  void note_handshake_to(const SocketAddress& remote);

  // DTLS and SCTP.
  [[nodiscard]] bool begin_dtls(Path& path, ByteView datagram);
  void read_dtls(ByteView datagram);
  void check_dtls();
  void process_sctp();
  void on_sctp_event(const SctpEvent& event);

  // Ending.
  void end(Ending ending);
  void fail(CloseReason reason, std::string text);
  void finish();
  void pump_close();

  // Channels and messages.
  void on_message(const SctpEvent& event);
  void on_channel_open(std::uint16_t stream, ByteView message);
  void on_fragment(Channel& channel, ByteView fragment);
  void on_stream_reset(std::uint16_t stream);
  [[nodiscard]] Channel* channel_of(std::uint16_t stream);
  [[nodiscard]] Channel* channel_of(Lane lane);
  void establish();
  void pump();
  [[nodiscard]] bool pump_lane(Lane lane);
  void tell_writable();
  void drop_oldest_presence();
  [[nodiscard]] std::size_t queued_bytes() const;
  /// Whether anything was not sent, or sent and not acknowledged.
  [[nodiscard]] bool is_waiting() const;
  [[nodiscard]] SendingLane& sending(Lane lane) { return lanes_[static_cast<std::size_t>(lane)]; }
  [[nodiscard]] const SendingLane& sending(Lane lane) const { return lanes_[static_cast<std::size_t>(lane)]; }

  WebRtcHost& host_;
  Identity identity_;
  SdpOffer offer_;
  Phase phase_ = Phase::pending;
  bool was_established_ = false;
  bool is_close_told_ = false;
  bool wants_close_ = false;  // asked for by `close`, begun by the next flush
  MonotonicTime began_at_;

  std::vector<Path> paths_;
  SocketAddress remote_;  // where datagrams go
  bool has_remote_ = false;
  /// Of `remote_`'s path, once another session has taken it.
  MonotonicTime checked_at_when_lost_{};
  /// Where all of this side's handshake went; none once it went to more than one place.
  std::optional<SocketAddress> handshake_to_;
  bool is_handshake_spread_ = false;

  /// Of the datagram at hand, and of one that must not go where the others go; none: `remote_`.
  std::optional<SocketAddress> reading_from_;
  std::optional<SocketAddress> writing_to_;
  std::optional<Probe> probe_;
  MonotonicTime probe_at_ = MonotonicTime::max();
  MonotonicClock::duration rtt_{};
  MonotonicClock::duration rtt_deviation_{};

  Bytes early_;  // the rest of a ClientHello that overtook its beginning
  std::unique_ptr<DtlsSession> dtls_;
  MonotonicTime resend_at_ = MonotonicTime::max();
  MonotonicClock::duration resend_after_{};
  unsigned discarded_seen_ = 0;
  std::unique_ptr<SctpAssociation> sctp_;
  SctpGuard sctp_guard_;
  Bytes unfinished_sctp_;  // the pieces of a message that usrsctp delivers in parts
  Bytes fragment_;         // scratch

  std::vector<Channel> channels_;
  std::array<SendingLane, kLaneCount> lanes_;
  MonotonicTime progress_at_{};  // when something was acknowledged, or nothing waited
  std::size_t unacknowledged_before_ = 0;

  std::optional<Ending> ending_;
  MonotonicTime linger_until_ = MonotonicTime::max();
  std::uint64_t packets_sent_ = 0;
  std::uint64_t packets_received_ = 0;
};

}  // namespace theta::transport

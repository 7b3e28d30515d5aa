#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "theta/base/ids.h"
#include "theta/base/time.h"
#include "theta/transport/error.h"
#include "theta/transport/rtc_signalling.h"
#include "theta/transport/transport.h"
#include "theta/transport/udp_mux.h"

namespace theta::transport {

struct WebRtcOptions {
  /// From the answer to four open channels; who takes longer is forgotten.
  MonotonicClock::duration connect_timeout = std::chrono::seconds{15};
  /// Nothing is sent, and the connection is over, this long after the last authenticated check (RFC 7675). A tab that
  /// was killed says nothing, so this is also what notices it.
  MonotonicClock::duration consent_timeout = std::chrono::seconds{30};
  /// How long `close` waits for queued messages, and then for the reason, to be acknowledged.
  MonotonicClock::duration linger = std::chrono::seconds{1};
  /// A peer that has acknowledged nothing for so long while messages wait for it is disconnected (`resource_limit`).
  MonotonicClock::duration stall_timeout = std::chrono::seconds{30};

  LaneBounds lane_bounds;
  /// All lanes of a peer together. Beyond it presence is dropped first; then reliable lanes answer `full`.
  std::size_t peer_queue_bytes_max = 3 * 1024 * 1024;
  /// Unfinished messages of all peers together; who would exceed it is disconnected with `resource_limit`.
  std::size_t unfinished_bytes_max = 256 * 1024 * 1024;

  /// Connections and pending sessions together.
  std::size_t connections_max = 4096;
  /// Of one IPv4 address or one IPv6 /64, by the address that the offer came from; and of one IPv6 /48.
  std::size_t connections_per_source_max = 256;
  std::size_t connections_per_network_max = 1024;
  /// Answered offers whose channels are not open yet: in all, of one source, of one author.
  std::size_t pending_max = 1024;
  std::size_t pending_per_source_max = 64;
  std::size_t pending_per_author_max = 8;
};

struct WebRtcStats {
  std::uint64_t datagrams_received = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t datagrams_sent = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t offers_accepted = 0;
  std::uint64_t offers_malformed = 0;
  std::uint64_t offers_refused_busy = 0;  // a bound on pending sessions or connections
  std::uint64_t checks_answered = 0;      // STUN binding requests that were authenticated
  std::uint64_t role_conflicts = 0;       // answered with 487: the peer must be the controlling one
  std::uint64_t address_changes = 0;
  std::uint64_t connections_completed = 0;
  std::uint64_t connections_failed = 0;  // answered offers that never had four open channels
  std::uint64_t connect_timeouts = 0;    // of these, those that took too long
  std::uint64_t dtls_failures = 0;
  std::uint64_t fingerprint_mismatches = 0;
  std::uint64_t renegotiations_refused = 0;
  std::uint64_t consent_expired = 0;
  std::uint64_t stalled_closes = 0;
  std::uint64_t protocol_errors = 0;
  std::uint64_t stream_resets = 0;
  std::uint64_t unfinished_limit_closes = 0;
  std::uint64_t messages_received = 0;
  std::uint64_t messages_sent = 0;  // taken by `send`
  std::uint64_t sends_full = 0;
  std::uint64_t presence_dropped = 0;
  std::uint64_t stun_dropped_malformed = 0;        // no binding request, or not well formed
  std::uint64_t stun_dropped_unknown_user = 0;     // a USERNAME that is of no session
  std::uint64_t stun_dropped_integrity = 0;        // MESSAGE-INTEGRITY or FINGERPRINT is missing or wrong
  std::uint64_t stun_dropped_amplifying = 0;       // the answer would have been longer than the request
  std::uint64_t stun_dropped_address_limit = 0;    // more addresses at a time than a browser has
  std::uint64_t dtls_dropped_unknown_address = 0;  // no authenticated check came from there
  std::uint64_t dtls_dropped_records = 0;          // did not verify, or came again
  std::uint64_t dtls_held_unproven = 0;            // longer than what came from an address that is not proven
  std::uint64_t sctp_dropped_resets = 0;           // more stream resets, or data behind them, than a browser sends
  std::uint64_t sctp_dropped_late = 0;             // sent by usrsctp for an association that is over
  std::size_t connections = 0;                     // now, pending sessions included
  std::size_t pending = 0;                         // of these, without four open channels
  std::size_t unfinished_bytes = 0;                // now, of messages that are still arriving
};

/// An SDP offer and what is known of who sent it. Borrows for the call.
struct RtcOffer {
  std::string_view sdp;
  /// Where the HTTP request came from; only for bounds. The media may come from anywhere.
  SocketAddress remote;
  /// Who signed the offer; only for bounds. What an author may do, the login on the control lane decides.
  AuthorKey author;
  /// The address and UDP port that the browser is told to send to.
  SocketAddress candidate;
};

/// WebRTC data channels without a socket or a clock: ICE-lite (RFC 8445), DTLS 1.2 (RFC 6347, GnuTLS), SCTP (RFC 9260,
/// usrsctp), data channels (RFC 8831, 8832). Only the answering side; peers are browsers. Takes the datagrams of kind
/// `stun` and `dtls`. One thread, and one for all engines of a process, because usrsctp is global to the process.
///
/// The lanes are four data channels, opened by the browser with protocol "theta/1": "control", "commands" and "bulk",
/// ordered, and "presence", unordered and without retransmission; docs/format.md has their messages. `connected` is
/// told when all four are open.
class WebRtcEngine final : public Transport, public DatagramHandler {
 public:
  /// `sink` and `output` must outlive the engine. Makes a fresh ECDSA P-256 certificate.
  [[nodiscard]] static TransportResult<std::unique_ptr<WebRtcEngine>> create(const WebRtcOptions& options,
                                                                             EventSink& sink, DatagramSender& output);
  ~WebRtcEngine() override;
  WebRtcEngine(const WebRtcEngine&) = delete;
  WebRtcEngine& operator=(const WebRtcEngine&) = delete;

  /// Returns the SDP answer (at most kAnswerBytesMax) and holds a session ready for `connect_timeout`. `malformed`: the
  /// offer is not one that a browser makes for data channels (HTTP 400). `busy`: a bound is reached, or the engine is
  /// shut down (HTTP 503). The message is a sentence for the person who sent it.
  [[nodiscard]] TransportResult<std::string> accept_offer(const RtcOffer& offer, MonotonicTime now);

  [[nodiscard]] SendResult send(PeerId peer, Lane lane, const SharedBytes& message) override;
  void close(PeerId peer, CloseReason reason, std::string text) override;
  [[nodiscard]] std::size_t queued_bytes(PeerId peer, Lane lane) const override;
  [[nodiscard]] PeerStats peer_stats(PeerId peer) const override;
  /// Closes every connection, forgets pending sessions, and accepts no more.
  void shut_down(CloseReason reason, const std::string& text);

  /// Takes one datagram. What it causes is sent at once or by the next `flush`.
  void on_datagram(const Datagram& datagram, MonotonicTime now) override;
  /// Handles what is due.
  void on_timer(MonotonicTime now);
  /// Sends what was queued and is allowed to leave; tells `writable` and `closed`. Call once after a turn's work.
  void flush(MonotonicTime now);
  /// When to call `on_timer` (and then `flush`) at the latest; `MonotonicTime::max()`: nothing is due.
  [[nodiscard]] MonotonicTime next_timeout() const;

  /// Bounds hold at once and take nothing away from what is there.
  void set_options(const WebRtcOptions& options);

  [[nodiscard]] const WebRtcStats& stats() const;
  /// Sessions that still exist in any form, pending ones and those that are being closed included; 0 after a shut-down
  /// means that every peer was told.
  [[nodiscard]] std::size_t connection_count() const;
  /// Of the engine's certificate, as the answers name it.
  [[nodiscard]] const CertificateFingerprint& fingerprint() const;

 private:
  explicit WebRtcEngine(std::unique_ptr<class WebRtcCore> core);
  std::unique_ptr<class WebRtcCore> core_;
};

}  // namespace theta::transport

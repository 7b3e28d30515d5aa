#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "theta/base/time.h"
#include "theta/crypto/keys.h"
#include "theta/transport/error.h"
#include "theta/transport/transport.h"
#include "theta/transport/udp_mux.h"

namespace theta::transport {

struct QuicOptions {
  /// Makes this endpoint a server that proves the key pair's public half (its HubKey); empty: only `connect`.
  std::optional<crypto::Seed> hub_seed;
  /// Both ends insist on it; a peer that speaks another protocol is refused with `version_mismatch`.
  std::string alpn = "theta/1";

  MonotonicClock::duration idle_timeout = std::chrono::seconds{30};
  /// Sent on connections that this endpoint began, so that an idle one stays (and its NAT mapping with it); 0: never.
  MonotonicClock::duration keep_alive = std::chrono::seconds{15};
  MonotonicClock::duration handshake_timeout = std::chrono::seconds{10};
  /// How long `close` waits for queued messages to be acknowledged.
  MonotonicClock::duration linger = std::chrono::seconds{1};

  LaneBounds lane_bounds;
  /// What a peer may send ahead of us on one lane and on all of them: the bound of what it can make us hold, besides
  /// one unfinished message a lane.
  std::size_t lane_window_bytes = 256 * 1024;
  std::size_t connection_window_bytes = 640 * 1024;

  /// Unfinished messages of all peers together. Who would exceed it is disconnected with `resource_limit`; without it,
  /// thousands of peers could each make us hold nearly 1 MiB a lane.
  std::size_t unfinished_bytes_max = 256 * 1024 * 1024;

  std::size_t connections_max = 4096;
  /// Of one IPv4 address or one IPv6 /64.
  std::size_t connections_per_source_max = 256;
  /// Of one IPv6 /48, which one customer of a provider can have: 65,536 sources.
  std::size_t connections_per_network_max = 1024;
  /// Handshakes under way without proof of the address that make newcomers prove theirs (Retry, RFC 9000 8.1.2).
  std::size_t half_open_before_retry = 64;
  /// Those with proof beyond which newcomers are dropped; and those of one source and of one IPv6 /48, so that nobody
  /// alone can keep all others out. Without proof they count towards none of these, or a forger of addresses could.
  std::size_t half_open_max = 1024;
  std::size_t half_open_per_source_max = 64;
  std::size_t half_open_per_network_max = 256;
  /// Answers to strangers (stateless resets, version negotiation, refusals), so that spoofed datagrams cannot make us a
  /// mirror: at most `burst` at once and `per_second` in the long run.
  std::size_t stranger_answers_burst = 256;
  std::size_t stranger_answers_per_second = 256;
  /// Retry has a budget of its own, or any garbage could keep newcomers out. It is a tenth of what it answers, so this
  /// bounds our work only.
  std::size_t retries_burst = 1024;
  std::size_t retries_per_second = 4096;
};

struct QuicStats {
  std::uint64_t datagrams_received = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t datagrams_sent = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t connections_accepted = 0;
  std::uint64_t connections_started = 0;
  std::uint64_t handshakes_completed = 0;
  std::uint64_t handshakes_failed = 0;
  std::uint64_t alpn_mismatches = 0;
  std::uint64_t hub_key_mismatches = 0;
  std::uint64_t idle_timeouts = 0;
  std::uint64_t protocol_errors = 0;  // of peers whose handshake had completed
  std::uint64_t messages_received = 0;
  std::uint64_t messages_sent = 0;  // taken by `send`
  std::uint64_t sends_full = 0;
  std::uint64_t presence_dropped = 0;
  std::uint64_t unfinished_limit_closes = 0;
  std::uint64_t retries_sent = 0;
  std::uint64_t version_negotiations_sent = 0;
  std::uint64_t stateless_resets_sent = 0;
  std::uint64_t stateless_resets_received = 0;
  std::uint64_t dropped_short = 0;               // below any QUIC packet's size
  std::uint64_t dropped_malformed = 0;           // no QUIC header, or no Initial where one must be
  std::uint64_t dropped_unknown_connection = 0;  // a connection id that is not ours
  std::uint64_t dropped_bad_token = 0;
  std::uint64_t dropped_connection_limit = 0;
  std::uint64_t dropped_source_limit = 0;
  std::uint64_t dropped_network_limit = 0;
  std::uint64_t dropped_half_open_limit = 0;
  std::uint64_t dropped_not_serving = 0;    // an Initial at an endpoint without a hub key
  std::uint64_t dropped_answer_budget = 0;  // strangers that got no answer
  std::size_t connections = 0;              // now, handshakes included
  std::size_t half_open = 0;                // of these, accepted and not completed
  std::size_t unfinished_bytes = 0;         // now, of messages that are still arriving
};

/// The QUIC protocol (RFC 9000, 9001, 9221; ngtcp2 and GnuTLS) without a socket or a clock: datagrams and time in,
/// datagrams and events out. Server and client in one. One thread.
///
/// A connection's lanes are the client's streams 0 (control), 4 (commands) and 8 (bulk), each begun by one byte with
/// its number and carrying messages with a varint (LEB128) length before each; presence is DATAGRAM frames.
class QuicEngine final : public Transport, public DatagramHandler {
 public:
  /// `sink` and `output` must outlive the engine. `local` is where connections begun here come from.
  [[nodiscard]] static TransportResult<std::unique_ptr<QuicEngine>> create(const QuicOptions& options, EventSink& sink,
                                                                           DatagramSender& output,
                                                                           const SocketAddress& local);
  ~QuicEngine() override;
  QuicEngine(const QuicEngine&) = delete;
  QuicEngine& operator=(const QuicEngine&) = delete;

  /// Begins a connection to the hub that owns `expected` (`unauthenticated` if that can be nobody's key). `connected`
  /// or `closed` follows; messages sent before wait. With an empty `expected` any hub key is accepted: for tests and
  /// diagnosis only, since the binding is then worthless.
  PeerId connect(const SocketAddress& remote, const std::optional<HubKey>& expected, MonotonicTime now);

  [[nodiscard]] SendResult send(PeerId peer, Lane lane, const SharedBytes& message) override;
  void close(PeerId peer, CloseReason reason, std::string text) override;
  [[nodiscard]] std::size_t queued_bytes(PeerId peer, Lane lane) const override;
  [[nodiscard]] PeerStats peer_stats(PeerId peer) const override;
  /// Closes every connection, also those that are not complete, and accepts no more.
  void shut_down(CloseReason reason, const std::string& text);

  /// Takes one datagram. What it causes is sent by the next `flush`.
  void on_datagram(const Datagram& datagram, MonotonicTime now) override;
  /// Handles what is due.
  void on_timer(MonotonicTime now);
  /// Sends what was queued and is allowed to leave; tells `writable` and `closed`. Call once after a turn's work.
  void flush(MonotonicTime now);
  /// When to call `on_timer` (and then `flush`) at the latest; `MonotonicTime::max()`: nothing is due.
  [[nodiscard]] MonotonicTime next_timeout() const;

  /// Changes everything but identity and protocol (`hub_seed`, `alpn`). Bounds hold at once and take nothing away from
  /// what is there; windows, time-outs and keep-alive are those of connections that begin from now on.
  void set_options(const QuicOptions& options);

  [[nodiscard]] const QuicStats& stats() const;
  /// Connections that still exist in any form, the ones that are being closed included; 0 after a shut-down means that
  /// every peer was told.
  [[nodiscard]] std::size_t connection_count() const;
  /// This endpoint's identity; empty for one that only connects.
  [[nodiscard]] const std::optional<HubKey>& hub_key() const;

 private:
  explicit QuicEngine(std::unique_ptr<class QuicCore> core);
  std::unique_ptr<class QuicCore> core_;
};

}  // namespace theta::transport

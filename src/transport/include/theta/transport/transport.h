#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "theta/base/bytes.h"
#include "theta/base/ids.h"
#include "theta/base/limits.h"
#include "theta/base/time.h"

namespace theta::transport {

/// The four lanes that every transport offers. Code above them does not know which transport it is on.
enum class Lane : std::uint8_t {
  control,   // ordered, reliable: handshake, attaching to rooms, notices
  commands,  // ordered, reliable: packets up, records down, refusals
  bulk,      // ordered, reliable, separate so that it never holds up commands: snapshots, assets
  presence,  // unreliable, unordered, at most limits::kPresenceBytesMax a message
};
inline constexpr std::size_t kLaneCount = 4;

/// The largest message that a lane carries. A sender is told `too_large`; a peer that announces a longer one is
/// disconnected before anything is allocated for it.
[[nodiscard]] constexpr std::size_t message_bytes_max(Lane lane) {
  switch (lane) {
    case Lane::control: return 64 * 1024;
    case Lane::presence: return limits::kPresenceBytesMax;
    case Lane::commands:
    case Lane::bulk: break;
  }
  return limits::kMessageBytesMax;
}

/// How many bytes of messages a transport holds for one peer and lane before it answers `full`. A lane that is empty
/// takes any message that `message_bytes_max` allows, so a small bound cannot block a large message for ever.
struct LaneBounds {
  std::size_t control = 256 * 1024;
  std::size_t commands = 1024 * 1024;
  std::size_t bulk = 2 * 1024 * 1024;
  std::size_t presence = 64 * 1024;

  [[nodiscard]] constexpr std::size_t of(Lane lane) const {
    switch (lane) {
      case Lane::control: return control;
      case Lane::commands: return commands;
      case Lane::bulk: return bulk;
      case Lane::presence: break;
    }
    return presence;
  }
};

/// Which transport a peer came in on; shown to people as `transport_kind`.
enum class TransportKind : std::uint8_t { quic, webrtc, websocket, simulated };

/// One connection of this process; never reused.
using PeerId = Id<struct PeerIdTag, std::uint64_t>;
/// The top byte says which transport gave the id, so that all transports of a process share one space.
[[nodiscard]] constexpr PeerId make_peer_id(TransportKind kind, std::uint64_t number) {
  return PeerId{(std::uint64_t{static_cast<std::uint8_t>(kind)} << 56) | number};
}
[[nodiscard]] constexpr TransportKind kind_of(PeerId peer) { return static_cast<TransportKind>(peer.value() >> 56); }

/// 32 bytes that both ends of one connection, and nobody else, can compute (RFC 5705 exporter for QUIC, the two
/// certificate fingerprints for DTLS). A login signs it, so that it cannot be relayed to another connection.
using ChannelBinding = FixedBytes<struct ChannelBindingTag, 32>;

struct PeerInfo {
  TransportKind kind = TransportKind::quic;
  ChannelBinding binding;
  std::string address;  // for logs and people: "127.0.0.1:4433", "[::1]:4433"
};

/// Why a connection ended. The codes travel on the wire (QUIC application error codes).
enum class CloseReason : std::uint16_t {
  none = 0,            // asked for by this side without an error
  going_away = 1,      // the process stops; reconnect later
  protocol_error = 2,  // malformed or unexpected bytes
  version_mismatch = 3,
  unauthenticated = 4,
  resource_limit = 5,  // a quota of this hub; the text says which
  idle_timeout = 6,
  unreachable = 7,  // handshake or path failed; nothing was heard
  superseded = 8,   // newer sessions of the same author took its place in the room
  internal_error = 9,
};

/// Whether what was queued before `close` is worth delivering first: who leaves in peace, and who is refused and told
/// why in a message of its own.
[[nodiscard]] constexpr bool flushes_before_close(CloseReason reason) {
  return reason == CloseReason::none || reason == CloseReason::going_away || reason == CloseReason::superseded ||
         reason == CloseReason::unauthenticated || reason == CloseReason::version_mismatch;
}

enum class SendResult : std::uint8_t {
  queued,
  full,       // the lane's byte bound is reached: nothing was taken; `writable` follows when there is room again
  closed,     // no such peer any more
  too_large,  // longer than `message_bytes_max`: nothing was taken, and no retry will help
};

/// One thing that happened on a transport, in order. `message` borrows: it is valid until the sink
/// returns, whatever the sink calls meanwhile. A client's failed attempt is `closed` without `connected`; a server
/// tells nothing of attempts that never completed.
struct Event {
  enum class Kind : std::uint8_t { connected, message, writable, closed };
  Kind kind = Kind::connected;
  PeerId peer;
  Lane lane = Lane::control;               // message, writable
  ByteView message;                        // message
  PeerInfo info;                           // connected
  CloseReason reason = CloseReason::none;  // closed
  bool closed_by_peer = false;             // closed
  std::string text;                        // closed: a sentence for people
};

/// What a transport measured of one connection.
struct PeerStats {
  std::uint64_t packets_sent = 0;
  std::uint64_t packets_received = 0;
  MonotonicClock::duration rtt{};     // smoothed round trip
  MonotonicClock::duration jitter{};  // its mean deviation
};

/// Receives a transport's events, synchronously, from within the calls that drive it (reading, timers, flushing;
/// virtual time). `send`, `close` and `connect` never call back, so a handler may use them freely; what they cause is
/// told by the next driving call.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void on_event(const Event& event) = 0;
};

/// What code above the lanes sees of any transport: messages to peers. Every byte queued is bounded per peer and lane;
/// an incoming message counts as consumed when the sink returns, which is what lets the peer send more.
class Transport {
 public:
  virtual ~Transport() = default;

  /// Presence never reports `full`: what does not fit is dropped, oldest first.
  [[nodiscard]] virtual SendResult send(PeerId peer, Lane lane, const SharedBytes& message) = 0;
  /// Queued reliable data is still flushed for a short while unless `reason` is an error (`flushes_before_close`). The
  /// `closed` event follows, in every case and exactly once; `send` answers `closed` from now on, and no more messages
  /// of this peer are delivered.
  virtual void close(PeerId peer, CloseReason reason, std::string text) = 0;
  /// Bytes queued and not yet handed to the network (0 for an unknown peer).
  [[nodiscard]] virtual std::size_t queued_bytes(PeerId peer, Lane lane) const = 0;
  /// All zero for an unknown peer.
  [[nodiscard]] virtual PeerStats peer_stats(PeerId) const { return {}; }
};

}  // namespace theta::transport

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "theta/base/time.h"
#include "theta/transport/transport.h"

namespace theta::transport {

/// How one pair of endpoints reaches each other. Probabilities are from 0 to 1 and drawn per message (of the whole
/// message, however long); both directions behave alike, each with a bandwidth of its own.
struct LinkOptions {
  MonotonicClock::duration delay = std::chrono::milliseconds{5};  // one way
  MonotonicClock::duration jitter{};                              // added to the delay, uniform from 0 to this
  /// A lost presence message is gone; a lost reliable one arrives late, by one or more retransmission time-outs.
  double loss = 0;
  double duplicate = 0;  // presence only: reliable lanes remove duplicates
  double reorder = 0;    // presence only: held back by up to four delays more
  double corrupt = 0;
  std::uint64_t bytes_per_second = 0;  // 0: unlimited
};

struct SimOptions {
  /// What becomes of a corrupted message. An AEAD notices, so `detected` is what QUIC and DTLS do (here: presence is
  /// dropped, a reliable lane's connection fails); `delivered` hands flipped bits to the code above, to test it.
  enum class Corruption : std::uint8_t { detected, delivered };

  LinkOptions link;  // of every pair without a setting of its own
  Corruption corruption = Corruption::detected;
  MonotonicClock::duration idle_timeout = std::chrono::seconds{30};
  MonotonicClock::duration handshake_timeout = std::chrono::seconds{10};
  /// How long `close` waits for queued messages to be delivered.
  MonotonicClock::duration linger = std::chrono::seconds{1};
  LaneBounds lane_bounds;
  /// What a receiver holds of a reliable lane before its reader has taken it; the sender keeps the rest.
  std::size_t receive_window_bytes = 256 * 1024;
  /// A restarted endpoint answers its former peers with a reset, as QUIC's stateless reset does; without it they notice
  /// by idle time-out.
  bool resets_after_restart = true;
  /// Further connections to one endpoint are refused with `resource_limit`.
  std::size_t connections_per_endpoint_max = 65536;
};

/// What the network did; for tests that must know that a fault really happened.
struct SimCounters {
  std::uint64_t connections = 0;
  std::uint64_t delivered = 0;  // messages, over all lanes
  std::uint64_t bytes_delivered = 0;
  std::uint64_t lost = 0;
  std::uint64_t retransmitted = 0;
  std::uint64_t duplicated = 0;
  std::uint64_t reordered = 0;
  std::uint64_t corrupted = 0;
  std::uint64_t cut = 0;               // met a partition or a crashed endpoint
  std::uint64_t presence_dropped = 0;  // a full queue of the sender, or a reader that is too slow
  std::uint64_t full = 0;              // sends refused for want of room
  std::uint64_t idle_timeouts = 0;
  std::uint64_t resets = 0;
};

class SimCore;

/// One process's end of a simulated network: hub or client, there is no difference. Owned by its network.
class SimEndpoint final : public Transport {
 public:
  /// Made by `SimNetwork::add_endpoint`.
  SimEndpoint(SimCore& core, EventSink& sink, std::string name, std::size_t index);
  SimEndpoint(const SimEndpoint&) = delete;
  SimEndpoint& operator=(const SimEndpoint&) = delete;

  /// Begins a connection. `connected` or `closed` follows at this end; messages sent before wait for it.
  /// Precondition: this endpoint runs and is not `to`.
  PeerId connect(SimEndpoint& to);

  [[nodiscard]] SendResult send(PeerId peer, Lane lane, const SharedBytes& message) override;
  void close(PeerId peer, CloseReason reason, std::string text) override;
  [[nodiscard]] std::size_t queued_bytes(PeerId peer, Lane lane) const override;
  [[nodiscard]] PeerStats peer_stats(PeerId peer) const override;

  /// The process dies: every connection is forgotten without a word to either side, and the sink hears nothing more (it
  /// may be destroyed). Peers notice by idle time-out, or by a reset after `restart`.
  void crash();
  /// Precondition: crashed. `sink` must outlive the endpoint or its next crash.
  void restart(EventSink& sink);
  [[nodiscard]] bool is_running() const { return sink_ != nullptr; }

  /// How fast the process takes messages from its connections; empty is at once, 0 is not at all (a stuck process:
  /// senders' lanes fill).
  void set_read_bytes_per_second(std::optional<std::uint64_t> rate);

  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  friend class SimCore;
  SimCore& core_;
  EventSink* sink_;
  std::string name_;
  std::size_t index_;
  std::optional<std::uint64_t> read_bytes_per_second_;
  MonotonicTime read_busy_until_{};
};

/// Many endpoints over one network, in memory and in virtual time: nothing happens but in `advance_to`. Pure: the same
/// calls with the same seed give the same events. One thread.
///
/// Connections here have what QUIC's have: a handshake of a round trip and a half, ordered lanes that do not block each
/// other, flow control, an idle time-out instead of a death notice, keep-alives (implied: an intact connection never
/// idles out), a last message that tells why it was closed.
class SimNetwork {
 public:
  SimNetwork(const SimOptions& options, std::uint64_t seed);
  ~SimNetwork();
  SimNetwork(const SimNetwork&) = delete;
  SimNetwork& operator=(const SimNetwork&) = delete;

  /// The endpoint lives as long as the network. `sink` must outlive it or its next crash.
  SimEndpoint& add_endpoint(EventSink& sink, std::string name);

  [[nodiscard]] MonotonicTime now() const;
  /// When the next thing happens, at the earliest `now()`; empty when nothing will unless somebody acts.
  [[nodiscard]] std::optional<MonotonicTime> next_event_time() const;
  /// Lets everything happen up to and including `time`, in order. Precondition: `time >= now()`.
  void advance_to(MonotonicTime time);

  /// From now on; messages under way keep their arrival times.
  void set_link(const SimEndpoint& a, const SimEndpoint& b, const LinkOptions& link);
  [[nodiscard]] const LinkOptions& link(const SimEndpoint& a, const SimEndpoint& b) const;
  /// Cuts both directions between two endpoints, or heals them. Connections survive what is shorter than the idle
  /// time-out: their reliable lanes resume.
  void set_partitioned(const SimEndpoint& a, const SimEndpoint& b, bool partitioned);
  /// Cuts one direction only.
  void set_direction_blocked(const SimEndpoint& from, const SimEndpoint& to, bool blocked);
  void heal_all_partitions();
  /// Kills every connection between two endpoints at once; both ends hear `unreachable`.
  void reset_connections(const SimEndpoint& a, const SimEndpoint& b);

  [[nodiscard]] const SimCounters& counters() const;

 private:
  std::unique_ptr<SimCore> core_;
};

}  // namespace theta::transport

#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "random.h"
#include "theta/transport/sim_network.h"

namespace theta::transport {

/// A reliable message between its first transmission and its delivery in order.
struct SimFlight {
  SharedBytes message;
  bool arrived = false;
  bool cut = false;  // met a partition: goes on its way again when the partition heals
  bool corrupt = false;
};

/// The sender's side of one lane in one direction.
struct SimLane {
  std::deque<SharedBytes> queue;
  std::size_t queued_bytes = 0;
  std::size_t head_sent = 0;  // of the queue's first message
  std::deque<SimFlight> flight;
  std::uint64_t flight_first = 0;  // number of flight.front()
  std::size_t unconsumed_bytes = 0;
  MonotonicTime last_arrival{};  // a reliable lane never overtakes itself
  bool wants_writable = false;
};

/// From one half of a connection to the other.
struct SimDirection {
  struct Received {
    Lane lane;
    SharedBytes message;
  };
  std::array<SimLane, kLaneCount> lanes;
  std::size_t next_lane = 0;  // lanes share the bandwidth in turn
  MonotonicTime busy_until{};
  bool transmit_scheduled = false;
  std::deque<Received> inbox;  // at the receiver, waiting for its reader
  std::size_t inbox_presence_bytes = 0;
  bool read_scheduled = false;
  std::optional<MonotonicTime> silent_since;  // nothing can arrive since then
};

struct SimHalf {
  enum class State : std::uint8_t { absent, connecting, open, lingering, closed, gone };
  SimEndpoint* endpoint = nullptr;
  State state = State::absent;
  CloseReason reason = CloseReason::none;
  bool closed_by_peer = false;
  std::string text;
  PeerStats stats;

  [[nodiscard]] bool can_receive() const { return state == State::open || state == State::connecting; }
  [[nodiscard]] bool can_transmit() const { return state == State::open || state == State::lingering; }
  [[nodiscard]] bool is_over() const { return state == State::closed || state == State::gone; }
};

/// Half 0 asked for the connection, half 1 was asked; direction h goes from half h.
struct SimConnection {
  std::uint64_t id = 0;
  ChannelBinding binding;
  std::array<SimHalf, 2> halves;
  std::array<SimDirection, 2> directions;
};

struct SimEvent {
  enum class Kind : std::uint8_t {
    handshake,        // number: step; half: who receives it
    handshake_over,   // half: whose time for it is up
    transmit,         // half: the sender
    arrive,           // half: the receiver; lane; number: of the flight
    arrive_presence,  // half: the receiver; message
    read,             // half: the receiver
    writable,         // half, lane
    idle_check,       // half: who hears nothing; number: since when
    linger_over,      // half
    peer_close,       // half: who is told
    reset,            // half: who is told
    tell_closed,      // half
  };
  MonotonicTime time;
  std::uint64_t sequence = 0;  // ties are broken by age, so that a run is deterministic
  Kind kind = Kind::transmit;
  std::uint8_t half = 0;
  Lane lane = Lane::control;
  std::uint64_t connection = 0;
  std::uint64_t number = 0;
  SharedBytes message;
};

/// The engine behind SimNetwork: a queue of events over a table of connections.
class SimCore {
 public:
  SimCore(const SimOptions& options, std::uint64_t seed) : options_(options), random_(seed) {}

  SimEndpoint& add_endpoint(EventSink& sink, std::string name);
  [[nodiscard]] MonotonicTime now() const { return now_; }
  [[nodiscard]] std::optional<MonotonicTime> next_event_time() const;
  void advance_to(MonotonicTime time);
  [[nodiscard]] const SimCounters& counters() const { return counters_; }

  // Topology.
  void set_link(const SimEndpoint& a, const SimEndpoint& b, const LinkOptions& link);
  [[nodiscard]] const LinkOptions& link(const SimEndpoint& a, const SimEndpoint& b) const;
  void set_direction_blocked(const SimEndpoint& from, const SimEndpoint& to, bool blocked);
  void heal_all_partitions();
  void reset_connections(const SimEndpoint& a, const SimEndpoint& b);

  // What endpoints do.
  PeerId connect(SimEndpoint& from, SimEndpoint& to);
  [[nodiscard]] SendResult send(SimEndpoint& from, PeerId peer, Lane lane, const SharedBytes& message);
  void close(SimEndpoint& endpoint, PeerId peer, CloseReason reason, std::string text);
  [[nodiscard]] const SimDirection* direction_of(const SimEndpoint& endpoint, PeerId peer) const;
  [[nodiscard]] PeerStats stats_of(const SimEndpoint& endpoint, PeerId peer) const;
  void crash(SimEndpoint& endpoint);
  void restart(SimEndpoint& endpoint);
  void resume_reading(SimEndpoint& endpoint);

 private:
  struct Found {
    SimConnection* connection = nullptr;
    std::uint8_t half = 0;
  };

  [[nodiscard]] Found find(const SimEndpoint& endpoint, PeerId peer) const;
  [[nodiscard]] bool joins(const SimConnection& connection, const SimEndpoint& a, const SimEndpoint& b) const;
  [[nodiscard]] const LinkOptions& link_of(const SimConnection& connection) const;
  [[nodiscard]] bool is_blocked(const SimConnection& connection, std::uint8_t from_half) const;
  [[nodiscard]] MonotonicClock::duration draw_delay(const LinkOptions& link);
  [[nodiscard]] MonotonicClock::duration draw_retransmissions(const LinkOptions& link);
  void schedule(SimEvent event);
  void schedule(SimEvent::Kind kind, const SimConnection& connection, std::uint8_t half, MonotonicTime time,
                std::uint64_t number = 0, Lane lane = Lane::control);

  void run(const SimEvent& event);
  void tell(const SimConnection& connection, std::uint8_t half, Event event);

  // Life of a connection.
  void on_handshake(SimConnection& connection, const SimEvent& event);
  void accept(SimConnection& connection);
  void open_half(SimConnection& connection, std::uint8_t half);
  void on_handshake_over(SimConnection& connection, std::uint8_t half);
  void on_idle_check(SimConnection& connection, const SimEvent& event);
  void on_peer_close(SimConnection& connection, std::uint8_t half);
  void on_tell_closed(SimConnection& connection, std::uint8_t half);
  void finish_close(SimConnection& connection, std::uint8_t half, CloseReason reason, std::string text,
                    bool tells_peer);
  /// The half is gone without a word: nothing of it will be sent or told.
  void abandon(SimConnection& connection, std::uint8_t half);
  void close_if_drained(SimConnection& connection, std::uint8_t half);
  void update_silence(SimConnection& connection);
  void sweep();

  // Messages.
  void pump(SimConnection& connection, std::uint8_t from_half);
  [[nodiscard]] bool transmit_one(SimConnection& connection, std::uint8_t from_half);
  void launch_reliable(SimConnection& connection, std::uint8_t from_half, Lane lane, SharedBytes message,
                       MonotonicTime departure);
  void launch_presence(SimConnection& connection, std::uint8_t from_half, SharedBytes message, MonotonicTime departure);
  [[nodiscard]] SharedBytes flip_bits(const SharedBytes& message);
  void note_room(SimConnection& connection, std::uint8_t half, Lane lane);
  void on_arrive(SimConnection& connection, const SimEvent& event);
  void on_arrive_presence(SimConnection& connection, const SimEvent& event);
  void receive(SimConnection& connection, std::uint8_t half, Lane lane, SharedBytes message);
  void on_read(SimConnection& connection, std::uint8_t half);
  void schedule_read(SimConnection& connection, std::uint8_t half);
  void consume(SimConnection& connection, std::uint8_t half, Lane lane, const SharedBytes& message);
  void resume_flights(SimConnection& connection, std::uint8_t from_half);

  SimOptions options_;
  SimRandom random_;
  SimCounters counters_;
  MonotonicTime now_{};
  std::vector<SimEvent> events_;  // a heap, earliest first
  std::uint64_t event_sequence_ = 0;
  std::uint64_t connection_count_ = 0;
  // Ordered and with stable addresses: a handler may connect while a connection is being worked on, and what visits
  // all connections must do so in the same order in every run.
  std::map<std::uint64_t, SimConnection> connections_;
  std::vector<std::uint64_t> over_;  // both halves gone; erased between events
  std::vector<std::unique_ptr<SimEndpoint>> endpoints_;
  std::map<std::pair<std::size_t, std::size_t>, LinkOptions> links_;
  std::set<std::pair<std::size_t, std::size_t>> blocked_;
};

}  // namespace theta::transport

#include <algorithm>
#include <utility>

#include "sim_core.h"
#include "theta/base/check.h"

// How messages move: queue, flight, inbox, sink.

namespace theta::transport {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

/// A long message shares a narrow link with other lanes in pieces of this size.
constexpr std::size_t kSegmentBytes = 16 * 1024;

constexpr std::uint8_t other(std::uint8_t half) { return half == 0 ? 1 : 0; }
constexpr std::size_t index_of(Lane lane) { return static_cast<std::size_t>(lane); }

MonotonicClock::duration time_for(std::size_t bytes, std::uint64_t bytes_per_second) {
  return nanoseconds{static_cast<std::int64_t>(bytes * 1'000'000'000ULL / bytes_per_second)};
}

}  // namespace

SendResult SimCore::send(SimEndpoint& from, PeerId peer, Lane lane, const SharedBytes& message) {
  const auto found = find(from, peer);
  if (found.connection == nullptr) return SendResult::closed;
  const auto state = found.connection->halves[found.half].state;
  if (state != SimHalf::State::open && state != SimHalf::State::connecting) return SendResult::closed;
  if (message.size() > message_bytes_max(lane)) return SendResult::too_large;

  auto& queue = found.connection->directions[found.half].lanes[index_of(lane)];
  const auto bound = options_.lane_bounds.of(lane);
  if (lane == Lane::presence) {
    while (!queue.queue.empty() && queue.queued_bytes + message.size() > bound) {
      queue.queued_bytes -= queue.queue.front().size();
      queue.queue.pop_front();
      ++counters_.presence_dropped;
    }
  } else if (!queue.queue.empty() && queue.queued_bytes + message.size() > bound) {
    queue.wants_writable = true;
    ++counters_.full;
    return SendResult::full;
  }
  queue.queue.push_back(message);
  queue.queued_bytes += message.size();
  pump(*found.connection, found.half);
  return SendResult::queued;
}

void SimCore::pump(SimConnection& connection, std::uint8_t from_half) {
  if (!connection.halves[from_half].can_transmit()) return;
  auto& direction = connection.directions[from_half];
  const bool is_limited = link_of(connection).bytes_per_second != 0;
  for (;;) {
    if (is_limited && direction.busy_until > now_) {
      const bool has_more = std::any_of(direction.lanes.begin(), direction.lanes.end(),
                                        [](const SimLane& lane) { return !lane.queue.empty(); });
      if (has_more && !direction.transmit_scheduled) {
        direction.transmit_scheduled = true;
        schedule(SimEvent::Kind::transmit, connection, from_half, direction.busy_until);
      }
      return;
    }
    if (!transmit_one(connection, from_half)) return;
  }
}

/// Sends the next segment of the next lane that may; false when none may.
bool SimCore::transmit_one(SimConnection& connection, std::uint8_t from_half) {
  auto& direction = connection.directions[from_half];
  const auto& link = link_of(connection);
  for (std::size_t turn = 0; turn < kLaneCount; ++turn) {
    const auto at = (direction.next_lane + turn) % kLaneCount;
    auto& lane = direction.lanes[at];
    if (lane.queue.empty()) continue;
    const auto message_size = lane.queue.front().size();
    const bool starts = lane.head_sent == 0;
    const bool has_window =
        lane.unconsumed_bytes == 0 || lane.unconsumed_bytes + message_size <= options_.receive_window_bytes;
    if (at != index_of(Lane::presence) && starts && !has_window) continue;

    const auto rest = message_size - lane.head_sent;
    const auto segment = link.bytes_per_second == 0 ? rest : std::min(rest, kSegmentBytes);
    auto departure = now_;
    if (link.bytes_per_second != 0) {
      departure = std::max(now_, direction.busy_until) + time_for(segment, link.bytes_per_second);
      direction.busy_until = departure;
    }
    direction.next_lane = (at + 1) % kLaneCount;
    if (starts) lane.unconsumed_bytes += at == index_of(Lane::presence) ? 0 : message_size;
    lane.head_sent += segment;
    lane.queued_bytes -= segment;
    ++connection.halves[from_half].stats.packets_sent;
    if (segment == rest) {
      auto message = std::move(lane.queue.front());
      lane.queue.pop_front();
      lane.head_sent = 0;
      if (at == index_of(Lane::presence)) {
        launch_presence(connection, from_half, std::move(message), departure);
      } else {
        launch_reliable(connection, from_half, static_cast<Lane>(at), std::move(message), departure);
      }
    }
    note_room(connection, from_half, static_cast<Lane>(at));
    return true;
  }
  return false;
}

void SimCore::note_room(SimConnection& connection, std::uint8_t half, Lane lane) {
  auto& queue = connection.directions[half].lanes[index_of(lane)];
  if (!queue.wants_writable || queue.queued_bytes > options_.lane_bounds.of(lane) / 2) return;
  queue.wants_writable = false;
  schedule(SimEvent::Kind::writable, connection, half, now_, 0, lane);
}

MonotonicClock::duration SimCore::draw_retransmissions(const LinkOptions& link) {
  constexpr int kRetransmissionsMax = 8;
  MonotonicClock::duration total{};
  auto timeout = 3 * link.delay + 4 * link.jitter + milliseconds{1};
  for (int count = 0; count < kRetransmissionsMax && random_.chance(link.loss); ++count) {
    ++counters_.lost;
    ++counters_.retransmitted;
    total += timeout;
    timeout *= 2;
  }
  return total;
}

void SimCore::launch_reliable(SimConnection& connection, std::uint8_t from_half, Lane lane, SharedBytes message,
                              MonotonicTime departure) {
  const auto& link = link_of(connection);
  auto& sending = connection.directions[from_half].lanes[index_of(lane)];
  SimFlight flight;
  flight.message = std::move(message);
  if (random_.chance(link.corrupt)) {
    ++counters_.corrupted;
    if (options_.corruption == SimOptions::Corruption::delivered) {
      flight.message = flip_bits(flight.message);
    } else {
      flight.corrupt = true;
    }
  }
  const auto number = sending.flight_first + sending.flight.size();
  if (is_blocked(connection, from_half)) {
    flight.cut = true;
    ++counters_.cut;
  } else {
    const auto arrival = departure + draw_delay(link) + draw_retransmissions(link);
    sending.last_arrival = std::max(sending.last_arrival, arrival);
    schedule(SimEvent::Kind::arrive, connection, other(from_half), sending.last_arrival, number, lane);
  }
  sending.flight.push_back(std::move(flight));
}

void SimCore::launch_presence(SimConnection& connection, std::uint8_t from_half, SharedBytes message,
                              MonotonicTime departure) {
  const auto& link = link_of(connection);
  if (is_blocked(connection, from_half)) {
    ++counters_.cut;
    return;
  }
  if (random_.chance(link.loss)) {
    ++counters_.lost;
    return;
  }
  if (random_.chance(link.corrupt)) {
    ++counters_.corrupted;
    if (options_.corruption == SimOptions::Corruption::detected) return;
    message = flip_bits(message);
  }
  const bool repeats = random_.chance(link.duplicate);
  if (repeats) ++counters_.duplicated;
  for (int copy = 0; copy < (repeats ? 2 : 1); ++copy) {
    auto arrival = departure + draw_delay(link);
    if (random_.chance(link.reorder)) {
      ++counters_.reordered;
      arrival +=
          nanoseconds{static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(4 * link.delay.count()) + 1))};
    }
    schedule(SimEvent{.time = arrival,
                      .sequence = 0,
                      .kind = SimEvent::Kind::arrive_presence,
                      .half = other(from_half),
                      .lane = Lane::presence,
                      .connection = connection.id,
                      .number = 0,
                      .message = message});
  }
}

SharedBytes SimCore::flip_bits(const SharedBytes& message) {
  const auto view = message.view();
  Bytes bytes(view.begin(), view.end());
  const auto flips = bytes.empty() ? 0 : 1 + random_.below(4);
  for (std::uint64_t flip = 0; flip < flips; ++flip) {
    const auto bit = random_.below(bytes.size() * 8);
    bytes[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
  }
  return SharedBytes(std::move(bytes));
}

void SimCore::resume_flights(SimConnection& connection, std::uint8_t from_half) {
  const auto& link = link_of(connection);
  for (std::size_t at = 0; at < kLaneCount; ++at) {
    auto& lane = connection.directions[from_half].lanes[at];
    for (std::size_t place = 0; place < lane.flight.size(); ++place) {
      auto& flight = lane.flight[place];
      if (!flight.cut) continue;
      flight.cut = false;
      ++counters_.retransmitted;
      lane.last_arrival = std::max(lane.last_arrival, now_ + draw_delay(link));
      schedule(SimEvent::Kind::arrive, connection, other(from_half), lane.last_arrival, lane.flight_first + place,
               static_cast<Lane>(at));
    }
  }
}

void SimCore::on_arrive(SimConnection& connection, const SimEvent& event) {
  const auto half = event.half;
  auto& lane = connection.directions[other(half)].lanes[index_of(event.lane)];
  if (event.number < lane.flight_first || event.number - lane.flight_first >= lane.flight.size()) return;
  auto& flight = lane.flight[event.number - lane.flight_first];
  if (is_blocked(connection, other(half))) {
    flight.cut = true;
    ++counters_.cut;
    return;
  }
  if (!connection.halves[half].can_receive() && connection.halves[half].state != SimHalf::State::lingering) {
    ++counters_.cut;
    return;
  }
  if (flight.corrupt) {
    return finish_close(connection, half, CloseReason::protocol_error,
                        "Bytes of a reliable lane arrived damaged; connect again.", true);
  }
  flight.arrived = true;
  while (!lane.flight.empty() && lane.flight.front().arrived) {
    auto message = std::move(lane.flight.front().message);
    lane.flight.pop_front();
    ++lane.flight_first;
    receive(connection, half, event.lane, std::move(message));
  }
}

void SimCore::on_arrive_presence(SimConnection& connection, const SimEvent& event) {
  if (is_blocked(connection, other(event.half))) {
    ++counters_.cut;
    return;
  }
  if (connection.halves[event.half].state != SimHalf::State::open) return;
  auto& direction = connection.directions[other(event.half)];
  if (direction.inbox_presence_bytes + event.message.size() > options_.lane_bounds.presence) {
    ++counters_.presence_dropped;
    return;
  }
  receive(connection, event.half, Lane::presence, event.message);
}

void SimCore::receive(SimConnection& connection, std::uint8_t half, Lane lane, SharedBytes message) {
  ++connection.halves[half].stats.packets_received;
  auto& direction = connection.directions[other(half)];
  const bool is_immediate = !connection.halves[half].endpoint->read_bytes_per_second_ && direction.inbox.empty() &&
                            connection.halves[half].state != SimHalf::State::connecting;
  if (is_immediate) return consume(connection, half, lane, message);
  if (lane == Lane::presence) direction.inbox_presence_bytes += message.size();
  direction.inbox.push_back({lane, std::move(message)});
  schedule_read(connection, half);
}

void SimCore::schedule_read(SimConnection& connection, std::uint8_t half) {
  auto& direction = connection.directions[other(half)];
  const auto& reader = *connection.halves[half].endpoint;
  const bool is_stuck = reader.read_bytes_per_second_ && *reader.read_bytes_per_second_ == 0;
  const bool is_waiting = connection.halves[half].state == SimHalf::State::connecting;
  if (direction.inbox.empty() || direction.read_scheduled || is_stuck || is_waiting) return;
  direction.read_scheduled = true;
  schedule(SimEvent::Kind::read, connection, half, std::max(now_, reader.read_busy_until_));
}

void SimCore::on_read(SimConnection& connection, std::uint8_t half) {
  auto& direction = connection.directions[other(half)];
  auto& reader = *connection.halves[half].endpoint;
  const auto rate = reader.read_bytes_per_second_;
  const bool may_read = !rate || (*rate != 0 && reader.read_busy_until_ <= now_);
  if (may_read && !direction.inbox.empty()) {
    auto [lane, message] = std::move(direction.inbox.front());
    direction.inbox.pop_front();
    if (lane == Lane::presence) direction.inbox_presence_bytes -= message.size();
    if (rate) reader.read_busy_until_ = now_ + time_for(message.size(), *rate);
    consume(connection, half, lane, message);
  }
  schedule_read(connection, half);
}

void SimCore::resume_reading(SimEndpoint& endpoint) {
  for (auto& [id, connection] : connections_) {
    for (const std::uint8_t half : {0, 1}) {
      if (connection.halves[half].endpoint == &endpoint) schedule_read(connection, half);
    }
  }
}

void SimCore::consume(SimConnection& connection, std::uint8_t half, Lane lane, const SharedBytes& message) {
  if (connection.halves[half].state == SimHalf::State::open) {
    ++counters_.delivered;
    counters_.bytes_delivered += message.size();
    Event event;
    event.kind = Event::Kind::message;
    event.lane = lane;
    event.message = message.view();
    tell(connection, half, std::move(event));
  }
  if (lane == Lane::presence) return;
  auto& sending = connection.directions[other(half)].lanes[index_of(lane)];
  // The handler may have crashed the sender, whose accounts are then empty.
  sending.unconsumed_bytes -= std::min(sending.unconsumed_bytes, message.size());
  pump(connection, other(half));
  close_if_drained(connection, other(half));
}

}  // namespace theta::transport

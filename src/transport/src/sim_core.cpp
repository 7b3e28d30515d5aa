#include "sim_core.h"

#include <algorithm>
#include <utility>

#include "theta/base/check.h"

// The life of connections: handshake, silence, crashes, closing. sim_lanes.cpp moves the messages.

namespace theta::transport {
namespace {

using std::chrono::milliseconds;

bool happens_later(const SimEvent& a, const SimEvent& b) {
  return a.time != b.time ? a.time > b.time : a.sequence > b.sequence;
}

PeerId peer_id(const SimConnection& connection, std::uint8_t half) { return PeerId{connection.id * 2 + half}; }

constexpr std::uint8_t other(std::uint8_t half) { return half == 0 ? 1 : 0; }

}  // namespace

SimEndpoint& SimCore::add_endpoint(EventSink& sink, std::string name) {
  endpoints_.push_back(std::make_unique<SimEndpoint>(*this, sink, std::move(name), endpoints_.size()));
  return *endpoints_.back();
}

std::optional<MonotonicTime> SimCore::next_event_time() const {
  if (events_.empty()) return std::nullopt;
  return events_.front().time;
}

void SimCore::advance_to(MonotonicTime time) {
  THETA_CHECK(time >= now_);
  while (!events_.empty() && events_.front().time <= time) {
    std::pop_heap(events_.begin(), events_.end(), happens_later);
    const auto event = std::move(events_.back());
    events_.pop_back();
    now_ = event.time;
    run(event);
    sweep();
  }
  now_ = time;
}

void SimCore::schedule(SimEvent event) {
  event.time = std::max(event.time, now_);
  event.sequence = ++event_sequence_;
  events_.push_back(std::move(event));
  std::push_heap(events_.begin(), events_.end(), happens_later);
}

void SimCore::schedule(SimEvent::Kind kind, const SimConnection& connection, std::uint8_t half, MonotonicTime time,
                       std::uint64_t number, Lane lane) {
  schedule(SimEvent{.time = time,
                    .sequence = 0,
                    .kind = kind,
                    .half = half,
                    .lane = lane,
                    .connection = connection.id,
                    .number = number,
                    .message = {}});
}

void SimCore::run(const SimEvent& event) {
  const auto found = connections_.find(event.connection);
  if (found == connections_.end()) return;
  auto& connection = found->second;
  switch (event.kind) {
    case SimEvent::Kind::handshake: return on_handshake(connection, event);
    case SimEvent::Kind::handshake_over: return on_handshake_over(connection, event.half);
    case SimEvent::Kind::transmit:
      connection.directions[event.half].transmit_scheduled = false;
      return pump(connection, event.half);
    case SimEvent::Kind::arrive: return on_arrive(connection, event);
    case SimEvent::Kind::arrive_presence: return on_arrive_presence(connection, event);
    case SimEvent::Kind::read:
      connection.directions[other(event.half)].read_scheduled = false;
      return on_read(connection, event.half);
    case SimEvent::Kind::writable: {
      if (connection.halves[event.half].state != SimHalf::State::open) return;
      Event writable;
      writable.kind = Event::Kind::writable;
      writable.lane = event.lane;
      return tell(connection, event.half, std::move(writable));
    }
    case SimEvent::Kind::idle_check: return on_idle_check(connection, event);
    case SimEvent::Kind::linger_over: {
      auto& half = connection.halves[event.half];
      if (half.state == SimHalf::State::lingering) finish_close(connection, event.half, half.reason, half.text, true);
      return;
    }
    case SimEvent::Kind::peer_close: return on_peer_close(connection, event.half);
    case SimEvent::Kind::reset:
      if (connection.halves[event.half].is_over() || is_blocked(connection, other(event.half))) return;
      ++counters_.resets;
      return finish_close(connection, event.half, CloseReason::unreachable,
                          "The other side no longer knows this connection (it restarted); connect again.", false);
    case SimEvent::Kind::tell_closed: return on_tell_closed(connection, event.half);
  }
}

void SimCore::tell(const SimConnection& connection, std::uint8_t half, Event event) {
  auto* sink = connection.halves[half].endpoint->sink_;
  if (sink == nullptr) return;
  event.peer = peer_id(connection, half);
  sink->on_event(event);
}

void SimCore::sweep() {
  for (const auto id : over_) connections_.erase(id);
  over_.clear();
}

// Topology.

void SimCore::set_link(const SimEndpoint& a, const SimEndpoint& b, const LinkOptions& link) {
  links_[std::minmax(a.index_, b.index_)] = link;
}

const LinkOptions& SimCore::link(const SimEndpoint& a, const SimEndpoint& b) const {
  const auto found = links_.find(std::minmax(a.index_, b.index_));
  return found == links_.end() ? options_.link : found->second;
}

const LinkOptions& SimCore::link_of(const SimConnection& connection) const {
  return link(*connection.halves[0].endpoint, *connection.halves[1].endpoint);
}

bool SimCore::joins(const SimConnection& connection, const SimEndpoint& a, const SimEndpoint& b) const {
  const auto* first = connection.halves[0].endpoint;
  const auto* second = connection.halves[1].endpoint;
  return (first == &a && second == &b) || (first == &b && second == &a);
}

bool SimCore::is_blocked(const SimConnection& connection, std::uint8_t from_half) const {
  if (blocked_.empty()) return false;
  return blocked_.count({connection.halves[from_half].endpoint->index_,
                         connection.halves[other(from_half)].endpoint->index_}) != 0;
}

void SimCore::set_direction_blocked(const SimEndpoint& from, const SimEndpoint& to, bool blocked) {
  const std::pair key{from.index_, to.index_};
  if (blocked == (blocked_.count(key) != 0)) return;
  if (blocked) {
    blocked_.insert(key);
  } else {
    blocked_.erase(key);
  }
  for (auto& [id, connection] : connections_) {
    if (!joins(connection, from, to)) continue;
    update_silence(connection);
    if (!blocked) resume_flights(connection, connection.halves[0].endpoint == &from ? 0 : 1);
  }
}

void SimCore::heal_all_partitions() {
  const auto healed = blocked_;
  for (const auto& [from, to] : healed) set_direction_blocked(*endpoints_[from], *endpoints_[to], false);
}

void SimCore::reset_connections(const SimEndpoint& a, const SimEndpoint& b) {
  for (auto& [id, connection] : connections_) {
    if (!joins(connection, a, b)) continue;
    for (const std::uint8_t half : {0, 1}) {
      if (connection.halves[half].is_over()) continue;
      ++counters_.resets;
      finish_close(connection, half, CloseReason::unreachable, "The connection was reset; connect again.", false);
    }
  }
}

MonotonicClock::duration SimCore::draw_delay(const LinkOptions& link) {
  return link.delay + MonotonicClock::duration{static_cast<std::int64_t>(
                          random_.below(static_cast<std::uint64_t>(link.jitter.count()) + 1))};
}

// Connections.

SimCore::Found SimCore::find(const SimEndpoint& endpoint, PeerId peer) const {
  const auto found = connections_.find(peer.value() / 2);
  if (found == connections_.end()) return {};
  const auto half = static_cast<std::uint8_t>(peer.value() % 2);
  const auto& connection = found->second;
  if (connection.halves[half].endpoint != &endpoint) return {};
  if (connection.halves[half].state == SimHalf::State::gone) return {};
  return {const_cast<SimConnection*>(&connection), half};
}

const SimDirection* SimCore::direction_of(const SimEndpoint& endpoint, PeerId peer) const {
  const auto found = find(endpoint, peer);
  return found.connection == nullptr ? nullptr : &found.connection->directions[found.half];
}

PeerStats SimCore::stats_of(const SimEndpoint& endpoint, PeerId peer) const {
  const auto found = find(endpoint, peer);
  return found.connection == nullptr ? PeerStats{} : found.connection->halves[found.half].stats;
}

PeerId SimCore::connect(SimEndpoint& from, SimEndpoint& to) {
  THETA_CHECK(from.is_running() && &from != &to);
  const auto id = ++connection_count_;
  auto& connection = connections_[id];
  connection.id = id;
  for (auto& byte : connection.binding.bytes) byte = static_cast<std::uint8_t>(random_.next());
  connection.halves[0].endpoint = &from;
  connection.halves[0].state = SimHalf::State::connecting;
  connection.halves[1].endpoint = &to;
  schedule(SimEvent::Kind::handshake, connection, 1, now_ + draw_delay(link_of(connection)), 0);
  schedule(SimEvent::Kind::handshake_over, connection, 0, now_ + options_.handshake_timeout);
  return peer_id(connection, 0);
}

void SimCore::on_handshake(SimConnection& connection, const SimEvent& event) {
  const auto& link = link_of(connection);
  const bool cut = is_blocked(connection, other(event.half)) || !connection.halves[event.half].endpoint->is_running();
  if (cut || random_.chance(link.loss)) {
    ++(cut ? counters_.cut : counters_.lost);
    if (connection.halves[0].is_over() || connection.halves[event.half].is_over()) return;
    // Each flight of the handshake is repeated until its time is up.
    schedule(SimEvent::Kind::handshake, connection, event.half, now_ + milliseconds{500} + draw_delay(link),
             event.number);
    return;
  }
  if (event.number == 0) return accept(connection);
  if (connection.halves[event.half].state != SimHalf::State::connecting) return;
  if (event.number == 1) schedule(SimEvent::Kind::handshake, connection, 1, now_ + draw_delay(link), 2);
  open_half(connection, event.half);
}

void SimCore::accept(SimConnection& connection) {
  auto& server = connection.halves[1];
  if (server.state != SimHalf::State::absent) return;
  const auto live = std::count_if(connections_.begin(), connections_.end(), [&](const auto& entry) {
    const auto& half = entry.second.halves[1];
    return half.endpoint == server.endpoint && half.state != SimHalf::State::absent && !half.is_over();
  });
  if (static_cast<std::size_t>(live) >= options_.connections_per_endpoint_max) {
    server.state = SimHalf::State::gone;
    server.reason = CloseReason::resource_limit;
    server.text = "The hub has as many connections as it takes; try again later.";
    schedule(SimEvent::Kind::peer_close, connection, 0, now_ + draw_delay(link_of(connection)));
    return;
  }
  server.state = SimHalf::State::connecting;
  schedule(SimEvent::Kind::handshake, connection, 0, now_ + draw_delay(link_of(connection)), 1);
  schedule(SimEvent::Kind::handshake_over, connection, 1, now_ + options_.handshake_timeout);
}

void SimCore::open_half(SimConnection& connection, std::uint8_t half) {
  auto& opened = connection.halves[half];
  opened.state = SimHalf::State::open;
  const auto& link = link_of(connection);
  opened.stats.rtt = 2 * link.delay + link.jitter;
  opened.stats.jitter = link.jitter / 2;
  if (half == 1) ++counters_.connections;
  connection.directions[other(half)].silent_since.reset();
  update_silence(connection);
  Event connected;
  connected.kind = Event::Kind::connected;
  connected.info.kind = TransportKind::simulated;
  connected.info.binding = connection.binding;
  connected.info.address = "sim:" + connection.halves[other(half)].endpoint->name();
  tell(connection, half, std::move(connected));
  pump(connection, half);
  schedule_read(connection, half);
}

void SimCore::on_handshake_over(SimConnection& connection, std::uint8_t half) {
  auto& late = connection.halves[half];
  if (late.state != SimHalf::State::connecting) return;
  if (half == 0) {
    return finish_close(connection, half, CloseReason::unreachable,
                        "No answer from " + connection.halves[1].endpoint->name() + "; is it running and reachable?",
                        false);
  }
  abandon(connection, half);
}

void SimCore::abandon(SimConnection& connection, std::uint8_t half) {
  connection.halves[half].state = SimHalf::State::gone;
  auto& direction = connection.directions[half];
  const auto silent_since = direction.silent_since;
  direction = {};
  direction.silent_since = silent_since;
  update_silence(connection);
  // A server half that is still absent can't come to life any more: its client is over.
  const auto peer = connection.halves[other(half)].state;
  if (peer == SimHalf::State::gone || (peer == SimHalf::State::absent && half == 0)) over_.push_back(connection.id);
}

void SimCore::update_silence(SimConnection& connection) {
  for (const std::uint8_t from : {0, 1}) {
    auto& direction = connection.directions[from];
    const bool silent = is_blocked(connection, from) || connection.halves[from].is_over();
    if (!silent) {
      direction.silent_since.reset();
    } else if (!direction.silent_since) {
      direction.silent_since = now_;
      schedule(SimEvent::Kind::idle_check, connection, other(from), now_ + options_.idle_timeout,
               static_cast<std::uint64_t>(now_.time_since_epoch().count()));
    }
  }
}

void SimCore::on_idle_check(SimConnection& connection, const SimEvent& event) {
  const auto& half = connection.halves[event.half];
  const auto& silent_since = connection.directions[other(event.half)].silent_since;
  const bool still =
      silent_since && static_cast<std::uint64_t>(silent_since->time_since_epoch().count()) == event.number;
  if (!still || !half.can_transmit()) return;
  ++counters_.idle_timeouts;
  finish_close(connection, event.half, CloseReason::idle_timeout,
               "Nothing was heard from " + connection.halves[other(event.half)].endpoint->name() + " for too long.",
               false);
}

void SimCore::close(SimEndpoint& endpoint, PeerId peer, CloseReason reason, std::string text) {
  const auto found = find(endpoint, peer);
  if (found.connection == nullptr) return;
  auto& half = found.connection->halves[found.half];
  if (half.is_over() || half.state == SimHalf::State::lingering) return;
  if (half.state == SimHalf::State::open && flushes_before_close(reason)) {
    half.state = SimHalf::State::lingering;
    half.reason = reason;
    half.text = std::move(text);
    schedule(SimEvent::Kind::linger_over, *found.connection, found.half, now_ + options_.linger);
    close_if_drained(*found.connection, found.half);
    return;
  }
  finish_close(*found.connection, found.half, reason, std::move(text), true);
}

void SimCore::close_if_drained(SimConnection& connection, std::uint8_t half) {
  auto& closing = connection.halves[half];
  if (closing.state != SimHalf::State::lingering) return;
  for (const auto lane : {Lane::control, Lane::commands, Lane::bulk}) {
    const auto& pending = connection.directions[half].lanes[static_cast<std::size_t>(lane)];
    if (pending.queued_bytes != 0 || pending.unconsumed_bytes != 0) return;
  }
  finish_close(connection, half, closing.reason, closing.text, true);
}

void SimCore::finish_close(SimConnection& connection, std::uint8_t half, CloseReason reason, std::string text,
                           bool tells_peer) {
  auto& closed = connection.halves[half];
  // A server never told its sink of a connection that did not complete, so it has no end to tell of either.
  if (half == 1 && closed.state == SimHalf::State::connecting) return abandon(connection, half);
  closed.state = SimHalf::State::closed;
  closed.reason = reason;
  closed.text = std::move(text);
  update_silence(connection);
  if (tells_peer) {
    schedule(SimEvent::Kind::peer_close, connection, other(half), now_ + draw_delay(link_of(connection)));
  }
  schedule(SimEvent::Kind::tell_closed, connection, half, now_);
}

void SimCore::on_peer_close(SimConnection& connection, std::uint8_t half) {
  auto& told = connection.halves[half];
  if (is_blocked(connection, other(half))) {
    ++counters_.cut;
    return;
  }
  if (told.is_over() || told.state == SimHalf::State::absent) return;
  const auto& closer = connection.halves[other(half)];
  told.closed_by_peer = true;
  finish_close(connection, half, closer.reason, closer.text, false);
}

void SimCore::on_tell_closed(SimConnection& connection, std::uint8_t half) {
  auto& closed = connection.halves[half];
  if (closed.state != SimHalf::State::closed) return;
  abandon(connection, half);
  Event event;
  event.kind = Event::Kind::closed;
  event.reason = closed.reason;
  event.closed_by_peer = closed.closed_by_peer;
  event.text = closed.text;
  tell(connection, half, std::move(event));
}

void SimCore::crash(SimEndpoint& endpoint) {
  for (auto& [id, connection] : connections_) {
    for (const std::uint8_t half : {0, 1}) {
      auto& dead = connection.halves[half];
      if (dead.endpoint != &endpoint || dead.state == SimHalf::State::absent || dead.state == SimHalf::State::gone)
        continue;
      connection.directions[other(half)].inbox.clear();
      abandon(connection, half);
    }
  }
}

void SimCore::restart(SimEndpoint& endpoint) {
  if (!options_.resets_after_restart) return;
  for (auto& [id, connection] : connections_) {
    for (const std::uint8_t half : {0, 1}) {
      const auto& forgotten = connection.halves[half];
      if (forgotten.endpoint != &endpoint || forgotten.state != SimHalf::State::gone) continue;
      if (connection.halves[other(half)].is_over()) continue;
      // The peer's next packet (data or a keep-alive) is what draws the reset.
      const auto next_packet = milliseconds{static_cast<std::int64_t>(random_.below(1000))};
      schedule(SimEvent::Kind::reset, connection, other(half),
               now_ + next_packet + 2 * draw_delay(link_of(connection)));
    }
  }
}

}  // namespace theta::transport

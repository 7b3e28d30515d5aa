#include <algorithm>

#include "session_impl.h"

namespace theta::client {
namespace {

using transport::CloseReason;
using transport::Lane;
using transport::SendResult;

constexpr auto kStorageRetry = std::chrono::seconds{5};

// Whether another attempt may go better. Keys and versions do not change by waiting.
bool is_worth_retrying(CloseReason reason) {
  return reason != CloseReason::version_mismatch && reason != CloseReason::unauthenticated;
}

}  // namespace

Session::Impl::Impl(SessionOptions given, const crypto::KeyPair& author_key, transport::Transport& the_transport,
                    Persistence* the_persistence)
    : options(std::move(given)),
      key(author_key),
      transport(the_transport),
      persistence(the_persistence),
      overlay(author_key.public_key<AuthorKey>(), events),
      presence(events),
      assets(events, options.looks_for_assets),
      journal(the_persistence),
      random_state(options.random_seed) {
  facts.room = options.room;
  facts.hub = options.hub;
  facts.author = key.public_key<AuthorKey>();
  options.packets_in_flight_max =
      std::clamp<std::size_t>(options.packets_in_flight_max, 1, limits::kPacketsInFlightMax);
  pacer.set_limit(options.command_pace);
  presence.set_rate(options.presence_per_second);
}

// SplitMix64 (Steele, Lea and Flood 2014): small, and good enough to spread reconnects.
double Session::Impl::random_fraction() {
  random_state += 0x9e3779b97f4a7c15ULL;
  std::uint64_t mixed = random_state;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9ULL;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebULL;
  mixed ^= mixed >> 31;
  return static_cast<double>(mixed >> 11) * 0x1.0p-53;
}

void Session::Impl::set_now(Now at) {
  now.monotonic = std::max(now.monotonic, at.monotonic);
  now.wall = at.wall;
}

bool Session::Impl::on_event(const transport::Event& event, Now at) {
  set_now(at);
  if (!peer || event.peer != *peer) return false;
  switch (event.kind) {
    case transport::Event::Kind::connected:
      peer_info = event.info;
      last_heard = now.monotonic;
      phase = SessionPhase::logging_in;
      break;
    case transport::Event::Kind::message:
      last_heard = now.monotonic;
      on_message(event.lane, event.message);
      break;
    case transport::Event::Kind::writable:
      if (event.lane == Lane::commands) lane_full = false;
      break;
    case transport::Event::Kind::closed:
      // Coming back would put out another session of the same author, which comes back as well, and so on for ever.
      if (event.reason == CloseReason::superseded) wants_online = false;
      lose_connection(event.reason, event.text, is_worth_retrying(event.reason));
      break;
  }
  return true;
}

void Session::Impl::disconnect(CloseReason reason, const std::string& text, bool retry, log::RefusalCode refusal) {
  if (peer) transport.close(*peer, reason, text);
  lose_connection(reason, text, retry, refusal);
}

void Session::Impl::lose_connection(CloseReason reason, const std::string& text, bool retry, log::RefusalCode refusal) {
  const bool was_connected = peer.has_value();
  peer.reset();
  is_caught_up = false;
  is_writer = false;
  lane_full = false;
  open_was_tried = false;
  sends_front_only = false;
  snapshot.reset();
  held.clear();
  held_bytes = 0;
  rejection.reset();
  is_searching = false;
  std::erase_if(history, [](const HistoryQuery& query) { return query.internal || query.forgotten; });
  for (auto& query : history) query.sent = false;
  outbox.forget_sending();
  presence.clear();
  assets.on_disconnected();
  if (phase == SessionPhase::stopped) return;
  phase = retry ? SessionPhase::offline : SessionPhase::stopped;
  // Half of the delay is random, so that peers which lost one hub do not come back in one instant.
  const auto doubled = options.reconnect_delay_min * (1LL << std::min(attempts, 16U));
  const auto delay = std::min<MonotonicClock::duration>(doubled, options.reconnect_delay_max);
  const auto jittered = std::chrono::nanoseconds(
      static_cast<std::int64_t>(static_cast<double>(delay.count()) * (0.5 + 0.5 * random_fraction())));
  retry_at = std::max(retry_at, now.monotonic + jittered);
  ++attempts;
  if (was_connected) events.push(Disconnected{reason, text, retry && wants_online, refusal});
}

void Session::Impl::strike(const std::string& text) {
  ++counters.messages_refused;
  if (++strikes >= limits::kStrikesMax) return diverge(text);
  disconnect(CloseReason::protocol_error, text, true);
}

void Session::Impl::diverge(const std::string& text) {
  if (phase == SessionPhase::stopped) return;
  disconnect(CloseReason::protocol_error, text, false);
  phase = SessionPhase::stopped;
  events.push(Diverged{text});
}

void Session::Impl::send_control(const SharedBytes& message) {
  if (!peer) return;
  // A handshake is a handful of small messages: a lane without room for them belongs to a hub that does not read.
  if (transport.send(*peer, Lane::control, message) == SendResult::full)
    disconnect(CloseReason::resource_limit, "the hub does not read the control lane", true);
}

std::optional<MonotonicTime> Session::Impl::answer_deadline() const {
  if (!peer) return std::nullopt;
  const bool waits =
      phase != SessionPhase::live || outbox.is_waiting_for_answers() || assets.waiting_since().has_value();
  if (!waits) return std::nullopt;
  return last_heard + options.answer_timeout;
}

void Session::Impl::check_timeouts() {
  const auto deadline = answer_deadline();
  if (deadline && now.monotonic >= *deadline)
    disconnect(CloseReason::idle_timeout, "the hub is connected but does not answer", true);
}

void Session::Impl::step(Now at) {
  set_now(at);
  check_timeouts();
  if (phase == SessionPhase::live && peer) {
    pump_packets();
    pump_history();
  }
  if (phase == SessionPhase::live && peer) {
    if (const auto message = presence.take_message(now.monotonic))
      static_cast<void>(transport.send(*peer, Lane::presence, *message));
    assets.pump(transport, *peer, next_request, now.monotonic);
  }
  for (const auto& asset : assets.take_finished_uploads()) journal.forget_asset(asset);
  if (journal.size() > limits::kJournalBytesMax) save();
  if (journal.is_broken() && now.monotonic >= storage_retry_at) {
    storage_retry_at = now.monotonic + kStorageRetry;
    save();
  }
  report_storage();
}

std::optional<MonotonicTime> Session::Impl::next_wakeup() const {
  std::optional<MonotonicTime> earliest;
  const auto consider = [&](std::optional<MonotonicTime> time) {
    if (time && (!earliest || *time < *earliest)) earliest = time;
  };
  if (journal.is_broken()) consider(storage_retry_at);
  if (phase == SessionPhase::stopped) return earliest;
  if (!peer) {
    if (wants_online) consider(retry_at);
    return earliest;
  }
  consider(answer_deadline());
  if (phase != SessionPhase::live) return earliest;
  consider(presence.next_send());
  consider(assets.next_attempt());
  if (!history.empty() && !history.front().sent && held_until > now.monotonic) consider(held_until);
  if (may_send() && has_sendable()) consider(std::max(held_until, paced_until));
  return earliest;
}

}  // namespace theta::client

#include "simulation.h"

#include "theta/crypto/hash.h"

namespace theta::sim {
namespace {

using client::SessionPhase;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;

constexpr MonotonicClock::duration kOpeningTakes = minutes(30);
/// Back-offs, time-outs and rate limits are seconds; what has not settled by then never will.
constexpr MonotonicClock::duration kSettlingTakes = hours(3);

}  // namespace

Simulation::Simulation(const Profile& profile, std::uint64_t seed, Mutant mutant, RecordKeeper& keeper)
    : profile_(profile),
      keeper_(keeper),
      random_(Random(seed).fork("simulation")),
      world_(profile, seed, mutant, keeper),
      workload_(world_, seed),
      faults_(world_, seed),
      steps_left_(profile.operations) {}

double Simulation::virtual_seconds() const {
  return std::chrono::duration<double>(world_.now().time_since_epoch()).count();
}

Hash256 Simulation::digest() const {
  crypto::Hasher hasher("theta/sim/v1");
  hasher.update_integer(keeper_.trace_hash());
  for (const auto& [room, model] : world_.models())
    hasher.update(room.view()).update(model.replica().record_hash().view()).update(model.replica().state_hash().view());
  return hasher.finish();
}

void Simulation::run() {
  if (!open_rooms()) {
    keeper_.violate("settlement", "A room could not be opened in half an hour.");
    return;
  }
  invite_peers();
  schedule_step();
  schedule_fault();
  static_cast<void>(world_.run_until([this] { return steps_left_ == 0; }, hours(48)));
  if (keeper_.has_violation()) return;
  settle();
  if (keeper_.has_violation()) return;
  judge();
}

// ---- Before -------------------------------------------------------------------------------------------------------

bool Simulation::open_rooms() {
  for (std::size_t room = 0; room < profile_.rooms; ++room) {
    auto& opener = world_.add_opener("room " + std::to_string(room));
    const auto is_open = [&] { return opener.runs() && opener.session().phase() == SessionPhase::live; };
    if (!world_.run_until(is_open, kOpeningTakes)) return false;
  }
  return true;
}

void Simulation::invite_peers() {
  const auto count = random_.between(profile_.peers_min, profile_.peers_max);
  for (std::size_t index = profile_.rooms; index < count; ++index) {
    auto& opener = *world_.peers()[index % profile_.rooms];
    const auto role = random_.chance(0.1)    ? log::Role::viewer
                      : random_.chance(0.15) ? log::Role::admin
                                             : log::Role::editor;
    auto ticket = world_.invite(opener, {.role = role});
    if (ticket) world_.add_peer({.room = opener.room(), .ticket = ticket, .key = std::nullopt});
  }
  const auto room = world_.peers().front()->room();
  for (std::size_t index = 0; index < profile_.hostile_members; ++index) world_.add_hostile(room, true);
  for (std::size_t index = 0; index < profile_.hostile_strangers; ++index) world_.add_hostile(room, false);
}

// ---- While --------------------------------------------------------------------------------------------------------

void Simulation::schedule_step() {
  if (steps_left_ == 0) return;
  const auto average = static_cast<double>(std::chrono::nanoseconds(profile_.step_gap).count());
  auto gap = std::chrono::nanoseconds(static_cast<std::int64_t>(2 * average * random_.fraction()));
  if (random_.chance(profile_.long_gap_chance)) gap = minutes(random_.between(10, 90));
  world_.after(gap, [this] {
    static_cast<void>(workload_.step());
    --steps_left_;
    schedule_step();
  });
}

void Simulation::schedule_fault() {
  if (profile_.fault_gap == milliseconds(0) || steps_left_ == 0) return;
  const auto average = static_cast<double>(std::chrono::nanoseconds(profile_.fault_gap).count());
  world_.after(std::chrono::nanoseconds(static_cast<std::int64_t>(2 * average * random_.fraction())), [this] {
    if (steps_left_ > 0) faults_.strike();
    schedule_fault();
  });
}

// ---- After --------------------------------------------------------------------------------------------------------

bool Simulation::is_outside(PeerNode& peer) const {
  const auto model = world_.models().find(peer.room());
  if (model == world_.models().end()) return peer.may_fail;
  const auto* member = model->second.replica().members().find(peer.author());
  if (member == nullptr) {
    const auto& ticket = peer.options().ticket;
    // An invite holds as long as its issuer is an admin.
    return peer.may_fail || (ticket && !model->second.was_always_admin(ticket->invite.issuer));
  }
  return member->role == log::Role::none;
}

bool Simulation::is_settled(PeerNode& peer) const {
  if (!peer.runs()) return false;
  auto& session = peer.session();
  if (session.phase() == SessionPhase::stopped) return peer.may_fail || is_outside(peer);
  if (is_outside(peer)) return true;
  if (session.phase() != SessionPhase::live || !session.caught_up()) return false;
  const auto model = world_.models().find(peer.room());
  if (model == world_.models().end() || session.confirmed_head() != model->second.head()) return false;
  return session.is_idle() || !session.is_writer();
}

bool Simulation::is_quiet() {
  if (!world_.hub().is_quiet()) return false;
  for (auto& peer : world_.peers())
    if (!is_settled(*peer)) return false;
  return true;
}

std::string Simulation::describe(PeerNode& peer) const {
  if (!peer.runs()) return peer.name() + " is not running";
  const auto& session = peer.session();
  const auto held = session.statistics();
  return peer.name() + " (phase " + std::to_string(static_cast<int>(session.phase())) + ", record " +
         std::to_string(session.confirmed_head().value()) + ", " + std::to_string(held.queued_commands) +
         " commands queued, " + std::to_string(held.packets_in_flight) + " packets under way" +
         (session.is_writer() ? "" : ", not the writer") +
         (peer.last_refusal().empty() ? "" : ", last told: " + peer.last_refusal()) + ")";
}

/// Who was put out of a room and is let in again must come back by itself.
void Simulation::reinstate_somebody() {
  for (auto& peer : world_.peers()) {
    if (!peer->runs() || peer->room().is_zero() || !is_outside(*peer) || !random_.chance(0.5)) continue;
    const auto& members = world_.models().find(peer->room())->second.replica().members();
    auto* admin = world_.find_admin(peer->room());
    if (admin == nullptr || members.find(peer->author()) == nullptr) continue;
    admin->session().set_now(admin->now());
    const auto handle = admin->session().submit(client::commands::grant_role(peer->author(), wire::fb::Role::editor));
    keeper_.count("action.reinstate");
    if (handle) admin->note_submission({*handle, {}, "reinstate " + peer->name()});
    admin->touch();
  }
}

void Simulation::settle() {
  faults_.heal_all();
  static_cast<void>(world_.run_until([this] { return is_quiet(); }, kSettlingTakes));
  if (keeper_.has_violation()) return;
  reinstate_somebody();
  // Who has just been let in again is asked to write only after it has heard of that.
  static_cast<void>(world_.run_until([this] { return is_quiet(); }, kSettlingTakes));
  if (keeper_.has_violation()) return;
  let_every_device_write();
  if (world_.run_until([this] { return is_quiet(); }, kSettlingTakes) || keeper_.has_violation()) return;
  for (auto& peer : world_.peers())
    if (!is_settled(*peer))
      return keeper_.violate("settlement",
                             "Three hours after everything healed, " + describe(*peer) + " has not settled.");
  keeper_.violate("settlement", "Three hours after everything healed, the hub's store has not answered.");
}

/// Two devices of one author wait for each other: each is asked in turn to be the writer.
void Simulation::let_every_device_write() {
  for (std::size_t index = 0; index < world_.peers().size(); ++index) {
    auto& peer = *world_.peers()[index];
    if (!peer.runs() || peer.session().is_idle() || peer.session().is_writer() || is_outside(peer)) continue;
    keeper_.log(peer.name(), "takes the pen");
    peer.session().take_writer();
    peer.touch();
    const auto is_done = [&] { return peer.session().is_idle() && is_settled(peer); };
    static_cast<void>(world_.run_until(is_done, kSettlingTakes));
  }
}

void Simulation::judge() {
  world_.hub().harvest_metrics();
  if (world_.mutant() == Mutant::rotten_scene)
    for (auto& peer : world_.peers())
      if (peer->runs()) peer->restart_from_rotten_disk();
  std::vector<PeerView> views;
  for (auto& peer : world_.peers()) {
    views.push_back(peer->view());
    // Outside for good, or fed with garbled bytes: what it holds is nobody's promise.
    if (peer->runs() && (is_outside(*peer) || peer->session().phase() == SessionPhase::stopped))
      views.back().session = nullptr;
  }
  const auto logs = world_.hub().read_at_end();
  for (const auto& log : logs) {
    const auto model = world_.models().find(log.room);
    if (model == world_.models().end() || log.head != model->second.head())
      keeper_.violate("durability", "The disk's log ends at " + std::to_string(log.head.value()) +
                                        ", after everything was quiet, not where the store said.");
  }
  const FinalView end{world_.models(), views, logs};
  for (auto& checker : world_.checkers()) checker->on_end(end);
}

}  // namespace theta::sim

#include "world.h"

#include <algorithm>

namespace theta::sim {
namespace {

constexpr std::size_t kOverheardMax = 64;
constexpr MonotonicClock::duration kLeastStep = std::chrono::microseconds(100);

transport::SimOptions network_options(const Profile& profile) {
  transport::SimOptions options;
  options.link = profile.link;
  options.lane_bounds = profile.lanes;
  options.receive_window_bytes = profile.receive_window_bytes;
  options.corruption = profile.corruption_is_delivered ? transport::SimOptions::Corruption::delivered
                                                       : transport::SimOptions::Corruption::detected;
  return options;
}

}  // namespace

World::World(const Profile& profile, std::uint64_t seed, Mutant mutant, RecordKeeper& keeper)
    : profile_(profile),
      random_(Random(seed).fork("world")),
      mutant_(mutant),
      keeper_(keeper),
      checkers_(make_checkers(keeper, profile.settles_within)),
      network_(network_options(profile), Random(seed).fork("network").next()) {
  Bytes token(32);
  random_.fill(token);
  hub_ = std::make_unique<HubNode>(HubSetup{.config = profile.hub,
                                            .lanes = profile.lanes,
                                            .key = new_key(),
                                            .admin_token = token,
                                            .mutant = mutant,
                                            .random = random_.fork("hub"),
                                            .keeper = keeper_,
                                            .checkers = checkers_,
                                            .models = models_,
                                            .network = network_});
}

World::~World() = default;

crypto::KeyPair World::new_key() {
  crypto::Seed seed;
  random_.fill(seed.bytes);
  return crypto::KeyPair::from_seed(seed);
}

// ---- Time ---------------------------------------------------------------------------------------------------------

void World::after(MonotonicClock::duration delay, std::function<void()> action) {
  timeline_.emplace(now() + delay, std::move(action));
}

void World::turn() {
  keeper_.set_time(now());
  while (!timeline_.empty() && timeline_.begin()->first <= now()) {
    const auto action = std::move(timeline_.begin()->second);
    timeline_.erase(timeline_.begin());
    action();
  }
  hub_->turn();
  // By index: a peer may be added meanwhile.
  for (std::size_t index = 0; index < peers_.size(); ++index) peers_[index]->turn();
  for (auto& hostile : hostiles_) hostile->turn();
  const auto queues = hub_->queues();
  for (auto& checker : checkers_) checker->on_queues(queues);
}

MonotonicTime World::next_time() const {
  auto next = std::min(hub_->next_wakeup(), network_.next_event_time().value_or(MonotonicTime::max()));
  if (!timeline_.empty()) next = std::min(next, timeline_.begin()->first);
  for (const auto& peer : peers_) next = std::min(next, peer->next_wakeup());
  for (const auto& hostile : hostiles_) next = std::min(next, hostile->next_wakeup());
  return next;
}

bool World::run_until(const std::function<bool()>& done, MonotonicClock::duration limit) {
  const auto end = now() + limit;
  for (;;) {
    turn();
    if (keeper_.has_violation()) return false;
    if (done()) return true;
    // A wake-up in the past means another turn, but time must move for the run to end.
    const auto next = std::max(next_time(), now() + kLeastStep);
    if (next > end) {
      network_.advance_to(end);
      return false;
    }
    network_.advance_to(next);
  }
}

void World::run_for(MonotonicClock::duration time) {
  static_cast<void>(run_until([] { return false; }, time));
}

// ---- Who there is -------------------------------------------------------------------------------------------------

PeerNode* World::random_ready_peer(Random& random) {
  std::vector<PeerNode*> ready;
  for (auto& peer : peers_)
    if (peer->runs() && peer->session().confirmed_head().value() > 0) ready.push_back(peer.get());
  return ready.empty() ? nullptr : random.pick(ready);
}

PeerNode* World::find_admin(const RoomId& room) {
  for (auto& peer : peers_) {
    const bool is_admin = peer->runs() && peer->room() == room && peer->session().confirmed_head().value() > 0 &&
                          peer->session().role() == log::Role::admin;
    if (is_admin) return peer.get();
  }
  return nullptr;
}

PeerNode& World::start_peer(client::SessionOptions options, const crypto::KeyPair& key, bool is_second_device) {
  const auto index = peers_.size();
  options.hub = hub_->key();
  options.display_name = "peer " + std::to_string(index);
  peers_.push_back(std::make_unique<PeerNode>(PeerSetup{.index = index,
                                                        .name = "peer" + std::to_string(index),
                                                        .options = std::move(options),
                                                        .hears_garbled = profile_.corruption_is_delivered,
                                                        .key = key,
                                                        .is_second_device = is_second_device,
                                                        .mutant = mutant_,
                                                        .random = random_.fork("peer"),
                                                        .keeper = keeper_,
                                                        .checkers = checkers_,
                                                        .models = models_,
                                                        .network = network_,
                                                        .hub = hub_->endpoint(),
                                                        .overheard = [this](ByteView message) {
                                                          if (overheard_.size() < kOverheardMax)
                                                            overheard_.emplace_back(message.begin(), message.end());
                                                        }}));
  auto& peer = *peers_.back();
  peer.may_fail = profile_.corruption_is_delivered;
  return peer;
}

PeerNode& World::add_opener(const std::string& room_name) {
  client::SessionOptions options;
  options.open_room = client::SessionOptions::OpenRoom{room_name, hub_->admin_token()};
  return start_peer(std::move(options), new_key(), false);
}

PeerNode& World::add_peer(NewPeer fields) {
  client::SessionOptions options;
  options.room = fields.room;
  options.ticket = std::move(fields.ticket);
  auto& peer = start_peer(std::move(options), fields.key ? *fields.key : new_key(), fields.key.has_value());
  peer.may_fail = peer.may_fail || fields.may_fail;
  return peer;
}

std::optional<log::RoomLink::Ticket> World::invite(PeerNode& admin, log::InviteTerms terms) {
  crypto::Seed secret;
  random_.fill(secret.bytes);
  auto ticket = admin.session().make_invite(terms, secret);
  return ticket ? std::optional(std::move(*ticket)) : std::nullopt;
}

HostilePeer& World::add_hostile(const RoomId& room, bool is_member) {
  std::optional<log::RoomLink::Ticket> ticket;
  if (is_member)
    if (auto* admin = find_admin(room)) ticket = invite(*admin, {.role = log::Role::editor});
  const auto name = "hostile" + std::to_string(hostiles_.size());
  hostiles_.push_back(std::make_unique<HostilePeer>(HostileSetup{.name = name,
                                                                 .key = new_key(),
                                                                 .room = room,
                                                                 .hub_key = hub_->key(),
                                                                 .ticket = std::move(ticket),
                                                                 .random = random_.fork(name),
                                                                 .keeper = keeper_,
                                                                 .checkers = checkers_,
                                                                 .network = network_,
                                                                 .hub = hub_->endpoint(),
                                                                 .overheard = overheard_}));
  return *hostiles_.back();
}

}  // namespace theta::sim

#include "fault_schedule.h"

namespace theta::sim {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kPeersMax = 8;

}  // namespace

MonotonicClock::duration FaultSchedule::some(std::uint64_t ms_min, std::uint64_t ms_max) {
  return milliseconds(random_.between(ms_min, ms_max));
}

void FaultSchedule::strike() {
  const auto fault = static_cast<Fault>(random_.weighted(world_.profile().faults));
  auto& peer = *random_.pick(world_.peers());
  world_.keeper().log("fault", std::string(fault_name(fault)) + " (" + peer.name() + ")");
  world_.keeper().count(std::string("fault.") + fault_name(fault));
  switch (fault) {
    case Fault::partition:
    case Fault::one_way_cut:
    case Fault::reset_connections:
    case Fault::slow_reader:
    case Fault::stuck_reader:
    case Fault::worse_link: return strike_network(peer, fault);
    case Fault::peer_kill:
    case Fault::peer_power_loss:
    case Fault::peer_wipe:
    case Fault::peer_offline:
    case Fault::peer_disk_full:
    case Fault::peer_clock_jump: return strike_peer(peer, fault);
    case Fault::hub_kill:
    case Fault::hub_power_loss:
    case Fault::hub_power_cut_in_write:
    case Fault::hub_clock_jump:
    case Fault::limit_change:
    case Fault::hub_shutdown: return strike_hub(fault);
    case Fault::hub_disk_full:
    case Fault::hub_disk_errors:
    case Fault::slow_disk: return strike_hub_disk(fault);
    case Fault::late_join:
    case Fault::compact:
    case Fault::room_idle:
    case Fault::second_device: return change_cast(peer, fault);
  }
}

void FaultSchedule::strike_network(PeerNode& peer, Fault fault) {
  auto& network = world_.network();
  auto& hub = world_.hub().endpoint();
  auto& end = peer.endpoint();
  switch (fault) {
    case Fault::partition:
      network.set_partitioned(end, hub, true);
      return world_.after(some(200, 45'000), [&] { network.set_partitioned(end, hub, false); });
    case Fault::one_way_cut: {
      auto& from = random_.chance(0.5) ? end : hub;
      auto& to = &from == &end ? hub : end;
      network.set_direction_blocked(from, to, true);
      return world_.after(some(200, 45'000), [&] { network.set_direction_blocked(from, to, false); });
    }
    case Fault::reset_connections: return network.reset_connections(end, hub);
    case Fault::slow_reader:
      end.set_read_bytes_per_second(random_.between(200, 4000));
      return world_.after(some(1000, 20'000), [&] { end.set_read_bytes_per_second(std::nullopt); });
    case Fault::stuck_reader:
      end.set_read_bytes_per_second(0);
      return world_.after(some(1000, 20'000), [&] { end.set_read_bytes_per_second(std::nullopt); });
    default: break;
  }
  auto worse = network.link(end, hub);
  const auto before = worse;
  worse.loss = 0.4;
  worse.delay *= 4;
  network.set_link(end, hub, worse);
  world_.after(some(1000, 10'000), [&, before] { network.set_link(end, hub, before); });
}

void FaultSchedule::strike_peer(PeerNode& peer, Fault fault) {
  switch (fault) {
    case Fault::peer_kill: return peer.end(PeerEnd::killed, some(0, 5000));
    case Fault::peer_power_loss: return peer.end(PeerEnd::power_lost, some(0, 5000));
    case Fault::peer_wipe:
      // Who was never let in has nothing to come back with.
      if (peer.runs() && peer.session().confirmed_head().value() > 0) peer.end(PeerEnd::wiped, some(0, 5000));
      return;
    case Fault::peer_offline: {
      if (!peer.runs()) return;
      peer.session().go_offline();
      peer.touch();
      const auto absence =
          random_.chance(0.3) ? MonotonicClock::duration(hours(random_.between(1, 6))) : some(500, 30'000);
      return world_.after(absence, [&peer] {
        if (!peer.runs()) return;
        peer.session().go_online();
        peer.touch();
      });
    }
    case Fault::peer_disk_full:
      peer.set_disk_full(true);
      return world_.after(some(500, 10'000), [&peer] { peer.set_disk_full(false); });
    default: break;
  }
  const auto by = static_cast<std::int64_t>(random_.below(7'200'000)) - 3'600'000;
  peer.jump_clock(milliseconds(by));
}

void FaultSchedule::strike_hub(Fault fault) {
  auto& hub = world_.hub();
  switch (fault) {
    case Fault::hub_kill: return hub.end(HubNode::End::killed, some(0, 8000));
    case Fault::hub_power_loss: return hub.end(HubNode::End::power_lost, some(0, 8000));
    case Fault::hub_power_cut_in_write: return hub.cut_power_in_write(random_.between(1, 30), some(0, 8000));
    case Fault::hub_shutdown: return hub.end(HubNode::End::stopped, some(0, 3000));
    case Fault::limit_change: {
      // Who is connected works on at the rate that it was told, faster than the hub takes it now.
      const auto& usual = world_.profile().hub.log.commands;
      const auto tight = log::RateLimit{20, 10};
      return hub.set_command_limit(random_.chance(0.7) ? tight : usual);
    }
    default: break;
  }
  const auto by = static_cast<std::int64_t>(random_.below(600'000)) - 300'000;
  hub.jump_clock(milliseconds(by));
}

void FaultSchedule::strike_hub_disk(Fault fault) {
  auto& hub = world_.hub();
  if (fault == Fault::slow_disk) {
    hub.set_disk_latency(some(20, 400));
    return world_.after(some(500, 8000), [&hub] { hub.set_disk_latency(std::chrono::microseconds(300)); });
  }
  hub.set_trouble(fault == Fault::hub_disk_full ? DiskTrouble::full : DiskTrouble::errors);
  world_.after(some(300, 12'000), [&hub] { hub.set_trouble(DiskTrouble::none); });
}

void FaultSchedule::change_cast(PeerNode& peer, Fault fault) {
  if (fault == Fault::compact) return world_.hub().compact(peer.room());
  if (fault == Fault::room_idle) {
    for (auto& other : world_.peers()) {
      if (!other->runs() || other->room() != peer.room()) continue;
      auto& left = *other;
      left.session().go_offline();
      left.touch();
      world_.after(some(4000, 9000), [&left] {
        if (!left.runs()) return;
        left.session().go_online();
        left.touch();
      });
    }
    return;
  }
  if (world_.peers().size() >= kPeersMax || peer.room().is_zero()) return;
  if (fault == Fault::second_device) {
    // Who was never let in cannot come with a second machine.
    if (!peer.runs() || peer.session().confirmed_head().value() == 0) return;
    world_.add_peer({.room = peer.room(), .ticket = std::nullopt, .key = peer.key(), .may_fail = peer.may_fail});
    return;
  }
  auto* admin = world_.find_admin(peer.room());
  if (admin == nullptr) return;
  auto ticket = world_.invite(*admin, {.role = random_.chance(0.2) ? log::Role::viewer : log::Role::editor});
  if (ticket) world_.add_peer({.room = peer.room(), .ticket = ticket, .key = std::nullopt});
}

void FaultSchedule::heal_all() {
  world_.keeper().log("fault", "everything heals");
  auto& network = world_.network();
  auto& hub = world_.hub();
  network.heal_all_partitions();
  hub.set_trouble(DiskTrouble::none);
  hub.cut_power_in_write(0, {});
  hub.set_disk_latency(std::chrono::microseconds(300));
  for (auto& hostile : world_.hostiles()) hostile->stop();
  for (auto& peer : world_.peers()) {
    network.set_link(peer->endpoint(), hub.endpoint(), transport::LinkOptions{});
    peer->endpoint().set_read_bytes_per_second(std::nullopt);
    peer->set_disk_full(false);
    peer->jump_clock(hub.now().wall - peer->now().wall);
    if (!peer->runs()) continue;
    peer->session().go_online();
    peer->touch();
  }
}

}  // namespace theta::sim

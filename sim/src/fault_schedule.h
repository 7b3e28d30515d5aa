#pragma once

#include "random.h"
#include "world.h"

namespace theta::sim {

/// What goes wrong, and when it is over. Everything that breaks here heals by itself, or in `heal_all`.
class FaultSchedule {
 public:
  FaultSchedule(World& world, std::uint64_t seed) : world_(world), random_(Random(seed).fork("faults")) {}

  /// Lets one thing go wrong.
  void strike();
  /// The end of the run: everything works from here on. Peers that are down come up again.
  void heal_all();

 private:
  void strike_network(PeerNode& peer, Fault fault);
  void strike_peer(PeerNode& peer, Fault fault);
  void strike_hub(Fault fault);
  void strike_hub_disk(Fault fault);
  void change_cast(PeerNode& peer, Fault fault);
  [[nodiscard]] MonotonicClock::duration some(std::uint64_t ms_min, std::uint64_t ms_max);

  World& world_;
  Random random_;
};

}  // namespace theta::sim

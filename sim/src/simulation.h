#pragma once

#include "fault_schedule.h"
#include "workload.h"
#include "world.h"

namespace theta::sim {

/// One run from its seed to its verdict: a room is opened, people work while things go wrong, everything heals, what is
/// under way settles, and the checkers look at what is left.
class Simulation {
 public:
  Simulation(const Profile& profile, std::uint64_t seed, Mutant mutant, RecordKeeper& keeper);

  void run();
  [[nodiscard]] double virtual_seconds() const;
  /// Of the logs and states at the end.
  [[nodiscard]] Hash256 digest() const;

 private:
  [[nodiscard]] bool open_rooms();
  void invite_peers();
  void schedule_step();
  void schedule_fault();
  void reinstate_somebody();
  void settle();
  void let_every_device_write();
  void judge();

  [[nodiscard]] bool is_quiet();
  [[nodiscard]] bool is_settled(PeerNode& peer) const;
  /// The log has put its author out of the room, or never let it in.
  [[nodiscard]] bool is_outside(PeerNode& peer) const;
  [[nodiscard]] std::string describe(PeerNode& peer) const;

  const Profile& profile_;
  RecordKeeper& keeper_;
  Random random_;
  World world_;
  Workload workload_;
  FaultSchedule faults_;
  std::size_t steps_left_;
};

}  // namespace theta::sim

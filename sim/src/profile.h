#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "theta/hub/config.h"
#include "theta/transport/sim_network.h"

namespace theta::sim {

/// What a peer may do next.
enum class Action : std::uint8_t {
  create,
  delete_entities,
  duplicate,
  rename,
  reparent,
  reorder,
  set_transform,
  translate,
  rotate,
  scale,
  set_mesh,
  set_material,
  set_light,
  set_camera,
  set_visibility,
  change_tags,
  set_application,
  select,
  change_selection,
  activate_tool,
  deactivate_tool,
  grant,
  revoke,
  revoke_invite,
  set_policy,
  undo,
  redo,
  undo_under_way,
  submit_again,
  presence,
  upload,
  download,
  history,
  nonsense,
  invite,
  large_step,
};
inline constexpr std::size_t kActionCount = static_cast<std::size_t>(Action::large_step) + 1;
[[nodiscard]] const char* action_name(Action action);

/// What may go wrong next.
enum class Fault : std::uint8_t {
  partition,
  one_way_cut,
  reset_connections,
  slow_reader,
  stuck_reader,
  worse_link,
  peer_kill,
  peer_power_loss,
  peer_wipe,
  peer_offline,
  peer_disk_full,
  peer_clock_jump,
  hub_kill,
  hub_power_loss,
  hub_power_cut_in_write,
  hub_disk_full,
  hub_disk_errors,
  hub_clock_jump,
  slow_disk,
  late_join,
  compact,
  hub_shutdown,
  room_idle,
  second_device,
  limit_change,
};
inline constexpr std::size_t kFaultCount = static_cast<std::size_t>(Fault::limit_change) + 1;
[[nodiscard]] const char* fault_name(Fault fault);

/// A scenario: who takes part, what they do, what goes wrong how often.
struct Profile {
  std::string name;
  std::size_t peers_min = 2;
  std::size_t peers_max = 5;
  std::size_t rooms = 1;
  std::size_t operations = 250;
  /// Between two steps of the workload, on average.
  std::chrono::milliseconds step_gap{80};
  /// How often nobody does anything for an hour or so instead; who is offline stays so.
  double long_gap_chance = 0;
  std::array<double, kActionCount> actions{};
  /// Between two faults, on average; zero: none.
  std::chrono::milliseconds fault_gap{0};
  std::array<double, kFaultCount> faults{};
  transport::LinkOptions link;
  bool corruption_is_delivered = false;
  /// What the transports keep for a peer that does not read, and what they hold at that peer's end.
  transport::LaneBounds lanes;
  std::size_t receive_window_bytes = transport::SimOptions{}.receive_window_bytes;
  /// Peers that attack, members and strangers.
  std::size_t hostile_members = 0;
  std::size_t hostile_strangers = 0;
  hub::HubConfig hub;
  /// A command is settled after that long at the latest; zero: faults make that nobody's promise.
  std::chrono::milliseconds settles_within{0};
  /// Entities that the workload keeps a room at, about.
  std::size_t entities = 60;
  /// How often a step names something that was deleted, or another's id.
  double stale_target_chance = 0.03;

  [[nodiscard]] double& weight(Action action) { return actions[static_cast<std::size_t>(action)]; }
  [[nodiscard]] double& weight(Fault fault) { return faults[static_cast<std::size_t>(fault)]; }
};

[[nodiscard]] const std::vector<Profile>& all_profiles();
/// Null when there is none of that name.
[[nodiscard]] const Profile* find_profile(const std::string& name);
/// Seeds take turns through the profiles, so that any range of them covers all.
[[nodiscard]] const Profile& profile_of_seed(std::uint64_t seed);

}  // namespace theta::sim

#include "profile.h"

namespace theta::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::array<const char*, kActionCount> kActionNames{"create",
                                                             "delete",
                                                             "duplicate",
                                                             "rename",
                                                             "reparent",
                                                             "reorder",
                                                             "set_transform",
                                                             "translate",
                                                             "rotate",
                                                             "scale",
                                                             "set_mesh",
                                                             "set_material",
                                                             "set_light",
                                                             "set_camera",
                                                             "set_visibility",
                                                             "change_tags",
                                                             "set_application",
                                                             "select",
                                                             "change_selection",
                                                             "activate_tool",
                                                             "deactivate_tool",
                                                             "grant",
                                                             "revoke",
                                                             "revoke_invite",
                                                             "set_policy",
                                                             "undo",
                                                             "redo",
                                                             "undo_under_way",
                                                             "submit_again",
                                                             "presence",
                                                             "upload",
                                                             "download",
                                                             "history",
                                                             "nonsense",
                                                             "invite",
                                                             "large_step"};

constexpr std::array<const char*, kFaultCount> kFaultNames{
    "partition",      "one_way_cut",     "reset_connections", "slow_reader",    "stuck_reader",
    "worse_link",     "peer_kill",       "peer_power_loss",   "peer_wipe",      "peer_offline",
    "peer_disk_full", "peer_clock_jump", "hub_kill",          "hub_power_loss", "hub_power_cut_in_write",
    "hub_disk_full",  "hub_disk_errors", "hub_clock_jump",    "slow_disk",      "late_join",
    "compact",        "hub_shutdown",    "room_idle",         "second_device",  "limit_change"};

/// With nothing but attackers in the way. A packet that got lost on the way would take `answer_timeout`, far longer.
constexpr milliseconds kSettlesWithin = seconds(5);

/// Everything people do, about as often as they do it.
Profile everyday(std::string name) {
  Profile profile;
  profile.name = std::move(name);
  profile.actions.fill(1.0);
  profile.weight(Action::create) = 6;
  profile.weight(Action::set_transform) = 5;
  profile.weight(Action::presence) = 4;
  profile.weight(Action::undo) = 2;
  profile.weight(Action::grant) = 0.1;
  profile.weight(Action::revoke) = 0;
  profile.weight(Action::revoke_invite) = 0;
  profile.weight(Action::set_policy) = 0.3;
  profile.weight(Action::upload) = 0.3;
  profile.weight(Action::download) = 0.3;
  profile.weight(Action::history) = 0.3;
  profile.weight(Action::nonsense) = 0.5;
  profile.weight(Action::invite) = 0;
  profile.weight(Action::large_step) = 0.2;
  // Room for a workload that is faster than people are: most of a run is not waiting for the rate limit.
  profile.hub.log.commands = {200, 50};
  return profile;
}

Profile calm() {
  auto profile = everyday("calm");
  profile.settles_within = kSettlesWithin;
  return profile;
}

Profile lossy() {
  auto profile = everyday("lossy");
  profile.link = {.delay = milliseconds(30),
                  .jitter = milliseconds(60),
                  .loss = 0.08,
                  .duplicate = 0.1,
                  .reorder = 0.2,
                  .corrupt = 0.0005};
  profile.fault_gap = seconds(8);
  profile.weight(Fault::worse_link) = 2;
  profile.weight(Fault::reset_connections) = 1;
  profile.weight(Action::presence) = 20;
  return profile;
}

Profile partitions() {
  auto profile = everyday("partitions");
  profile.fault_gap = seconds(5);
  profile.step_gap = milliseconds(150);
  profile.weight(Fault::partition) = 4;
  profile.weight(Fault::one_way_cut) = 3;
  profile.weight(Fault::reset_connections) = 2;
  return profile;
}

Profile hub_crashes() {
  auto profile = everyday("hub-crashes");
  profile.fault_gap = seconds(4);
  profile.weight(Fault::hub_kill) = 2;
  profile.weight(Fault::hub_power_loss) = 3;
  profile.weight(Fault::hub_power_cut_in_write) = 4;
  profile.weight(Fault::slow_disk) = 1;
  profile.weight(Fault::hub_shutdown) = 1;
  return profile;
}

Profile bad_disk() {
  auto profile = everyday("bad-disk");
  profile.fault_gap = seconds(6);
  profile.weight(Fault::hub_disk_full) = 3;
  profile.weight(Fault::hub_disk_errors) = 3;
  // So few that a slow disk makes the hub put packets off.
  profile.hub.uncommitted_records_max = 4;
  profile.hub.uncommitted_bytes_max = 8 * 1024;
  profile.weight(Fault::hub_power_cut_in_write) = 1;
  profile.weight(Fault::hub_kill) = 1;
  profile.weight(Fault::slow_disk) = 1;
  return profile;
}

Profile peer_crashes() {
  auto profile = everyday("peer-crashes");
  profile.fault_gap = seconds(3);
  profile.weight(Fault::peer_kill) = 3;
  profile.weight(Fault::peer_power_loss) = 3;
  profile.weight(Fault::peer_wipe) = 0.7;
  profile.weight(Fault::peer_disk_full) = 1;
  profile.weight(Fault::reset_connections) = 1;
  return profile;
}

Profile offline_hours() {
  auto profile = everyday("offline");
  profile.fault_gap = seconds(6);
  profile.operations = 300;
  profile.long_gap_chance = 0.015;
  profile.weight(Fault::peer_offline) = 4;
  profile.weight(Fault::peer_kill) = 1;
  profile.weight(Fault::hub_kill) = 0.5;
  profile.weight(Action::undo_under_way) = 3;
  profile.hub.resume_records_max = 24;
  profile.hub.join_tail_records_max = 12;
  return profile;
}

Profile late_joins() {
  auto profile = everyday("late-joins");
  profile.peers_max = 3;
  profile.operations = 350;
  profile.fault_gap = seconds(4);
  profile.weight(Fault::late_join) = 4;
  profile.weight(Fault::compact) = 3;
  profile.weight(Fault::peer_wipe) = 1;
  profile.weight(Fault::peer_offline) = 2;
  profile.weight(Fault::hub_kill) = 1;
  profile.weight(Fault::room_idle) = 1;
  profile.hub.resume_records_max = 40;
  profile.hub.join_tail_records_max = 20;
  profile.hub.snapshot_every_records = 48;
  profile.hub.room_idle_unload = seconds(2);
  return profile;
}

Profile slow_readers() {
  auto profile = everyday("slow-readers");
  profile.fault_gap = seconds(5);
  profile.operations = 350;
  profile.step_gap = milliseconds(40);
  profile.weight(Fault::slow_reader) = 3;
  profile.weight(Fault::stuck_reader) = 3;
  profile.weight(Action::large_step) = 4;
  profile.weight(Action::set_application) = 6;
  profile.hub.ring_records_max = 16;
  profile.hub.ring_bytes_max = 16 * 1024;
  // Small enough to be full within seconds of people's work.
  profile.lanes.commands = 8 * 1024;
  profile.lanes.bulk = 64 * 1024;
  profile.receive_window_bytes = 8 * 1024;
  return profile;
}

Profile clocks() {
  auto profile = everyday("clocks");
  profile.fault_gap = seconds(4);
  profile.weight(Fault::peer_clock_jump) = 4;
  profile.weight(Fault::hub_clock_jump) = 3;
  profile.weight(Fault::peer_kill) = 1;
  profile.weight(Fault::hub_kill) = 1;
  profile.weight(Fault::late_join) = 1;
  return profile;
}

Profile contention() {
  auto profile = everyday("contention");
  profile.entities = 12;
  profile.operations = 400;
  profile.step_gap = milliseconds(15);
  profile.link.delay = milliseconds(40);
  profile.link.jitter = milliseconds(40);
  profile.weight(Action::reparent) = 10;
  profile.weight(Action::delete_entities) = 3;
  profile.weight(Action::duplicate) = 2;
  profile.weight(Action::set_policy) = 1.5;
  profile.weight(Action::submit_again) = 3;
  profile.stale_target_chance = 0.1;
  return profile;
}

Profile undoing() {
  auto profile = everyday("undo");
  profile.entities = 15;
  profile.operations = 400;
  profile.step_gap = milliseconds(30);
  profile.weight(Action::undo) = 14;
  profile.weight(Action::redo) = 8;
  profile.weight(Action::undo_under_way) = 5;
  profile.weight(Action::delete_entities) = 4;
  profile.weight(Action::reparent) = 4;
  profile.fault_gap = seconds(6);
  profile.weight(Fault::peer_offline) = 1;
  profile.weight(Fault::peer_kill) = 1;
  return profile;
}

Profile roles() {
  auto profile = everyday("roles");
  profile.peers_min = 3;
  profile.weight(Action::grant) = 4;
  profile.weight(Action::revoke) = 2;
  profile.weight(Action::revoke_invite) = 1;
  profile.weight(Action::set_policy) = 4;
  profile.weight(Action::invite) = 3;
  profile.fault_gap = seconds(5);
  profile.weight(Fault::late_join) = 1;
  profile.weight(Fault::peer_kill) = 1;
  profile.weight(Fault::hub_kill) = 1;
  return profile;
}

Profile assets() {
  auto profile = everyday("assets");
  profile.operations = 120;
  profile.step_gap = milliseconds(120);
  profile.weight(Action::upload) = 10;
  profile.weight(Action::download) = 10;
  profile.link.bytes_per_second = 4 * 1024 * 1024;
  profile.link.loss = 0.02;
  profile.fault_gap = seconds(4);
  profile.weight(Fault::hub_kill) = 1;
  profile.weight(Fault::hub_power_loss) = 1;
  profile.weight(Fault::reset_connections) = 2;
  profile.weight(Fault::peer_kill) = 1;
  profile.weight(Fault::hub_disk_full) = 1;
  return profile;
}

Profile two_rooms() {
  auto profile = everyday("two-rooms");
  profile.rooms = 2;
  profile.peers_min = 4;
  profile.peers_max = 6;
  profile.fault_gap = seconds(5);
  profile.weight(Fault::hub_kill) = 1;
  profile.weight(Fault::hub_power_cut_in_write) = 1;
  profile.weight(Fault::hub_disk_errors) = 1;
  profile.weight(Fault::room_idle) = 1;
  profile.hub.room_idle_unload = seconds(2);
  return profile;
}

Profile hostile() {
  auto profile = everyday("hostile");
  profile.peers_max = 3;
  profile.hostile_members = 1;
  profile.hostile_strangers = 1;
  profile.hub.login_timeout = seconds(3);
  profile.settles_within = kSettlesWithin;
  return profile;
}

Profile corrupted() {
  auto profile = everyday("corrupted");
  profile.corruption_is_delivered = true;
  profile.link.corrupt = 0.004;
  profile.link.loss = 0.02;
  return profile;
}

Profile rate_limited() {
  auto profile = everyday("rate-limited");
  profile.hub.log.commands = {60, 30};
  // Peers that are connected go on at the rate they were told.
  profile.weight(Fault::limit_change) = 3;
  profile.step_gap = milliseconds(25);
  profile.operations = 350;
  profile.weight(Action::large_step) = 2;
  profile.fault_gap = seconds(6);
  profile.weight(Fault::reset_connections) = 1;
  profile.weight(Fault::slow_disk) = 1;
  return profile;
}

Profile two_devices() {
  auto profile = everyday("two-devices");
  profile.peers_max = 3;
  profile.fault_gap = seconds(4);
  profile.weight(Fault::second_device) = 4;
  profile.weight(Fault::peer_offline) = 1;
  profile.weight(Fault::peer_kill) = 1;
  profile.weight(Fault::reset_connections) = 1;
  return profile;
}

Profile everything() {
  auto profile = everyday("everything");
  profile.peers_min = 3;
  profile.operations = 300;
  profile.fault_gap = seconds(3);
  profile.faults.fill(1.0);
  profile.weight(Fault::peer_wipe) = 0.3;
  profile.weight(Action::grant) = 1;
  profile.weight(Action::revoke) = 0.3;
  profile.link = {.delay = milliseconds(20),
                  .jitter = milliseconds(30),
                  .loss = 0.03,
                  .duplicate = 0.05,
                  .reorder = 0.1,
                  .corrupt = 0.0003};
  profile.hostile_strangers = 1;
  profile.hub.resume_records_max = 64;
  profile.hub.join_tail_records_max = 32;
  profile.hub.snapshot_every_records = 64;
  profile.hub.ring_records_max = 32;
  profile.hub.room_idle_unload = seconds(5);
  return profile;
}

}  // namespace

const char* action_name(Action action) { return kActionNames[static_cast<std::size_t>(action)]; }
const char* fault_name(Fault fault) { return kFaultNames[static_cast<std::size_t>(fault)]; }

const std::vector<Profile>& all_profiles() {
  static const std::vector<Profile> profiles{
      calm(),       lossy(),        partitions(), hub_crashes(),  bad_disk(),    peer_crashes(), offline_hours(),
      late_joins(), slow_readers(), clocks(),     contention(),   undoing(),     roles(),        assets(),
      two_rooms(),  hostile(),      corrupted(),  rate_limited(), two_devices(), everything()};
  return profiles;
}

const Profile* find_profile(const std::string& name) {
  for (const auto& profile : all_profiles())
    if (profile.name == name) return &profile;
  return nullptr;
}

const Profile& profile_of_seed(std::uint64_t seed) {
  const auto& profiles = all_profiles();
  return profiles[seed % profiles.size()];
}

}  // namespace theta::sim

#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "theta/hub/hub.h"
#include "theta/scene/scene.h"
#include "theta/store/log_engine.h"
#include "theta/store/sim_disk.h"
#include "theta/transport/transport.h"

namespace theta::sim {

/// Faults put into the system on purpose, at its seams, to see that the checkers find them. The product knows nothing
/// of them.
enum class Mutant : std::uint8_t {
  none,
  ack_before_commit,      // the store answers "done" before it wrote
  ack_failed_writes,      // the store answers "done" for writes that failed
  drop_last_of_batch,     // the store forgets the last record of an append
  lying_sync,             // the disk says "synced" and keeps nothing
  rewrite_after_relay,    // the store changes a payload's byte
  backdate_records,       // the store writes another hub time than the hub said
  refuse_what_is_taken,   // the hub's author is told "refused" for a packet that is in the log
  swallow_refusals,       // refusals never leave the hub
  hold_back_records,      // one peer's records never leave the hub
  alter_relayed_records,  // one peer gets a flipped bit, behind the transport's checks
  unbounded_lane,         // the hub's transport takes everything and keeps it
  forget_outbox,          // a peer's process does not find its journal again
  repeat_challenges,      // the hub's random source has one value
  write_as_viewer,        // the hub orders a packet in the name of somebody who may only read
  refuse_for_role,        // the hub refuses packets for a role that their authors have
  forget_assets,          // the store answers "stored" for assets and keeps nothing
  reorder_records,        // the disk gives two neighbours of the log in each other's place
  steal_keys,             // an author's second device is a thief's
  rotten_scene,           // a value in a peer's kept state has changed, and its hash has not
  submit_twice,           // an application hands in everything twice and knows of once
  swallow_changes,        // an application does not hear of every change
  swap_presence,          // the hub tells one session's presence as another's
  revive_presence,        // the hub tells a session's first presence again, as its newest
  flood_presence,         // the hub tells all presence many times
  starve_victim,          // every sixth packet of one peer never comes to the hub
  endless_ring,           // the hub's rooms never forget a record
  bend_state,             // a value in one peer's scene changes, and its hash with it
};

struct MutantName {
  Mutant mutant;
  const char* name;
};
[[nodiscard]] const std::vector<MutantName>& all_mutants();
/// `none` for an unknown name.
[[nodiscard]] Mutant find_mutant(const std::string& name);

/// What stands between the hub and its store; null when the mutant is elsewhere.
[[nodiscard]] std::unique_ptr<store::LogEngine> make_mutant_engine(Mutant mutant, store::LogEngine& inner);
/// What stands between the hub and everything below, what the checkers see of it included; null when the mutant is
/// elsewhere.
[[nodiscard]] std::unique_ptr<store::LogEngine> make_mutant_sequencer(Mutant mutant, store::LogEngine& inner);
/// What a hub that misjudges roles answers to a packet; empty when the message brings none.
[[nodiscard]] std::optional<SharedBytes> refuse_for_role(transport::Lane lane, ByteView message);
/// Moves an entity of a peer's scene by a little, as an apply that went wrong would have; false when it has none.
bool bend(const scene::Scene& scene);
/// What a disk makes of the log that it is asked for.
void reorder(std::vector<store::StoredRecord>& records);
/// What stands between the hub and its transport; null when the mutant is elsewhere. `is_victim`: the peer, over all
/// its connections, that mutants which meddle with one peer's messages pick.
using IsVictim = std::function<bool(transport::PeerId)>;
[[nodiscard]] std::unique_ptr<transport::Transport> make_mutant_transport(Mutant mutant, transport::Transport& inner,
                                                                          IsVictim is_victim);

}  // namespace theta::sim

#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "theta/base/ids.h"
#include "theta/scene/components.h"
#include "theta/wire/schema.h"

namespace theta::replica {

/// What became of one sequenced command; equal on every replica.
enum class OutcomeStatus : std::uint8_t {
  applied,     // on at least one of its targets
  superseded,  // every register it would have written holds something newer
  rejected,    // nothing was changed; `reason` says why
};

enum class RejectReason : std::uint8_t {
  none,
  no_such_entity,    // never made, or deleted (then `blocker` says by whom)
  parent_missing,    // the parent was deleted or never made
  changed_by_other,  // strategy `reject`: somebody wrote the scope after `base_seq`
  would_cycle,       // an entity cannot hang below itself
  too_deep,          // limits::kHierarchyDepthMax
  too_many,          // more entities than one command may touch, or than the id block holds
  out_of_range,      // the result is not a finite number
  nothing_to_undo,   // not in the journal (any more), or not undoable, or undone already
  undo_blocked,      // somebody changed what the command made
  last_admin,        // the room would have no admin left
  no_such_member,
  limit,          // tags, application components, rules, slots or invites of the room are used up
  too_much_work,  // the packet's earlier commands used up what one packet may do
  id_in_use,      // in predictions only: validity keeps it out of the log
};

/// Whose write stands in the way, and where.
struct Blocker {
  AuthorSlot author = kNoSlot;
  Seq seq;
  scene::RegisterKey key;
  friend bool operator==(const Blocker&, const Blocker&) = default;
};

struct Outcome {
  wire::fb::Command command = wire::fb::Command::NONE;
  OutcomeStatus status = OutcomeStatus::applied;
  RejectReason reason = RejectReason::none;
  std::uint32_t targets = 0;          // entities named
  std::uint32_t applied_targets = 0;  // entities changed
  std::optional<Blocker> blocker;     // superseded, rejected, or applied to some targets only
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

[[nodiscard]] const char* reason_name(RejectReason reason);
/// One sentence for people; `blocker_name` is what to call the blocker's author.
[[nodiscard]] std::string describe(const Outcome& outcome, const std::string& blocker_name);

}  // namespace theta::replica

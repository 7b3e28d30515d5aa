#include "theta/replica/outcome.h"

#include "theta/log/command_rules.h"

namespace theta::replica {

const char* reason_name(RejectReason reason) {
  switch (reason) {
    case RejectReason::none: return "none";
    case RejectReason::no_such_entity: return "no_such_entity";
    case RejectReason::parent_missing: return "parent_missing";
    case RejectReason::changed_by_other: return "changed_by_other";
    case RejectReason::would_cycle: return "would_cycle";
    case RejectReason::too_deep: return "too_deep";
    case RejectReason::too_many: return "too_many";
    case RejectReason::out_of_range: return "out_of_range";
    case RejectReason::nothing_to_undo: return "nothing_to_undo";
    case RejectReason::undo_blocked: return "undo_blocked";
    case RejectReason::last_admin: return "last_admin";
    case RejectReason::no_such_member: return "no_such_member";
    case RejectReason::limit: return "limit";
    case RejectReason::too_much_work: return "too_much_work";
    case RejectReason::id_in_use: return "id_in_use";
  }
  return "unknown";
}

namespace {

std::string because(RejectReason reason, const std::string& by) {
  switch (reason) {
    case RejectReason::none: return "";
    case RejectReason::no_such_entity: return by.empty() ? "there is no such entity" : "it was deleted by " + by;
    case RejectReason::parent_missing:
      return by.empty() ? "there is no such parent" : "the parent was deleted by " + by;
    case RejectReason::changed_by_other: return by + " changed it first; look at the change, then try again";
    case RejectReason::would_cycle: return "an entity cannot hang below itself";
    case RejectReason::too_deep: return "the hierarchy would become deeper than 1024 levels";
    case RejectReason::too_many: return "one command cannot touch that many entities; do it in parts";
    case RejectReason::out_of_range: return "the result would not be a finite number";
    case RejectReason::nothing_to_undo: return "there is nothing there to take back or to do again";
    case RejectReason::undo_blocked: return by.empty() ? "what it made is gone" : by + " has changed it since";
    case RejectReason::last_admin: return "the room would be left without an admin";
    case RejectReason::no_such_member: return "nobody with that key is a member";
    case RejectReason::limit: return "the room's limit for this is reached";
    case RejectReason::too_much_work:
      return "the packet's commands would take too long; send fewer at once, or on fewer entities";
    case RejectReason::id_in_use: return "an id that it gives to a new entity is taken; mint a new one";
  }
  return "";
}

}  // namespace

std::string describe(const Outcome& outcome, const std::string& blocker_name) {
  const std::string by = outcome.blocker ? (blocker_name.empty() ? "somebody" : blocker_name) : "";
  const std::string command = log::command_name(outcome.command);
  switch (outcome.status) {
    case OutcomeStatus::applied: return command + " was applied";
    case OutcomeStatus::superseded:
      return command + " came too late: " + (by.empty() ? "somebody" : by) + " wrote a newer value";
    case OutcomeStatus::rejected: return command + " was rejected: " + because(outcome.reason, by);
  }
  return command;
}

}  // namespace theta::replica

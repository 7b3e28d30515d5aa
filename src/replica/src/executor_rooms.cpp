#include <algorithm>

#include "executor.h"
#include "executor_write.h"
#include "theta/base/check.h"

namespace theta::replica {

namespace fb = wire::fb;

namespace {

std::string text_or_empty(const flatbuffers::String* text) { return text ? text->str() : std::string(); }

Outcome applied_once() {
  Outcome outcome;
  outcome.targets = outcome.applied_targets = 1;
  return outcome;
}

}  // namespace

Outcome Executor::open_room(const fb::OpenRoom& command) {
  log::Member opener;
  opener.key = packet_.author;
  opener.display_name = text_or_empty(command.display_name());
  opener.role = fb::Role::admin;
  opener.slot = AuthorSlot{0};
  state_.put_member(opener, log_);
  return applied_once();
}

Outcome Executor::join_room(const fb::JoinRoom& command) {
  // Validity has checked the invite, and that there is room for another author.
  const auto& invite = *command.invite();
  const auto key = wire::from_fb<InviteKey>(*invite.key());
  const auto uses = state_.members().invite_uses(key);
  log::Member member;
  member.key = packet_.author;
  member.display_name = text_or_empty(command.display_name());
  member.role = invite.role();
  member.invite = key;
  if (member.role >= fb::Role::editor) {
    const auto slot = state_.members().next_slot();
    THETA_CHECK(slot.has_value());
    member.slot = *slot;
  }
  state_.set_invite_uses(key, uses + 1, log_);
  state_.put_member(member, log_);
  return applied_once();
}

Outcome Executor::grant_role(const fb::GrantRole& command) {
  const auto key = wire::from_fb<AuthorKey>(*command.author());
  const auto* present = state_.members().find(key);
  if (!present && state_.members().size() >= limits::kAuthorsPerRoomMax) return reject(RejectReason::limit);
  log::Member member = present ? *present : log::Member{};
  member.key = key;
  if (command.role() < fb::Role::admin && is_last_admin(key)) return reject(RejectReason::last_admin);
  member.role = command.role();
  if (member.role >= fb::Role::editor && member.slot == kNoSlot) {
    const auto slot = state_.members().next_slot();
    if (!slot) return reject(RejectReason::limit);
    member.slot = *slot;
  }
  state_.put_member(member, log_);
  return applied_once();
}

Outcome Executor::revoke_role(const fb::RevokeRole& command) {
  const auto key = wire::from_fb<AuthorKey>(*command.author());
  const auto* present = state_.members().find(key);
  if (!present) return reject(RejectReason::no_such_member);
  if (is_last_admin(key)) return reject(RejectReason::last_admin);
  log::Member member = *present;
  member.role = fb::Role::none;
  member.selection.clear();
  member.tool.clear();
  state_.put_member(member, log_);
  // An invite that somebody came by is remembered already, so this needs no more space.
  if (command.revoke_invite() && !member.invite.is_zero())
    state_.set_invite_uses(member.invite, log::Members::kInviteRevoked, log_);
  return applied_once();
}

Outcome Executor::revoke_invite(const fb::RevokeInvite& command) {
  const auto key = wire::from_fb<InviteKey>(*command.invite());
  const auto& members = state_.members();
  if (members.invite_uses(key) == 0 && members.invites().size() >= limits::kInvitesPerRoomMax)
    return reject(RejectReason::limit);
  state_.set_invite_uses(key, log::Members::kInviteRevoked, log_);
  return applied_once();
}

bool Executor::is_last_admin(const AuthorKey& author) const {
  const auto is_admin = [](const auto& entry) { return entry.second.role == fb::Role::admin; };
  const auto& all = state_.members().all();
  const auto* member = state_.members().find(author);
  return member && member->role == fb::Role::admin && std::count_if(all.begin(), all.end(), is_admin) == 1;
}

Outcome Executor::set_policy(const fb::SetPolicy& command) {
  log::PolicyScope scope;
  scope.entity = ObjectId{command.entity()};
  if (!command.any_component()) scope.component = command.component();
  if (scope.entity != kNoObject && !state_.scene().contains(scope.entity))
    return reject(RejectReason::no_such_entity, deletion_of(scope.entity), 1);
  const bool adds = !command.clear() && !state_.policies().find(scope);
  if (adds && state_.policies().all().size() >= limits::kPolicyRulesMax) return reject(RejectReason::limit);
  state_.set_policy(scope, command.clear() ? std::nullopt : std::optional(command.strategy()), log_);
  return applied_once();
}

Outcome Executor::highlight_selection(const fb::HighlightSelection& command) {
  auto member = *state_.members().find(packet_.author);
  auto& selection = member.selection;
  if (command.clear()) selection.clear();
  if (command.remove())
    for (const auto entity : *command.remove()) std::erase(selection, ObjectId{entity});
  if (command.add()) {
    for (const auto entity : *command.add()) selection.push_back(ObjectId{entity});
    std::sort(selection.begin(), selection.end());
    selection.erase(std::unique(selection.begin(), selection.end()), selection.end());
  }
  if (selection.size() > limits::kSelectionMax) return reject(RejectReason::limit);
  state_.put_member(member, log_);
  return applied_once();
}

Outcome Executor::set_tool(std::string tool) {
  auto member = *state_.members().find(packet_.author);
  member.tool = std::move(tool);
  state_.put_member(member, log_);
  return applied_once();
}

}  // namespace theta::replica

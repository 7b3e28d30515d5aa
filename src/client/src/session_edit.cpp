#include <algorithm>

#include "session_impl.h"
#include "theta/log/command_rules.h"
#include "values.h"

namespace theta::client {
namespace {

namespace fb = wire::fb;
using Span = replica::Replica::CommandSpan;

std::unique_ptr<fb::EntityDescriptionT> describe_entity(const NewEntity& entity, ObjectId id, ObjectId parent) {
  auto result = std::make_unique<fb::EntityDescriptionT>();
  result->id = id.value();
  result->parent = parent.value();
  result->name = entity.name;
  if (entity.transform) result->transform = std::make_unique<fb::Transform>(to_fb(*entity.transform));
  if (entity.mesh) result->mesh = std::make_unique<fb::Bytes32>(wire::to_fb32(*entity.mesh));
  if (entity.material) result->material = to_fb(*entity.material);
  if (entity.light) result->light = std::make_unique<fb::Light>(to_fb(*entity.light));
  if (entity.camera) result->camera = std::make_unique<fb::Camera>(to_fb(*entity.camera));
  result->hidden = entity.hidden;
  result->tags = entity.tags;
  for (const auto& [component, value] : entity.application) {
    result->apps.push_back(std::make_unique<fb::AppComponentT>());
    result->apps.back()->component = component;
    result->apps.back()->value = value;
  }
  return result;
}

template <class Table>
Command reference_command(Span first, Span last) {
  Table table;
  table.first = std::make_unique<fb::CommandRef>(first.nonce.value(), first.index);
  table.last = std::make_unique<fb::CommandRef>(last.nonce.value(), last.index);
  fb::CommandUnion command;
  command.Set(std::move(table));
  return Command(std::move(command));
}

Command history_command(fb::Command type, Span first, Span last) {
  return type == fb::Command::Undo ? reference_command<fb::UndoT>(first, last)
                                   : reference_command<fb::RedoT>(first, last);
}

}  // namespace

/// Predictions cost time for all that waits, so they are put on again when somebody looks, and not for each record.
void Session::Impl::show() {
  if (!overlay.is_shown()) overlay.predict_all(outbox);
}

/// Shows everything anew: a draft that a newer one replaced is still in the overlay until then, and must not be what an
/// undo means.
void Session::Impl::show_afresh() {
  overlay.begin_base();
  show();
}

Stamp Session::Impl::next_stamp() {
  facts.last_stamp = clock.next(now.wall + clock_offset);
  return facts.last_stamp;
}

std::string Session::Impl::name_of(AuthorSlot slot) const {
  const auto* member = overlay.replica().members().find(slot);
  return member ? member->display_name : std::string();
}

ClientResult<void> Session::Impl::check_ready() const {
  if (phase == SessionPhase::stopped)
    return fail(ClientError::stopped, "the session has stopped; see the Disconnected or Diverged event for why");
  if (!overlay.is_member())
    return fail(ClientError::not_ready, "the room was not attached yet; wait for the Attached event");
  const auto pending = outbox.command_count() + events.pending_settled();
  if (pending >= limits::kOutboxCommandsMax || outbox.bytes() >= limits::kOutboxBytesMax)
    return fail(ClientError::queue_full, std::to_string(pending) + " commands wait for the hub or for poll_event(), " +
                                             "which is as many as are kept; poll events and try again later");
  return {};
}

ClientResult<void> Session::Impl::check_command(const fb::CommandPayload& payload) const {
  const auto type = static_cast<fb::Command>(payload.commands_type()->Get(0));
  if (type == fb::Command::OpenRoom || type == fb::Command::JoinRoom)
    return fail(ClientError::bad_command, "rooms are opened and joined by the session's options, not by commands");
  const auto needed = log::required_role(type);
  if (overlay.role() < needed)
    return fail(ClientError::not_permitted, std::string(log::command_name(type)) + " needs the role " +
                                                fb::EnumNameRole(needed) + ", this author is " +
                                                fb::EnumNameRole(overlay.role()) + "; ask an admin");
  return {};
}

/// The highest counter used by any command, this one included; a command's own ids must lie in the author's slot and
/// ascend over all its commands. Ids that were handed out and not yet used may lie above.
ClientResult<std::uint64_t> Session::Impl::check_minted(ByteView payload) const {
  std::uint64_t floor = std::max(last_used_counter, overlay.object_counter());
  for (const auto& [first, count] : minted_ids(payload)) {
    const auto last = counter_of(first) + count - 1;
    if (slot_of(first) != overlay.slot() || counter_of(first) <= floor || count == 0 || last > kObjectCounterMax)
      return fail(ClientError::bad_command, "new entities need ids from mint_ids(), each once and in ascending order");
    floor = last;
  }
  return floor;
}

ClientResult<CommandHandle> Session::Impl::submit(ByteView payload, CommandHandle refers_first,
                                                  CommandHandle refers_last) {
  if (auto ready = check_ready(); !ready) return tl::unexpected(ready.error());
  Draft draft;
  draft.payload.assign(payload.begin(), payload.end());
  const auto* table = wire::verified_payload(draft.payload);
  if (table == nullptr || table->commands()->size() != 1)
    return fail(ClientError::bad_command, "expected the bytes of one command, at most 64 KiB");
  if (const auto refused = log::check_payload(*table, 1)) return fail(ClientError::bad_command, refused->text);
  if (auto permitted = check_command(*table); !permitted) return tl::unexpected(permitted.error());
  const auto last_used = check_minted(draft.payload);
  if (!last_used) return tl::unexpected(last_used.error());

  show();
  draft.handle = facts.next_handle;
  draft.stamp = next_stamp();
  draft.base_seq = overlay.replica().head();
  draft.refers_first = refers_first;
  draft.refers_last = refers_last;
  draft.describe();
  const auto outcome = overlay.predict_next(draft, outbox.resolved_payload(draft, Outbox::Places::overlay));
  if (outcome.status == replica::OutcomeStatus::rejected) {
    show_afresh();
    const auto name = outcome.blocker ? name_of(outcome.blocker->author) : std::string();
    return fail(ClientError::rejected, replica::describe(outcome, name.empty() ? "somebody" : name));
  }
  facts.next_handle = CommandHandle{draft.handle.value() + 1};
  last_used_counter = *last_used;
  facts.next_object_counter = std::max(facts.next_object_counter, last_used_counter + 1);
  const auto handle = draft.handle;
  const auto copy = draft;
  const auto replaced = outbox.add(std::move(draft));
  journal.queued(copy, replaced);
  if (replaced) {
    CommandSettled settled;
    settled.handle = *replaced;
    settled.how = CommandSettled::How::coalesced;
    settled.into = handle;
    events.push(std::move(settled));
  }
  return handle;
}

void Session::Impl::refuse_drafts(std::vector<Draft> drafts, const log::Refused& refusal) {
  bool is_cause = true;
  for (auto& draft : drafts) {
    CommandSettled settled;
    settled.handle = draft.handle;
    settled.how = CommandSettled::How::refused;
    settled.refusal = is_cause ? refusal
                               : log::Refused{log::RefusalCode::bad_reference,
                                              "the command that this takes back or does again was refused"};
    settled.command = Command(std::move(draft.payload));
    events.push(std::move(settled));
    is_cause = false;
  }
}

ClientResult<CommandHandle> Session::Impl::submit_history_step(fb::Command type, Span first, Span last) {
  show();
  const auto command = history_command(type, first, last);
  // A place that only the overlay gave may change until the command is in the log: remember which command is meant.
  const auto pending_first = outbox.command_shown_at({first.nonce, first.index});
  const auto pending_last = outbox.command_shown_at({last.nonce, last.index});
  return submit(command.payload(), pending_first.value_or(CommandHandle{}), pending_last.value_or(CommandHandle{}));
}

ClientResult<CommandHandle> Session::Impl::step_through_history(fb::Command type) {
  if (auto ready = check_ready(); !ready) return tl::unexpected(ready.error());
  show_afresh();
  const auto& state = overlay.replica();
  const auto candidates = type == fb::Command::Undo ? state.undo_candidates(author()) : state.redo_candidates(author());
  if (candidates.empty())
    return fail(ClientError::rejected,
                std::string("there is nothing of yours to ") + (type == fb::Command::Undo ? "take back" : "do again"));
  const auto works = std::find_if(candidates.begin(), candidates.end(), [&](const Span& span) {
    return overlay.would_work(history_command(type, span, span).payload());
  });
  // Where none works, the newest one's refusal tells who stands in the way.
  const auto& chosen = works == candidates.end() ? candidates.front() : *works;
  auto step = submit_history_step(type, chosen, chosen);
  const auto meant = handle_at({chosen.nonce, chosen.index});
  if (step && meant) history_steps.push_back({*step, *meant});
  if (history_steps.size() > theta::limits::kJournalEntriesMax) history_steps.pop_front();
  return step;
}

std::optional<CommandHandle> Session::Impl::handle_at(CommandPlace place) const {
  if (const auto pending = outbox.command_shown_at(place)) return pending;
  const auto found = std::find_if(settled_places.rbegin(), settled_places.rend(),
                                  [&](const auto& settled) { return settled.second == place; });
  return found == settled_places.rend() ? std::nullopt : std::optional(found->first);
}

// ---- The public calls ---------------------------------------------------------------------------------------------

ClientResult<CommandHandle> Session::submit(const Command& command) { return impl_->submit(command.payload()); }

ClientResult<std::vector<ObjectId>> Session::mint_ids(std::size_t count) {
  if (auto ready = impl_->check_ready(); !ready) return tl::unexpected(ready.error());
  const auto slot = impl_->overlay.slot();
  if (slot == kNoSlot) return fail(ClientError::not_permitted, "viewers make no entities; ask an admin for a role");
  auto& next = impl_->facts.next_object_counter;
  next = std::max(next, impl_->overlay.object_counter() + 1);
  if (count > kObjectCounterMax - next) return fail(ClientError::bad_command, "this author has used up its ids");
  std::vector<ObjectId> ids;
  ids.reserve(count);
  for (std::size_t i = 0; i < count; ++i) ids.push_back(make_object_id(slot, next++));
  return ids;
}

ClientResult<Session::Created> Session::create_entities(std::vector<NewEntity> entities) {
  std::size_t missing = 0;
  for (const auto& entity : entities) missing += entity.id == kNoObject ? 1 : 0;
  auto minted = mint_ids(missing);
  if (!minted) return tl::unexpected(minted.error());
  Created created;
  fb::CreateEntitiesT table;
  std::size_t used = 0;
  for (const auto& entity : entities) {
    const auto id = entity.id == kNoObject ? (*minted)[used++] : entity.id;
    auto parent = entity.parent;
    if (entity.parent_index) {
      if (*entity.parent_index >= created.ids.size())
        return fail(ClientError::bad_command, "parent_index must name an earlier entity of the same call");
      parent = created.ids[*entity.parent_index];
    }
    table.entities.push_back(describe_entity(entity, id, parent));
    created.ids.push_back(id);
  }
  fb::CommandUnion command;
  command.Set(std::move(table));
  auto handle = impl_->submit(Command(std::move(command)).payload());
  if (!handle) return tl::unexpected(handle.error());
  created.handle = *handle;
  return created;
}

ClientResult<Session::Created> Session::duplicate(std::span<const ObjectId> targets) {
  if (auto ready = impl_->check_ready(); !ready) return tl::unexpected(ready.error());
  impl_->show();
  // Others may add to the subtrees before this is sequenced; some spare ids let the copy succeed all the same.
  std::size_t needed = 0;
  for (const auto target : targets) needed += scene().subtree(target, theta::limits::kSubtreeEntitiesMax).size();
  if (needed == 0 || needed > theta::limits::kSubtreeEntitiesMax)
    return fail(ClientError::bad_command, "expected subtrees of 1 to " +
                                              std::to_string(theta::limits::kSubtreeEntitiesMax) +
                                              " entities that are there, got " + std::to_string(needed));
  auto ids = mint_ids(std::min(needed + needed / 4 + 1, theta::limits::kSubtreeEntitiesMax));
  if (!ids) return tl::unexpected(ids.error());
  fb::DuplicateEntitiesT table;
  table.targets = to_fb(targets);
  table.first_id = ids->front().value();
  table.id_count = static_cast<std::uint32_t>(ids->size());
  fb::CommandUnion command;
  command.Set(std::move(table));
  auto handle = impl_->submit(Command(std::move(command)).payload());
  if (!handle) return tl::unexpected(handle.error());
  return Created{*handle, std::move(*ids)};
}

ClientResult<CommandHandle> Session::undo() { return impl_->step_through_history(fb::Command::Undo); }
ClientResult<CommandHandle> Session::redo() { return impl_->step_through_history(fb::Command::Redo); }
bool Session::can_undo() const { return !replica().undo_candidates(author()).empty(); }
bool Session::can_redo() const { return !replica().redo_candidates(author()).empty(); }

std::optional<CommandHandle> Session::meant_by(CommandHandle step) const {
  const auto& steps = impl_->history_steps;
  const auto found = std::find_if(steps.begin(), steps.end(), [&](const auto& pair) { return pair.first == step; });
  return found == steps.end() ? std::nullopt : std::optional(found->second);
}

ClientResult<CommandHandle> Session::undo(CommandHandle command) {
  impl_->show();
  const auto place = impl_->outbox.shown_place_of(command);
  if (!place)
    return fail(ClientError::bad_command, "command " + std::to_string(command.value()) +
                                              " is not under way; name it by the nonce and index of its event");
  return impl_->submit_history_step(fb::Command::Undo, {place->nonce, place->index}, {place->nonce, place->index});
}

ClientResult<CommandHandle> Session::undo(Span first, Span last) {
  return impl_->submit_history_step(fb::Command::Undo, first, last);
}

ClientResult<CommandHandle> Session::submit_again(const Command& command) {
  const wire::AlignedBytes aligned(command.payload());
  const auto* table = wire::verified_payload(aligned.view());
  if (table == nullptr || table->commands()->size() != 1 || log::check_payload(*table, 1))
    return fail(ClientError::bad_command, "expected a command as it came with an event");
  std::map<ObjectId, ObjectId> renamed;
  for (const auto& [first, count] : minted_ids(aligned.view())) {
    auto ids = mint_ids(count);
    if (!ids) return tl::unexpected(ids.error());
    for (std::uint64_t i = 0; i < count; ++i) renamed[ObjectId{first.value() + i}] = (*ids)[i];
  }
  if (renamed.empty()) return impl_->submit(aligned.view());
  return impl_->submit(map_ids(aligned.view(), [&](ObjectId id) {
    const auto found = renamed.find(id);
    return found == renamed.end() ? id : found->second;
  }));
}

ClientResult<log::RoomLink::Ticket> Session::make_invite(const log::InviteTerms& terms,
                                                         const crypto::Seed& secret_seed) const {
  if (auto ready = impl_->check_ready(); !ready) return tl::unexpected(ready.error());
  if (role() != fb::Role::admin) return fail(ClientError::not_permitted, "only admins invite; ask one for a link");
  return log::RoomLink::Ticket{log::make_invite(room(), terms, impl_->key, secret_seed), secret_seed};
}

}  // namespace theta::client

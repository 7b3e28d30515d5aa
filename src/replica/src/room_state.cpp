#include "room_state.h"

#include <algorithm>

#include "theta/base/check.h"
#include "theta/base/limits.h"
#include "theta/crypto/hash.h"

namespace theta::replica {

namespace {

Hash256 hash_member(const log::Member& member) {
  Bytes bytes;
  bytes.reserve(192 + member.display_name.size() + member.tool.size() + member.selection.size() * 8);
  ByteWriter writer(bytes);
  writer.put_bytes(member.key.view());
  writer.put_varint(member.display_name.size());
  writer.put_bytes(as_bytes(member.display_name));
  writer.put(static_cast<std::uint8_t>(member.role));
  writer.put(member.slot.value());
  writer.put(member.nonce.value());
  writer.put_bytes(member.head.view());
  writer.put(member.stamp.value());
  writer.put(member.object_counter);
  writer.put_varint(member.selection.size());
  for (const auto entity : member.selection) writer.put(entity.value());
  writer.put_bytes(member.invite.view());
  writer.put_bytes(as_bytes(member.tool));
  return crypto::hash256("theta/member/v2", bytes);
}

Hash256 hash_tombstone_element(const Tombstones::Tombstone& tombstone) {
  return crypto::Hasher("theta/tombstone/v1")
      .update_integer(tombstone.entity.value())
      .update_integer(tombstone.version.raw_stamp())
      .update_integer(tombstone.version.raw_writer())
      .finish();
}

Hash256 hash_entry(const JournalEntry& entry, AuthorSlot slot) {
  Bytes bytes;
  bytes.reserve(128);
  ByteWriter(bytes).put(slot.value());
  append_entry(entry, bytes);
  return crypto::hash256("theta/journal/v1", bytes);
}

}  // namespace

// ---- The hash -----------------------------------------------------------------------------------------------------

const crypto::SetHash& RoomState::rest_hash() const {
  for (const auto& key : dirty_members_)
    if (const auto* member = members_.find(key)) rest_hash_.add(hash_member(*member));
  dirty_members_.clear();
  for (const auto slot : dirty_journals_) {
    auto& journal = journals_[slot.value()];
    for (std::size_t at = 0; at < journal.entries().size(); ++at) {
      auto& entry = journal.at(at);
      if (entry.element) continue;
      entry.element = hash_entry(entry, slot);
      rest_hash_.add(*entry.element);
    }
  }
  dirty_journals_.clear();
  return rest_hash_;
}

/// An entry that was hashed before counts at once, a new one when the hash is asked for.
void RoomState::enter_hash(AuthorSlot slot, const JournalEntry& entry) {
  if (entry.element)
    rest_hash_.add(*entry.element);
  else
    dirty_journals_.insert(slot);
}

void RoomState::leave_hash(const JournalEntry& entry) {
  if (entry.element) rest_hash_.remove(*entry.element);
}

/// Before the member changes.
void RoomState::mark_dirty(const AuthorKey& key) {
  if (!dirty_members_.insert(key).second) return;
  if (const auto* before = members_.find(key)) rest_hash_.remove(hash_member(*before));
}

const Journal* RoomState::journal(AuthorSlot slot) const {
  return slot.value() < journals_.size() ? &journals_[slot.value()] : nullptr;
}

Journal& RoomState::journal_of(AuthorSlot slot) {
  THETA_CHECK(slot != kNoSlot);
  if (slot.value() >= journals_.size()) journals_.resize(slot.value() + std::size_t{1});
  return journals_[slot.value()];
}

std::size_t RoomState::entities_of(AuthorSlot slot) const {
  return slot.value() < entity_counts_.size() ? entity_counts_[slot.value()] : 0;
}

void RoomState::count_entity(ObjectId entity, int change) {
  const auto slot = slot_of(entity).value();
  if (slot >= entity_counts_.size()) entity_counts_.resize(slot + std::size_t{1});
  entity_counts_[slot] += static_cast<std::uint32_t>(change);
}

// ---- Members, invites, policies -----------------------------------------------------------------------------------

void RoomState::put_member_unrecorded(const log::Member& member) {
  mark_dirty(member.key);
  members_.put(member);
}

void RoomState::put_member(const log::Member& member, StateLog& log) {
  const auto* before = members_.find(member.key);
  log.steps.emplace_back(MemberBefore{member.key, before ? std::optional(*before) : std::nullopt});
  put_member_unrecorded(member);
}

void RoomState::take_back(MemberBefore& step) {
  if (step.member) {
    put_member_unrecorded(*step.member);
    return;
  }
  mark_dirty(step.key);
  members_.erase(step.key);
}

void RoomState::set_chain(const AuthorKey& key, const log::AuthorChain& chain, StateLog& log) {
  log.steps.emplace_back(ChainBefore{key, *members_.find(key)});
  mark_dirty(key);
  members_.set_chain(key, chain);
}

void RoomState::take_back(ChainBefore& step) {
  mark_dirty(step.key);
  members_.set_chain(step.key, step.chain);
}

void RoomState::hash_invite(const InviteKey& key, std::uint32_t uses, bool add) {
  if (uses == 0) return;
  const auto element = crypto::Hasher("theta/invite-uses/v1").update(key.view()).update_integer(uses).finish();
  add ? rest_hash_.add(element) : rest_hash_.remove(element);
}

void RoomState::set_invite_uses(const InviteKey& key, std::uint32_t uses, StateLog& log) {
  InviteBefore step{key, members_.invite_uses(key)};
  log.steps.emplace_back(step);
  hash_invite(key, step.uses, false);
  members_.set_invite_uses(key, uses);
  hash_invite(key, uses, true);
}

void RoomState::take_back(InviteBefore& step) {
  hash_invite(step.key, members_.invite_uses(step.key), false);
  members_.set_invite_uses(step.key, step.uses);
  hash_invite(step.key, step.uses, true);
}

void RoomState::hash_policy(const log::PolicyScope& scope, std::optional<log::ConflictStrategy> strategy, bool add) {
  if (!strategy) return;
  const auto component = scope.component ? static_cast<std::uint8_t>(*scope.component) : std::uint8_t{0xff};
  const auto element = crypto::Hasher("theta/policy/v1")
                           .update_integer(scope.entity.value())
                           .update_integer(component)
                           .update_integer(static_cast<std::uint8_t>(*strategy))
                           .finish();
  add ? rest_hash_.add(element) : rest_hash_.remove(element);
}

void RoomState::set_policy(const log::PolicyScope& scope, std::optional<log::ConflictStrategy> strategy,
                           StateLog& log) {
  PolicyBefore step{scope, policies_.find(scope)};
  log.steps.emplace_back(step);
  hash_policy(scope, step.strategy, false);
  policies_.set(scope, strategy);
  hash_policy(scope, strategy, true);
}

void RoomState::take_back(PolicyBefore& step) {
  hash_policy(step.scope, policies_.find(step.scope), false);
  policies_.set(step.scope, step.strategy);
  hash_policy(step.scope, step.strategy, true);
}

// ---- Entities and tombstones --------------------------------------------------------------------------------------

void RoomState::create(ObjectId entity, ObjectId parent, scene::Version version, StateLog& log) {
  scene_.create(entity, parent, version, log.scene);
  count_entity(entity, 1);
}

void RoomState::restore(const scene::Scene::EntityImage& image, StateLog& log) {
  scene_.restore(image, log.scene);
  count_entity(image.entity, 1);
  remove_tombstone(image.entity, log);
}

void RoomState::destroy(const std::vector<ObjectId>& nodes, scene::Version version, StateLog& log) {
  for (auto node = nodes.rbegin(); node != nodes.rend(); ++node) {
    scene_.destroy(*node, log.scene);
    count_entity(*node, -1);
    add_tombstone(*node, version, log);
  }
}

void RoomState::hash_tombstone(const Tombstones::Tombstone& tombstone, bool add) {
  const auto element = hash_tombstone_element(tombstone);
  add ? rest_hash_.add(element) : rest_hash_.remove(element);
}

void RoomState::add_tombstone(ObjectId entity, scene::Version version, StateLog& log) {
  if (const auto oldest = tombstones_.overflowing()) remove_tombstone(oldest->entity, log);
  hash_tombstone(tombstones_.append(entity, version), true);
  log.steps.emplace_back(TombstoneAdded{entity});
}

void RoomState::remove_tombstone(ObjectId entity, StateLog& log) {
  if (const auto removed = tombstones_.erase(entity)) {
    hash_tombstone(*removed, false);
    log.steps.emplace_back(TombstoneRemoved{*removed});
  }
}

void RoomState::take_back(TombstoneAdded& step) { hash_tombstone(*tombstones_.erase(step.entity), false); }

void RoomState::take_back(TombstoneRemoved& step) {
  tombstones_.insert(step.tombstone);
  hash_tombstone(step.tombstone, true);
}

// ---- Journals -----------------------------------------------------------------------------------------------------

void RoomState::push_journal(AuthorSlot slot, JournalEntry entry, StateLog& log) {
  entry.bytes = weight_of(entry);
  entry.element.reset();
  if (entry.bytes > limits::kJournalBytesMax) return;  // Too large to take back; the command itself stands.
  auto& journal = journal_of(slot);
  enter_hash(slot, entry);
  journal_bytes_ += entry.bytes;
  journal.push_back(std::move(entry));
  log.steps.emplace_back(JournalPushed{slot});
  bound_journals(slot, log);
}

void RoomState::bound_journals(AuthorSlot slot, StateLog& log) {
  const auto& journal = journal_of(slot);
  while (journal.entries().size() > limits::kJournalEntriesMax || journal.bytes() > limits::kJournalBytesMax)
    evict_oldest(slot, log);
  while (journal_bytes_ > limits::kJournalBytesPerRoomMax) evict_oldest(largest_journal(), log);
}

void RoomState::evict_oldest(AuthorSlot slot, StateLog& log) {
  auto entry = journal_of(slot).pop_front();
  leave_hash(entry);
  journal_bytes_ -= entry.bytes;
  log.steps.emplace_back(JournalEvicted{slot, std::move(entry)});
}

AuthorSlot RoomState::largest_journal() const {
  const auto largest = std::max_element(journals_.begin(), journals_.end(),
                                        [](const Journal& a, const Journal& b) { return a.bytes() < b.bytes(); });
  return AuthorSlot{static_cast<std::uint16_t>(largest - journals_.begin())};
}

void RoomState::replace_journal(AuthorSlot slot, std::size_t index, JournalEntry entry, StateLog& log) {
  entry.bytes = weight_of(entry);
  entry.element.reset();
  auto& journal = journal_of(slot);
  leave_hash(journal.entries()[index]);
  enter_hash(slot, entry);
  journal_bytes_ += entry.bytes;
  auto before = journal.replace(index, std::move(entry));
  journal_bytes_ -= before.bytes;
  log.steps.emplace_back(JournalReplaced{slot, index, std::move(before)});
}

void RoomState::take_back(JournalPushed& step) {
  const auto entry = journal_of(step.slot).pop_back();
  leave_hash(entry);
  journal_bytes_ -= entry.bytes;
}

void RoomState::take_back(JournalEvicted& step) {
  enter_hash(step.slot, step.entry);
  journal_bytes_ += step.entry.bytes;
  journal_of(step.slot).push_front(std::move(step.entry));
}

void RoomState::take_back(JournalReplaced& step) {
  enter_hash(step.slot, step.before);
  journal_bytes_ += step.before.bytes;
  const auto after = journal_of(step.slot).replace(step.index, std::move(step.before));
  leave_hash(after);
  journal_bytes_ -= after.bytes;
}

// ---- Going back ---------------------------------------------------------------------------------------------------

void RoomState::roll_back(StateLog& log, const StateLog::Mark& mark) {
  for (const auto& change : log.scene.changes(mark.scene)) {
    if (change.kind == scene::ChangeLog::Change::Kind::created) count_entity(change.key.entity, -1);
    if (change.kind == scene::ChangeLog::Change::Kind::destroyed) count_entity(change.key.entity, 1);
  }
  scene_.roll_back(log.scene, mark.scene);
  while (log.steps.size() > mark.steps) {
    std::visit([this](auto& step) { take_back(step); }, log.steps.back());
    log.steps.pop_back();
  }
}

// ---- Loading ------------------------------------------------------------------------------------------------------

void RoomState::load_member(const log::Member& member, std::vector<JournalEntry> journal) {
  put_member_unrecorded(member);
  for (auto& entry : journal) {
    entry.bytes = weight_of(entry);
    enter_hash(member.slot, entry);
    journal_bytes_ += entry.bytes;
    journal_of(member.slot).push_back(std::move(entry));
  }
}

void RoomState::load_invite(const InviteKey& key, std::uint32_t uses) {
  members_.set_invite_uses(key, uses);
  hash_invite(key, uses, true);
}

void RoomState::load_policy(const log::PolicyScope& scope, log::ConflictStrategy strategy) {
  policies_.set(scope, strategy);
  hash_policy(scope, strategy, true);
}

bool RoomState::load_tombstone(ObjectId entity, scene::Version version) {
  if (tombstones_.find(entity) || tombstones_.overflowing() || scene_.contains(entity)) return false;
  hash_tombstone(tombstones_.append(entity, version), true);
  return true;
}

void RoomState::finish_load() {
  entity_counts_.clear();
  scene_.for_each_entity([this](ObjectId entity) { count_entity(entity, 1); });
}

}  // namespace theta::replica

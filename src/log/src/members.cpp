#include "theta/log/members.h"

#include "theta/base/limits.h"

namespace theta::log {

const Member* Members::find(const AuthorKey& key) const {
  const auto found = by_key_.find(key);
  return found == by_key_.end() ? nullptr : &found->second;
}

const Member* Members::find(AuthorSlot slot) const {
  if (slot.value() >= by_slot_.size()) return nullptr;
  const auto* member = find(by_slot_[slot.value()]);
  return member != nullptr && member->slot == slot ? member : nullptr;
}

void Members::put(const Member& member) {
  const auto* before = find(member.key);
  if (before != nullptr && before->slot != member.slot) erase(member.key);
  by_key_.insert_or_assign(member.key, member);
  if (member.slot == kNoSlot) return;
  if (member.slot.value() >= by_slot_.size()) by_slot_.resize(std::size_t{member.slot.value()} + 1);
  by_slot_[member.slot.value()] = member.key;
}

void Members::set_chain(const AuthorKey& key, const AuthorChain& chain) {
  static_cast<AuthorChain&>(by_key_.at(key)) = chain;
}

void Members::erase(const AuthorKey& key) {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return;
  const auto slot = found->second.slot;
  by_key_.erase(found);
  if (slot.value() < by_slot_.size() && by_slot_[slot.value()] == key) by_slot_[slot.value()] = AuthorKey{};
  // Taking back the newest slot frees it again, as if it had never been given.
  while (!by_slot_.empty() && by_slot_.back().is_zero()) by_slot_.pop_back();
}

std::optional<AuthorSlot> Members::next_slot() const {
  if (by_slot_.size() >= limits::kAuthorsPerRoomMax) return std::nullopt;
  return AuthorSlot{static_cast<std::uint16_t>(by_slot_.size())};
}

std::uint32_t Members::invite_uses(const InviteKey& key) const {
  const auto found = invite_uses_.find(key);
  return found == invite_uses_.end() ? 0 : found->second;
}

void Members::set_invite_uses(const InviteKey& key, std::uint32_t uses) {
  if (uses == 0) {
    invite_uses_.erase(key);
  } else {
    invite_uses_[key] = uses;
  }
}

std::optional<AuthorContext> Members::by_slot(AuthorSlot slot) const {
  const auto* member = find(slot);
  if (member == nullptr) return std::nullopt;
  return AuthorContext{room_, member->key, member->head};
}

AuthorContext Members::by_key(const AuthorKey& key) const {
  const auto* member = find(key);
  return {room_, key, member == nullptr ? Hash256{} : member->head};
}

}  // namespace theta::log

#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "theta/base/ids.h"
#include "theta/log/compact.h"
#include "theta/log/invite.h"

namespace theta::log {

/// How far an author has come in a room; every packet of the author moves it.
struct AuthorChain {
  Nonce nonce;                       // high-water mark
  Hash256 head;                      // hash of the last header
  Stamp stamp;                       // of the last packet
  std::uint64_t object_counter = 0;  // highest counter of an id minted
};

/// What a room knows of one author. Replicated state.
struct Member : AuthorChain {
  AuthorKey key;
  std::string display_name;
  Role role = Role::none;  // none: revoked; chain and slot stay
  AuthorSlot slot = kNoSlot;
  std::vector<ObjectId> selection;  // ascending
  std::string tool;                 // empty: none
  InviteKey invite;                 // that the author joined by; zero: opened the room or was granted a role
};

/// Authors, slots and invites' use counts of a room. Copies of single members are cheap enough to serve as undo
/// records of a client's prediction.
class Members final : public AuthorDirectory {
 public:
  void set_room(const RoomId& room) { room_ = room; }
  [[nodiscard]] const RoomId& room() const { return room_; }

  [[nodiscard]] const Member* find(const AuthorKey& key) const;
  [[nodiscard]] const Member* find(AuthorSlot slot) const;
  [[nodiscard]] std::size_t size() const { return by_key_.size(); }
  /// In key order.
  [[nodiscard]] const std::map<AuthorKey, Member>& all() const { return by_key_; }

  /// Adds or replaces; the caller keeps slots unique.
  void put(const Member& member);
  /// Moves a member's chain on; its slot and all else stay. Precondition: it is here.
  void set_chain(const AuthorKey& key, const AuthorChain& chain);
  void erase(const AuthorKey& key);
  /// The slot that the next joining editor gets; empty when 65535 are taken.
  [[nodiscard]] std::optional<AuthorSlot> next_slot() const;

  /// The use count that stands for a revoked invite; no room has as many authors.
  static constexpr std::uint32_t kInviteRevoked = 0xffffffff;
  [[nodiscard]] std::uint32_t invite_uses(const InviteKey& key) const;
  void set_invite_uses(const InviteKey& key, std::uint32_t uses);  // 0 forgets
  [[nodiscard]] const std::map<InviteKey, std::uint32_t>& invites() const { return invite_uses_; }

  [[nodiscard]] std::optional<AuthorContext> by_slot(AuthorSlot slot) const override;
  [[nodiscard]] AuthorContext by_key(const AuthorKey& key) const override;

 private:
  RoomId room_;
  std::map<AuthorKey, Member> by_key_;
  std::vector<AuthorKey> by_slot_;  // index: slot
  std::map<InviteKey, std::uint32_t> invite_uses_;
};

}  // namespace theta::log

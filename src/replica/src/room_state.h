#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <boost/unordered/unordered_flat_set.hpp>

#include "journal.h"
#include "theta/crypto/set_hash.h"
#include "theta/log/members.h"
#include "theta/log/policy.h"
#include "theta/scene/scene.h"
#include "tombstones.h"

namespace theta::replica {

/// How to take back what was done to a room besides its scene.
struct MemberBefore {
  AuthorKey key;
  std::optional<log::Member> member;
};
/// The frequent case of the above: the author wrote, and nothing else about it changed.
struct ChainBefore {
  AuthorKey key;
  log::AuthorChain chain;
};
struct InviteBefore {
  InviteKey key;
  std::uint32_t uses = 0;
};
struct PolicyBefore {
  log::PolicyScope scope;
  std::optional<log::ConflictStrategy> strategy;
};
struct TombstoneAdded {
  ObjectId entity;
};
struct TombstoneRemoved {
  Tombstones::Tombstone tombstone;
};
struct JournalPushed {
  AuthorSlot slot;
};
struct JournalEvicted {
  AuthorSlot slot;
  JournalEntry entry;
};
struct JournalReplaced {
  AuthorSlot slot;
  std::size_t index = 0;
  JournalEntry before;
};
using StateStep = std::variant<MemberBefore, ChainBefore, InviteBefore, PolicyBefore, TombstoneAdded, TombstoneRemoved,
                               JournalPushed, JournalEvicted, JournalReplaced>;

/// Everything since some point, newest last.
struct StateLog {
  scene::ChangeLog scene;
  std::vector<StateStep> steps;

  struct Mark {
    scene::ChangeLog::Mark scene = 0;
    std::size_t steps = 0;
  };
  [[nodiscard]] Mark mark() const { return {scene.mark(), steps.size()}; }
  void clear() {
    scene.clear();
    steps.clear();
  }
};

/// A room's replicated state without its place in the log. Every mutator keeps the hash and records how to go back.
/// The scene itself is changed through `scene()` with `log.scene`, entities through `create` and `destroy` here, which
/// also count them.
class RoomState {
 public:
  [[nodiscard]] const scene::Scene& scene() const { return scene_; }
  [[nodiscard]] scene::Scene& scene() { return scene_; }
  [[nodiscard]] const log::Members& members() const { return members_; }
  [[nodiscard]] const log::PolicyTable& policies() const { return policies_; }
  [[nodiscard]] const Tombstones& tombstones() const { return tombstones_; }
  [[nodiscard]] const Journal* journal(AuthorSlot slot) const;
  [[nodiscard]] std::size_t entities_of(AuthorSlot slot) const;
  /// Scene excluded. Members and journal entries that changed since the last call are hashed now, once each.
  [[nodiscard]] const crypto::SetHash& rest_hash() const;

  void set_room(const RoomId& room) { members_.set_room(room); }
  void put_member(const log::Member& member, StateLog& log);
  /// Precondition: `key` has a member.
  void set_chain(const AuthorKey& key, const log::AuthorChain& chain, StateLog& log);
  void set_invite_uses(const InviteKey& key, std::uint32_t uses, StateLog& log);
  void set_policy(const log::PolicyScope& scope, std::optional<log::ConflictStrategy> strategy, StateLog& log);

  void create(ObjectId entity, ObjectId parent, scene::Version version, StateLog& log);
  void restore(const scene::Scene::EntityImage& image, StateLog& log);
  /// Destroys `nodes` (parents first, whole subtrees), leaves a tombstone of `version` for each.
  void destroy(const std::vector<ObjectId>& nodes, scene::Version version, StateLog& log);

  /// Appends, and keeps to the bounds.
  void push_journal(AuthorSlot slot, JournalEntry entry, StateLog& log);
  /// The journal may be over its bounds afterwards, until `bound_journals`.
  void replace_journal(AuthorSlot slot, std::size_t index, JournalEntry entry, StateLog& log);
  /// Evicts what no longer fits the author's bounds or the room's, oldest first.
  void bound_journals(AuthorSlot slot, StateLog& log);

  void roll_back(StateLog& log, const StateLog::Mark& mark);

  /// For loading: no recording, hash kept.
  void load_member(const log::Member& member, std::vector<JournalEntry> journal);
  void load_invite(const InviteKey& key, std::uint32_t uses);
  void load_policy(const log::PolicyScope& scope, log::ConflictStrategy strategy);
  [[nodiscard]] bool load_tombstone(ObjectId entity, scene::Version version);
  void finish_load();

 private:
  [[nodiscard]] Journal& journal_of(AuthorSlot slot);
  void enter_hash(AuthorSlot slot, const JournalEntry& entry);
  void leave_hash(const JournalEntry& entry);
  void mark_dirty(const AuthorKey& member);
  void put_member_unrecorded(const log::Member& member);
  void hash_invite(const InviteKey& key, std::uint32_t uses, bool add);
  void hash_policy(const log::PolicyScope& scope, std::optional<log::ConflictStrategy> strategy, bool add);
  void hash_tombstone(const Tombstones::Tombstone& tombstone, bool add);
  void add_tombstone(ObjectId entity, scene::Version version, StateLog& log);
  void remove_tombstone(ObjectId entity, StateLog& log);
  void evict_oldest(AuthorSlot slot, StateLog& log);
  [[nodiscard]] AuthorSlot largest_journal() const;
  void count_entity(ObjectId entity, int change);

  void take_back(MemberBefore& step);
  void take_back(ChainBefore& step);
  void take_back(InviteBefore& step);
  void take_back(PolicyBefore& step);
  void take_back(TombstoneAdded& step);
  void take_back(TombstoneRemoved& step);
  void take_back(JournalPushed& step);
  void take_back(JournalEvicted& step);
  void take_back(JournalReplaced& step);

  scene::Scene scene_;
  log::Members members_;
  log::PolicyTable policies_;
  Tombstones tombstones_;
  mutable std::vector<Journal> journals_;  // index: slot; entries learn their hash when it is asked for
  std::size_t journal_bytes_ = 0;
  std::vector<std::uint32_t> entity_counts_;  // index: slot

  // The hash without what is listed as dirty: hot members and journals are written far more often than anybody asks.
  mutable crypto::SetHash rest_hash_;
  mutable boost::unordered_flat_set<AuthorKey, FixedBytesHash<AuthorKey>> dirty_members_;
  mutable boost::unordered_flat_set<AuthorSlot, std::hash<AuthorSlot>> dirty_journals_;
};

}  // namespace theta::replica

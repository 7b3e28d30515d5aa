#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "room_state.h"
#include "theta/base/ids.h"
#include "theta/base/limits.h"
#include "theta/replica/outcome.h"
#include "theta/wire/schema.h"
#include "toggle_index.h"

namespace theta::replica {

/// What a packet's commands have in common.
struct PacketContext {
  AuthorKey author;
  AuthorSlot slot = kNoSlot;
  std::uint16_t protocol_version = 0;
  Nonce nonce;
  Seq base_seq;
  Seq seq;
  Stamp stamp;
};

/// Entity ids as they stand in a verified payload.
using Targets = std::span<const std::uint64_t>;

/// Applies the commands of one packet to a room. A command does all it says on the targets that are there, or nothing;
/// every outcome follows from the state and the packet alone. Expects what `Replica::validate` has checked.
class Executor {
 public:
  Executor(RoomState& state, StateLog& log, const PacketContext& packet)
      : state_(state), log_(log), packet_(packet), paid_(state.scene().cost()) {}

  [[nodiscard]] std::vector<Outcome> execute(const wire::fb::CommandPayload& payload);

 private:
  /// Which registers a command writes, and how it meets concurrent ones.
  struct WriteScope {
    Targets targets;
    scene::Component component;
    std::uint64_t application = 0;
    bool is_delta = false;  // under `merge` it applies on top of whatever is there
  };
  /// What applying to a list of targets came to.
  struct Tally {
    std::uint32_t targets = 0;
    std::uint32_t applied = 0;
    std::uint32_t superseded = 0;
    RejectReason missing = RejectReason::no_such_entity;
    std::optional<Blocker> blocker;  // the first one met
  };

  [[nodiscard]] Outcome execute_one(wire::fb::Command type, const void* command);

  // Rooms, roles and what an author shows (executor_rooms.cpp).
  [[nodiscard]] Outcome open_room(const wire::fb::OpenRoom& command);
  [[nodiscard]] Outcome join_room(const wire::fb::JoinRoom& command);
  [[nodiscard]] Outcome grant_role(const wire::fb::GrantRole& command);
  [[nodiscard]] Outcome revoke_role(const wire::fb::RevokeRole& command);
  [[nodiscard]] Outcome revoke_invite(const wire::fb::RevokeInvite& command);
  [[nodiscard]] Outcome set_policy(const wire::fb::SetPolicy& command);
  [[nodiscard]] Outcome highlight_selection(const wire::fb::HighlightSelection& command);
  [[nodiscard]] Outcome set_tool(std::string tool);
  [[nodiscard]] bool is_last_admin(const AuthorKey& author) const;

  // Entities (executor_entities.cpp).
  [[nodiscard]] Outcome create_entities(const wire::fb::CreateEntities& command);
  void write_components(const wire::fb::EntityDescription& description);
  [[nodiscard]] Outcome delete_entities(const wire::fb::DeleteEntities& command);
  [[nodiscard]] Outcome duplicate_entities(const wire::fb::DuplicateEntities& command);
  [[nodiscard]] Outcome reparent_entities(const wire::fb::ReparentEntities& command);
  [[nodiscard]] Outcome reorder_entities(const wire::fb::ReorderEntities& command);
  [[nodiscard]] std::optional<Outcome> move_one(ObjectId entity, ObjectId parent, ObjectId before, JournalEntry& entry);

  // Components (executor.cpp).
  [[nodiscard]] Outcome rename_entity(const wire::fb::RenameEntity& command);
  [[nodiscard]] Outcome set_transform(const wire::fb::SetTransform& command);
  [[nodiscard]] Outcome translate_by(const wire::fb::TranslateBy& command);
  [[nodiscard]] Outcome rotate_by(const wire::fb::RotateBy& command);
  [[nodiscard]] Outcome scale_by(const wire::fb::ScaleBy& command);
  [[nodiscard]] Outcome change_tags(const wire::fb::ChangeTags& command);
  [[nodiscard]] Outcome set_value(Targets targets, scene::Component component, std::uint64_t application,
                                  const scene::ComponentValue& value);
  template <class Change>
  [[nodiscard]] Outcome change_transforms(Targets targets, Change change);
  template <class MakeValue>
  [[nodiscard]] Outcome write_targets(const WriteScope& scope, MakeValue make_value);

  // Undo and redo (executor_undo.cpp).
  [[nodiscard]] Outcome toggle_span(const wire::fb::CommandRef& first, const wire::fb::CommandRef& last, bool undo);
  [[nodiscard]] std::optional<Outcome> toggle(JournalEntry& entry);
  /// Whether the register holds what the entry needs there to be toggled.
  [[nodiscard]] bool is_due(const JournalEntry& entry, const JournalEntry::Cell& cell, scene::Version held);
  /// The write whose content a register holds, by its `raw_writer`; empty when the packet has no work left to find out.
  [[nodiscard]] std::optional<std::uint64_t> content_of(const scene::RegisterKey& key, scene::Version held);
  /// Who stands in the way: not who undid a step on top, but whose content that brought back.
  [[nodiscard]] Blocker holder_of(const scene::RegisterKey& key, scene::Version held);
  /// Who brought `entity` at or above `parent`, which hangs below it: the newest of the moves in between.
  [[nodiscard]] Blocker newest_link(ObjectId entity, ObjectId parent);
  [[nodiscard]] std::optional<Outcome> toggle_cells(JournalEntry& entry);
  [[nodiscard]] std::optional<Outcome> vanish(JournalEntry& entry);
  [[nodiscard]] std::optional<Outcome> reappear(JournalEntry& entry);
  [[nodiscard]] std::optional<Blocker> change_by_other(ObjectId entity, Seq since) const;

  // Conflicts and outcomes (executor.cpp).
  [[nodiscard]] scene::Version version() const { return {packet_.stamp, packet_.seq, index_, packet_.slot}; }
  [[nodiscard]] log::ConflictStrategy strategy_for(ObjectId entity, scene::Component component) const;
  [[nodiscard]] std::optional<Blocker> conflict_at(const scene::RegisterKey& key) const;
  /// The version to write with, or empty when the register holds something newer.
  [[nodiscard]] std::optional<scene::Version> winning_version(const scene::RegisterKey& key, bool is_delta) const;
  [[nodiscard]] std::optional<Blocker> conflict_under_reject(Targets targets, scene::Component component,
                                                             std::uint64_t application) const;
  void note_missing(ObjectId entity, Tally& tally) const;
  void note_superseded(const scene::RegisterKey& key, Tally& tally) const;
  [[nodiscard]] std::optional<Blocker> deletion_of(ObjectId entity) const;
  [[nodiscard]] bool spend(std::size_t entities);
  [[nodiscard]] bool spend_copy(std::size_t bytes);
  /// For what the scene has climbed and numbered anew since the last call.
  [[nodiscard]] bool spend_scene_cost();
  /// Before a place is looked for among a parent's children by its order.
  [[nodiscard]] bool spend_search(ObjectId parent) { return spend(state_.scene().child_count(parent) / kLinksPerWork); }
  /// Whether the scene is within limits::kSceneVariableBytesMax.
  [[nodiscard]] bool has_space() const;
  [[nodiscard]] Outcome reject(RejectReason reason, std::optional<Blocker> blocker = std::nullopt,
                               std::uint32_t targets = 0) const;
  [[nodiscard]] Outcome conclude(const Tally& tally, JournalEntry entry);
  [[nodiscard]] JournalEntry new_entry(JournalEntry::Kind kind) const;
  /// For a register that is about to be written with `version`; empty when the packet has no work left.
  [[nodiscard]] std::optional<JournalEntry::Cell> new_cell(const scene::RegisterKey& key, scene::ComponentValue present,
                                                           scene::Version version);

  /// What else takes about as long as touching an entity does: following links of the hierarchy, handling tags.
  static constexpr std::size_t kLinksPerWork = 64;
  static constexpr std::size_t kTagsPerWork = 8;
  static constexpr std::size_t kCellsPerWork = 64;

  RoomState& state_;
  StateLog& log_;
  const PacketContext& packet_;
  scene::Scene::Cost paid_;
  std::uint8_t index_ = 0;
  wire::fb::Command type_ = wire::fb::Command::NONE;
  std::map<AuthorSlot, ToggleIndex> toggles_;  // of authors whose writes were met so far
  std::size_t work_left_ = limits::kPacketWorkMax;
  std::size_t copy_bytes_left_ = limits::kPacketCopyBytesMax;
};

}  // namespace theta::replica

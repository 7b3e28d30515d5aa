#include "executor.h"

#include <algorithm>
#include <cmath>

#include "executor_write.h"
#include "float_environment.h"
#include "theta/base/check.h"
#include "theta/log/command_rules.h"
#include "theta/replica/convert.h"

namespace theta::replica {

namespace fb = wire::fb;
using scene::Component;
using scene::ComponentValue;
using scene::RegisterKey;

std::vector<Outcome> Executor::execute(const fb::CommandPayload& payload) {
  [[maybe_unused]] const FloatEnvironment as_on_every_replica;
  std::vector<Outcome> outcomes;
  outcomes.reserve(payload.commands()->size());
  for (flatbuffers::uoffset_t at = 0; at < payload.commands()->size(); ++at) {
    index_ = static_cast<std::uint8_t>(at);
    type_ = payload.commands_type()->GetEnum<fb::Command>(at);
    const auto mark = log_.mark();
    const auto bytes_before = state_.scene().variable_bytes();
    auto outcome = execute_one(type_, payload.commands()->Get(at));
    if (!has_space() && state_.scene().variable_bytes() > bytes_before)
      outcome = reject(RejectReason::limit, {}, outcome.targets);
    if (outcome.status == OutcomeStatus::rejected) {
      state_.roll_back(log_, mark);
      toggles_.clear();
    }
    outcome.command = type_;
    outcomes.push_back(outcome);
  }
  return outcomes;
}

Outcome Executor::execute_one(fb::Command type, const void* command) {
#define THETA_EXECUTE(Type, call)                           \
  case fb::Command::Type: {                                 \
    const auto& c = *static_cast<const fb::Type*>(command); \
    return call;                                            \
  }
  switch (type) {
    THETA_EXECUTE(OpenRoom, open_room(c))
    THETA_EXECUTE(JoinRoom, join_room(c))
    THETA_EXECUTE(GrantRole, grant_role(c))
    THETA_EXECUTE(RevokeRole, revoke_role(c))
    THETA_EXECUTE(RevokeInvite, revoke_invite(c))
    THETA_EXECUTE(SetPolicy, set_policy(c))
    THETA_EXECUTE(CreateEntities, create_entities(c))
    THETA_EXECUTE(DeleteEntities, delete_entities(c))
    THETA_EXECUTE(DuplicateEntities, duplicate_entities(c))
    THETA_EXECUTE(RenameEntity, rename_entity(c))
    THETA_EXECUTE(ReparentEntities, reparent_entities(c))
    THETA_EXECUTE(ReorderEntities, reorder_entities(c))
    THETA_EXECUTE(SetTransform, set_transform(c))
    THETA_EXECUTE(TranslateBy, translate_by(c))
    THETA_EXECUTE(RotateBy, rotate_by(c))
    THETA_EXECUTE(ScaleBy, scale_by(c))
    THETA_EXECUTE(SetMesh, set_value(targets_of(*c.targets()), Component::mesh, 0, value_of(c.mesh())))
    THETA_EXECUTE(SetMaterial, set_value(targets_of(*c.targets()), Component::material, 0, value_of(c.material())))
    THETA_EXECUTE(SetLight, set_value(targets_of(*c.targets()), Component::light, 0, value_of(c.light())))
    THETA_EXECUTE(SetCamera, set_value(targets_of(*c.targets()), Component::camera, 0, value_of(c.camera())))
    THETA_EXECUTE(SetVisibility, set_value(targets_of(*c.targets()), Component::visibility, 0, c.visible()))
    THETA_EXECUTE(ChangeTags, change_tags(c))
    THETA_EXECUTE(SetAppComponent,
                  set_value(targets_of(*c.targets()), Component::application, c.component(), value_of(c.value())))
    THETA_EXECUTE(HighlightSelection, highlight_selection(c))
    THETA_EXECUTE(ActivateTool, set_tool(c.tool()->str()))
    THETA_EXECUTE(DeactivateTool, (static_cast<void>(c), set_tool({})))
    THETA_EXECUTE(Undo, toggle_span(*c.first(), *c.last(), true))
    THETA_EXECUTE(Redo, toggle_span(*c.first(), *c.last(), false))
    case fb::Command::NONE: break;
  }
#undef THETA_EXECUTE
  THETA_CHECK(false && "validity has refused unknown commands");
  return {};
}

// ---- Components ---------------------------------------------------------------------------------------------------

Outcome Executor::rename_entity(const fb::RenameEntity& command) {
  const std::uint64_t target = command.target();
  return set_value({&target, 1}, Component::name, 0, command.name()->str());
}

Outcome Executor::set_value(Targets targets, Component component, std::uint64_t application,
                            const ComponentValue& value) {
  return write_targets({targets, component, application}, [&](ObjectId entity, std::size_t) -> MadeValue {
    const bool adds_application =
        component == Component::application && !state_.scene().version({entity, component, application});
    if (adds_application && state_.scene().application_count(entity) >= limits::kAppComponentsPerEntityMax)
      return RejectReason::limit;
    return value;
  });
}

Outcome Executor::set_transform(const fb::SetTransform& command) {
  const auto& transforms = *command.transforms();
  return write_targets({targets_of(*command.targets()), Component::transform},
                       [&](ObjectId, std::size_t at) -> MadeValue {
                         const auto index = transforms.size() == 1 ? 0 : static_cast<flatbuffers::uoffset_t>(at);
                         return from_fb(*transforms.Get(index));
                       });
}

/// Deltas write what `change` makes of the present transform.
template <class Change>
Outcome Executor::change_transforms(Targets targets, Change change) {
  return write_targets({targets, Component::transform, 0, true}, [&](ObjectId entity, std::size_t) -> MadeValue {
    const auto* present = state_.scene().transform(entity);
    scene::Transform transform = present ? *present : scene::Transform{};
    change(transform);
    if (!is_finite(transform)) return RejectReason::out_of_range;
    return transform;
  });
}

Outcome Executor::translate_by(const fb::TranslateBy& command) {
  const auto offset = from_fb(*command.offset());
  return change_transforms(targets_of(*command.targets()),
                           [&](scene::Transform& transform) { transform.position = transform.position + offset; });
}

Outcome Executor::rotate_by(const fb::RotateBy& command) {
  const auto rotation = from_fb(*command.rotation());
  return change_transforms(targets_of(*command.targets()), [&](scene::Transform& transform) {
    if (command.pivot()) {
      const auto pivot = from_fb(*command.pivot());
      transform.position = pivot + rotate(rotation, transform.position - pivot);
    }
    transform.rotation = normalised(rotation * transform.rotation);
  });
}

Outcome Executor::scale_by(const fb::ScaleBy& command) {
  const auto factor = from_fb(*command.factor());
  return change_transforms(targets_of(*command.targets()), [&](scene::Transform& transform) {
    if (command.pivot()) {
      const auto pivot = from_fb(*command.pivot());
      transform.position = pivot + multiply(factor, transform.position - pivot);
    }
    transform.scale = multiply(factor, transform.scale);
  });
}

namespace {

using TagList = flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>>;

scene::TagSet sorted_tags(const TagList* list) {
  scene::TagSet tags;
  if (list != nullptr)
    for (const auto* tag : *list) tags.push_back(tag->str());
  std::sort(tags.begin(), tags.end());
  return tags;
}

}  // namespace

Outcome Executor::change_tags(const fb::ChangeTags& command) {
  const auto added = sorted_tags(command.add());
  const auto removed = sorted_tags(command.remove());
  const scene::TagSet none;
  return write_targets(
      {targets_of(*command.targets()), Component::tags, 0, true}, [&](ObjectId entity, std::size_t) -> MadeValue {
        const auto* held = state_.scene().tags(entity);
        const auto& present = held ? *held : none;
        if (!spend((present.size() + added.size() + removed.size()) / kTagsPerWork)) return RejectReason::too_much_work;
        scene::TagSet kept;
        std::set_difference(present.begin(), present.end(), removed.begin(), removed.end(), std::back_inserter(kept));
        scene::TagSet tags;
        std::set_union(kept.begin(), kept.end(), added.begin(), added.end(), std::back_inserter(tags));
        if (tags.size() > limits::kTagsPerEntityMax) return RejectReason::limit;
        return tags;
      });
}

/// The one way in which commands write registers of a list of entities: what is missing is passed over, under `reject`
/// one conflict refuses all, else every register decides for itself.
template <class MakeValue>
Outcome Executor::write_targets(const WriteScope& scope, MakeValue make_value) {
  if (!spend(scope.targets.size())) return reject(RejectReason::too_much_work, {}, count_of(scope.targets));
  if (const auto conflict = conflict_under_reject(scope.targets, scope.component, scope.application))
    return reject(RejectReason::changed_by_other, conflict, count_of(scope.targets));
  auto entry = new_entry(JournalEntry::Kind::write);
  Tally tally;
  for (std::size_t at = 0; at < scope.targets.size(); ++at) {
    const RegisterKey key{ObjectId{scope.targets[at]}, scope.component, scope.application};
    ++tally.targets;
    if (!state_.scene().contains(key.entity)) {
      note_missing(key.entity, tally);
      continue;
    }
    const auto winning = winning_version(key, scope.is_delta);
    if (!winning) {
      note_superseded(key, tally);
      continue;
    }
    auto made = make_value(key.entity, at);
    if (const auto* reason = std::get_if<RejectReason>(&made)) return reject(*reason, {}, count_of(scope.targets));
    auto cell = new_cell(key, state_.scene().value(key), *winning);
    if (!cell || !spend_copy(weight_of(*cell))) return reject(RejectReason::too_much_work, {}, count_of(scope.targets));
    entry.cells.push_back(std::move(*cell));
    std::visit(
        [&](auto&& value) {
          using Value = std::decay_t<decltype(value)>;
          if constexpr (std::is_same_v<Value, scene::Transform>)
            state_.scene().set_transform(key.entity, value, *winning, log_.scene);
          else if constexpr (std::is_same_v<Value, ComponentValue>)
            state_.scene().set(key, std::move(value), *winning, log_.scene);
          else if constexpr (!std::is_same_v<Value, RejectReason>)
            state_.scene().set(key, ComponentValue(std::move(value)), *winning, log_.scene);
        },
        std::move(made));
    ++tally.applied;
  }
  return conclude(tally, std::move(entry));
}

// ---- Conflicts ----------------------------------------------------------------------------------------------------

log::ConflictStrategy Executor::strategy_for(ObjectId entity, Component component) const {
  const auto by_default = log::default_strategy(type_);
  if (state_.policies().all().empty()) return by_default;
  return state_.policies().resolve(entity, static_cast<fb::Component>(component), by_default);
}

std::optional<Blocker> Executor::conflict_at(const RegisterKey& key) const {
  const auto held = state_.scene().version(key);
  if (!held || held->seq() <= packet_.base_seq || held->slot() == packet_.slot) return std::nullopt;
  return Blocker{held->slot(), held->seq(), key};
}

std::optional<Blocker> Executor::conflict_under_reject(Targets targets, Component component,
                                                       std::uint64_t application) const {
  for (const auto target : targets) {
    const ObjectId entity{target};
    if (strategy_for(entity, component) != log::ConflictStrategy::reject) continue;
    if (const auto conflict = conflict_at({entity, component, application})) return conflict;
  }
  return std::nullopt;
}

std::optional<scene::Version> Executor::winning_version(const RegisterKey& key, bool is_delta) const {
  const auto mine = version();
  const auto held = state_.scene().version(key);
  if (!held || held->loses_to(mine)) return mine;
  const auto strategy = strategy_for(key.entity, key.component);
  // A delta under `merge` goes on top of a newer write and must not make the register look older than that. Under
  // `reject` there is no conflict at this point: the author has seen what it writes over.
  const bool on_top =
      (strategy == log::ConflictStrategy::merge && is_delta) || strategy == log::ConflictStrategy::reject;
  if (!on_top) return std::nullopt;
  return scene::Version(held->stamp(), mine.seq(), mine.command(), mine.slot());
}

std::optional<Blocker> Executor::deletion_of(ObjectId entity) const {
  const auto tombstone = state_.tombstones().find(entity);
  if (!tombstone) return std::nullopt;
  return Blocker{tombstone->slot(), tombstone->seq(), {entity, Component::existence, 0}};
}

void Executor::note_missing(ObjectId entity, Tally& tally) const {
  if (!tally.blocker) tally.blocker = deletion_of(entity);
}

void Executor::note_superseded(const RegisterKey& key, Tally& tally) const {
  ++tally.superseded;
  const auto held = state_.scene().version(key);
  if (!tally.blocker && held) tally.blocker = Blocker{held->slot(), held->seq(), key};
}

bool Executor::has_space() const { return state_.scene().variable_bytes() <= limits::kSceneVariableBytesMax; }

bool Executor::spend_copy(std::size_t bytes) {
  if (bytes > copy_bytes_left_) return false;
  copy_bytes_left_ -= bytes;
  return true;
}

bool Executor::spend_scene_cost() {
  const auto cost = state_.scene().cost();
  const auto climbed = (cost.climbed - paid_.climbed) / kLinksPerWork;
  paid_.climbed += climbed * kLinksPerWork;
  // Siblings that ran out of places are numbered anew once in tens of thousands of moves. Whoever meets that could not
  // have asked for less, so it is not refused, but the packet does little else.
  const auto renumbered = std::min<std::uint64_t>(cost.renumbered - paid_.renumbered, work_left_);
  paid_.renumbered = cost.renumbered;
  return spend(renumbered) && spend(std::min<std::uint64_t>(climbed, limits::kPacketWorkMax + 1));
}

bool Executor::spend(std::size_t entities) {
  if (entities > work_left_) return false;
  work_left_ -= entities;
  return true;
}

// ---- Outcomes -----------------------------------------------------------------------------------------------------

Outcome Executor::reject(RejectReason reason, std::optional<Blocker> blocker, std::uint32_t targets) const {
  Outcome outcome;
  outcome.status = OutcomeStatus::rejected;
  outcome.reason = reason;
  outcome.blocker = blocker;
  outcome.targets = targets;
  return outcome;
}

Outcome Executor::conclude(const Tally& tally, JournalEntry entry) {
  Outcome outcome;
  outcome.targets = tally.targets;
  outcome.applied_targets = tally.applied;
  outcome.blocker = tally.blocker;
  if (tally.applied == 0) {
    if (tally.superseded == 0) return reject(tally.missing, tally.blocker, tally.targets);
    outcome.status = OutcomeStatus::superseded;
    return outcome;
  }
  state_.push_journal(packet_.slot, std::move(entry), log_);
  return outcome;
}

JournalEntry Executor::new_entry(JournalEntry::Kind kind) const {
  JournalEntry entry;
  entry.place = {packet_.nonce, index_};
  entry.kind = kind;
  return entry;
}

std::optional<JournalEntry::Cell> Executor::new_cell(const RegisterKey& key, ComponentValue present,
                                                     scene::Version version) {
  JournalEntry::Cell cell{key, std::move(present), version};
  if (packet_.protocol_version < wire::kProtocolVersionOfUndoChains) return cell;
  cell.own_writer = version.raw_writer();
  const auto held = state_.scene().version(key);
  if (!held) return cell;
  const auto content = content_of(key, *held);
  if (!content) return std::nullopt;
  cell.writer_before = *content;
  return cell;
}

}  // namespace theta::replica

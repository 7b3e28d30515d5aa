#include <algorithm>
#include <map>

#include "replica_impl.h"
#include "theta/base/limits.h"
#include "theta/replica/convert.h"
#include "theta/wire/schema.h"

namespace theta::replica {

namespace fb = wire::fb;
using scene::Component;

namespace {

scene::Version version_from_fb(const fb::Version& version) {
  return scene::Version::from_raw(version.stamp(), version.writer());
}

/// Reads a snapshot into an empty room. Everything is bounds-checked; the first thing that is wrong is named and ends
/// the load.
class SnapshotReader {
 public:
  SnapshotReader(const fb::Snapshot& snapshot, Replica::Impl& room) : snapshot_(snapshot), room_(room) {}

  /// Empty on success, else what is wrong.
  std::string read() {
    read_position();
    read_entities();
    read_columns();
    read_apps();
    read_removed();
    read_authors();
    check_ids();
    read_rest();
    return problem_;
  }

 private:
  [[nodiscard]] bool ok() const { return problem_.empty(); }
  /// Notes the first problem only.
  void require(bool condition, const char* problem) {
    if (!condition && ok()) problem_ = problem;
  }
  [[nodiscard]] ObjectId entity_at(std::uint32_t row) const { return ObjectId{snapshot_.entities()->Get(row)}; }

  void read_position() {
    room_.state.set_room(wire::from_fb<RoomId>(*snapshot_.room()));
    if (snapshot_.room_name()) room_.name = snapshot_.room_name()->str();
    room_.head = Seq{snapshot_.seq()};
    room_.record_hash = wire::from_fb<Hash256>(*snapshot_.record_hash());
    room_.hub_time = from_unix_ms(snapshot_.hub_time_ms());
    room_.latest_stamp = Stamp{snapshot_.latest_stamp()};
    require(snapshot_.seq() > 0 && snapshot_.seq() <= limits::kSeqMax, "seq lies outside 1 to the largest allowed");
  }

  void read_entities() {
    const auto count = snapshot_.entities()->size();
    require(snapshot_.existence()->size() == count && snapshot_.parents()->size() == count,
            "entities, existence and parents differ in length");
    if (!ok()) return;
    std::vector<scene::Scene::LoadedEntity> loaded;
    loaded.reserve(count);
    std::uint64_t previous = 0;
    for (flatbuffers::uoffset_t row = 0; row < count; ++row) {
      const auto id = snapshot_.entities()->Get(row);
      require(id > previous, "entities do not ascend");
      previous = id;
      const auto& cell = *snapshot_.parents()->Get(row);
      loaded.push_back({ObjectId{id},
                        version_from_fb(*snapshot_.existence()->Get(row)),
                        {ObjectId{cell.parent()}, cell.order()},
                        version_from_fb(cell.version())});
    }
    if (!ok()) return;
    room_.state.scene().reserve(count);
    require(room_.state.scene().load_entities(loaded), "the entities' parents form no forest");
  }

  /// Rows ascend and exist, versions and values are as many; then `load` puts each value in.
  template <class Column, class Convert>
  void read_column(const Column* column, Component component, Convert convert) {
    if (!column || !ok()) return;
    const auto* rows = column->rows();
    const auto* versions = column->versions();
    const auto* values = column->values();
    if (!rows || rows->size() == 0) return;
    require(versions && values && versions->size() == rows->size() && values->size() == rows->size(),
            "a column's rows, versions and values differ in length");
    room_.state.scene().reserve(component, rows->size());
    std::uint64_t next_row = 0;
    for (flatbuffers::uoffset_t at = 0; ok() && at < rows->size(); ++at) {
      const auto row = rows->Get(at);
      require(row >= next_row && row < snapshot_.entities()->size(), "a column's rows do not ascend or do not exist");
      if (!ok()) return;
      next_row = std::uint64_t{row} + 1;
      room_.state.scene().load({entity_at(row), component, 0}, convert(values->Get(at)),
                               version_from_fb(*versions->Get(at)));
    }
  }

  void read_columns() {
    using scene::ComponentValue;
    read_column(snapshot_.names(), Component::name, [this](const flatbuffers::String* name) -> ComponentValue {
      require(name->size() <= limits::kNameBytesMax, "a name is too long");
      return name->str();
    });
    read_column(snapshot_.transforms(), Component::transform, [this](const fb::Transform* value) -> ComponentValue {
      // Bit for bit: these values were normalised when they were written.
      const auto vec3 = [](const fb::Vec3& v) { return scene::Vec3{v.x(), v.y(), v.z()}; };
      const auto& r = value->rotation();
      const scene::Transform transform{vec3(value->position()), {r.x(), r.y(), r.z(), r.w()}, vec3(value->scale())};
      require(is_finite(transform), "a transform is not finite");
      return transform;
    });
    read_column(snapshot_.meshes(), Component::mesh,
                [](const fb::Bytes32* value) -> ComponentValue { return wire::from_fb<AssetId>(*value); });
    read_column(snapshot_.materials(), Component::material, [this](const fb::Material* value) -> ComponentValue {
      const bool is_sound =
          (!value->base_color() || value->base_color()->size() == 4) && value->alpha_mode() <= fb::AlphaMode::blend;
      require(is_sound, "a material is out of bounds");
      return is_sound ? from_fb(*value) : scene::Material{};
    });
    read_column(snapshot_.visibilities(), Component::visibility,
                [](std::uint8_t value) -> ComponentValue { return value != 0; });
    read_column(snapshot_.tags(), Component::tags,
                [this](const fb::TagSet* value) -> ComponentValue { return tags_of(*value); });
    read_column(snapshot_.lights(), Component::light, [this](const fb::Light* value) -> ComponentValue {
      require(value->kind() <= fb::LightKind::spot, "a light's kind is unknown");
      return from_fb(*value);
    });
    read_column(snapshot_.cameras(), Component::camera, [this](const fb::Camera* value) -> ComponentValue {
      require(value->kind() <= fb::CameraKind::orthographic, "a camera's kind is unknown");
      return from_fb(*value);
    });
  }

  scene::TagSet tags_of(const fb::TagSet& value) {
    scene::TagSet tags;
    if (!value.tags()) return tags;
    require(value.tags()->size() <= limits::kTagsPerEntityMax, "an entity has too many tags");
    for (const auto* tag : *value.tags()) {
      require(tag->size() <= limits::kTagBytesMax && (tags.empty() || tags.back() < tag->str()),
              "tags are too long or do not ascend");
      if (!ok()) break;
      tags.push_back(tag->str());
    }
    return tags;
  }

  void read_apps() {
    if (!snapshot_.apps() || !ok()) return;
    for (const auto* cell : *snapshot_.apps()) {
      require(cell->row() < snapshot_.entities()->size(), "an application component's row does not exist");
      require(cell->version() != nullptr, "an application component has no version");
      require(cell->value() && cell->value()->size() <= limits::kAppComponentBytesMax,
              "an application component is missing or too large");
      if (!ok()) return;
      const scene::RegisterKey key{entity_at(cell->row()), Component::application, cell->component()};
      require(!room_.state.scene().version(key), "an application component stands twice");
      require(room_.state.scene().application_count(key.entity) < limits::kAppComponentsPerEntityMax,
              "an entity has too many application components");
      if (!ok()) return;
      room_.state.scene().load(key, Bytes(cell->value()->begin(), cell->value()->end()),
                               version_from_fb(*cell->version()));
    }
  }

  void read_removed() {
    if (!snapshot_.removed() || !ok()) return;
    for (const auto* cell : *snapshot_.removed()) {
      const bool is_known =
          cell->component() > fb::Component::parent && cell->component() <= fb::Component::application;
      require(is_known && cell->row() < snapshot_.entities()->size(), "a removed register does not exist");
      if (!ok()) return;
      const auto component = static_cast<Component>(cell->component());
      const auto application = component == Component::application ? cell->application() : 0;
      const scene::RegisterKey key{entity_at(cell->row()), component, application};
      require(!room_.state.scene().version(key), "a removed register stands twice");
      const bool has_space = component != Component::application ||
                             room_.state.scene().application_count(key.entity) < limits::kAppComponentsPerEntityMax;
      require(has_space, "an entity has too many application components");
      if (!ok()) return;
      room_.state.scene().load(key, std::monostate{}, version_from_fb(cell->version()));
    }
  }

  void read_authors() {
    if (!ok()) return;
    require(snapshot_.authors()->size() <= limits::kAuthorsPerRoomMax, "there are too many authors");
    std::size_t next_slot = 0;
    for (const auto* author : *snapshot_.authors()) {
      if (!ok()) return;
      read_author(*author, next_slot);
    }
  }

  void read_author(const fb::AuthorState& author, std::size_t& next_slot) {
    log::Member member;
    member.key = wire::from_fb<AuthorKey>(*author.key());
    if (author.display_name()) member.display_name = author.display_name()->str();
    member.role = author.role();
    member.slot = AuthorSlot{author.slot()};
    member.nonce = Nonce{author.nonce()};
    member.head = wire::from_fb<Hash256>(*author.head());
    member.stamp = Stamp{author.stamp()};
    member.object_counter = author.object_counter();
    if (author.invite()) member.invite = wire::from_fb<InviteKey>(*author.invite());
    if (author.tool()) member.tool = author.tool()->str();
    if (author.selection())
      for (const auto entity : *author.selection()) member.selection.push_back(ObjectId{entity});
    require(member.role <= fb::Role::admin && member.object_counter <= kObjectCounterMax &&
                member.selection.size() <= limits::kSelectionMax && member.tool.size() <= limits::kToolNameBytesMax &&
                member.display_name.size() <= limits::kNameBytesMax,
            "an author is out of bounds");
    require(!room_.state.members().find(member.key), "an author stands twice");
    require(member.role < fb::Role::editor || member.slot != kNoSlot, "an author may write and has no slot");
    // Slots are given one after the other and never taken back.
    require(member.slot == kNoSlot || member.slot.value() == next_slot++, "the authors' slots have gaps or repeat");
    if (!ok()) return;
    if (member.slot != kNoSlot) minted_.push_back(member.object_counter);
    room_.state.load_member(member, journal_of(author, member.slot));
  }

  /// Whether the id's author has come so far: what is above its counter is still to be made, by anybody's create.
  [[nodiscard]] bool is_minted(ObjectId id) const {
    const std::size_t slot = slot_of(id).value();
    return id != kNoObject && slot < minted_.size() && counter_of(id) <= minted_[slot];
  }

  void check_ids() {
    if (!ok()) return;
    for (const auto id : *snapshot_.entities()) require(is_minted(ObjectId{id}), "an entity's author never made it");
    for (std::size_t slot = 0; slot < minted_.size(); ++slot) {
      const auto* journal = room_.state.journal(AuthorSlot{static_cast<std::uint16_t>(slot)});
      if (!journal) continue;
      for (const auto& entry : journal->entries())
        for (const auto& image : entry.images)
          require(is_minted(image.entity), "a journal holds an entity that its author never made");
    }
  }

  std::vector<JournalEntry> journal_of(const fb::AuthorState& author, AuthorSlot slot) {
    std::vector<JournalEntry> entries;
    if (!author.journal() || author.journal()->size() == 0) return entries;
    require(slot != kNoSlot && author.journal()->size() <= limits::kJournalBytesMax, "a journal is too large");
    ByteReader reader(ByteView(author.journal()->data(), author.journal()->size()));
    while (ok() && reader.remaining() > 0) {
      auto entry = read_entry(reader);
      require(entry && (entries.empty() || entries.back().place < entry->place) &&
                  entries.size() < limits::kJournalEntriesMax,
              "a journal is malformed");
      if (ok()) entries.push_back(std::move(*entry));
    }
    return entries;
  }

  /// After the authors: each use of an invite is an author that joined by it, and nobody ever leaves.
  void read_invites() {
    if (!ok()) return;
    std::map<InviteKey, std::uint32_t> joined;
    for (const auto& [author, member] : room_.state.members().all())
      if (!member.invite.is_zero()) ++joined[member.invite];
    const auto count = snapshot_.invites() ? snapshot_.invites()->size() : 0;
    require(count <= limits::kInvitesPerRoomMax, "there are too many invites");
    for (flatbuffers::uoffset_t at = 0; ok() && at < count; ++at) {
      const auto* invite = snapshot_.invites()->Get(at);
      const auto key = wire::from_fb<InviteKey>(*invite->key());
      require(invite->uses() > 0 && room_.state.members().invite_uses(key) == 0, "an invite stands twice or unused");
      const auto found = joined.find(key);
      const auto uses = found == joined.end() ? 0 : found->second;
      require(invite->uses() == uses || invite->uses() == log::Members::kInviteRevoked,
              "an invite was used more or less often than authors came by it");
      if (found != joined.end()) joined.erase(found);
      if (ok()) room_.state.load_invite(key, invite->uses());
    }
    require(joined.empty(), "an author came by an invite that is not there");
  }

  void read_rest() {
    read_invites();
    if (ok() && snapshot_.policies()) {
      require(snapshot_.policies()->size() <= limits::kPolicyRulesMax, "there are too many policies");
      for (const auto* rule : *snapshot_.policies()) {
        log::PolicyScope scope{ObjectId{rule->entity()}, std::nullopt};
        if (!rule->any_component()) scope.component = rule->component();
        require(rule->component() <= fb::Component::application && rule->strategy() <= fb::ConflictStrategy::reject &&
                    !room_.state.policies().find(scope),
                "a policy is unknown or stands twice");
        if (!ok()) return;
        room_.state.load_policy(scope, rule->strategy());
      }
    }
    if (ok() && snapshot_.tombstones())
      for (const auto* tombstone : *snapshot_.tombstones())
        require(ok() && is_minted(ObjectId{tombstone->entity()}) &&
                    room_.state.load_tombstone(ObjectId{tombstone->entity()}, version_from_fb(tombstone->version())),
                "the tombstones are too many, repeat, or name what is there or was never made");
    room_.state.finish_load();
  }

  const fb::Snapshot& snapshot_;
  Replica::Impl& room_;
  std::vector<std::uint64_t> minted_;  // index: slot; the highest counter of an id of that author
  std::string problem_;
};

}  // namespace

ReplicaResult<Replica> Replica::load_snapshot(ByteView bytes, bool recompute_hash) {
  const auto* snapshot = wire::verified_snapshot(bytes);
  if (!snapshot) return fail(ReplicaError::malformed, "the snapshot is no well-formed FlatBuffer of its type");
  Replica replica;
  if (auto problem = SnapshotReader(*snapshot, *replica.impl_).read(); !problem.empty())
    return fail(ReplicaError::malformed, "the snapshot is malformed: " + problem);
  auto& scene = replica.impl_->state.scene();
  const auto promised_scene = wire::from_fb<Hash256>(*snapshot->scene_hash());
  scene.finish_load(crypto::SetHash::from_value(promised_scene));
  if (recompute_hash && scene.recompute_hash().value() != promised_scene)
    return fail(ReplicaError::hash_mismatch, "the snapshot's scene is not the one whose hash it carries");
  if (replica.state_hash() != wire::from_fb<Hash256>(*snapshot->state_hash()))
    return fail(ReplicaError::hash_mismatch, "the snapshot's state is not the one whose hash it carries");
  return replica;
}

}  // namespace theta::replica

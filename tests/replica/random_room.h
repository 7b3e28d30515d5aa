#pragma once

#include <vector>

#include "room_fixture.h"

namespace theta::replica::testing {

/// A room in which four editors do anything at all: stale, clashing, undone, nonsensical but well-formed. Its admin
/// gives and takes roles and sets policies now and then, and a viewer looks on.
class RandomRoom {
 public:
  explicit RandomRoom(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15ULL + 1) {
    for (std::uint8_t fill = 2; fill < 6; ++fill) authors_.emplace_back(fill);
    for (auto& author : authors_) room.join(author);
    room.join(viewer_, log::Role::viewer);
    for (auto* counts : {&commands, &applied}) {
      ++counts->at(static_cast<std::size_t>(fb::Command::OpenRoom));
      counts->at(static_cast<std::size_t>(fb::Command::JoinRoom)) += 5;
    }
  }

  std::uint64_t next() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return state_;
  }

  void run(int packets) {
    for (int at = 0; at < packets; ++at) {
      if (next() % 16 == 0) {
        send(room.opener, any_room_command(), {});
        continue;
      }
      auto& author = authors_[next() % authors_.size()];
      if (!can_write(author)) {
        send(room.opener, grant(author, log::Role::editor), {});
        continue;
      }
      // Anything else would close the way forward, so who has taken something back often does it again at once.
      const auto undone = room.hub.redo_candidates(author.id());
      if (!undone.empty() && next() % 2) {
        const auto [nonce, index] = undone.front();
        send(author, alone(TestRoom::redo(nonce.value(), index)), any_writing(author));
        continue;
      }
      std::vector<fb::CommandUnion> packet;
      for (std::uint64_t count = 1 + next() % 3; count > 0; --count) packet.push_back(any_command(author));
      send(author, std::move(packet), any_writing(author));
    }
  }

  TestRoom room;
  std::array<int, 3> statuses{};
  /// How often each command was sequenced, and how often it was applied.
  std::array<int, std::size_t{static_cast<std::size_t>(fb::Command::MAX)} + 1> commands{};
  std::array<int, std::size_t{static_cast<std::size_t>(fb::Command::MAX)} + 1> applied{};

 private:
  void send(const TestAuthor& author, std::vector<fb::CommandUnion> packet, Writing writing) {
    for (const auto& outcome : room.send_all(author, std::move(packet), writing)) {
      ++statuses[static_cast<std::size_t>(outcome.status)];
      ++commands[static_cast<std::size_t>(outcome.command)];
      if (outcome.status == OutcomeStatus::applied) ++applied[static_cast<std::size_t>(outcome.command)];
    }
  }
  /// Having seen most of the log, at a clock that runs ahead by up to a second; the author's own stamps still ascend.
  Writing any_writing(const TestAuthor& author) {
    Writing writing;
    const auto head = room.hub.head().value();
    writing.base_seq = Seq{head - next() % std::min<std::uint64_t>(head, 20)};
    room.now_ms += next() % 3;
    const auto stamp = room.now_ms + 10 + next() % 1000;
    const auto own = room.hub.members().find(author.id())->stamp.value() >> 16;
    writing.stamp_ms = std::max(stamp, own + 1);
    return writing;
  }
  [[nodiscard]] bool can_write(const TestAuthor& author) const {
    return room.hub.members().find(author.id())->role >= log::Role::editor;
  }

  ObjectId any_entity() {
    if (known_.empty() || next() % 20 == 0) return make_object_id(AuthorSlot{1}, 1 + next() % 1000);
    // Most of what was ever made is gone; tries a few times for something that is there.
    auto entity = known_[next() % known_.size()];
    for (int tries = 0; tries < 4 && !room.hub.scene().contains(entity); ++tries)
      entity = known_[next() % known_.size()];
    return entity;
  }
  ObjectId any_parent() { return next() % 3 == 0 ? kNoObject : any_entity(); }
  static std::vector<std::uint64_t> distinct(std::vector<std::uint64_t> ids) {
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    return ids;
  }
  std::vector<std::uint64_t> some_entities() {
    std::vector<std::uint64_t> ids;
    for (std::uint64_t count = 1 + next() % 3; count > 0; --count) ids.push_back(any_entity().value());
    return distinct(std::move(ids));
  }
  float any_number() { return static_cast<float>(static_cast<std::int64_t>(next() % 2001) - 1000) / 64.0F; }
  fb::Vec3 any_vec3() { return {any_number(), any_number(), any_number()}; }

  static std::vector<fb::CommandUnion> alone(fb::CommandUnion one) {
    std::vector<fb::CommandUnion> result;
    result.push_back(std::move(one));
    return result;
  }
  static std::vector<fb::CommandUnion> grant(const TestAuthor& author, log::Role role) {
    fb::GrantRoleT give;
    give.author = std::make_unique<fb::Bytes32>(wire::to_fb32(author.id()));
    give.role = role;
    return alone(command(std::move(give)));
  }

  /// What only an admin may do.
  std::vector<fb::CommandUnion> any_room_command() {
    auto& author = authors_[next() % authors_.size()];
    switch (next() % 8) {
      case 0: return grant(author, static_cast<log::Role>(1 + next() % 3));
      case 1: return grant(viewer_, next() % 2 ? log::Role::viewer : log::Role::editor);
      case 2: {
        fb::RevokeRoleT take;
        take.author = std::make_unique<fb::Bytes32>(wire::to_fb32(author.id()));
        take.revoke_invite = next() % 2 == 0;
        return alone(command(std::move(take)));
      }
      case 3: {
        // The one that all came by, or one that nobody ever uses.
        const auto* joined = room.hub.members().find(author.id());
        auto invite = joined->invite;
        if (next() % 2)
          invite = TestAuthor::make_key(static_cast<std::uint8_t>(next() % 4 + 1)).public_key<InviteKey>();
        fb::RevokeInviteT take;
        take.invite = std::make_unique<fb::Bytes32>(wire::to_fb32(invite));
        return alone(command(std::move(take)));
      }
      default: {
        fb::SetPolicyT set;
        if (next() % 2) set.entity = any_entity().value();
        set.any_component = next() % 2 == 0;
        set.component = static_cast<fb::Component>(next() % 11);
        set.strategy = static_cast<fb::ConflictStrategy>(next() % 3);
        set.clear = next() % 3 == 0;
        return alone(command(std::move(set)));
      }
    }
  }

  fb::CommandUnion any_command(TestAuthor& author) {
    const auto slot = room.hub.members().find(author.id())->slot;
    switch (next() % 18) {
      case 0:
      case 1:
      case 2: {
        const auto parent = any_parent();
        const auto id = author.mint(slot);
        const auto child = author.mint(slot);
        if (parent == id || parent == child) return TestRoom::create_command({{id, kNoObject}});
        known_.push_back(id);
        known_.push_back(child);
        return TestRoom::create_command({{id, parent}, {child, id}});
      }
      case 3: return TestRoom::remove({any_entity()});
      case 4:
      case 5: return TestRoom::move_to(any_entity(), any_number());
      case 6: return TestRoom::translate(any_entity(), any_number());
      case 7: return TestRoom::rename(any_entity(), "name " + std::to_string(next() % 100));
      case 8:
      case 9: {
        const auto entity = any_entity();
        auto parent = any_parent();
        if (parent == entity) parent = kNoObject;
        auto before = any_parent();
        if (before == entity) before = kNoObject;
        return TestRoom::reparent(entity, parent, before);
      }
      case 10:
        return TestRoom::tags(any_entity(), {"t" + std::to_string(next() % 5)}, {"t" + std::to_string(next() % 5 + 5)});
      case 11: return any_undo(author);
      case 12: return any_copy(author, slot);
      case 13: {
        fb::RotateByT turn;
        turn.targets = some_entities();
        turn.rotation = std::make_unique<fb::Quat>(0.6F, 0.0F, 0.8F, 0.0F);
        if (next() % 2) turn.pivot = std::make_unique<fb::Vec3>(any_vec3());
        return command(std::move(turn));
      }
      case 14: {
        fb::ScaleByT grow;
        grow.targets = some_entities();
        grow.factor = std::make_unique<fb::Vec3>(1.1F, 0.9F, -0.7F);
        if (next() % 2) grow.pivot = std::make_unique<fb::Vec3>(any_vec3());
        return command(std::move(grow));
      }
      case 15: {
        if (next() % 3 == 0) return command(fb::DeactivateToolT{});
        fb::ActivateToolT tool;
        tool.tool = "tool " + std::to_string(next() % 3);
        return command(std::move(tool));
      }
      case 16: return any_component();
      default: {
        fb::SetAppComponentT set;
        set.targets = some_entities();
        set.component = 1 + next() % 3;
        if (next() % 3) set.value = {1, 2, static_cast<std::uint8_t>(next())};
        return command(std::move(set));
      }
    }
  }

  fb::CommandUnion any_copy(TestAuthor& author, AuthorSlot slot) {
    fb::DuplicateEntitiesT copy;
    copy.targets = some_entities();
    copy.id_count = static_cast<std::uint32_t>(copy.targets.size() + next() % 8);
    const auto first = author.mint(slot);
    known_.push_back(first);
    for (std::uint32_t more = 1; more < copy.id_count; ++more) known_.push_back(author.mint(slot));
    copy.first_id = first.value();
    return command(std::move(copy));
  }

  /// Of what an arrow in a tool would take, of any command, or of a span of packets.
  fb::CommandUnion any_undo(const TestAuthor& author) {
    const bool is_undo = next() % 2 == 0;
    const auto candidates = is_undo ? room.hub.undo_candidates(author.id()) : room.hub.redo_candidates(author.id());
    if (!candidates.empty() && next() % 2) {
      const auto [nonce, index] = candidates.front();
      return is_undo ? TestRoom::undo(nonce.value(), index) : TestRoom::redo(nonce.value(), index);
    }
    const auto nonce = room.nonce_of(author);
    const auto back = 1 + next() % std::min<std::uint64_t>(nonce, 12);
    const auto first = nonce + 1 - back;
    const auto last = std::min(nonce, first + (next() % 4 == 0 ? next() % 4 : 0));
    const auto index = static_cast<std::uint16_t>(next() % 3);
    const auto last_index = last == first ? index : std::uint16_t{2};
    const auto set = [&](auto table) {
      table.first = std::make_unique<fb::CommandRef>(first, index);
      table.last = std::make_unique<fb::CommandRef>(last, last_index);
      return command(std::move(table));
    };
    return is_undo ? set(fb::UndoT{}) : set(fb::RedoT{});
  }

  fb::CommandUnion any_component() {
    switch (next() % 7) {
      case 0: {
        fb::SetMaterialT set;
        set.targets = some_entities();
        if (next() % 3) {
          set.material = std::make_unique<fb::MaterialT>();
          set.material->base_color = {0.5F, 0.25F, 1.0F, 1.0F};
          set.material->roughness = 0.25F;
        }
        return command(std::move(set));
      }
      case 1: {
        fb::SetVisibilityT set;
        set.targets = some_entities();
        set.visible = next() % 2 == 0;
        return command(std::move(set));
      }
      case 2: {
        fb::SetLightT set;
        set.targets = some_entities();
        if (next() % 3) {
          scene::Light light;
          light.kind = static_cast<scene::LightKind>(next() % 3);
          light.intensity = 1.5F + static_cast<float>(next() % 100);
          set.light = std::make_unique<fb::Light>(to_fb(light));
        }
        return command(std::move(set));
      }
      case 3: {
        fb::SetCameraT set;
        set.targets = some_entities();
        if (next() % 3) {
          scene::Camera camera;
          camera.kind = static_cast<scene::CameraKind>(next() % 2);
          camera.far_plane = 100.25F + static_cast<float>(next() % 100);
          set.camera = std::make_unique<fb::Camera>(to_fb(camera));
        }
        return command(std::move(set));
      }
      case 4: {
        fb::HighlightSelectionT select;
        select.clear = next() % 2 == 0;
        select.add = some_entities();
        return command(std::move(select));
      }
      case 5: {
        fb::SetMeshT set;
        set.targets = some_entities();
        if (next() % 3) {
          AssetId asset;
          asset.bytes.fill(static_cast<std::uint8_t>(1 + next() % 200));
          set.mesh = std::make_unique<fb::Bytes32>(wire::to_fb32(asset));
        }
        return command(std::move(set));
      }
      default: {
        fb::ReorderEntitiesT order;
        order.targets = some_entities();
        order.before = any_entity().value();
        return command(std::move(order));
      }
    }
  }

  std::uint64_t state_;
  std::vector<TestAuthor> authors_;
  TestAuthor viewer_{6};
  std::vector<ObjectId> known_;
};

}  // namespace theta::replica::testing

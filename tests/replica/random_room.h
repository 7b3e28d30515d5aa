#pragma once

#include <vector>

#include "room_fixture.h"

namespace theta::replica::testing {

/// A room in which four authors do anything at all: stale, clashing, undone, nonsensical but well-formed.
class RandomRoom {
 public:
  explicit RandomRoom(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15ULL + 1) {
    for (std::uint8_t fill = 2; fill < 6; ++fill) authors_.emplace_back(fill);
    for (auto& author : authors_) room.join(author);
  }

  std::uint64_t next() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return state_;
  }

  void run(int packets) {
    for (int at = 0; at < packets; ++at) {
      auto& author = authors_[next() % authors_.size()];
      std::vector<fb::CommandUnion> commands;
      for (std::uint64_t count = 1 + next() % 3; count > 0; --count) commands.push_back(any_command(author));
      Writing writing;
      const auto head = room.hub.head().value();
      writing.base_seq = Seq{head - next() % std::min<std::uint64_t>(head, 20)};
      // Somebody's clock runs ahead by up to a second; the author's own stamps still ascend.
      room.now_ms += next() % 3;
      const auto stamp = room.now_ms + 10 + next() % 1000;
      const auto own = room.hub.members().find(author.id())->stamp.value() >> 16;
      writing.stamp_ms = std::max(stamp, own + 1);
      const auto outcomes = room.send_all(author, std::move(commands), writing);
      for (const auto& outcome : outcomes) ++statuses[static_cast<std::size_t>(outcome.status)];
    }
  }

  TestRoom room;
  std::array<int, 3> statuses{};

 private:
  ObjectId any_entity() {
    if (known_.empty() || next() % 20 == 0) return make_object_id(AuthorSlot{1}, 1 + next() % 1000);
    return known_[next() % known_.size()];
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

  fb::CommandUnion any_command(TestAuthor& author) {
    const auto slot = room.hub.members().find(author.id())->slot;
    switch (next() % 16) {
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
      case 12: {
        fb::DuplicateEntitiesT copy;
        copy.targets = some_entities();
        copy.id_count = static_cast<std::uint32_t>(copy.targets.size() + next() % 8);
        const auto first = author.mint(slot);
        known_.push_back(first);
        for (std::uint32_t more = 1; more < copy.id_count; ++more) known_.push_back(author.mint(slot));
        copy.first_id = first.value();
        return command(std::move(copy));
      }
      case 13: {
        fb::RotateByT turn;
        turn.targets = some_entities();
        turn.rotation = std::make_unique<fb::Quat>(0.6F, 0.0F, 0.8F, 0.0F);
        if (next() % 2) turn.pivot = std::make_unique<fb::Vec3>(any_vec3());
        return command(std::move(turn));
      }
      case 14: return any_component();
      default: {
        fb::SetAppComponentT set;
        set.targets = some_entities();
        set.component = 1 + next() % 3;
        if (next() % 3) set.value = {1, 2, static_cast<std::uint8_t>(next())};
        return command(std::move(set));
      }
    }
  }

  fb::CommandUnion any_undo(const TestAuthor& author) {
    const auto nonce = room.nonce_of(author);
    const auto back = 1 + next() % std::min<std::uint64_t>(nonce, 12);
    const auto index = static_cast<std::uint16_t>(next() % 3);
    return next() % 2 ? TestRoom::undo(nonce + 1 - back, index) : TestRoom::redo(nonce + 1 - back, index);
  }

  fb::CommandUnion any_component() {
    switch (next() % 6) {
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
        if (next() % 3) set.light = std::make_unique<fb::Light>(to_fb(scene::Light{}));
        return command(std::move(set));
      }
      case 3: {
        fb::SetCameraT set;
        set.targets = some_entities();
        if (next() % 3) set.camera = std::make_unique<fb::Camera>(to_fb(scene::Camera{}));
        return command(std::move(set));
      }
      case 4: {
        fb::HighlightSelectionT select;
        select.clear = next() % 2 == 0;
        select.add = some_entities();
        return command(std::move(select));
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
  std::vector<ObjectId> known_;
};

}  // namespace theta::replica::testing

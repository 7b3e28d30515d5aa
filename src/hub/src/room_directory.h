#pragma once

#include <memory>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "room.h"

namespace theta::hub {

/// The rooms of the hub: what the store has, and which are in memory.
class RoomDirectory {
 public:
  explicit RoomDirectory(HubContext& context) : context_(context) {}

  /// Asks the store which rooms there are.
  void list();
  [[nodiscard]] bool is_listed() const { return is_listed_; }
  [[nodiscard]] std::size_t known_count() const { return known_.size(); }
  void note_created(const RoomId& room) { known_.insert(room); }

  /// The room, loaded if need be; null when there is no such room or no place for another one in memory.
  struct Found {
    Room* room = nullptr;
    std::optional<log::Refused> refused;
  };
  [[nodiscard]] Found open(const RoomId& room);

  /// Ticks rooms and takes idle ones out of memory.
  void tick();
  [[nodiscard]] std::size_t loaded_count() const { return loaded_.size(); }
  [[nodiscard]] std::size_t read_only_count() const;
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (const auto& [id, room] : loaded_) visit(*room);
  }

 private:
  using Rooms = std::unordered_map<RoomId, std::unique_ptr<Room>, FixedBytesHash<RoomId>>;
  Rooms::iterator unload(Rooms::iterator at);
  /// Makes a place by taking out the room that has been idle longest. False when none is.
  bool unload_longest_idle();

  HubContext& context_;
  Rooms loaded_;
  std::unordered_set<RoomId, FixedBytesHash<RoomId>> known_;
  bool is_listed_ = false;
  bool is_listing_ = false;
  MonotonicTime list_again_at_{};
};

}  // namespace theta::hub

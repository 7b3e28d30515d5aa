#include "room_directory.h"

#include <algorithm>

#include "theta/base/hex.h"

namespace theta::hub {

using log::RefusalCode;

void RoomDirectory::list() {
  is_listing_ = true;
  context_.store.submit(store::ListRooms{}, [this](StoreDesk::Result& result) {
    is_listing_ = false;
    if (!result) {
      context_.metrics.store_failures.add();
      context_.say(LogLevel::error, "store_failed",
                   "The store could not list its rooms: " + result.error().message + ".",
                   {{"reason", result.error().message}});
      list_again_at_ = context_.now.monotonic + context_.config.probe_backoff_min;
      return;
    }
    for (const auto& room : answer_of<store::RoomList>(result).rooms) known_.insert(room.room);
    is_listed_ = true;
  });
}

RoomDirectory::Found RoomDirectory::open(const RoomId& id) {
  if (const auto found = loaded_.find(id); found != loaded_.end()) {
    if (!found->second->is_dead()) return {found->second.get(), std::nullopt};
    if (!found->second->is_idle())
      return {nullptr, log::Refused{RefusalCode::hub_busy, "The room is being taken out of memory; try again soon."}};
    unload(found);
  }
  if (is_listed_ && !known_.contains(id))
    return {nullptr, log::Refused{RefusalCode::no_such_room, "This hub has no room " + to_base64url(id.view()) +
                                                                 ". Check the link, and that it names the right hub."}};
  if (loaded_.size() >= context_.config.rooms_loaded_max && !unload_longest_idle()) {
    context_.metrics.count_over(Limit::rooms_loaded);
    return {nullptr, log::Refused{RefusalCode::hub_busy,
                                  "All " + std::to_string(context_.config.rooms_loaded_max) +
                                      " rooms that this hub keeps in memory are in use; try again later."}};
  }
  auto room = std::make_unique<Room>(context_, id);
  auto* result = room.get();
  loaded_.emplace(id, std::move(room));
  result->load();
  return {result, std::nullopt};
}

void RoomDirectory::tick() {
  if (!is_listed_ && !is_listing_ && context_.now.monotonic >= list_again_at_) list();
  for (auto at = loaded_.begin(); at != loaded_.end();) {
    auto& room = *at->second;
    room.tick();
    const bool is_due =
        room.is_dead() || room.idle_since() + context_.config.room_idle_unload <= context_.now.monotonic;
    if (!room.is_idle() || !is_due) {
      ++at;
      continue;
    }
    room.save_snapshot_if_worth();
    // Saving asked the store, so the room stays until it answered; the next tick finds nothing left to save.
    at = room.is_idle() ? unload(at) : std::next(at);
  }
}

RoomDirectory::Rooms::iterator RoomDirectory::unload(Rooms::iterator at) {
  auto* room = at->second.get();
  if (!room->is_dead())
    context_.say_of_peers(LogLevel::info, "room_closed", "A room that nobody was in has left memory.",
                          {room_field(room->id())});
  std::erase(context_.rooms_to_flush, room);
  std::erase(context_.rooms_with_presence, room);
  return loaded_.erase(at);
}

bool RoomDirectory::unload_longest_idle() {
  auto oldest = loaded_.end();
  for (auto at = loaded_.begin(); at != loaded_.end(); ++at) {
    if (!at->second->is_idle()) continue;
    if (oldest == loaded_.end() || at->second->idle_since() < oldest->second->idle_since()) oldest = at;
  }
  if (oldest == loaded_.end()) return false;
  unload(oldest);
  return true;
}

std::size_t RoomDirectory::read_only_count() const {
  return static_cast<std::size_t>(
      std::count_if(loaded_.begin(), loaded_.end(), [](const auto& item) { return item.second->is_read_only(); }));
}

}  // namespace theta::hub

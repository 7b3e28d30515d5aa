#pragma once

#include <functional>

#include "room_directory.h"

namespace theta::hub {

/// Opens rooms for whoever shows the hub's admin token: checks the first packet, gives it its place, and answers once
/// the store has the room.
class RoomOpener {
 public:
  using FindSession = std::function<Session*(transport::PeerId)>;

  RoomOpener(HubContext& context, RoomDirectory& directory, FindSession find)
      : context_(context), directory_(directory), find_(std::move(find)) {}

  void take(Session& session, const wire::fb::OpenRoomRequest& request);

 private:
  [[nodiscard]] tl::expected<log::CommandPacket, wire::Refusal> check(const Session& session,
                                                                      const wire::fb::OpenRoomRequest& request);
  void create(const Session& session, std::uint32_t request, replica::ValidPacket valid);

  HubContext& context_;
  RoomDirectory& directory_;
  FindSession find_;
};

}  // namespace theta::hub

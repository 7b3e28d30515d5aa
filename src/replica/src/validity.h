#pragma once

#include <cstdint>
#include <optional>

#include "theta/base/time.h"
#include "theta/log/command_rules.h"
#include "theta/log/members.h"
#include "theta/log/packet.h"
#include "theta/replica/replica.h"

namespace theta::replica {

/// What a packet is judged against: the room at the head of its log.
struct RoomView {
  const log::Members& members;
  Seq head;
  WallTime hub_time{};
};

/// What validity found out on the way.
struct PacketFacts {
  std::uint64_t object_counter = 0;  // the author's counter after the packet
  std::size_t created_entities = 0;
};

/// The pure rules of design and docs/format.md: does this packet continue its author's chain, may the author do this?
/// Cheapest first; the payload is parsed only after the signature was verified.
[[nodiscard]] tl::expected<PacketFacts, log::Refused> check_packet(const RoomView& room,
                                                                   const log::CommandPacket& packet, Trust trust);

}  // namespace theta::replica

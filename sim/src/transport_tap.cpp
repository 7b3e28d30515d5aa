#include "transport_tap.h"

#include "theta/crypto/hash.h"
#include "theta/wire/commands_lane.h"
#include "theta/wire/schema.h"

namespace theta::sim {
namespace {

using transport::Lane;
using transport::SendResult;

std::optional<Hash256> packet_in(Lane lane, ByteView message) {
  if (lane == Lane::commands) {
    const auto decoded = wire::decode_lane_message(message);
    const auto* submit = decoded ? std::get_if<wire::Submit>(&decoded->message) : nullptr;
    return submit ? std::optional(crypto::hash256(submit->packet)) : std::nullopt;
  }
  if (lane != Lane::control) return std::nullopt;
  const wire::AlignedBytes aligned(message);
  const auto* control = wire::verified_message(aligned.view());
  if (control == nullptr) return std::nullopt;
  const flatbuffers::Vector<std::uint8_t>* packet = nullptr;
  if (const auto* attach = control->body_as_Attach()) packet = attach->join();
  if (const auto* open = control->body_as_OpenRoomRequest()) packet = open->packet();
  if (packet == nullptr || packet->size() == 0) return std::nullopt;
  return crypto::hash256(ByteView(packet->data(), packet->size()));
}

}  // namespace

SendResult TransportTap::send(transport::PeerId peer, Lane lane, const SharedBytes& message) {
  // Told before it is sent: what the network does with it is not the peer's doing any more.
  if (const auto hash = packet_in(lane, message.view())) sent_(*hash, message.view());
  return inner_.send(peer, lane, message);
}

}  // namespace theta::sim

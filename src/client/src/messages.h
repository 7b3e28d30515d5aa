#pragma once

#include <memory>
#include <utility>

#include "theta/base/bytes.h"
#include "theta/wire/schema.h"

namespace theta::client {

/// One message of the control or bulk lane.
template <class Table>
[[nodiscard]] SharedBytes encode_message(Table table) {
  wire::fb::MessageT message;
  message.body.Set(std::move(table));
  flatbuffers::FlatBufferBuilder builder(256);
  wire::fb::FinishMessageBuffer(builder, wire::fb::Message::Pack(builder, &message));
  return SharedBytes(Bytes(builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()));
}

/// What a peer sends on the presence lane: no envelope, since the lane says what it is.
[[nodiscard]] inline SharedBytes encode_presence(const wire::fb::PresenceT& presence) {
  flatbuffers::FlatBufferBuilder builder(512);
  builder.Finish(wire::fb::Presence::Pack(builder, &presence));
  return SharedBytes(Bytes(builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()));
}

template <class Fixed>
[[nodiscard]] std::unique_ptr<wire::fb::Bytes32> owned_fb32(const Fixed& value) {
  return std::make_unique<wire::fb::Bytes32>(wire::to_fb32(value));
}

}  // namespace theta::client

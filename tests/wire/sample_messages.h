#pragma once

#include "theta/base/bytes.h"
#include "theta/wire/schema.h"

namespace theta::wire::samples {

inline Bytes finished(const flatbuffers::FlatBufferBuilder& builder) {
  return Bytes(builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize());
}

inline fb::Transform transform() { return {fb::Vec3(1, 2, 3), fb::Quat(0, 0, 0, 1), fb::Vec3(1, 1, 1)}; }

/// A payload of commands given in the object form.
template <class... Commands>
fb::CommandPayloadT payload_of(Commands... commands) {
  fb::CommandPayloadT payload;
  const auto add = [&](auto command) {
    fb::CommandUnion slot;
    slot.Set(std::move(command));
    payload.commands.push_back(std::move(slot));
  };
  (add(std::move(commands)), ...);
  return payload;
}

inline Bytes pack(const fb::CommandPayloadT& payload) {
  flatbuffers::FlatBufferBuilder builder;
  builder.Finish(fb::CommandPayload::Pack(builder, &payload));
  return finished(builder);
}

inline fb::SetTransformT set_transform(std::vector<std::uint64_t> targets) {
  fb::SetTransformT command;
  command.targets = std::move(targets);
  command.transforms = {transform()};
  return command;
}

template <class Body>
Bytes pack_message(Body body) {
  fb::MessageT message;
  message.body.Set(std::move(body));
  flatbuffers::FlatBufferBuilder builder;
  fb::FinishMessageBuffer(builder, fb::Message::Pack(builder, &message));
  return finished(builder);
}

}  // namespace theta::wire::samples

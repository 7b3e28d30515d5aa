#pragma once

#include "log/samples.h"
#include "theta/base/check.h"
#include "theta/log/command_rules.h"
#include "theta/replica/replica.h"

namespace theta::fuzz {

/// The key pair that opened the room and is its only member, in slot 0.
inline const crypto::KeyPair& opener() {
  static const auto key = log::samples::key(1);
  return key;
}
inline HubKey hub_key() { return log::samples::key(9).public_key<HubKey>(); }

/// The opener's next packet, sound but for what its payload holds.
inline log::CommandPacket next_packet(const replica::Replica& room, Bytes payload, std::uint16_t command_count) {
  const auto* member = room.members().find(opener().public_key<AuthorKey>());
  log::PacketHeader header;
  header.protocol_version = wire::kProtocolVersion;
  header.command_count = command_count;
  header.room = room.room();
  header.author = opener().public_key<AuthorKey>();
  header.nonce = Nonce{member ? member->nonce.value() + 1 : 1};
  header.prev = member ? member->head : Hash256{};
  header.base_seq = room.head();
  header.stamp = Stamp{room.latest_stamp().value() + (1 << 16)};
  return log::sign_packet(header, std::move(payload), opener());
}

inline void send(replica::Replica& room, wire::fb::CommandPayloadT payload) {
  const auto count = static_cast<std::uint16_t>(payload.commands.size());
  auto valid = room.validate(next_packet(room, wire::samples::pack(payload), count), from_unix_ms(1'700'000'000'000));
  THETA_CHECK(valid.has_value());
  static_cast<void>(room.sequence(std::move(*valid)));
}

/// A room with a small tree in it (0:1 above 0:2 and 0:3), a history to undo, and a tombstone (0:4), as snapshot bytes.
inline const Bytes& room_snapshot() {
  static const Bytes bytes = [] {
    using log::samples::payload_of;
    replica::Replica room;
    wire::fb::OpenRoomT open;
    open.name = "room";
    open.hub = std::make_unique<wire::fb::Bytes32>(wire::to_fb32(hub_key()));
    send(room, payload_of(open));
    wire::fb::CreateEntitiesT create;
    for (std::uint64_t id = 1; id <= 4; ++id) {
      auto entity = std::make_unique<wire::fb::EntityDescriptionT>();
      entity->id = id;
      entity->parent = id == 1 ? 0 : 1;
      entity->name = "Chair";
      entity->transform = std::make_unique<wire::fb::Transform>(wire::samples::transform());
      entity->tags = {"red"};
      create.entities.push_back(std::move(entity));
    }
    wire::fb::DeleteEntitiesT gone;
    gone.targets = {4};
    send(room, payload_of(std::move(create), gone));
    wire::fb::SetLightT light;
    light.targets = {2};
    light.light = std::make_unique<wire::fb::Light>();
    send(room, payload_of(log::samples::set_transform({1, 3}), light));
    return room.save_snapshot();
  }();
  return bytes;
}

/// A fresh one for every input, so that each input alone replays what it found.
inline replica::Replica room() {
  auto loaded = replica::Replica::load_snapshot(room_snapshot(), false);
  THETA_CHECK(loaded.has_value());
  return std::move(*loaded);
}

}  // namespace theta::fuzz

#include "workload.h"

#include <algorithm>
#include <array>
#include <string>

#include "theta/base/check.h"
#include "theta/replica/convert.h"

namespace theta::bench {

namespace fb = wire::fb;

namespace {

crypto::KeyPair fixed_key() {
  crypto::Seed seed;
  seed.bytes.fill(7);
  return crypto::KeyPair::from_seed(seed);
}

fb::Transform transform_at(float x) { return replica::to_fb(scene::Transform{{x, 2, 3}, {}, {1, 1, 1}}); }

Bytes finished(flatbuffers::FlatBufferBuilder& builder, const std::vector<fb::Command>& types,
               const std::vector<flatbuffers::Offset<void>>& commands) {
  builder.Finish(fb::CreateCommandPayload(builder, builder.CreateVector(types), builder.CreateVector(commands)));
  return {builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};
}

flatbuffers::Offset<void> set_transform(flatbuffers::FlatBufferBuilder& builder, ObjectId entity, float x) {
  const std::uint64_t target = entity.value();
  const auto transform = transform_at(x);
  const auto targets = builder.CreateVector(&target, 1);
  const auto transforms = builder.CreateVectorOfStructs(&transform, 1);
  return fb::CreateSetTransform(builder, targets, transforms).Union();
}

Bytes open_payload() {
  flatbuffers::FlatBufferBuilder builder;
  const auto hub = wire::to_fb32(fixed_key().public_key<HubKey>());
  const auto name = builder.CreateString("bench");
  return finished(builder, {fb::Command::OpenRoom}, {fb::CreateOpenRoom(builder, name, &hub).Union()});
}

Bytes create_payload(std::size_t first, std::size_t count) {
  flatbuffers::FlatBufferBuilder builder;
  std::vector<flatbuffers::Offset<fb::EntityDescription>> entities;
  AssetId asset;
  asset.bytes.fill(9);
  const auto mesh = wire::to_fb32(asset);
  for (std::size_t at = first; at < first + count; ++at) {
    const auto name = builder.CreateString("entity " + std::to_string(at));
    const auto transform = transform_at(0);
    fb::EntityDescriptionBuilder entity(builder);
    entity.add_id(entity_at(at).value());
    entity.add_name(name);
    entity.add_transform(&transform);
    entity.add_mesh(&mesh);
    entities.push_back(entity.Finish());
  }
  return finished(builder, {fb::Command::CreateEntities},
                  {fb::CreateCreateEntities(builder, builder.CreateVector(entities)).Union()});
}

}  // namespace

ObjectId entity_at(std::size_t index) { return make_object_id(AuthorSlot{0}, index + 1); }

Bytes one_transform_payload(ObjectId entity, float x) {
  flatbuffers::FlatBufferBuilder builder(256);
  const auto command = set_transform(builder, entity, x);
  return finished(builder, {fb::Command::SetTransform}, {command});
}

Workload::Workload(std::size_t entities, bool with_signatures)
    : key_(fixed_key()), with_signatures_(with_signatures), entities_(entities) {
  setup.push_back(sequence(sign(open_payload(), 1)));
  constexpr std::size_t kPerPacket = 250;
  for (std::size_t first = 0; first < entities; first += kPerPacket)
    setup.push_back(sequence(sign(create_payload(first, std::min(kPerPacket, entities - first)), 1)));
}

log::CommandPacket Workload::write_packet(std::size_t count) {
  flatbuffers::FlatBufferBuilder builder(count * 128);
  std::vector<fb::Command> types(count, fb::Command::SetTransform);
  std::vector<flatbuffers::Offset<void>> commands;
  commands.reserve(count);
  for (std::size_t at = 0; at < count; ++at, ++next_)
    commands.push_back(set_transform(builder, entity_at(next_ * 7919 % entities_), static_cast<float>(next_ % 1000)));
  return sign(finished(builder, types, commands), count);
}

log::Record Workload::set_transforms(std::size_t count) { return sequence(write_packet(count)); }

log::CommandPacket Workload::sign(Bytes payload, std::size_t commands) {
  const auto* member = replica.members().find(key_.public_key<AuthorKey>());
  log::PacketHeader header;
  header.protocol_version = wire::kProtocolVersion;
  header.command_count = static_cast<std::uint16_t>(commands);
  header.room = replica.room();
  header.author = key_.public_key<AuthorKey>();
  header.nonce = Nonce{member ? member->nonce.value() + 1 : 1};
  header.prev = member ? member->head : Hash256{};
  header.base_seq = replica.head();
  header.stamp = Stamp{++stamp_ms_ << 16};
  if (with_signatures_) return log::sign_packet(header, std::move(payload), key_);
  log::CommandPacket packet;
  packet.payload = log::Payload(std::move(payload));
  header.payload_size = static_cast<std::uint32_t>(packet.payload.size());
  header.payload_hash = packet.payload.hash();
  packet.header = header;
  return packet;
}

log::Record Workload::sequence(log::CommandPacket packet) {
  auto valid = replica.validate(std::move(packet), from_unix_ms(stamp_ms_), replica::Trust::trusted_source);
  THETA_CHECK(valid.has_value());
  return replica.sequence(std::move(*valid)).record;
}

}  // namespace theta::bench

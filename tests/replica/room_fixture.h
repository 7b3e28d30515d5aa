#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "theta/crypto/keys.h"
#include "theta/log/invite.h"
#include "theta/log/record.h"
#include "theta/replica/convert.h"
#include "theta/replica/replica.h"
#include "theta/wire/schema.h"

namespace theta::replica::testing {

namespace fb = wire::fb;

/// One command in the object API, ready to be packed.
template <class Table>
fb::CommandUnion command(Table table) {
  fb::CommandUnion result;
  result.Set(std::move(table));
  return result;
}

inline Bytes pack(std::vector<fb::CommandUnion> commands) {
  fb::CommandPayloadT payload;
  payload.commands = std::move(commands);
  flatbuffers::FlatBufferBuilder builder;
  builder.Finish(fb::CommandPayload::Pack(builder, &payload));
  return {builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};
}

/// Somebody with a key and a chain of packets.
class TestAuthor {
 public:
  explicit TestAuthor(std::uint8_t fill) : key_(make_key(fill)) {}

  [[nodiscard]] AuthorKey id() const { return key_.public_key<AuthorKey>(); }
  [[nodiscard]] const crypto::KeyPair& key() const { return key_; }
  /// Next id in the author's slot.
  [[nodiscard]] ObjectId mint(AuthorSlot slot) { return make_object_id(slot, ++counter_); }

  static crypto::KeyPair make_key(std::uint8_t fill) {
    crypto::Seed seed;
    seed.bytes.fill(fill);
    return crypto::KeyPair::from_seed(seed);
  }

 private:
  crypto::KeyPair key_;
  std::uint64_t counter_ = 0;
};

/// When and upon what a packet was written; the defaults are "now, having seen everything".
struct Writing {
  std::uint64_t stamp_ms = 0;
  std::optional<Seq> base_seq;
  std::uint16_t protocol_version = wire::kProtocolVersion;
};

/// A hub's replica and a second one that applies every record from its stored form; after each they must agree.
class TestRoom {
 public:
  TestRoom() : opener(1) {
    fb::OpenRoomT open;
    open.name = "test";
    open.hub = std::make_unique<fb::Bytes32>(wire::to_fb32(TestAuthor::make_key(200).public_key<HubKey>()));
    const auto outcome = send(opener, command(open));
    EXPECT_EQ(outcome.status, OutcomeStatus::applied);
  }

  [[nodiscard]] log::CommandPacket sign(const TestAuthor& author, Bytes payload, std::uint16_t count,
                                        Writing writing = {}) {
    const auto* member = hub.members().find(author.id());
    log::PacketHeader header;
    header.protocol_version = writing.protocol_version;
    header.command_count = count;
    header.room = hub.room();
    header.author = author.id();
    header.nonce = Nonce{member ? member->nonce.value() + 1 : 1};
    header.prev = member ? member->head : Hash256{};
    header.base_seq = writing.base_seq.value_or(hub.head());
    now_ms += 10;
    header.stamp = Stamp{(writing.stamp_ms ? writing.stamp_ms : now_ms) << 16};
    return log::sign_packet(header, std::move(payload), author.key());
  }

  /// Sequences a packet on the hub and applies it on the other replica, through the stored form.
  std::vector<Outcome> sequence(log::CommandPacket packet) {
    auto valid = hub.validate(std::move(packet), from_unix_ms(now_ms));
    if (!valid) {
      ADD_FAILURE() << "refused: " << valid.error().text;
      return {Outcome{}};
    }
    auto applied = hub.sequence(std::move(*valid));
    const auto stored = log::encode_record(applied.record);
    records.push_back(stored);
    const auto read_back = log::decode_record(stored);
    EXPECT_TRUE(read_back.has_value());
    const auto outcomes = other.apply(*read_back);
    if (!outcomes) {
      ADD_FAILURE() << outcomes.error().message;
      return applied.outcomes;
    }
    EXPECT_EQ(*outcomes, applied.outcomes);
    EXPECT_EQ(other.state_hash(), hub.state_hash());
    return applied.outcomes;
  }

  std::vector<Outcome> send_all(const TestAuthor& author, std::vector<fb::CommandUnion> commands,
                                Writing writing = {}) {
    const auto count = static_cast<std::uint16_t>(commands.size());
    return sequence(sign(author, pack(std::move(commands)), count, writing));
  }
  Outcome send(const TestAuthor& author, fb::CommandUnion one, Writing writing = {}) {
    std::vector<fb::CommandUnion> commands;
    commands.push_back(std::move(one));
    return send_all(author, std::move(commands), writing).front();
  }
  /// The refusal of a packet with this one command, which must be refused.
  log::RefusalCode refusal(const TestAuthor& author, fb::CommandUnion one) {
    std::vector<fb::CommandUnion> commands;
    commands.push_back(std::move(one));
    const auto valid = hub.validate(sign(author, pack(std::move(commands)), 1), from_unix_ms(now_ms));
    EXPECT_FALSE(valid.has_value());
    if (valid) return log::RefusalCode::none;
    EXPECT_FALSE(valid.error().text.empty());
    return valid.error().code;
  }

  fb::CommandUnion join_command(const TestAuthor& author, log::InviteTerms terms, std::uint8_t invite_fill = 100) {
    crypto::Seed seed;
    seed.bytes.fill(invite_fill);
    const auto invite = log::make_invite(hub.room(), terms, opener.key(), seed);
    fb::JoinRoomT join;
    join.display_name = "somebody";
    join.invite = std::make_unique<fb::InviteT>();
    join.invite->key = std::make_unique<fb::Bytes32>(wire::to_fb32(invite.key));
    join.invite->role = invite.role;
    join.invite->expires_at_ms = to_unix_ms(invite.expires_at);
    join.invite->uses_max = invite.uses_max;
    join.invite->issuer = std::make_unique<fb::Bytes32>(wire::to_fb32(invite.issuer));
    join.invite->signature = std::make_unique<fb::Bytes64>(wire::signature_to_fb(invite.signature));
    join.proof = std::make_unique<fb::Bytes64>(wire::signature_to_fb(log::prove_invite(hub.room(), author.id(), seed)));
    return command(std::move(join));
  }
  AuthorSlot join(const TestAuthor& author, log::Role role = log::Role::editor) {
    log::InviteTerms terms;
    terms.role = role;
    EXPECT_EQ(send(author, join_command(author, terms)).status, OutcomeStatus::applied);
    return hub.members().find(author.id())->slot;
  }

  /// Makes an entity and returns its id.
  ObjectId create(TestAuthor& author, ObjectId parent = kNoObject, const std::string& name = "thing") {
    const auto id = author.mint(hub.members().find(author.id())->slot);
    EXPECT_EQ(send(author, create_command({{id, parent}}, name)).status, OutcomeStatus::applied);
    return id;
  }

  static fb::CommandUnion create_command(const std::vector<std::pair<ObjectId, ObjectId>>& ids_and_parents,
                                         const std::string& name = "thing") {
    fb::CreateEntitiesT create;
    for (const auto& [id, parent] : ids_and_parents) {
      auto entity = std::make_unique<fb::EntityDescriptionT>();
      entity->id = id.value();
      entity->parent = parent.value();
      entity->name = name;
      entity->transform = std::make_unique<fb::Transform>(to_fb(scene::Transform{}));
      create.entities.push_back(std::move(entity));
    }
    return command(std::move(create));
  }

  static fb::CommandUnion move_to(ObjectId entity, float x) {
    fb::SetTransformT set;
    set.targets = {entity.value()};
    scene::Transform transform;
    transform.position.x = x;
    set.transforms = {to_fb(transform)};
    return command(std::move(set));
  }
  static fb::CommandUnion translate(ObjectId entity, float x) {
    fb::TranslateByT by;
    by.targets = {entity.value()};
    by.offset = std::make_unique<fb::Vec3>(x, 0.0F, 0.0F);
    return command(std::move(by));
  }
  static fb::CommandUnion rename(ObjectId entity, const std::string& name) {
    fb::RenameEntityT set;
    set.target = entity.value();
    set.name = name;
    return command(std::move(set));
  }
  static fb::CommandUnion remove(const std::vector<ObjectId>& entities) {
    fb::DeleteEntitiesT gone;
    for (const auto entity : entities) gone.targets.push_back(entity.value());
    return command(std::move(gone));
  }
  static fb::CommandUnion reparent(ObjectId entity, ObjectId parent, ObjectId before = kNoObject) {
    fb::ReparentEntitiesT move;
    move.targets = {entity.value()};
    move.parent = parent.value();
    move.before = before.value();
    return command(std::move(move));
  }
  static fb::CommandUnion tags(ObjectId entity, std::vector<std::string> add, std::vector<std::string> gone = {}) {
    fb::ChangeTagsT change;
    change.targets = {entity.value()};
    change.add = std::move(add);
    change.remove = std::move(gone);
    return command(std::move(change));
  }
  static fb::CommandUnion undo(std::uint64_t nonce, std::uint16_t index = 0) {
    fb::UndoT back;
    back.first = std::make_unique<fb::CommandRef>(nonce, index);
    back.last = std::make_unique<fb::CommandRef>(nonce, index);
    return command(std::move(back));
  }
  static fb::CommandUnion redo(std::uint64_t nonce, std::uint16_t index = 0) {
    fb::RedoT again;
    again.first = std::make_unique<fb::CommandRef>(nonce, index);
    again.last = std::make_unique<fb::CommandRef>(nonce, index);
    return command(std::move(again));
  }
  static fb::CommandUnion policy(fb::ConflictStrategy strategy) {
    fb::SetPolicyT set;
    set.any_component = true;
    set.strategy = strategy;
    return command(std::move(set));
  }

  [[nodiscard]] std::uint64_t nonce_of(const TestAuthor& author) const {
    return hub.members().find(author.id())->nonce.value();
  }
  [[nodiscard]] float x_of(ObjectId entity) const {
    const auto* transform = hub.scene().transform(entity);
    return transform ? transform->position.x : 0;
  }

  Replica hub;
  Replica other;
  TestAuthor opener;
  std::uint64_t now_ms = 1'700'000'000'000;
  std::vector<Bytes> records;
};

}  // namespace theta::replica::testing

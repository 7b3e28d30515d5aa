#include "theta/wire/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "theta/base/hex.h"
#include "theta/base/limits.h"
#include "wire/sample_messages.h"

namespace theta::wire {
namespace {

using samples::finished;
using samples::pack;
using samples::payload_of;
using ::testing::HasSubstr;

TEST(VerifiedPayload, TakesWhatTheBuilderWrote) {
  const Bytes bytes = pack(payload_of(samples::set_transform({7, 8})));
  const auto* payload = verified_payload(bytes);
  ASSERT_NE(payload, nullptr);
  EXPECT_EQ(payload->commands()->size(), 1U);
}

TEST(VerifiedPayload, RefusesEveryTruncation) {
  const Bytes bytes = pack(payload_of(samples::set_transform({7})));
  for (std::size_t size = 0; size + 1 < bytes.size(); ++size) {
    const Bytes cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    // The last bytes may be padding that nothing refers to; what is accepted must still be readable.
    if (const auto* payload = verified_payload(cut)) {
      EXPECT_GT(size + 8, bytes.size());
      EXPECT_EQ(payload->commands()->size(), 1U);
    }
  }
}

TEST(VerifiedPayload, RefusesMoreThanTheCap) {
  fb::SetAppComponentT command;
  command.targets = {1};
  command.component = 1;
  command.value.resize(limits::kPayloadBytesMax);
  EXPECT_EQ(verified_payload(pack(payload_of(std::move(command)))), nullptr);
}

TEST(VerifiedPayload, RefusesBytesThatAreNotAlignedAndTakesTheirAlignedCopy) {
  const Bytes bytes = pack(payload_of(samples::set_transform({7})));
  Bytes frame(1);
  frame.insert(frame.end(), bytes.begin(), bytes.end());
  const ByteView inside = ByteView(frame).subspan(1);
  EXPECT_EQ(verified_payload(inside), nullptr);
  const AlignedBytes aligned(inside);
  EXPECT_NE(verified_payload(aligned.view()), nullptr);
}

TEST(AlignedBytes, BorrowsWhatIsAligned) {
  const Bytes bytes(16);
  const AlignedBytes aligned(bytes);
  EXPECT_EQ(aligned.view().data(), bytes.data());
}

// One list of strings, named by every entity: short to send, long to walk.
TEST(VerifiedPayload, RefusesAListOfStringsThatManyEntitiesShare) {
  const auto build = [](std::size_t entity_count, std::size_t tag_count) {
    flatbuffers::FlatBufferBuilder builder;
    const std::vector<flatbuffers::Offset<flatbuffers::String>> tags(tag_count, builder.CreateString("a"));
    const auto shared_tags = builder.CreateVector(tags);
    std::vector<flatbuffers::Offset<fb::EntityDescription>> entities;
    for (std::size_t id = 1; id <= entity_count; ++id) {
      fb::EntityDescriptionBuilder entity(builder);
      entity.add_id(id);
      entity.add_tags(shared_tags);
      entities.push_back(entity.Finish());
    }
    const auto command = fb::CreateCreateEntities(builder, builder.CreateVector(entities));
    const auto types = builder.CreateVector(std::vector{fb::Command::CreateEntities});
    const auto commands = builder.CreateVector(std::vector{command.Union()});
    builder.Finish(fb::CreateCommandPayload(builder, types, commands));
    return finished(builder);
  };
  EXPECT_NE(verified_payload(build(10, 5)), nullptr);
  EXPECT_EQ(verified_payload(build(1000, 1000)), nullptr);
}

TEST(VerifiedPayload, RefusesATableThatIsNamedTooOften) {
  const auto build = [](std::size_t count) {
    flatbuffers::FlatBufferBuilder builder;
    const auto command = fb::CreateDeactivateTool(builder);
    const auto types = builder.CreateVector(std::vector(count, fb::Command::DeactivateTool));
    const auto commands = builder.CreateVector(std::vector(count, command.Union()));
    builder.Finish(fb::CreateCommandPayload(builder, types, commands));
    return finished(builder);
  };
  EXPECT_NE(verified_payload(build(4)), nullptr);
  EXPECT_EQ(verified_payload(build(5000)), nullptr);
}

TEST(VerifiedPayload, RefusesListsOfDifferentLengthForTypesAndCommands) {
  flatbuffers::FlatBufferBuilder builder;
  const auto command = fb::CreateDeactivateTool(builder);
  const auto types = builder.CreateVector(std::vector(2, fb::Command::DeactivateTool));
  const auto commands = builder.CreateVector(std::vector{command.Union()});
  builder.Finish(fb::CreateCommandPayload(builder, types, commands));
  EXPECT_EQ(verified_payload(finished(builder)), nullptr);
}

TEST(VerifiedPayload, RefusesListsOfIdsThatAreNotAligned) {
  const Bytes good = pack(payload_of(samples::set_transform({0x1122334455667788, 0x1122334455667788})));
  ASSERT_NE(verified_payload(good), nullptr);
  // Claims the list of ids four bytes further on: still inside the buffer, but misaligned.
  const auto* payload = flatbuffers::GetRoot<fb::CommandPayload>(good.data());
  const auto* command = static_cast<const fb::SetTransform*>(payload->commands()->Get(0));
  const auto* table = reinterpret_cast<const flatbuffers::Table*>(command);
  const auto at = static_cast<std::size_t>(reinterpret_cast<const std::uint8_t*>(command) - good.data()) +
                  table->GetOptionalFieldOffset(fb::SetTransform::VT_TARGETS);
  const auto list_at = at + flatbuffers::ReadScalar<flatbuffers::uoffset_t>(good.data() + at);
  Bytes moved = good;
  flatbuffers::WriteScalar<flatbuffers::uoffset_t>(moved.data() + at,
                                                   static_cast<flatbuffers::uoffset_t>(list_at + 4 - at));
  flatbuffers::WriteScalar<flatbuffers::uoffset_t>(moved.data() + list_at + 4, 1);
  EXPECT_EQ(verified_payload(moved), nullptr);
}

TEST(VerifiedMessage, WantsTheIdentifier) {
  fb::NoticeT notice;
  notice.text = "hello";
  Bytes bytes = samples::pack_message(std::move(notice));
  ASSERT_NE(verified_message(bytes), nullptr);
  EXPECT_NE(verified_message(bytes)->body_as_Notice(), nullptr);
  bytes[4] ^= 1;
  EXPECT_EQ(verified_message(bytes), nullptr);
}

TEST(VerifiedMessage, RefusesAMissingRequiredPart) {
  flatbuffers::FlatBufferBuilder builder;
  const auto start = builder.StartTable();
  const auto hello = builder.EndTable(start);
  fb::MessageBuilder message(builder);
  message.add_body_type(fb::MessageBody::HubHello);
  message.add_body(flatbuffers::Offset<void>(hello));
  fb::FinishMessageBuffer(builder, message.Finish());
  EXPECT_EQ(verified_message(finished(builder)), nullptr);
}

TEST(VerifiedPresence, TakesABlobWithoutIdentifierUpToTheDatagramsSize) {
  fb::PresenceT presence;
  presence.dragging = {fb::DraggedTransform(5, samples::transform())};
  const auto build = [&](std::size_t app_bytes) {
    presence.app.assign(app_bytes, 1);
    flatbuffers::FlatBufferBuilder builder;
    builder.Finish(fb::Presence::Pack(builder, &presence));
    return finished(builder);
  };
  EXPECT_NE(verified_presence(build(200)), nullptr);
  EXPECT_EQ(verified_presence(build(limits::kPresenceBytesMax)), nullptr);
}

TEST(VerifiedSnapshot, RefusesAnotherKindOfBuffer) {
  EXPECT_EQ(verified_snapshot(pack(payload_of(samples::set_transform({1})))), nullptr);
}

TEST(VersionMismatch, IsSilentWhenBothSidesAgree) {
  EXPECT_EQ(version_mismatch(own_version(), own_version()), std::nullopt);
}

TEST(VersionMismatch, SaysWhichSideIsOlder) {
  PeerVersion newer = own_version();
  newer.protocol_version += 1;
  EXPECT_THAT(version_mismatch(own_version(), newer).value_or(""), HasSubstr("this side is older"));
  EXPECT_THAT(version_mismatch(newer, own_version()).value_or(""), HasSubstr("the other side is older"));
  newer = own_version();
  newer.schema_revision += 1;
  EXPECT_THAT(version_mismatch(own_version(), newer).value_or(""), HasSubstr("schema revisions"));
}

TEST(VersionMismatch, TellsEqualRevisionsWithDifferentSchemasApart) {
  PeerVersion other = own_version();
  other.schema_hash.bytes[0] ^= 1;
  EXPECT_THAT(version_mismatch(own_version(), other).value_or(""), HasSubstr("unreleased build"));
}

TEST(SchemaHash, ChangesTogetherWithTheRevision) {
  // Peers tell by the revision which of them is older, and by the hash that they differ at all.
  const std::pair<std::uint32_t, std::string> pinned(
      4, "3ef068810f8c1789b73994b54685ed33668e703634180d39f5e1f28384aaeb28");
  EXPECT_EQ(std::make_pair(kSchemaRevision, to_hex(schema_hash().view())), pinned)
      << "schema/*.fbs have changed. Check the change against docs/format.md, \"Evolution\"; raise kSchemaRevision in "
         "theta/wire/schema.h by one (once for all changes of a release); then pin the new pair here.";
}

TEST(Conversions, KeepEveryByte) {
  AuthorKey key;
  Signature signature;
  for (std::size_t at = 0; at < 32; ++at) key.bytes[at] = static_cast<std::uint8_t>(at);
  for (std::size_t at = 0; at < 64; ++at) signature.bytes[at] = static_cast<std::uint8_t>(200 - at);
  EXPECT_EQ(from_fb<AuthorKey>(to_fb32(key)), key);
  EXPECT_EQ(signature_from_fb(signature_to_fb(signature)), signature);
}

}  // namespace
}  // namespace theta::wire

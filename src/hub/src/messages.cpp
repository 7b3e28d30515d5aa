#include "messages.h"

#include <algorithm>

namespace theta::hub::messages {
namespace {

namespace fb = wire::fb;
using flatbuffers::FlatBufferBuilder;

template <class Table>
SharedBytes finish(FlatBufferBuilder& builder, flatbuffers::Offset<Table> body) {
  const auto message = fb::CreateMessage(builder, fb::MessageBodyTraits<Table>::enum_value, body.Union());
  fb::FinishMessageBuffer(builder, message);
  return SharedBytes(Bytes(builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()));
}

flatbuffers::Offset<flatbuffers::String> text_of(FlatBufferBuilder& builder, std::string_view text) {
  return builder.CreateString(text.data(), text.size());
}

flatbuffers::Offset<fb::Checkpoint> put_checkpoint(FlatBufferBuilder& builder, const log::Checkpoint& checkpoint) {
  const auto room = wire::to_fb32(checkpoint.room);
  const auto record_hash = wire::to_fb32(checkpoint.record_hash);
  const auto state_hash = wire::to_fb32(checkpoint.state_hash);
  const auto snapshot_hash = wire::to_fb32(checkpoint.snapshot_hash);
  const auto hub = wire::to_fb32(checkpoint.hub);
  const auto signature = wire::signature_to_fb(checkpoint.signature);
  return fb::CreateCheckpoint(builder, &room, checkpoint.seq.value(), &record_hash, &state_hash,
                              checkpoint.snapshot_hash.is_zero() ? nullptr : &snapshot_hash, &hub, &signature);
}

}  // namespace

SharedBytes hub_hello(const HubKey& hub, const Hash256& challenge) {
  FlatBufferBuilder builder(256);
  const auto own = wire::own_version();
  const auto schema_hash = wire::to_fb32(own.schema_hash);
  const auto hub_key = wire::to_fb32(hub);
  const auto challenge_bytes = wire::to_fb32(challenge);
  const auto software = text_of(builder, "theta");
  return finish(builder, fb::CreateHubHello(builder, own.protocol_version, own.schema_revision, &schema_hash, &hub_key,
                                            &challenge_bytes, software));
}

SharedBytes welcome(WallTime hub_time, const log::CommandLogConfig& config, std::string_view page) {
  FlatBufferBuilder builder(96 + page.size());
  const auto presence_hz = static_cast<std::uint16_t>(std::clamp(config.presence.per_second, 1.0, 1000.0));
  flatbuffers::Offset<flatbuffers::String> page_text;
  if (!page.empty()) page_text = text_of(builder, page);
  return finish(builder,
                fb::CreateWelcome(builder, to_unix_ms(hub_time), presence_hz, static_cast<float>(config.commands.burst),
                                  static_cast<float>(config.commands.per_second), page_text));
}

SharedBytes checkpoint(const log::Checkpoint& checkpoint) {
  FlatBufferBuilder builder(384);
  return finish(builder, put_checkpoint(builder, checkpoint));
}

SharedBytes room_opened(const RoomId& room) {
  FlatBufferBuilder builder(96);
  const auto id = wire::to_fb32(room);
  return finish(builder, fb::CreateRoomOpened(builder, &id));
}

SharedBytes notice(fb::NoticeKind kind, std::string_view text) {
  FlatBufferBuilder builder(256);
  const auto sentence = text_of(builder, text);
  return finish(builder, fb::CreateNotice(builder, kind, sentence));
}

SharedBytes attached(const AttachedFields& fields) {
  FlatBufferBuilder builder(512);
  const auto room = wire::to_fb32(fields.room);
  flatbuffers::Offset<fb::Checkpoint> snapshot;
  if (fields.snapshot != nullptr) snapshot = put_checkpoint(builder, *fields.snapshot);
  return finish(builder, fb::CreateAttached(builder, &room, fields.role, fields.slot.value(), fields.session,
                                            fields.nonce.value(), fields.head.value(), fields.from.value(), snapshot,
                                            fields.snapshot_bytes));
}

SharedBytes request_refused(const RequestRefusedFields& fields) {
  FlatBufferBuilder builder(256);
  const auto sentence = text_of(builder, fields.text);
  return finish(builder,
                fb::CreateRequestRefused(builder, fields.code, sentence, fields.retry_after_ms, fields.request));
}

SharedBytes session_info(const SessionInfoFields& fields) {
  FlatBufferBuilder builder(128);
  const auto author = wire::to_fb32(fields.author);
  return finish(builder,
                fb::CreateSessionInfo(builder, fields.session, &author, fields.slot.value(), fields.connected));
}

SharedBytes snapshot_chunk(Seq seq, std::uint64_t offset, ByteView bytes) {
  FlatBufferBuilder builder(bytes.size() + 128);
  const auto content = builder.CreateVector(bytes.data(), bytes.size());
  return finish(builder, fb::CreateSnapshotChunk(builder, seq.value(), offset, content));
}

SharedBytes asset_state(const AssetFields& fields) {
  FlatBufferBuilder builder(128);
  const auto asset = wire::to_fb32(fields.asset);
  return finish(builder, fb::CreateAssetState(builder, fields.request, &asset, fields.total_bytes, fields.position));
}

SharedBytes asset_chunk(const AssetFields& fields, ByteView bytes) {
  FlatBufferBuilder builder(bytes.size() + 256);
  const auto asset = wire::to_fb32(fields.asset);
  const auto content = builder.CreateVector(bytes.data(), bytes.size());
  return finish(builder,
                fb::CreateAssetChunk(builder, fields.request, &asset, fields.total_bytes, fields.position, content));
}

SharedBytes log_range(std::uint32_t request, Seq head, ByteView records) {
  FlatBufferBuilder builder(records.size() + 128);
  const auto content = builder.CreateVector(records.data(), records.size());
  return finish(builder, fb::CreateLogRange(builder, request, head.value(), content));
}

SharedBytes presence_bundle(const std::vector<PresenceUpdate>& updates) {
  FlatBufferBuilder builder(limits::kPresenceBytesMax);
  std::vector<flatbuffers::Offset<fb::PresenceBlob>> blobs;
  blobs.reserve(updates.size());
  for (const auto& update : updates) {
    const auto bytes = builder.CreateVector(update.bytes.data(), update.bytes.size());
    blobs.push_back(fb::CreatePresenceBlob(builder, update.session, bytes));
  }
  const auto list = builder.CreateVector(blobs);
  return finish(builder, fb::CreatePresenceBundle(builder, list));
}

}  // namespace theta::hub::messages

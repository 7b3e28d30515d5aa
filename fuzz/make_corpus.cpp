// Writes the checked-in corpora: small, sound examples of everything that the fuzz targets read, from which the fuzzer
// goes astray on its own.
//
// usage: fuzz_make_corpus FOLDER

#include <filesystem>
#include <fstream>
#include <iostream>

#include "log/samples.h"
#include "theta/log/checkpoint.h"
#include "theta/log/invite.h"
#include "theta/wire/commands_lane.h"
#include "theta/wire/compression.h"

namespace theta {
namespace {

namespace fb = wire::fb;
namespace samples = log::samples;

std::filesystem::path folder;

void write(const std::string& target, const std::string& name, ByteView bytes) {
  const auto path = folder / target / name;
  std::filesystem::create_directories(path.parent_path());
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

fb::CreateEntitiesT two_entities() {
  fb::CreateEntitiesT command;
  for (std::uint64_t id = 1; id <= 2; ++id) {
    auto entity = std::make_unique<fb::EntityDescriptionT>();
    entity->id = id;
    entity->parent = id - 1;
    entity->name = "Chair";
    entity->transform = std::make_unique<fb::Transform>(wire::samples::transform());
    entity->mesh = std::make_unique<fb::Bytes32>(wire::to_fb32(samples::filled<AssetId>(7)));
    entity->material = std::make_unique<fb::MaterialT>();
    entity->material->base_color = {1, 0.5F, 0, 1};
    entity->tags = {"red", "old"};
    entity->light = std::make_unique<fb::Light>();
    entity->apps.push_back(std::make_unique<fb::AppComponentT>());
    entity->apps.back()->component = 9;
    entity->apps.back()->value = {1, 2, 3};
    command.entities.push_back(std::move(entity));
  }
  return command;
}

void write_payloads() {
  const auto payload = [](const char* name, const auto&... commands) {
    write("payload", name, samples::pack(samples::payload_of(commands...)));
  };
  payload("create", two_entities());
  payload("set_transform", samples::set_transform({1, 2}));
  fb::ChangeTagsT tags;
  tags.targets = {1};
  tags.add = {"new"};
  tags.remove = {"old"};
  fb::HighlightSelectionT highlight;
  highlight.add = {1, 2};
  fb::DuplicateEntitiesT duplicate;
  duplicate.targets = {1};
  duplicate.first_id = 50;
  duplicate.id_count = 10;
  payload("several", tags, highlight, duplicate, fb::DeactivateToolT());
  fb::UndoT undo;
  undo.first = std::make_unique<fb::CommandRef>(1, 0);
  undo.last = std::make_unique<fb::CommandRef>(2, 3);
  payload("undo", undo);
  fb::SetCameraT camera;
  camera.targets = {3};
  camera.camera = std::make_unique<fb::Camera>(fb::CameraKind::perspective, 1.F, 0.F, 1.F, 1.F, 0.1F, 0.F);
  payload("camera", camera);
}

void write_messages() {
  fb::NoticeT notice;
  notice.text = "hello";
  write("message", "notice", wire::samples::pack_message(notice));
  fb::AttachT attach;
  attach.room = std::make_unique<fb::Bytes32>();
  attach.join = {1, 2, 3};
  write("message", "attach", wire::samples::pack_message(attach));
  fb::PresenceT presence;
  presence.view = std::make_unique<fb::Pose>(fb::Vec3(), fb::Quat(0, 0, 0, 1));
  presence.dragging = {fb::DraggedTransform(5, wire::samples::transform())};
  presence.app = {1, 2};
  write("message", "presence", wire::samples::pack_message(presence));
  flatbuffers::FlatBufferBuilder builder;
  builder.Finish(fb::Presence::Pack(builder, &presence));
  write("presence", "presence", wire::samples::finished(builder));
}

void write_snapshot() {
  fb::SnapshotT snapshot;
  snapshot.room = std::make_unique<fb::Bytes32>();
  snapshot.record_hash = std::make_unique<fb::Bytes32>();
  snapshot.state_hash = std::make_unique<fb::Bytes32>();
  snapshot.entities = {1, 2};
  snapshot.existence.resize(2);
  snapshot.parents.resize(2);
  snapshot.names = std::make_unique<fb::NameColumnT>();
  snapshot.names->rows = {0};
  snapshot.names->versions.resize(1);
  snapshot.names->values = {"Chair"};
  snapshot.authors.push_back(std::make_unique<fb::AuthorStateT>());
  snapshot.authors.back()->key = std::make_unique<fb::Bytes32>();
  snapshot.authors.back()->head = std::make_unique<fb::Bytes32>();
  snapshot.authors.back()->selection = {1};
  flatbuffers::FlatBufferBuilder builder;
  fb::FinishSnapshotBuffer(builder, fb::Snapshot::Pack(builder, &snapshot));
  write("snapshot", "room", wire::samples::finished(builder));
}

void write_log() {
  auto record = samples::record(1000);
  const Bytes stored = log::encode_record(record);
  const Bytes compact = log::compact_record(record, AuthorSlot{4});
  write("record", "record", stored);
  write("record", "archived", log::archive_record(stored));
  write("record_compact", "by_slot", compact);
  write("record_compact", "by_key", log::compact_record(record, kNoSlot));
  write("lane_message", "records", wire::encode(wire::Records{Seq{7}, {compact, compact}}));
  write("lane_message", "submit", wire::encode(wire::Submit{log::compact_packet(record.packet)}));
  const Bytes long_packet(2000, 1);
  write("lane_message", "compressed", wire::encode(wire::Submit{long_packet}));
  write("lane_message", "refusal",
        wire::encode(wire::Refusal{Nonce{3}, fb::RefusalCode::rate_limited, 100, Nonce{3}, "Too fast."}));
  write("compression", "frame", wire::compress(Bytes(300, 5)));
  log::EquivocationProof proof{samples::packet(), samples::packet()};
  auto header = samples::header();
  header.stamp = Stamp{1};
  proof.second = log::sign_packet(header, Bytes{1}, samples::key(1));
  samples::archive(record.packet);
  write("record_compact", "archived", log::compact_record(record, AuthorSlot{4}));
  write("equivocation", "proof", log::encode_equivocation(proof));
  write("equivocation", "checkpoint", log::encode_checkpoint(log::sign_checkpoint({}, samples::key(9))));
}

void write_links() {
  log::RoomLink link;
  link.host = "hub.example.org";
  link.port = 4433;
  write("room_link", "member", as_bytes(log::to_string(link)));
  link.host = "::1";
  link.ticket =
      log::RoomLink::Ticket{log::make_invite(link.room, {}, samples::key(1), samples::seed(2)), samples::seed(2)};
  write("room_link", "invite", as_bytes(log::to_string(link)));
}

}  // namespace
}  // namespace theta

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: fuzz_make_corpus FOLDER\n";
    return 2;
  }
  theta::folder = argv[1];
  theta::write_payloads();
  theta::write_messages();
  theta::write_snapshot();
  theta::write_log();
  theta::write_links();
  return 0;
}

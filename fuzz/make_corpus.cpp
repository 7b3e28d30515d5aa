// Writes the corpora that the fuzz targets begin with: small, sound examples of everything that they read, from which
// the fuzzer goes astray on its own. Made from the code as it is, so no change of a format leaves stale ones behind.
//
// usage: fuzz_make_corpus FOLDER

#include <filesystem>
#include <fstream>
#include <iostream>

#include "interchange/sample_gltf.h"
#include "offline.h"
#include "quic_lanes.h"
#include "rtc_channels.h"
#include "theta/log/checkpoint.h"
#include "theta/log/invite.h"
#include "theta/transport/quic_engine.h"
#include "theta/transport/rtc_signalling.h"
#include "theta/transport/sealed_channel.h"
#include "theta/wire/commands_lane.h"
#include "theta/wire/compression.h"
#include "transport/stun_request.h"

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

void write_http_fields() {
  write("http_fields", "target", as_bytes("/assets/index%2DB6f3xQ2a.js?x=1"));
  write("http_fields", "absolute", as_bytes("http://hub.example:4480/r/room"));
  write("http_fields", "encodings", as_bytes("gzip, deflate;q=0.5, br;q=0, *"));
  write("http_fields", "tags", as_bytes("\"abc\", W/\"def\"\n\"def\""));
  write("http_fields", "origin", as_bytes("https://[::1]:4480\n[::1]:4480"));
}

void write_sealed_channel() {
  crypto::Seed seed;
  const auto hub_key = crypto::KeyPair::from_seed(seed);
  const transport::SealedClient client(seed, hub_key.public_key<HubKey>());
  const auto hub = transport::SealedHub::accept(hub_key, seed, client.hello());
  auto established = client.establish(hub->answer());
  write("sealed_channel", "hello", client.hello());
  write("sealed_channel", "answer", hub->answer());
  write("sealed_channel", "finish", established->finish);
  write("sealed_channel", "message", established->channel.seal(transport::Lane::control, as_bytes("hello")));
}

void write_payloads() {
  const auto payload = [](const char* name, const auto&... commands) {
    const Bytes bytes = samples::pack(samples::payload_of(commands...));
    write("payload", name, bytes);
    write("apply", name, bytes);
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
  write("checkpoint", "checkpoint", log::encode_checkpoint(log::sign_checkpoint({}, samples::key(9))));
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

template <class... Parts>
Bytes joined(const Parts&... parts) {
  Bytes bytes;
  (bytes.insert(bytes.end(), parts.begin(), parts.end()), ...);
  return bytes;
}

void write_streams() {
  struct Stream {
    const char* name;
    transport::Lane lane;
    std::size_t message_bytes;
  };
  for (const auto& [name, lane, message_bytes] :
       {Stream{"control", transport::Lane::control, 20}, Stream{"commands", transport::Lane::commands, 200},
        Stream{"bulk", transport::Lane::bulk, 3000}}) {
    transport::LaneSender sender;
    sender.push_preface(transport::lane_preface(lane));
    for (int count = 0; count < 2; ++count) sender.push_message(SharedBytes(Bytes(message_bytes, 7)));
    // The lane with the preface's bit, and the size of the pieces it arrives in.
    Bytes stream{static_cast<std::uint8_t>(0x80 | static_cast<int>(lane)), 63};
    std::array<ngtcp2_vec, 16> parts;
    while (sender.has_unsent()) {
      const auto count = sender.peek(parts);
      std::size_t bytes = 0;
      for (std::size_t at = 0; at < count; ++at) {
        stream.insert(stream.end(), parts[at].base, parts[at].base + parts[at].len);
        bytes += parts[at].len;
      }
      sender.mark_sent(bytes);
    }
    write("lane_receiver", name, stream);
  }
}

/// Keeps what an engine sends as the targets read it: every datagram behind its size.
struct Recorder final : transport::DatagramSender, transport::EventSink {
  Bytes datagrams;
  void send(const transport::DatagramBurst& burst) override {
    for (std::size_t at = 0; at < burst.bytes.size(); at += burst.segment_bytes) {
      const auto piece = burst.bytes.subspan(at, std::min(burst.segment_bytes, burst.bytes.size() - at));
      ByteWriter out(datagrams);
      out.put(static_cast<std::uint16_t>(piece.size()));
      out.put_bytes(piece);
    }
  }
  [[nodiscard]] bool can_send() const override { return true; }
  void on_event(const transport::Event&) override {}
};

void write_datagrams() {
  Recorder recorder;
  const auto local = transport::SocketAddress::ipv4({127, 0, 0, 2}, 999);
  const auto client = transport::QuicEngine::create({}, recorder, recorder, local);
  const MonotonicTime now{std::chrono::hours{1}};
  (*client)->connect(transport::SocketAddress::ipv4({127, 0, 0, 1}, 4433), {}, now);
  (*client)->flush(now);
  write("quic_datagram", "initial", recorder.datagrams);
  // A version that nobody speaks asks for a negotiation; a short header without its connection, for a reset.
  auto version = recorder.datagrams;
  version[2 + 1] = 0x1a;
  write("quic_datagram", "other_version", version);
  Bytes short_header(2 + 60, 0x41);
  short_header[0] = 60;
  short_header[1] = 0;
  write("quic_datagram", "short_header", joined(short_header, recorder.datagrams));
}

void write_local_state() {
  fuzz::Disk disk;
  disk.stored.state = fuzz::received_state();
  {
    fuzz::OfflineSession offline(disk);
    auto& session = offline.session;
    THETA_CHECK(session.restore().has_value());
    const auto made = session.create_entities({client::NewEntity{.name = "box"}});
    THETA_CHECK(made && session.submit(client::commands::rename(made->ids.front(), "crate")) && session.undo());
  }
  client::Journal journal(&disk);
  journal.signed_packet(fuzz::next_packet(fuzz::room(), samples::pack(samples::payload_of(two_entities())), 1));
  journal.unsigned_from(Nonce{4}, true);
  journal.record(samples::record());
  const auto state = ByteView(disk.stored.state).first(disk.stored.state.size() - Hash256::kSize);
  Bytes bytes;
  ByteWriter out(bytes);
  out.put(static_cast<std::uint32_t>(state.size()));
  out.put_bytes(state);
  write("client_state", "received", bytes);
  ByteReader entries(disk.stored.journal);
  while (entries.remaining() > 0) {
    const auto entry = entries.get_bytes(entries.get_varint());
    static_cast<void>(entries.get_bytes(8));
    out.put(static_cast<std::uint16_t>(entry.size()));
    out.put_bytes(entry);
  }
  write("client_state", "with_journal", bytes);
}

void write_join_lines() {
  const auto line = [](const char* name, std::string_view text) { write("join_line", name, as_bytes(text)); };
  line("create", R"({"command":"create_entities","name":"box","position":[0,1,0],"parent":"0:1","tags":["a"],)"
                 R"("material":{"base_color":[1,0,0,1],"metallic":0.5},"light":{"kind":"spot","color":[1,1,1]}})");
  line("create_list", R"({"command":"create_entities","entities":[{"name":"a"},{"name":"b","parent_index":0}]})");
  line("set_transform", R"({"command":"set_transform","targets":["0:2"],"position":[2,0,0],"scale":[1,2,1]})");
  line("reparent", R"({"command":"reparent_entities","targets":["0:2"],"parent":"root","before":"0:1"})");
  line("rotate", R"({"command":"rotate_by","targets":["0:2"],"rotation":[0,0,0,1],"pivot":[1,1,1]})");
  line("duplicate", R"({"command":"duplicate_entities","targets":["0:1"]})");
  line("app", R"({"command":"set_app_component","targets":["0:3"],"component":7,"value":"00ff"})");
  line("policy", R"({"command":"set_policy","entity":"0:1","component":"transform","strategy":"reject"})");
  line("role", R"({"command":"grant_role","role":"viewer","author":)"
               R"("0101010101010101010101010101010101010101010101010101010101010101"})");
  line("undo", R"({"command":"undo","tag":1})");
}

void write_webrtc() {
  namespace rtc = transport::testing;
  const std::string offer =
      "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\na=msid-semantic: WMS\r\n"
      "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:nvPo\r\n"
      "a=ice-pwd:M1ysMGuhHhzCvJoRxhaDRZYF\r\na=ice-options:trickle\r\na=fingerprint:sha-256 " +
      transport::to_sdp_text({}) +
      "\r\na=setup:actpass\r\na=mid:0\r\na=sctp-port:5000\r\na=max-message-size:262144\r\n";
  write("rtc_sdp", "chromium", as_bytes(offer));
  const auto check = rtc::stun_check("evtj:h6vY", "VOkJxbRl1RmTxUk/WvJxBt");
  write("rtc_stun", "check", check);
  Bytes datagrams;
  ByteWriter out(datagrams);
  // A check of somebody else, and the first bytes of a ClientHello.
  Bytes hello{22, 254, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 60, 1, 0, 0, 48, 0, 0, 0, 0, 0, 0, 0, 48, 254, 253};
  hello.resize(73);
  for (const auto& datagram : {check, hello, hello}) {
    out.put(static_cast<std::uint16_t>(datagram.size()));
    out.put_bytes(datagram);
  }
  write("webrtc_datagram", "strangers", datagrams);
  for (const auto lane : {transport::Lane::control, transport::Lane::presence}) {
    write("rtc_channels", "open_" + std::to_string(static_cast<int>(lane)), transport::write_channel_open(lane));
  }
  write("rtc_channels", "fragments", Bytes{3, 0, 1, 'a', 'b', 2, 0, 0, 'c', 1, 0, 0});
  Bytes heartbeat(12);
  heartbeat.insert(heartbeat.end(), {5, 0, 0, 24, 0, 1, 0, 20});
  heartbeat.resize(12 + 24);
  write("rtc_channels", "heartbeat", heartbeat);
}

void write_files() {
  const auto glb = interchange::sample_glb();
  write("gltf", "sample.glb", glb);
  const auto text = interchange::one_mesh_document({}, interchange::Json::array(), interchange::Json::array(),
                                                   interchange::Json::object())
                        .dump();
  write("gltf", "small.gltf", as_bytes(text));
  const auto scene = interchange::must_import(glb);
  for (std::size_t at = 0; at < std::min<std::size_t>(scene.assets.size(), 3); ++at)
    write("mesh_asset", std::to_string(at), scene.assets[at].bytes.view());
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
  theta::write_http_fields();
  theta::write_sealed_channel();
  theta::write_messages();
  theta::write("snapshot", "room", theta::fuzz::room_snapshot());
  theta::write_log();
  theta::write_links();
  theta::write_streams();
  theta::write_datagrams();
  theta::write_local_state();
  theta::write_join_lines();
  theta::write_files();
  theta::write_webrtc();
  return 0;
}

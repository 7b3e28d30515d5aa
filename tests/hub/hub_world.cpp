#include "hub_world.h"

#include <gtest/gtest.h>

#include "theta/crypto/hash.h"
#include "theta/log/stamp.h"

namespace theta::hub::testing {

using transport::Event;
using transport::Lane;

crypto::KeyPair key_of(std::uint8_t seed) {
  crypto::Seed bytes;
  bytes.bytes.fill(seed);
  return crypto::KeyPair::from_seed(bytes);
}

Bytes payload_of(std::vector<fb::CommandUnion> commands) {
  fb::CommandPayloadT payload;
  payload.commands = std::move(commands);
  flatbuffers::FlatBufferBuilder builder;
  builder.Finish(fb::CommandPayload::Pack(builder, &payload));
  return Bytes(builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize());
}

fb::CreateEntitiesT create_entities(AuthorSlot slot, std::uint64_t first_counter, std::size_t count) {
  fb::CreateEntitiesT command;
  for (std::size_t index = 0; index < count; ++index) {
    auto entity = std::make_unique<fb::EntityDescriptionT>();
    entity->id = make_object_id(slot, first_counter + index).value();
    entity->name = "entity";
    command.entities.push_back(std::move(entity));
  }
  return command;
}

fb::RenameEntityT rename(ObjectId target, const std::string& name) {
  fb::RenameEntityT command;
  command.target = target.value();
  command.name = name;
  return command;
}

SharedBytes message_of(fb::MessageBodyUnion body) {
  fb::MessageT message;
  message.body = std::move(body);
  flatbuffers::FlatBufferBuilder builder;
  fb::FinishMessageBuffer(builder, fb::Message::Pack(builder, &message));
  return SharedBytes(Bytes(builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()));
}

// ---- ScriptedPeer -------------------------------------------------------------------------------------------------

ScriptedPeer::ScriptedPeer(HubWorld& world, std::uint8_t key_seed)
    : key(key_of(key_seed)), author(key.public_key<AuthorKey>()), world_(world) {}

void ScriptedPeer::connect() {
  closed.reset();
  is_connected = false;
  hub = endpoint->connect(*world_.hub_endpoint);
}

void ScriptedPeer::log_in(std::optional<transport::ChannelBinding> binding) {
  const auto* hello = last<fb::HubHelloT>();
  ASSERT_NE(hello, nullptr);
  Bytes signed_bytes;
  const auto bound = binding.value_or(info.binding);
  const auto hub_key = wire::from_fb<HubKey>(*hello->hub);
  const auto challenge = wire::from_fb<Hash256>(*hello->challenge);
  for (const auto part : {bound.view(), hub_key.view(), challenge.view()})
    signed_bytes.insert(signed_bytes.end(), part.begin(), part.end());
  fb::LoginT login;
  login.protocol_version = wire::own_version().protocol_version;
  login.schema_revision = wire::own_version().schema_revision;
  login.schema_hash = boxed(wire::own_version().schema_hash);
  login.author = boxed(author);
  login.signature = std::make_unique<fb::Bytes64>(wire::signature_to_fb(key.sign("theta/login/v1", signed_bytes)));
  send_control(message_of(std::move(login)));
}

void ScriptedPeer::attach(const RoomId& room, AttachOptions options) {
  fb::AttachT attach;
  attach.request = 7;
  attach.room = boxed(room);
  attach.writer = options.writer;
  attach.join = std::move(options.join);
  if (options.resume) {
    attach.have_seq = replica.head().value();
    attach.have_record_hash = boxed(options.claimed_hash.value_or(replica.record_hash()));
  }
  send_control(message_of(std::move(attach)));
}

void ScriptedPeer::detach() {
  fb::DetachT detach;
  detach.room = boxed(replica.room());
  send_control(message_of(std::move(detach)));
}

void ScriptedPeer::send(Lane lane, const SharedBytes& message) {
  EXPECT_EQ(endpoint->send(hub, lane, message), transport::SendResult::queued);
}

void ScriptedPeer::close() { endpoint->close(hub, transport::CloseReason::none, "done"); }

log::CommandPacket ScriptedPeer::make_packet(Bytes payload, Nonce nonce, const Hash256& prev) const {
  log::PacketHeader header;
  header.protocol_version = wire::kProtocolVersion;
  const auto* verified = wire::verified_payload(payload);
  header.command_count = verified != nullptr ? static_cast<std::uint16_t>(verified->commands_type()->size()) : 1;
  header.room = replica.room();
  header.author = author;
  header.nonce = nonce;
  header.prev = prev;
  header.base_seq = replica.head();
  log::HybridClock clock;
  clock.observe(replica.latest_stamp());
  header.stamp = Stamp{clock.next(world_.now().wall).value() + nonce.value()};
  return log::sign_packet(header, std::move(payload), key);
}

log::CommandPacket ScriptedPeer::submit(Bytes payload) {
  if (nonce_.value() == 0) reset_chain();
  const Nonce next{nonce_.value() + 1};
  auto packet = make_packet(std::move(payload), next, chain_head_);
  nonce_ = next;
  chain_head_ = log::hash_header(packet.header);
  submit_packet(packet);
  return packet;
}

void ScriptedPeer::submit_packet(const log::CommandPacket& packet) {
  const auto compact = log::compact_packet(packet);
  send(Lane::commands, SharedBytes(wire::encode(wire::Submit{compact})));
}

log::CommandPacket ScriptedPeer::make_join(const RoomId& room, const log::RoomLink::Ticket& ticket) const {
  fb::JoinRoomT join;
  join.display_name = "somebody";
  join.invite = std::make_unique<fb::InviteT>();
  join.invite->key = boxed(ticket.invite.key);
  join.invite->role = ticket.invite.role;
  join.invite->expires_at_ms = to_unix_ms(ticket.invite.expires_at);
  join.invite->uses_max = ticket.invite.uses_max;
  join.invite->issuer = boxed(ticket.invite.issuer);
  join.invite->signature = std::make_unique<fb::Bytes64>(wire::signature_to_fb(ticket.invite.signature));
  join.proof = std::make_unique<fb::Bytes64>(wire::signature_to_fb(log::prove_invite(room, author, ticket.secret)));
  log::PacketHeader header;
  header.protocol_version = wire::kProtocolVersion;
  header.command_count = 1;
  header.room = room;
  header.author = author;
  header.nonce = Nonce{1};
  header.stamp = log::make_stamp(to_unix_ms(world_.now().wall), 0);
  return log::sign_packet(header, payload_of(std::move(join)), key);
}

void ScriptedPeer::reset_chain() {
  const auto* member = replica.members().find(author);
  if (member == nullptr) return;
  nonce_ = member->nonce;
  chain_head_ = member->head;
}

void ScriptedPeer::send_presence(std::uint32_t counter, std::size_t app_bytes) {
  fb::PresenceT presence_state;
  presence_state.counter = counter;
  presence_state.app.assign(app_bytes, 1);
  flatbuffers::FlatBufferBuilder builder;
  builder.Finish(fb::Presence::Pack(builder, &presence_state));
  send(Lane::presence, SharedBytes(Bytes(builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize())));
}

void ScriptedPeer::on_event(const Event& event) {
  if (event.kind == Event::Kind::connected) {
    is_connected = true;
    info = event.info;
  } else if (event.kind == Event::Kind::closed) {
    closed = event;
    closed->message = {};
    is_connected = false;
  } else if (event.kind == Event::Kind::message) {
    on_message(event);
  }
}

void ScriptedPeer::on_message(const Event& event) {
  if (event.lane == Lane::commands) {
    const auto decoded = wire::decode_lane_message(event.message);
    ASSERT_TRUE(decoded.has_value());
    if (const auto* refusal = std::get_if<wire::Refusal>(&decoded->message)) refusals.push_back(*refusal);
    if (const auto* records = std::get_if<wire::Records>(&decoded->message)) on_records(*records);
    return;
  }
  const wire::AlignedBytes aligned(event.message);
  const auto* message = wire::verified_message(aligned.view());
  ASSERT_NE(message, nullptr);
  std::unique_ptr<fb::MessageT> unpacked(message->UnPack());
  if (const auto* bundle = unpacked->body.AsPresenceBundle()) {
    ++presence_datagrams;
    EXPECT_LE(event.message.size(), limits::kPresenceBytesMax);
    for (const auto& update : bundle->updates) {
      const wire::AlignedBytes blob(update->bytes);
      const auto* state = wire::verified_presence(blob.view());
      ASSERT_NE(state, nullptr);
      presence.push_back({update->session, state->counter()});
    }
    return;
  }
  if (const auto* chunk = unpacked->body.AsSnapshotChunk()) return take_snapshot_chunk(*chunk);
  messages.push_back(std::move(unpacked));
}

void ScriptedPeer::on_records(const wire::Records& records) {
  ++records_messages;
  auto seq = records.first_seq;
  for (const auto compact : records.records) {
    const auto record = log::expand_record(compact, seq, replica.record_hash(), replica.members());
    if (!record) {
      replica_error = record.error().message;
      return;
    }
    const auto applied = replica.apply(*record);
    if (!applied) {
      replica_error = applied.error().message;
      return;
    }
    seq = Seq{seq.value() + 1};
  }
}

void ScriptedPeer::take_snapshot_chunk(const fb::SnapshotChunkT& chunk) {
  const auto* attached = last<fb::AttachedT>();
  ASSERT_NE(attached, nullptr);
  ASSERT_NE(attached->snapshot, nullptr);
  if (chunk.offset == 0) snapshot.clear();
  ASSERT_EQ(chunk.offset, snapshot.size());
  snapshot.insert(snapshot.end(), chunk.bytes.begin(), chunk.bytes.end());
  if (snapshot.size() < attached->snapshot_bytes) return;
  EXPECT_EQ(crypto::hash256(snapshot), wire::from_fb<Hash256>(*attached->snapshot->snapshot_hash));
  auto loaded = replica::Replica::load_snapshot(snapshot, true);
  ASSERT_TRUE(loaded.has_value()) << loaded.error().message;
  EXPECT_EQ(loaded->state_hash(), wire::from_fb<Hash256>(*attached->snapshot->state_hash));
  replica = std::move(*loaded);
}

bool ScriptedPeer::has_notice(fb::NoticeKind kind) const {
  for (const auto& message : messages) {
    const auto* notice = message->body.AsNotice();
    if (notice != nullptr && notice->kind == kind) return true;
  }
  return false;
}

std::size_t ScriptedPeer::refusal_count(log::RefusalCode code) const {
  std::size_t result = 0;
  for (const auto& refusal : refusals) result += refusal.code == code ? 1 : 0;
  return result;
}

// ---- HubWorld -----------------------------------------------------------------------------------------------------

HubWorld::HubWorld(const HubConfig& config_, std::size_t store_requests_max_)
    : net(transport::SimOptions{}, 1),
      config(config_),
      hub_key(key_of(200)),
      admin_token(32, 9),
      store_requests_max(store_requests_max_),
      forward_(*this) {
  hub_endpoint = &net.add_endpoint(forward_, "hub");
  start_hub();
}

void HubWorld::Forward::on_event(const Event& event) {
  world.hub->set_now(world.now());
  world.hub->on_event(event);
}

Now HubWorld::now() const {
  const auto since_start = std::chrono::duration_cast<std::chrono::milliseconds>(net.now().time_since_epoch());
  return {net.now(), from_unix_ms(1'700'000'000'000) + since_start + wall_offset};
}

void HubWorld::start_hub() {
  store::InlineEngine::Options options;
  options.database_path = "data/theta.db";
  options.database.vfs = disk.vfs_name();
  options.database.exclusive_locking = true;
  options.database.strip_payload = log::archive_record;
  options.files = disk.file_system("data");
  options.queue_requests_max = store_requests_max;
  auto opened = store::InlineEngine::open(std::move(options));
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  engine = std::move(*opened);
  hub =
      std::make_unique<Hub>(config, Hub::Dependencies{.key = hub_key,
                                                      .admin_token = admin_token,
                                                      .transport = *hub_endpoint,
                                                      .store = *engine,
                                                      .random =
                                                          [this](std::span<std::uint8_t> bytes) {
                                                            for (auto& byte : bytes) byte = ++random_byte_;
                                                          },
                                                      .stopwatch = [this] { return net.now(); },
                                                      .observer = nullptr,
                                                      .log = [this](const LogEvent& event) { log.push_back(event); }});
  turn();
}

void HubWorld::restart_hub() {
  hub_endpoint->crash();
  hub.reset();
  // Killed, not closed: a database that is closed folds its log, and takes away what a kill would have left behind.
  disk.set_fault_hook([](store::DiskOperation operation, const std::string&) {
    return operation == store::DiskOperation::read ? store::DiskFault::none : store::DiskFault::io;
  });
  engine.reset();
  disk.set_fault_hook({});
  disk.end_process();
  hub_endpoint->restart(forward_);
  start_hub();
}

void HubWorld::turn() {
  // Twice: answers of the store make the hub ask for more.
  for (int round = 0; round < 2; ++round) {
    hub->step(now());
    if (is_store_held) continue;
    completions_.clear();
    engine->poll(completions_);
    for (auto& completion : completions_)
      if (alter_answer && completion.result) alter_answer(*completion.result);
    hub->on_completions(completions_, now());
  }
  hub->step(now());
}

bool HubWorld::run_until(const std::function<bool()>& condition, MonotonicClock::duration bound) {
  const auto end = net.now() + bound;
  while (!condition()) {
    if (net.now() >= end) return false;
    auto next = std::min(end, hub->next_wakeup());
    if (const auto event = net.next_event_time()) next = std::min(next, *event);
    const bool has_answers = engine->pending() > 0 && !is_store_held;
    if (has_answers) next = net.now() + std::chrono::microseconds(100);
    net.advance_to(std::clamp(next, net.now(), end));
    turn();
  }
  return true;
}

void HubWorld::run_for(MonotonicClock::duration duration) {
  run_until([] { return false; }, duration);
}

ScriptedPeer& HubWorld::add_peer(std::uint8_t key_seed, const std::string& address) {
  auto& peer = *peers_.emplace_back(std::make_unique<ScriptedPeer>(*this, key_seed));
  peer.endpoint = &net.add_endpoint(peer, address.empty() ? "peer" + std::to_string(peers_.size()) : address);
  return peer;
}

ScriptedPeer& HubWorld::add_member(std::uint8_t key_seed) {
  auto& peer = add_peer(key_seed);
  peer.connect();
  EXPECT_TRUE(run_until([&] { return peer.last<fb::HubHelloT>() != nullptr; }));
  peer.log_in();
  EXPECT_TRUE(run_until([&] { return peer.last<fb::WelcomeT>() != nullptr; }));
  return peer;
}

RoomId HubWorld::open_room(ScriptedPeer& admin, const std::string& name) {
  fb::OpenRoomT open;
  open.name = name;
  open.hub = boxed(hub_key.public_key<HubKey>());
  const auto packet = admin.make_packet(payload_of(std::move(open)), Nonce{1}, Hash256{});
  fb::OpenRoomRequestT request;
  request.request = 3;
  request.admin_token = admin_token;
  request.packet = log::encode_packet(packet);
  admin.send_control(message_of(std::move(request)));
  EXPECT_TRUE(run_until([&] { return admin.last<fb::RoomOpenedT>() != nullptr; }));
  const auto room = wire::from_fb<RoomId>(*admin.last<fb::RoomOpenedT>()->room);
  EXPECT_EQ(room, RoomId::from(log::hash_header(packet.header).view()));
  admin.attach(room);
  EXPECT_TRUE(run_until([&] { return admin.head().value() == 1; }));
  return room;
}

log::RoomLink::Ticket HubWorld::make_ticket(const RoomId& room, const ScriptedPeer& admin,
                                            log::InviteTerms terms) const {
  crypto::Seed secret;
  secret.bytes.fill(77);
  return {log::make_invite(room, terms, admin.key, secret), secret};
}

ScriptedPeer& HubWorld::add_editor(std::uint8_t key_seed, const RoomId& room, const ScriptedPeer& admin,
                                   log::Role role) {
  auto& peer = add_member(key_seed);
  log::InviteTerms terms;
  terms.role = role;
  ScriptedPeer::AttachOptions options;
  options.join = log::encode_packet(peer.make_join(room, make_ticket(room, admin, terms)));
  peer.attach(room, std::move(options));
  EXPECT_TRUE(run_until([&] { return peer.replica.members().find(peer.author) != nullptr; }));
  return peer;
}

std::size_t HubWorld::count_logged(std::string_view event) const {
  return static_cast<std::size_t>(
      std::count_if(log.begin(), log.end(), [&](const LogEvent& logged) { return logged.event == event; }));
}

const LogEvent* HubWorld::last_logged(std::string_view event) const {
  const auto found =
      std::find_if(log.rbegin(), log.rend(), [&](const LogEvent& logged) { return logged.event == event; });
  return found == log.rend() ? nullptr : &*found;
}

double HubWorld::metric(std::string_view name, std::string_view label) {
  const auto snapshot = hub->metrics();
  const auto* sample = snapshot.find(name, label);
  return sample != nullptr ? sample->value : 0;
}

}  // namespace theta::hub::testing

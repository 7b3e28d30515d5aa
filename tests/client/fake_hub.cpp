#include "fake_hub.h"

#include "theta/crypto/hash.h"
#include "theta/log/checkpoint.h"
#include "theta/log/compact.h"

namespace theta::client::testing {

namespace fb = wire::fb;
using transport::CloseReason;
using transport::Lane;
using transport::PeerId;

namespace {

template <class Fixed>
std::unique_ptr<fb::Bytes32> owned(const Fixed& value) {
  return std::make_unique<fb::Bytes32>(wire::to_fb32(value));
}

crypto::KeyPair hub_key() {
  crypto::Seed seed;
  seed.bytes.fill(0xb0);
  return crypto::KeyPair::from_seed(seed);
}

}  // namespace

FakeHub::FakeHub() : key_(hub_key()) {}

template <class Table>
void FakeHub::send(PeerId id, Lane lane, Table table) {
  fb::MessageT message;
  message.body.Set(std::move(table));
  flatbuffers::FlatBufferBuilder builder;
  fb::FinishMessageBuffer(builder, fb::Message::Pack(builder, &message));
  const SharedBytes bytes(Bytes(builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()));
  static_cast<void>(endpoint_->send(id, lane, bytes));
}

void FakeHub::on_event(const transport::Event& event) {
  using Kind = transport::Event::Kind;
  if (event.kind == Kind::connected) {
    peers_[event.peer].binding = event.info.binding;
    const auto own = wire::own_version();
    fb::HubHelloT hello;
    hello.protocol_version = own.protocol_version;
    hello.schema_revision = own.schema_revision;
    hello.schema_hash = owned(own.schema_hash);
    hello.hub = owned(key());
    hello.challenge = owned(Hash256{});
    return send(event.peer, Lane::control, std::move(hello));
  }
  if (event.kind == Kind::closed) {
    peers_.erase(event.peer);
    return;
  }
  if (event.kind != Kind::message) return;
  if (event.lane == Lane::presence) {
    presence.emplace_back(event.message.begin(), event.message.end());
    return;
  }
  if (event.lane == Lane::commands) {
    const auto decoded = wire::decode_lane_message(event.message);
    const auto* packet = decoded ? std::get_if<wire::Submit>(&decoded->message) : nullptr;
    if (packet != nullptr && peers_[event.peer].attached) submit(event.peer, packet->packet);
    return;
  }
  const wire::AlignedBytes aligned(event.message);
  const auto* message = wire::verified_message(aligned.view());
  if (message == nullptr) return endpoint_->close(event.peer, CloseReason::protocol_error, "malformed");
  event.lane == Lane::control ? on_control(event.peer, *message) : on_bulk(event.peer, *message);
}

void FakeHub::on_control(PeerId id, const fb::Message& message) {
  if (const auto* login = message.body_as_Login()) log_in(id, *login);
  if (const auto* request = message.body_as_Attach()) attach(id, *request);
  if (const auto* request = message.body_as_OpenRoomRequest(); request != nullptr && !ignores_open) {
    auto packet = log::decode_packet({request->packet()->data(), request->packet()->size()});
    if (packet && replica_.head() == Seq{0}) sequence(std::move(*packet));
    fb::RoomOpenedT opened;
    opened.room = owned(replica_.room());
    send(id, Lane::control, std::move(opened));
  }
}

void FakeHub::log_in(PeerId id, const fb::Login& login) {
  auto& peer = peers_[id];
  Bytes proof(peer.binding.bytes.begin(), peer.binding.bytes.end());
  const auto hub = key();
  proof.insert(proof.end(), hub.bytes.begin(), hub.bytes.end());
  proof.resize(96);
  peer.author = wire::from_fb<AuthorKey>(*login.author());
  if (!crypto::verify("theta/login/v1", proof, wire::signature_from_fb(*login.signature()), peer.author.view()))
    return refuse_request(id, 0, fb::RefusalCode::unauthenticated, "the login's signature is not the author's");
  peer.logged_in = true;
  fb::WelcomeT welcome;
  welcome.hub_time_ms = told_time_ms.value_or(to_unix_ms(wall));
  welcome.page = page;
  welcome.commands_burst = commands_burst;
  welcome.commands_per_second = commands_per_second;
  send(id, Lane::control, std::move(welcome));
}

void FakeHub::refuse_request(PeerId id, std::uint32_t request, fb::RefusalCode code, std::string text) {
  fb::RequestRefusedT refused;
  refused.request = request;
  refused.code = code;
  refused.text = std::move(text);
  send(id, Lane::control, std::move(refused));
}

void FakeHub::attach(PeerId id, const fb::Attach& request) {
  auto& peer = peers_[id];
  ++attaches;
  if (ignores_attach) return;
  if (replica_.head() == Seq{0} || wire::from_fb<RoomId>(*request.room()) != replica_.room())
    return refuse_request(id, request.request(), fb::RefusalCode::no_such_room, "no such room");
  if (replica_.members().find(peer.author) == nullptr && request.join() != nullptr) {
    auto join = log::decode_packet({request.join()->data(), request.join()->size()});
    if (!join) return refuse_request(id, request.request(), fb::RefusalCode::malformed, "no packet");
    if (auto valid = replica_.validate(*join, wall); !valid)
      return refuse_request(id, request.request(), valid.error().code, valid.error().text);
    sequence(std::move(*join));
  }
  const auto* member = replica_.members().find(peer.author);
  if (member == nullptr) return refuse_request(id, request.request(), fb::RefusalCode::not_member, "not a member");
  if (member->role == fb::Role::none)
    return refuse_request(id, request.request(), fb::RefusalCode::forbidden, "an admin has revoked this author's role");
  const auto have = request.have_seq();
  const bool known = have <= log_.size() &&
                     (have == 0 || log_[have - 1].record_hash == wire::from_fb<Hash256>(*request.have_record_hash()));
  if (!known) return refuse_request(id, request.request(), fb::RefusalCode::bad_reference, "the logs differ");
  fb::AttachedT attached;
  attached.room = owned(replica_.room());
  attached.role = member->role;
  attached.slot = member->slot.value();
  attached.session = peer.session = next_session_++;
  attached.nonce = member->nonce.value();
  attached.head_seq = log_.size();
  attached.from_seq = have + 1;
  peer.attached = true;
  peer.writer = request.writer();
  peer.attach_request = request.request();
  peer.next_seq = have + 1;
  std::optional<Snapshot> snapshot;
  if (log_.size() - have > resume_records_max)
    snapshot = taken_ && taken_->checkpoint.seq >= have ? *taken_ : make_snapshot();
  if (snapshot) {
    attached.snapshot = std::make_unique<fb::CheckpointT>(snapshot->checkpoint);
    attached.snapshot_bytes = snapshot->bytes.size();
    attached.from_seq = snapshot->checkpoint.seq + 1;
  }
  peer.next_seq = attached.from_seq;
  if (!attached_comes_last) send(id, Lane::control, attached);
  if (snapshot) send_snapshot(id, std::move(*snapshot));
  relay();
  if (!attached_comes_last) return introduce_others(id);
  // Lanes keep no order between them, but what left later on an even network arrives later.
  send(id, Lane::control, std::move(attached));
  introduce_others(id);
}

void FakeHub::introduce_others(PeerId id) {
  for (const auto& [other_id, other] : peers_) {
    if (!other.attached || other_id == id) continue;
    fb::SessionInfoT info;
    info.session = other.session;
    info.author = owned(other.author);
    info.connected = true;
    send(id, Lane::control, std::move(info));
  }
}

/// As the hub does it: a session whose author has no role any more is detached and told so.
void FakeHub::expel_revoked() {
  for (auto& [id, peer] : peers_) {
    const auto* member = replica_.members().find(peer.author);
    if (!peer.attached || (member != nullptr && member->role != fb::Role::none)) continue;
    peer.attached = false;
    refuse_request(id, peer.attach_request, fb::RefusalCode::forbidden, "an admin has revoked this author's role");
  }
}

fb::CheckpointT FakeHub::checkpoint(const Hash256& state_hash, const Hash256& snapshot_hash,
                                    const crypto::KeyPair& signer) const {
  log::Checkpoint statement;
  statement.room = replica_.room();
  statement.seq = shown().head();
  statement.record_hash = shown().record_hash();
  statement.state_hash = state_hash;
  statement.snapshot_hash = snapshot_hash;
  statement.hub = key();
  statement = log::sign_checkpoint(statement, signer);
  fb::CheckpointT table;
  table.room = owned(statement.room);
  table.seq = statement.seq.value();
  table.record_hash = owned(statement.record_hash);
  table.state_hash = owned(statement.state_hash);
  if (!snapshot_hash.is_zero()) table.snapshot_hash = owned(snapshot_hash);
  table.hub = owned(key());
  table.signature = std::make_unique<fb::Bytes64>(wire::signature_to_fb(statement.signature));
  return table;
}

FakeHub::Snapshot FakeHub::make_snapshot() const {
  auto bytes = shown().save_snapshot();
  return {checkpoint(shown().state_hash(), crypto::hash256(bytes), key_), std::move(bytes)};
}

void FakeHub::send_snapshot(PeerId id, Snapshot snapshot) {
  ++snapshots_sent;
  auto& bytes = snapshot.bytes;
  if (bend_snapshot) bend_snapshot(bytes);
  for (std::size_t at = 0; at < bytes.size();) {
    const auto size = std::min<std::size_t>(bytes.size() - at, 4096);
    fb::SnapshotChunkT chunk;
    chunk.seq = snapshot.checkpoint.seq;
    chunk.offset = at;
    chunk.bytes.assign(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                       bytes.begin() + static_cast<std::ptrdiff_t>(at + size));
    send(id, Lane::bulk, std::move(chunk));
    at += size;
  }
}

void FakeHub::sequence(log::CommandPacket packet) {
  const auto* member = replica_.members().find(packet.header.author);
  const auto slot = member ? member->slot : kNoSlot;
  auto valid = replica_.validate(std::move(packet), wall);
  if (!valid) throw std::runtime_error("the fake hub was given an invalid packet: " + valid.error().text);
  const auto applied = replica_.sequence(std::move(*valid));
  log_.push_back(applied.record);
  compact_.push_back(log::compact_record(applied.record, slot));
  relay();
  if (replica_.members_changed()) expel_revoked();
}

void FakeHub::relay() {
  if (!relays) return;
  for (auto& [id, peer] : peers_) {
    if (!peer.attached) continue;
    while (peer.next_seq <= compact_.size()) {
      auto bytes = compact_[peer.next_seq - 1];
      if (bend_record) bend_record(bytes);
      const wire::Records records{Seq{peer.next_seq}, {ByteView(bytes)}};
      if (endpoint_->send(id, Lane::commands, SharedBytes(wire::encode(records))) != transport::SendResult::queued)
        break;
      ++peer.next_seq;
    }
  }
}

void FakeHub::submit(PeerId id, ByteView compact) {
  submitted.emplace_back(compact.begin(), compact.end());
  if (ignores_packets) return;
  const auto& peer = peers_[id];
  const auto nonce = log::peek_nonce(compact).value_or(Nonce{});
  const auto* member = replica_.members().find(peer.author);
  const Nonce expected{member->nonce.value() + 1};
  const auto answer = [&](wire::Refusal refusal) {
    refusal.nonce = nonce;
    refusal.expected = expected;
    static_cast<void>(endpoint_->send(id, Lane::commands, SharedBytes(wire::encode(refusal))));
  };
  if (nonce < expected) return answer({nonce, fb::RefusalCode::replay, 0, expected, "replay"});
  if (nonce > expected) return answer({nonce, fb::RefusalCode::gap, 0, expected, "gap"});
  if (refuse)
    if (auto refusal = refuse(nonce)) return answer(std::move(*refusal));
  auto packet = log::expand_packet(compact, {replica_.room(), peer.author, member->head});
  if (!packet) return answer({nonce, fb::RefusalCode::malformed, 0, expected, packet.error().message});
  auto valid = replica_.validate(std::move(*packet), wall);
  if (!valid) return answer({nonce, valid.error().code, 0, expected, valid.error().text});
  const auto slot = member->slot;
  const auto applied = replica_.sequence(std::move(*valid));
  log_.push_back(applied.record);
  compact_.push_back(log::compact_record(applied.record, slot));
  relay();
  if (replica_.members_changed()) expel_revoked();
}

void FakeHub::on_bulk(PeerId id, const fb::Message& message) {
  if (const auto* query = message.body_as_LogQuery()) {
    ++history_queries;
    if (ignores_history) return;
    if (history_refusal) return refuse_request(id, query->request(), *history_refusal, "refused by the test");
    fb::LogRangeT range;
    range.request = query->request();
    range.head_seq = log_.size();
    ByteWriter out(range.records);
    for (std::uint64_t seq = query->from_seq(); seq <= log_.size() && seq < query->from_seq() + query->count_max();
         ++seq) {
      if (seq == withheld.value()) continue;
      const auto stored = log::encode_record(log_[seq - 1]);
      out.put_varint(stored.size());
      out.put_bytes(stored);
    }
    send(id, Lane::bulk, std::move(range));
  }
  if (ignores_assets) return;
  const auto state = [&](std::uint32_t request, const AssetId& asset, std::uint64_t total) {
    fb::AssetStateT answer;
    answer.request = request;
    answer.asset = owned(asset);
    answer.total_bytes = total;
    answer.received_bytes = assets_[asset].size();
    send(id, Lane::bulk, std::move(answer));
  };
  if (const auto* query = message.body_as_AssetQuery())
    state(query->request(), wire::from_fb<AssetId>(*query->asset()), 0);
  if (const auto* put = message.body_as_AssetPut()) {
    const auto asset = wire::from_fb<AssetId>(*put->asset());
    auto& bytes = assets_[asset];
    if (put->offset() == bytes.size()) bytes.insert(bytes.end(), put->bytes()->begin(), put->bytes()->end());
    state(put->request(), asset, put->total_bytes());
  }
  if (const auto* get = message.body_as_AssetGet()) {
    const auto& bytes = assets_[wire::from_fb<AssetId>(*get->asset())];
    if (get->offset() >= bytes.size())
      return refuse_request(id, get->request(), fb::RefusalCode::no_such_asset, "no such asset");
    const auto size = std::min<std::size_t>(bytes.size() - get->offset(), limits::kAssetChunkBytes);
    fb::AssetChunkT chunk;
    chunk.request = get->request();
    chunk.asset = owned(wire::from_fb<AssetId>(*get->asset()));
    chunk.total_bytes = bytes.size();
    chunk.offset = get->offset();
    const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(get->offset());
    chunk.bytes.assign(begin, begin + static_cast<std::ptrdiff_t>(size));
    send(id, Lane::bulk, std::move(chunk));
  }
}

std::size_t FakeHub::count_commands(const AuthorKey& author) const {
  std::size_t count = 0;
  for (const auto& record : log_)
    if (record.packet.header.author == author) count += record.packet.header.command_count;
  return count;
}

void FakeHub::notice(fb::NoticeKind kind, const std::string& text) {
  for (const auto& [id, peer] : peers_) {
    fb::NoticeT notice;
    notice.kind = kind;
    notice.text = text;
    send(id, Lane::control, std::move(notice));
  }
}

void FakeHub::send_checkpoint(std::optional<Hash256> state_hash, const crypto::KeyPair* signer) {
  for (const auto& [id, peer] : peers_)
    send(id, Lane::control, checkpoint(state_hash.value_or(replica_.state_hash()), {}, signer ? *signer : key_));
}

void FakeHub::send_presence(std::uint32_t session, std::uint32_t counter, float x) {
  fb::PresenceT presence_table;
  presence_table.session = session;
  presence_table.counter = counter;
  presence_table.pointer_origin = std::make_unique<fb::Vec3>(x, 0.F, 0.F);
  flatbuffers::FlatBufferBuilder builder;
  builder.Finish(fb::Presence::Pack(builder, &presence_table));
  for (const auto& [id, peer] : peers_) {
    fb::PresenceBundleT bundle;
    bundle.updates.push_back(std::make_unique<fb::PresenceBlobT>());
    bundle.updates.back()->session = session;
    bundle.updates.back()->bytes.assign(builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize());
    send(id, Lane::presence, std::move(bundle));
  }
}

void FakeHub::send_unasked(const Bytes& bytes) {
  const SharedBytes message(bytes);
  for (const auto& [id, peer] : peers_)
    if (endpoint_->send(id, Lane::bulk, message) == transport::SendResult::queued) unasked_bytes += bytes.size();
}

void FakeHub::disconnect_all(transport::CloseReason reason, const std::string& text) {
  const auto peers = peers_;
  for (const auto& [id, peer] : peers) endpoint_->close(id, reason, text);
  peers_.clear();
}

}  // namespace theta::client::testing

#include "hostile_peer.h"

#include "theta/log/compact.h"
#include "theta/log/stamp.h"

namespace theta::sim {
namespace {

namespace fb = wire::fb;
using transport::Lane;

constexpr std::array<const char*, 12> kAttackNames{
    "random_bytes",   "mutated_message", "replayed_message", "forged_author",    "wrong_login", "oversized",
    "presence_flood", "packet_flood",    "equivocation",     "endless_requests", "honest_edit", "hang_up"};
// Few equivocations, for the first one ends the member's career.
constexpr std::array<double, 12> kWeights{4, 4, 4, 3, 1, 1, 1, 1, 0.3, 2, 3, 1};
constexpr std::size_t kSeenMax = 32;
constexpr std::uint64_t kEpochMs = 1'700'000'000'000;

Bytes finish(fb::MessageBodyUnion body) {
  fb::MessageT message;
  message.body = std::move(body);
  flatbuffers::FlatBufferBuilder builder;
  fb::FinishMessageBuffer(builder, fb::Message::Pack(builder, &message));
  return Bytes(builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize());
}

template <class Body>
Bytes message_of(Body body) {
  fb::MessageBodyUnion any;
  any.Set(std::move(body));
  return finish(std::move(any));
}

template <class Fixed>
std::unique_ptr<fb::Bytes32> boxed(const Fixed& value) {
  return std::make_unique<fb::Bytes32>(wire::to_fb32(value));
}

Bytes payload_of(fb::CommandUnion command) {
  fb::CommandPayloadT payload;
  payload.commands.push_back(std::move(command));
  flatbuffers::FlatBufferBuilder builder;
  builder.Finish(fb::CommandPayload::Pack(builder, &payload));
  return Bytes(builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize());
}

}  // namespace

HostilePeer::HostilePeer(HostileSetup setup) : setup_(std::move(setup)), random_(setup_.random) {
  endpoint_ = &setup_.network.add_endpoint(*this, setup_.name);
  tap_ = std::make_unique<TransportTap>(*endpoint_, [this](const Hash256& hash, ByteView) {
    for (auto& checker : setup_.checkers) checker->on_packet_sent(setup_.key.public_key<AuthorKey>(), hash);
  });
}

void HostilePeer::stop() {
  is_active_ = false;
  if (hub_) endpoint_->close(*hub_, transport::CloseReason::none, "done");
}

void HostilePeer::turn() {
  if (!is_active_ || setup_.network.now() < next_at_) return;
  next_at_ = setup_.network.now() + std::chrono::milliseconds(random_.between(20, 400));
  if (!hub_) return connect();
  if (!is_connected_) return;
  const auto which = static_cast<Attack>(random_.weighted(kWeights));
  setup_.keeper.log(setup_.name, std::string("tries ") + kAttackNames[static_cast<std::size_t>(which)]);
  setup_.keeper.count(std::string("attack.") + kAttackNames[static_cast<std::size_t>(which)]);
  attack(which);
}

// ---- Protocol, as far as it goes ----------------------------------------------------------------------------------

void HostilePeer::connect() {
  is_connected_ = is_logged_in_ = false;
  hub_ = endpoint_->connect(setup_.hub);
}

void HostilePeer::on_event(const transport::Event& event) {
  if (event.kind == transport::Event::Kind::connected) {
    is_connected_ = true;
    info_ = event.info;
  } else if (event.kind == transport::Event::Kind::closed) {
    hub_.reset();
    is_connected_ = is_logged_in_ = false;
  } else if (event.kind == transport::Event::Kind::message) {
    on_message(event);
  }
}

void HostilePeer::on_message(const transport::Event& event) {
  if (seen_.size() < kSeenMax && event.message.size() < 4096)
    seen_.emplace_back(event.message.begin(), event.message.end());
  if (event.lane == Lane::commands) {
    const auto decoded = wire::decode_lane_message(event.message);
    if (decoded)
      if (const auto* records = std::get_if<wire::Records>(&decoded->message)) on_records(*records);
    return;
  }
  const wire::AlignedBytes aligned(event.message);
  const auto* message = wire::verified_message(aligned.view());
  if (message == nullptr) return;
  if (const auto* hello = message->body_as_HubHello()) log_in(*hello);
  if (message->body_as_Welcome() != nullptr) {
    is_logged_in_ = true;
    attach();
  }
  // A snapshot is more than it cares to follow.
  if (const auto* attached = message->body_as_Attached())
    is_following_ = attached->from_seq() == replica_.head().value() + 1;
}

void HostilePeer::on_records(const wire::Records& records) {
  auto seq = records.first_seq;
  for (const auto compact : records.records) {
    if (!is_following_ || seq.value() != replica_.head().value() + 1) return;
    const auto record = log::expand_record(compact, seq, replica_.record_hash(), replica_.members());
    if (!record || !replica_.apply(*record, replica::Trust::trusted_source)) {
      is_following_ = false;
      return;
    }
    seq = Seq{seq.value() + 1};
  }
}

void HostilePeer::log_in(const fb::HubHello& hello) {
  // Sometimes with another connection's proof.
  auto binding = info_.binding;
  if (random_.chance(0.1)) random_.fill(binding.bytes);
  const auto challenge = wire::from_fb<Hash256>(*hello.challenge());
  Bytes signed_bytes;
  for (const auto part : {binding.view(), setup_.hub_key.view(), challenge.view()})
    signed_bytes.insert(signed_bytes.end(), part.begin(), part.end());
  fb::LoginT login;
  login.protocol_version = wire::own_version().protocol_version;
  login.schema_revision = wire::own_version().schema_revision;
  login.schema_hash = boxed(wire::own_version().schema_hash);
  login.author = boxed(setup_.key.public_key<AuthorKey>());
  login.signature =
      std::make_unique<fb::Bytes64>(wire::signature_to_fb(setup_.key.sign("theta/login/v1", signed_bytes)));
  send(Lane::control, message_of(std::move(login)));
}

void HostilePeer::attach() {
  fb::AttachT attach;
  attach.request = ++counter_;
  attach.room = boxed(setup_.room);
  attach.writer = true;
  if (replica_.head().value() > 0 && is_following_) {
    attach.have_seq = replica_.head().value();
    attach.have_record_hash = boxed(replica_.record_hash());
    if (random_.chance(0.1)) attach.have_seq += random_.below(1000);
  } else {
    replica_ = replica::Replica();
    attach.join = join_packet();
  }
  send(Lane::control, message_of(std::move(attach)));
}

Bytes HostilePeer::join_packet() const {
  if (!setup_.ticket) return {};
  const auto& invite = setup_.ticket->invite;
  const auto author = setup_.key.public_key<AuthorKey>();
  fb::JoinRoomT join;
  join.display_name = setup_.name;
  join.invite = std::make_unique<fb::InviteT>();
  join.invite->key = boxed(invite.key);
  join.invite->role = invite.role;
  join.invite->expires_at_ms = to_unix_ms(invite.expires_at);
  join.invite->uses_max = invite.uses_max;
  join.invite->issuer = boxed(invite.issuer);
  join.invite->signature = std::make_unique<fb::Bytes64>(wire::signature_to_fb(invite.signature));
  join.proof = std::make_unique<fb::Bytes64>(
      wire::signature_to_fb(log::prove_invite(setup_.room, author, setup_.ticket->secret)));
  fb::CommandUnion command;
  command.Set(std::move(join));
  log::PacketHeader header;
  header.protocol_version = wire::kProtocolVersion;
  header.command_count = 1;
  header.room = setup_.room;
  header.author = author;
  header.nonce = Nonce{1};
  header.stamp = log::make_stamp(kEpochMs, 0);
  return log::encode_packet(log::sign_packet(header, payload_of(std::move(command)), setup_.key));
}

std::optional<std::pair<Nonce, Hash256>> HostilePeer::chain() const {
  const auto* member = replica_.members().find(setup_.key.public_key<AuthorKey>());
  if (member == nullptr) return std::nullopt;
  return std::pair(member->nonce, member->head);
}

log::CommandPacket HostilePeer::make_packet(const std::string& text, Nonce nonce, const Hash256& prev) const {
  fb::ActivateToolT tool;
  tool.tool = text;
  fb::CommandUnion command;
  command.Set(std::move(tool));
  log::PacketHeader header;
  header.protocol_version = wire::kProtocolVersion;
  header.command_count = 1;
  header.room = setup_.room;
  header.author = setup_.key.public_key<AuthorKey>();
  header.nonce = nonce;
  header.prev = prev;
  header.base_seq = replica_.head();
  const auto since_start =
      std::chrono::duration_cast<std::chrono::milliseconds>(setup_.network.now().time_since_epoch());
  log::HybridClock clock;
  clock.observe(replica_.latest_stamp());
  header.stamp = clock.next(from_unix_ms(kEpochMs) + since_start);
  return log::sign_packet(header, payload_of(std::move(command)), setup_.key);
}

void HostilePeer::submit(const log::CommandPacket& packet) {
  const auto compact = log::compact_packet(packet);
  send(Lane::commands, wire::encode(wire::Submit{compact}));
}

void HostilePeer::send(Lane lane, Bytes message) {
  if (hub_) static_cast<void>(tap_->send(*hub_, lane, SharedBytes(std::move(message))));
}

// ---- Attacks ------------------------------------------------------------------------------------------------------

Bytes HostilePeer::random_bytes(std::size_t size_max) {
  Bytes bytes(random_.between(1, size_max));
  random_.fill(bytes);
  return bytes;
}

void HostilePeer::attack(Attack attack) {
  const auto lane = static_cast<Lane>(random_.below(transport::kLaneCount));
  const auto& pool = random_.chance(0.5) && !setup_.overheard.empty() ? setup_.overheard : seen_;
  const auto end = chain();
  switch (attack) {
    case Attack::random_bytes: return send(lane, random_bytes(600));
    case Attack::mutated_message: {
      if (pool.empty()) return;
      auto message = random_.pick(pool);
      for (auto flips = random_.between(1, 8); flips > 0; --flips)
        message[random_.below(message.size())] ^= static_cast<std::uint8_t>(1U << random_.below(8));
      return send(random_.chance(0.7) ? Lane::commands : lane, std::move(message));
    }
    case Attack::replayed_message:
      if (!pool.empty()) send(random_.chance(0.7) ? Lane::commands : lane, random_.pick(pool));
      return;
    case Attack::forged_author: {
      // A good packet of its own chain with somebody's signature, or none.
      if (!end) return;
      auto packet = make_packet("forged", Nonce{end->first.value() + 1}, end->second);
      random_.fill(packet.signature.bytes);
      return submit(packet);
    }
    case Attack::wrong_login: {
      fb::LoginT login;
      login.schema_hash = boxed(wire::own_version().schema_hash);
      login.author = boxed(AuthorKey{});
      login.signature = std::make_unique<fb::Bytes64>(wire::signature_to_fb(Signature{}));
      return send(Lane::control, message_of(std::move(login)));
    }
    case Attack::oversized: {
      Bytes large(random_.between(64 * 1024, 512 * 1024), 0x55);
      return send(random_.chance(0.5) ? Lane::commands : Lane::bulk, std::move(large));
    }
    case Attack::presence_flood:
      for (int count = 0; count < 200; ++count) send(Lane::presence, random_bytes(200));
      return;
    case Attack::packet_flood:
      if (!end) return;
      for (std::uint64_t count = 0; count < 150; ++count)
        submit(make_packet("flood", Nonce{end->first.value() + 1 + count}, end->second));
      return;
    case Attack::equivocation:
      if (!end) return;
      submit(make_packet("one", Nonce{end->first.value() + 1}, end->second));
      return submit(make_packet("two", Nonce{end->first.value() + 1}, end->second));
    case Attack::endless_requests:
      for (std::uint32_t count = 0; count < 20; ++count) {
        fb::LogQueryT query;
        query.request = ++counter_;
        query.from_seq = random_.below(1000);
        query.count_max = 0xffffffff;
        send(Lane::bulk, message_of(std::move(query)));
      }
      return;
    case Attack::honest_edit:
      if (end) submit(make_packet("tool " + std::to_string(++counter_), Nonce{end->first.value() + 1}, end->second));
      return;
    case Attack::hang_up: endpoint_->close(*hub_, transport::CloseReason::none, "bye"); return;
  }
}

}  // namespace theta::sim

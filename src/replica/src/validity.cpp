#include "validity.h"

#include <limits>

#include "theta/base/limits.h"
#include "theta/crypto/keys.h"
#include "theta/log/invite.h"
#include "theta/wire/schema.h"

namespace theta::replica {

namespace fb = wire::fb;
using log::RefusalCode;
using log::Refused;

namespace {

using Verdict = std::optional<Refused>;

Refused refuse(RefusalCode code, std::string text) { return {code, std::move(text)}; }

Verdict check_sizes(const log::CommandPacket& packet) {
  const auto& header = packet.header;
  if (header.protocol_version < wire::kProtocolVersionMin || header.protocol_version > wire::kProtocolVersion)
    return refuse(RefusalCode::version_mismatch,
                  "expected packets of protocol version " + std::to_string(wire::kProtocolVersionMin) + " to " +
                      std::to_string(wire::kProtocolVersion) + ", got " + std::to_string(header.protocol_version) +
                      "; update the older side");
  if (packet.archived)
    return refuse(RefusalCode::history_cut, "the packet's payload was archived; start from a snapshot");
  if (header.payload_size != packet.payload.size())
    return refuse(RefusalCode::malformed, "the payload is not as long as its header says");
  if (header.payload_size > limits::kPayloadBytesMax)
    return refuse(RefusalCode::too_large, "expected a payload of at most 65536 bytes, got " +
                                              std::to_string(header.payload_size) +
                                              "; send the commands in several packets");
  if (header.command_count == 0 || header.command_count > limits::kCommandsPerPacketMax)
    return refuse(RefusalCode::too_many_commands,
                  "expected 1 to 100 commands in a packet, got " + std::to_string(header.command_count));
  return std::nullopt;
}

Verdict check_chain(const RoomView& room, const log::CommandPacket& packet, const log::Member* member) {
  const auto& header = packet.header;
  const bool opens = room.head == Seq{0};
  if (header.room != room.members.room() || (opens && !header.room.is_zero()))
    return refuse(RefusalCode::bad_chain, "the packet belongs to another room");
  const auto mark = member ? member->nonce.value() : 0;
  if (mark == std::numeric_limits<std::uint64_t>::max())
    return refuse(RefusalCode::bad_chain, "this key has used up its nonces; make a new key and have it invited");
  const auto nonce = header.nonce.value();
  if (nonce <= mark)
    return refuse(RefusalCode::replay, "expected nonce " + std::to_string(mark + 1) + ", got " + std::to_string(nonce) +
                                           ": that packet has been sequenced already");
  if (nonce != mark + 1)
    return refuse(RefusalCode::gap, "expected nonce " + std::to_string(mark + 1) + ", got " + std::to_string(nonce) +
                                        "; send what is missing first");
  if (header.prev != (member ? member->head : Hash256{}))
    return refuse(RefusalCode::bad_chain, "the packet does not continue its author's chain");
  if (header.base_seq > room.head)
    return refuse(RefusalCode::bad_reference, "the packet claims to have seen record " +
                                                  std::to_string(header.base_seq.value()) + ", but the room is at " +
                                                  std::to_string(room.head.value()));
  if (member && header.stamp <= member->stamp)
    return refuse(RefusalCode::bad_stamp, "the packet's stamp does not lie after its author's last one");
  // 48 bits of milliseconds reach into the year 10889, so this only refuses what would wrap.
  if (header.stamp.value() == std::numeric_limits<std::uint64_t>::max())
    return refuse(RefusalCode::bad_stamp, "the packet's stamp leaves none for later");
  return std::nullopt;
}

Verdict check_signature(const log::CommandPacket& packet, bool is_new_key, Trust trust) {
  if (packet.payload.hash() != packet.header.payload_hash)
    return refuse(RefusalCode::malformed, "the payload is not the one that the header names");
  if (trust == Trust::trusted_source) return std::nullopt;
  if (is_new_key && !crypto::is_valid_public_key(packet.header.author.view()))
    return refuse(RefusalCode::bad_signature, "the author key is not a valid Ed25519 key");
  if (!log::verify_signature(packet))
    return refuse(RefusalCode::bad_signature, "the signature is not the author's; nobody writes as somebody else");
  return std::nullopt;
}

log::Invite invite_from_fb(const fb::Invite& invite) {
  log::Invite result;
  result.key = wire::from_fb<InviteKey>(*invite.key());
  result.role = invite.role();
  result.expires_at = from_unix_ms(invite.expires_at_ms());
  result.uses_max = invite.uses_max();
  result.issuer = wire::from_fb<AuthorKey>(*invite.issuer());
  result.signature = wire::signature_from_fb(*invite.signature());
  return result;
}

Verdict check_join(const RoomView& room, const log::CommandPacket& packet, const fb::JoinRoom& join) {
  const auto invite = invite_from_fb(*join.invite());
  if (invite.role < log::Role::viewer || invite.role > log::Role::admin)
    return refuse(RefusalCode::invite_invalid, "the invite gives no role");
  const auto* issuer = room.members.find(invite.issuer);
  if (!issuer || issuer->role != log::Role::admin)
    return refuse(RefusalCode::invite_invalid,
                  "whoever made this invite is no admin of the room (any more); ask for a new one");
  if (invite.expires_at != WallTime{} && room.hub_time > invite.expires_at)
    return refuse(RefusalCode::invite_expired, "the invite has expired; ask for a new one");
  if (room.members.invite_uses(invite.key) == log::Members::kInviteRevoked)
    return refuse(RefusalCode::invite_revoked, "an admin has revoked the invite; ask for a new one");
  if (invite.uses_max != 0 && room.members.invite_uses(invite.key) >= invite.uses_max)
    return refuse(RefusalCode::invite_exhausted, "the invite has been used as often as it may; ask for a new one");
  if (room.members.size() >= limits::kAuthorsPerRoomMax ||
      (invite.role >= log::Role::editor && !room.members.next_slot()))
    return refuse(RefusalCode::quota, "the room has as many authors as it may ever have");
  if (room.members.invite_uses(invite.key) == 0 && room.members.invites().size() >= limits::kInvitesPerRoomMax)
    return refuse(RefusalCode::quota, "the room has used as many invites as it may; ask for one that is in use");
  const auto& id = room.members.room();
  if (!log::verify_invite(id, invite))
    return refuse(RefusalCode::invite_invalid,
                  "the invite is not signed by the admin that it names, or is for another room");
  if (!log::verify_invite_proof(id, packet.header.author, invite, wire::signature_from_fb(*join.proof())))
    return refuse(RefusalCode::invite_invalid, "the invite's secret is not known to whoever used it");
  return std::nullopt;
}

/// The only commands of somebody who is not a member, each alone in its packet.
Verdict check_first_command(const RoomView& room, const log::CommandPacket& packet, const fb::CommandPayload& payload) {
  const auto type = payload.commands_type()->GetEnum<fb::Command>(0);
  if (room.head == Seq{0}) {
    if (type == fb::Command::OpenRoom) return std::nullopt;
    return refuse(RefusalCode::bad_reference,
                  "expected open_room as a room's first command, got " + std::string(log::command_name(type)));
  }
  if (type == fb::Command::JoinRoom)
    return check_join(room, packet, *static_cast<const fb::JoinRoom*>(payload.commands()->Get(0)));
  return refuse(RefusalCode::not_member, "the author is not a member of this room; join with an invite first");
}

struct IdCheck {
  AuthorSlot slot;
  PacketFacts& facts;

  Verdict take(std::uint64_t first, std::uint64_t count) {
    const ObjectId id{first};
    if (slot == kNoSlot || slot_of(id) != slot)
      return refuse(RefusalCode::bad_id,
                    "expected an id in the author's own slot, got one of slot " + std::to_string(slot_of(id).value()));
    if (counter_of(id) <= facts.object_counter)
      return refuse(RefusalCode::bad_id, "expected an id counter above " + std::to_string(facts.object_counter) +
                                             ", got " + std::to_string(counter_of(id)));
    if (count > kObjectCounterMax - counter_of(id) + 1)
      return refuse(RefusalCode::bad_id, "the block of ids reaches beyond the author's last one");
    facts.object_counter = counter_of(id) + count - 1;
    facts.created_entities += count;
    return std::nullopt;
  }
};

Verdict check_member_command(const RoomView& room, fb::Command type, const void* command, const log::Member& member,
                             IdCheck& ids) {
  if (type == fb::Command::OpenRoom || type == fb::Command::JoinRoom)
    return refuse(RefusalCode::bad_reference,
                  std::string(log::command_name(type)) + " comes before membership, not after");
  if (member.role < log::required_role(type))
    return refuse(RefusalCode::role_too_low, std::string(log::command_name(type)) + " needs the role " +
                                                 fb::EnumNameRole(log::required_role(type)) + ", the author has " +
                                                 fb::EnumNameRole(member.role) + "; ask an admin");
  if (type == fb::Command::GrantRole) {
    const auto key = wire::from_fb<AuthorKey>(*static_cast<const fb::GrantRole*>(command)->author());
    if (!room.members.find(key) && !crypto::is_valid_public_key(key.view()))
      return refuse(RefusalCode::bad_value, "the key to grant a role to is not a valid Ed25519 key");
  }
  if (type == fb::Command::CreateEntities) {
    for (const auto* entity : *static_cast<const fb::CreateEntities*>(command)->entities())
      if (auto refused = ids.take(entity->id(), 1)) return refused;
  }
  if (type == fb::Command::DuplicateEntities) {
    const auto* duplicate = static_cast<const fb::DuplicateEntities*>(command);
    return ids.take(duplicate->first_id(), duplicate->id_count());
  }
  return std::nullopt;
}

}  // namespace

tl::expected<PacketFacts, Refused> check_packet(const RoomView& room, const log::CommandPacket& packet, Trust trust) {
  const auto* member = room.members.find(packet.header.author);
  if (auto refused = check_sizes(packet)) return tl::unexpected(*refused);
  if (auto refused = check_chain(room, packet, member)) return tl::unexpected(*refused);
  if (member && member->role == log::Role::none)
    return tl::unexpected(
        refuse(RefusalCode::role_too_low, "the author's role was revoked; ask an admin to grant one"));
  if (auto refused = check_signature(packet, !member || member->nonce == Nonce{0}, trust))
    return tl::unexpected(*refused);
  const auto* payload = wire::verified_payload(packet.payload.view());
  if (!payload) return tl::unexpected(refuse(RefusalCode::malformed, "the payload is no well-formed list of commands"));
  if (auto refused = log::check_payload(*payload, packet.header.command_count)) return tl::unexpected(*refused);
  PacketFacts facts;
  if (!member) {
    if (auto refused = check_first_command(room, packet, *payload)) return tl::unexpected(*refused);
    return facts;
  }
  facts.object_counter = member->object_counter;
  IdCheck ids{member->slot, facts};
  for (flatbuffers::uoffset_t at = 0; at < payload->commands()->size(); ++at) {
    const auto type = payload->commands_type()->GetEnum<fb::Command>(at);
    if (auto refused = check_member_command(room, type, payload->commands()->Get(at), *member, ids))
      return tl::unexpected(*refused);
  }
  return facts;
}

}  // namespace theta::replica

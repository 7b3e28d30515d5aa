#include "theta/log/invite.h"

#include "theta/base/byte_codec.h"

namespace theta::log {
namespace {

constexpr std::string_view kInviteDomain = "theta/invite/v1";
constexpr std::string_view kJoinDomain = "theta/join/v1";

Bytes invite_statement(const RoomId& room, const Invite& invite) {
  Bytes bytes;
  bytes.reserve(128);
  ByteWriter writer(bytes);
  writer.put_bytes(room.view());
  writer.put_bytes(invite.key.view());
  writer.put(static_cast<std::uint8_t>(invite.role));
  writer.put(to_unix_ms(invite.expires_at));
  writer.put(invite.uses_max);
  return bytes;
}

Bytes join_statement(const RoomId& room, const AuthorKey& author) {
  Bytes bytes;
  bytes.reserve(128);
  ByteWriter writer(bytes);
  writer.put_bytes(room.view());
  writer.put_bytes(author.view());
  return bytes;
}

}  // namespace

Invite make_invite(const RoomId& room, const InviteTerms& terms, const crypto::KeyPair& issuer,
                   const crypto::Seed& invite_seed) {
  Invite invite;
  invite.key = crypto::KeyPair::from_seed(invite_seed).public_key<InviteKey>();
  invite.role = terms.role;
  invite.expires_at = terms.expires_at;
  invite.uses_max = terms.uses_max;
  invite.issuer = issuer.public_key<AuthorKey>();
  invite.signature = issuer.sign(kInviteDomain, invite_statement(room, invite));
  return invite;
}

bool verify_invite(const RoomId& room, const Invite& invite) {
  return crypto::verify(kInviteDomain, invite_statement(room, invite), invite.signature, invite.issuer.view());
}

Signature prove_invite(const RoomId& room, const AuthorKey& author, const crypto::Seed& invite_seed) {
  return crypto::KeyPair::from_seed(invite_seed).sign(kJoinDomain, join_statement(room, author));
}

bool verify_invite_proof(const RoomId& room, const AuthorKey& author, const Invite& invite, const Signature& proof) {
  return crypto::verify(kJoinDomain, join_statement(room, author), proof, invite.key.view());
}

}  // namespace theta::log

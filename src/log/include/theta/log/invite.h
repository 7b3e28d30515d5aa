#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "theta/base/ids.h"
#include "theta/base/result.h"
#include "theta/base/time.h"
#include "theta/crypto/keys.h"
#include "theta/wire/schema.h"

namespace theta::log {

using wire::fb::Role;

/// An admin's permission for whoever holds the invite's secret to join. The secret travels in the link only; a member
/// who reads the log cannot use somebody else's invite.
struct Invite {
  InviteKey key;
  Role role = Role::viewer;
  WallTime expires_at{};       // epoch: never
  std::uint32_t uses_max = 0;  // 0: unlimited
  AuthorKey issuer;
  Signature signature;  // issuer over "theta/invite/v1": room | key | role u8 | expires ms u64 | uses u32
};

struct InviteTerms {
  Role role = Role::editor;
  WallTime expires_at{};
  std::uint32_t uses_max = 0;
};

/// `invite_seed` comes from a random source of the caller's.
[[nodiscard]] Invite make_invite(const RoomId& room, const InviteTerms& terms, const crypto::KeyPair& issuer,
                                 const crypto::Seed& invite_seed);
[[nodiscard]] bool verify_invite(const RoomId& room, const Invite& invite);
/// Invite key over "theta/join/v1": room | author key.
[[nodiscard]] Signature prove_invite(const RoomId& room, const AuthorKey& author, const crypto::Seed& invite_seed);
[[nodiscard]] bool verify_invite_proof(const RoomId& room, const AuthorKey& author, const Invite& invite,
                                       const Signature& proof);

/// `theta://HOST:PORT/ROOM#HUB.INVITE` (base64url): everything a person needs to come in. Without an invite it is the
/// link of a member.
struct RoomLink {
  std::string host;  // name or address; IPv6 without brackets
  std::uint16_t port = 0;
  RoomId room;
  HubKey hub;
  struct Ticket {
    Invite invite;
    crypto::Seed secret;
  };
  std::optional<Ticket> ticket;
};

enum class LinkError : std::uint8_t { malformed };

[[nodiscard]] std::string to_string(const RoomLink& link);
/// The failure says which part is wrong and shows the expected shape.
[[nodiscard]] Expected<RoomLink, LinkError> parse_link(std::string_view text);
/// The same room as a browser's link names it, `https://HOST:PORT/r/ROOM#HUB.INVITE`. What stands before "/r/" is the
/// browser's to read: host and port stay empty.
[[nodiscard]] Expected<RoomLink, LinkError> parse_browser_link(std::string_view text);
/// Either of the two, for whoever knows the hub already and only wants room and invite.
[[nodiscard]] Expected<RoomLink, LinkError> parse_any_link(std::string_view text);

}  // namespace theta::log

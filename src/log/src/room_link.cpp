#include <algorithm>

#include "theta/base/byte_codec.h"
#include "theta/base/hex.h"
#include "theta/log/invite.h"

namespace theta::log {
namespace {

constexpr std::string_view kScheme = "theta://";
constexpr std::string_view kShape = "theta://HOST:PORT/ROOM#HUB or theta://HOST:PORT/ROOM#HUB.INVITE";
constexpr std::size_t kLinkBytesMax = 1024;
constexpr std::size_t kHostBytesMax = 253;  // RFC 1035
constexpr std::uint8_t kTicketVersion = 1;

auto malformed(const std::string& what) {
  return fail(LinkError::malformed, what + " Expected a link of the shape " + std::string(kShape) +
                                        "; copy it whole, from theta:// to its last character.");
}

// version | secret 32 | role | expires ms u64 | uses u32 | issuer 32 | signature 64. The invite's key follows from the
// secret.
Bytes encode_ticket(const RoomLink::Ticket& ticket) {
  Bytes bytes;
  bytes.reserve(256);
  ByteWriter writer(bytes);
  writer.put(kTicketVersion);
  writer.put_bytes(ticket.secret.bytes);
  writer.put(static_cast<std::uint8_t>(ticket.invite.role));
  writer.put(to_unix_ms(ticket.invite.expires_at));
  writer.put(ticket.invite.uses_max);
  writer.put_bytes(ticket.invite.issuer.view());
  writer.put_bytes(ticket.invite.signature.view());
  return bytes;
}

std::optional<RoomLink::Ticket> decode_ticket(ByteView bytes) {
  ByteReader reader(bytes);
  RoomLink::Ticket ticket;
  if (reader.get<std::uint8_t>() != kTicketVersion) return std::nullopt;
  const auto secret = reader.get_bytes(ticket.secret.bytes.size());
  const auto role = reader.get<std::uint8_t>();
  const auto expires_at_ms = reader.get<std::uint64_t>();
  ticket.invite.uses_max = reader.get<std::uint32_t>();
  ticket.invite.issuer = reader.get_fixed<AuthorKey>();
  ticket.invite.signature = reader.get_fixed<Signature>();
  const bool is_role =
      role >= static_cast<std::uint8_t>(Role::viewer) && role <= static_cast<std::uint8_t>(Role::admin);
  if (!reader.done() || !is_role || expires_at_ms > static_cast<std::uint64_t>(INT64_MAX)) return std::nullopt;
  std::copy(secret.begin(), secret.end(), ticket.secret.bytes.begin());
  ticket.invite.role = static_cast<Role>(role);
  ticket.invite.expires_at = from_unix_ms(expires_at_ms);
  ticket.invite.key = crypto::KeyPair::from_seed(ticket.secret).public_key<InviteKey>();
  return ticket;
}

// A name or an IPv4 address, or, in brackets, an IPv6 address. Whether it exists is the resolver's business.
bool is_host(std::string_view host, bool in_brackets) {
  if (host.empty() || host.size() > kHostBytesMax) return false;
  for (const char c : host) {
    const bool is_hexadecimal = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool allowed = in_brackets ? is_hexadecimal || c == ':' || c == '.'
                                     : is_hexadecimal || is_letter || c == '-' || c == '.' || c == '_';
    if (!allowed) return false;
  }
  return true;
}

// Splits "HOST:PORT" or "[HOST]:PORT"; false when it is neither.
bool parse_authority(std::string_view text, RoomLink& link) {
  const bool in_brackets = text.starts_with('[');
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return false;
  auto host = text.substr(0, colon);
  if (in_brackets) {
    if (host.size() < 2 || !host.ends_with(']')) return false;
    host = host.substr(1, host.size() - 2);
  }
  if (!is_host(host, in_brackets)) return false;
  const auto digits = text.substr(colon + 1);
  if (digits.empty() || digits.size() > 5 || digits.front() == '0') return false;
  std::uint32_t port = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return false;
    port = port * 10 + static_cast<std::uint32_t>(c - '0');
  }
  if (port > UINT16_MAX) return false;
  link.host = host;
  link.port = static_cast<std::uint16_t>(port);
  return true;
}

template <class Fixed>
std::optional<Fixed> parse_fixed(std::string_view text) {
  const auto bytes = from_base64url(text);
  if (!bytes || bytes->size() != Fixed::kSize) return std::nullopt;
  return Fixed::from(*bytes);
}

}  // namespace

std::string to_string(const RoomLink& link) {
  const bool is_ipv6 = link.host.find(':') != std::string::npos;
  std::string text(kScheme);
  text += is_ipv6 ? '[' + link.host + ']' : link.host;
  text += ':' + std::to_string(link.port) + '/' + to_base64url(link.room.view()) + '#' + to_base64url(link.hub.view());
  if (link.ticket) text += '.' + to_base64url(encode_ticket(*link.ticket));
  return text;
}

Expected<RoomLink, LinkError> parse_link(std::string_view text) {
  if (text.size() > kLinkBytesMax) return malformed("The link is longer than any room's link.");
  if (!text.starts_with(kScheme)) return malformed("The link does not begin with theta://.");
  text.remove_prefix(kScheme.size());
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return malformed("The link has no room.");
  RoomLink link;
  if (!parse_authority(text.substr(0, slash), link)) return malformed("The link's HOST:PORT is not one.");
  text.remove_prefix(slash + 1);
  const auto hash = text.find('#');
  if (hash == std::string_view::npos)
    return malformed(
        "The link has no # with the hub's fingerprint (a shell may have cut it off: put the link in quotes).");
  const auto room = parse_fixed<RoomId>(text.substr(0, hash));
  if (!room) return malformed("The link's ROOM is damaged.");
  link.room = *room;
  text.remove_prefix(hash + 1);
  const auto dot = text.find('.');
  const auto hub = parse_fixed<HubKey>(text.substr(0, dot));
  if (!hub) return malformed("The link's HUB, the hub's fingerprint, is damaged.");
  link.hub = *hub;
  if (dot == std::string_view::npos) return link;
  const auto ticket = from_base64url(text.substr(dot + 1));
  if (ticket) link.ticket = decode_ticket(*ticket);
  if (!link.ticket) return malformed("The link's INVITE is damaged.");
  return link;
}

}  // namespace theta::log

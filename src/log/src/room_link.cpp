#include <algorithm>

#include "theta/base/byte_codec.h"
#include "theta/base/hex.h"
#include "theta/log/invite.h"

namespace theta::log {
namespace {

constexpr std::string_view kScheme = "theta://";
constexpr std::string_view kBrowserSchemes[] = {"https://", "http://"};
constexpr std::string_view kShape =
    "theta://HOST:PORT/ROOM#HUB or theta://HOST:PORT/ROOM#HUB.INVITE; copy it whole, from theta:// to its last "
    "character.";
constexpr std::string_view kBrowserShape =
    "https://HOST:PORT/r/ROOM#HUB or https://HOST:PORT/r/ROOM#HUB.INVITE; copy it whole, from https:// to its last "
    "character.";
constexpr std::string_view kRoomPath = "/r/";
constexpr std::size_t kLinkBytesMax = 1024;
constexpr std::size_t kHostBytesMax = 253;  // RFC 1035
constexpr std::uint8_t kTicketVersion = 1;

auto malformed(const std::string& what, std::string_view shape) {
  return fail(LinkError::malformed, what + " Expected a link of the shape " + std::string(shape));
}

/// What links for browsers begin with; empty for any other text.
std::string_view browser_scheme(std::string_view text) {
  for (const auto scheme : kBrowserSchemes)
    if (text.starts_with(scheme)) return scheme;
  return {};
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

namespace {

/// "ROOM#HUB" or "ROOM#HUB.INVITE", into `link`. `shape` is for the sentence.
Expected<void, LinkError> parse_room_part(std::string_view text, std::string_view shape, RoomLink& link) {
  const auto hash = text.find('#');
  if (hash == std::string_view::npos)
    return malformed(
        "The link has no # with the hub's fingerprint (a shell may have cut it off: put the link in quotes).", shape);
  const auto room = parse_fixed<RoomId>(text.substr(0, hash));
  if (!room) return malformed("The link's ROOM is damaged.", shape);
  link.room = *room;
  text.remove_prefix(hash + 1);
  const auto dot = text.find('.');
  const auto hub = parse_fixed<HubKey>(text.substr(0, dot));
  if (!hub) return malformed("The link's HUB, the hub's fingerprint, is damaged.", shape);
  link.hub = *hub;
  if (dot == std::string_view::npos) return {};
  const auto ticket = from_base64url(text.substr(dot + 1));
  if (ticket) link.ticket = decode_ticket(*ticket);
  if (!link.ticket) return malformed("The link's INVITE is damaged.", shape);
  return {};
}

}  // namespace

Expected<RoomLink, LinkError> parse_link(std::string_view text) {
  if (!browser_scheme(text).empty())
    return fail(LinkError::malformed,
                "This link is for browsers: open it in one. Programs need the same link for them, which begins with "
                "theta:// and names the hub's own address; `theta room new` and `theta invite` print it first, the "
                "editor's invitation shows both.");
  if (text.size() > kLinkBytesMax) return malformed("The link is longer than any room's link.", kShape);
  if (!text.starts_with(kScheme)) return malformed("The link does not begin with theta://.", kShape);
  text.remove_prefix(kScheme.size());
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return malformed("The link has no room.", kShape);
  RoomLink link;
  if (!parse_authority(text.substr(0, slash), link)) return malformed("The link's HOST:PORT is not one.", kShape);
  if (auto parsed = parse_room_part(text.substr(slash + 1), kShape, link); !parsed)
    return tl::unexpected(std::move(parsed.error()));
  return link;
}

Expected<RoomLink, LinkError> parse_browser_link(std::string_view text) {
  if (text.size() > kLinkBytesMax) return malformed("The link is longer than any room's link.", kBrowserShape);
  const auto scheme = browser_scheme(text);
  if (scheme.empty()) return malformed("The link begins neither with https:// nor with http://.", kBrowserShape);
  text.remove_prefix(scheme.size());
  const auto room = text.find(kRoomPath);
  if (room == std::string_view::npos) return malformed("The link has no room.", kBrowserShape);
  RoomLink link;
  if (auto parsed = parse_room_part(text.substr(room + kRoomPath.size()), kBrowserShape, link); !parsed)
    return tl::unexpected(std::move(parsed.error()));
  return link;
}

Expected<RoomLink, LinkError> parse_any_link(std::string_view text) {
  return browser_scheme(text).empty() ? parse_link(text) : parse_browser_link(text);
}

}  // namespace theta::log

#include "theta/json/invite_key.h"

#include "theta/base/hex.h"
#include "theta/log/invite.h"

namespace theta::json {

std::optional<InviteKey> parse_invite_key(const std::string& text) {
  if (const auto link = log::parse_any_link(text)) {
    if (!link->ticket) return std::nullopt;
    return link->ticket->invite.key;
  }
  const auto bytes = from_hex(text);
  if (!bytes || bytes->size() != InviteKey::kSize) return std::nullopt;
  return InviteKey::from(*bytes);
}

}  // namespace theta::json

#pragma once

#include <optional>
#include <string>

#include "theta/base/ids.h"

namespace theta::json {

/// An invite's key from its link, for programs or for browsers, or from 64 hexadecimal digits; empty when it is
/// neither.
[[nodiscard]] std::optional<InviteKey> parse_invite_key(const std::string& text);

}  // namespace theta::json

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "theta/base/bytes.h"

namespace theta {

/// Lower case, two digits a byte.
[[nodiscard]] std::string to_hex(ByteView bytes);
/// Empty when a character is no hexadecimal digit or their count is odd.
[[nodiscard]] std::optional<Bytes> from_hex(std::string_view text);

/// RFC 4648 section 5 (URL and file name safe), without padding.
[[nodiscard]] std::string to_base64url(ByteView bytes);
/// Empty when the text is not what `to_base64url` would have written for some bytes (so there is one spelling only).
[[nodiscard]] std::optional<Bytes> from_base64url(std::string_view text);

}  // namespace theta

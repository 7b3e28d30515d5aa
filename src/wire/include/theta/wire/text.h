#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace theta::wire {

/// True for well-formed UTF-8 (no overlong forms, surrogates or values above U+10FFFF) without control characters
/// (U+0000 to U+001F, U+007F to U+009F): what names, tags and refusal sentences may hold.
[[nodiscard]] bool is_plain_text(std::string_view text);

/// `text` made plain and cut to `bytes_max` bytes between characters; a byte that is not plain becomes '?'.
[[nodiscard]] std::string to_plain_text(std::string_view text, std::size_t bytes_max);

/// What the address of an editor's page may have.
inline constexpr std::size_t kPageBytesMax = 256;
/// True for "https://hub.example:4480" and its like: http or https, a server, perhaps a port, and nothing behind it, in
/// at most `kPageBytesMax` bytes of visible ASCII. What a hub says of its page goes into links that people click.
[[nodiscard]] bool is_page_address(std::string_view text);

}  // namespace theta::wire

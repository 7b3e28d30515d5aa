#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace theta::interchange {

/// For sentences: control characters and ill-formed UTF-8 as `?`, cut with `…` after `bytes_max`, so that no file can
/// write to a terminal or a log what it likes.
[[nodiscard]] std::string printable(std::string_view text, std::size_t bytes_max);

/// `text` without control characters and ill-formed UTF-8, cut between characters to `bytes_max`.
[[nodiscard]] std::string clean_name(std::string_view text, std::size_t bytes_max);

}  // namespace theta::interchange

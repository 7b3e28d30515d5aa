#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace theta::json {

enum class LineFeeds : std::uint8_t { escape, keep };

/// What others chose, names above all, made safe to print: control characters, also the invisible ones that turn the
/// direction of text, and bytes that are not UTF-8 come out as escapes, so that no terminal obeys them.
[[nodiscard]] std::string printable(std::string_view text, LineFeeds line_feeds = LineFeeds::escape);

/// "1 record", "2 records".
[[nodiscard]] std::string counted(std::uint64_t count, const std::string& one, const std::string& many);

}  // namespace theta::json

#include "theta/json/printable.h"

#include <cstdio>

namespace theta::json {

namespace {

/// The code point that begins at `at`, and its bytes; 0 bytes: not UTF-8.
struct CodePoint {
  char32_t value = 0;
  std::size_t bytes = 0;
};

CodePoint decode(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto first = byte(at);
  if (first < 0x80) return {first, 1};
  const std::size_t bytes = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || at + bytes > text.size()) return {};
  char32_t value = first & (0xffU >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(at + i) & 0xc0U) != 0x80) return {};
    value = (value << 6) | (byte(at + i) & 0x3fU);
  }
  const bool is_too_long = (bytes == 3 && value < 0x800) || (bytes == 4 && value < 0x10000);
  const bool is_no_character = value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff);
  if (is_too_long || is_no_character) return {};
  return {value, bytes};
}

bool is_obeyed_by_terminals(char32_t value) {
  const bool is_control = value < 0x20 || (value >= 0x7f && value < 0xa0);
  const bool turns_text = value == 0x61c || value == 0x200e || value == 0x200f ||
                          (value >= 0x2028 && value <= 0x202e) || (value >= 0x2066 && value <= 0x2069);
  return is_control || turns_text;
}

std::string escaped(const char* format, unsigned value) {
  char text[16];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

}  // namespace

std::string printable(std::string_view text, LineFeeds line_feeds) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const auto point = decode(text, at);
    if (point.bytes == 0) {
      result += escaped("\\x%02x", static_cast<unsigned char>(text[at++]));
      continue;
    }
    const bool keep = !is_obeyed_by_terminals(point.value) || (line_feeds == LineFeeds::keep && point.value == '\n');
    if (keep)
      result += text.substr(at, point.bytes);
    else
      result += escaped(point.value < 0x80 ? "\\x%02x" : "\\u%04x", static_cast<unsigned>(point.value));
    at += point.bytes;
  }
  return result;
}

std::string counted(std::uint64_t count, const std::string& one, const std::string& many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

}  // namespace theta::json

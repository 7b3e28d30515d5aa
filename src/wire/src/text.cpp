#include "theta/wire/text.h"

#include <algorithm>
#include <cstdint>

namespace theta::wire {
namespace {

bool is_continuation(unsigned char byte) { return (byte & 0xc0) == 0x80; }

// Length of the plain character at the front, 0 when there is none. Unicode 15, table 3-7.
std::size_t plain_character_at_front(std::string_view text) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return lead >= 0x20 && lead != 0x7f ? 1 : 0;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const std::size_t length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (text.size() < length) return 0;
  for (std::size_t at = 1; at < length; ++at)
    if (!is_continuation(byte(at))) return 0;
  const unsigned char second = byte(1);
  const bool is_c1_control = lead == 0xc2 && second < 0xa0;
  const bool is_overlong = (lead == 0xe0 && second < 0xa0) || (lead == 0xf0 && second < 0x90);
  const bool is_surrogate = lead == 0xed && second >= 0xa0;
  const bool is_beyond_unicode = lead == 0xf4 && second >= 0x90;
  return is_c1_control || is_overlong || is_surrogate || is_beyond_unicode ? 0 : length;
}

}  // namespace

bool is_plain_text(std::string_view text) {
  while (!text.empty()) {
    const auto length = plain_character_at_front(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

bool is_page_address(std::string_view text) {
  if (text.size() > kPageBytesMax) return false;
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (!text.starts_with(scheme)) continue;
    const auto server = text.substr(scheme.size());
    const auto is_fit = [](char letter) {
      return letter > ' ' && letter <= '~' && std::string_view("/\\?#@\"'<>`").find(letter) == std::string_view::npos;
    };
    return !server.empty() && std::all_of(server.begin(), server.end(), is_fit);
  }
  return false;
}

std::string to_plain_text(std::string_view text, std::size_t bytes_max) {
  std::string plain;
  while (!text.empty()) {
    const auto length = plain_character_at_front(text);
    const auto taken = length == 0 ? 1 : length;
    if (plain.size() + taken > bytes_max) break;
    if (length == 0) {
      plain += '?';
    } else {
      plain += text.substr(0, length);
    }
    text.remove_prefix(taken);
  }
  return plain;
}

}  // namespace theta::wire

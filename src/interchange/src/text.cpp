#include "text.h"

#include <cstdint>

namespace theta::interchange {
namespace {

/// Bytes of the well-formed UTF-8 sequence at the start of `text` (Unicode 15, table 3-7), 0 when it is ill-formed.
std::size_t sequence_size(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(i < text.size() ? text[i] : 0); };
  const auto lead = byte(0);
  if (lead < 0x80) return 1;
  std::uint8_t low = 0x80;
  std::uint8_t high = 0xbf;
  std::size_t size = 0;
  if (lead >= 0xc2 && lead <= 0xdf) {
    size = 2;
  } else if (lead >= 0xe0 && lead <= 0xef) {
    size = 3;
    if (lead == 0xe0) low = 0xa0;
    if (lead == 0xed) high = 0x9f;
  } else if (lead >= 0xf0 && lead <= 0xf4) {
    size = 4;
    if (lead == 0xf0) low = 0x90;
    if (lead == 0xf4) high = 0x8f;
  } else {
    return 0;
  }
  if (byte(1) < low || byte(1) > high) return 0;
  for (std::size_t i = 2; i < size; ++i)
    if (byte(i) < 0x80 || byte(i) > 0xbf) return 0;
  return size;
}

bool is_control(std::string_view sequence) {
  const auto lead = static_cast<std::uint8_t>(sequence[0]);
  if (sequence.size() == 1) return lead < 0x20 || lead == 0x7f;
  // U+0080 to U+009F, the C1 controls.
  return sequence.size() == 2 && lead == 0xc2 && static_cast<std::uint8_t>(sequence[1]) < 0xa0;
}

}  // namespace

std::string printable(std::string_view text, std::size_t bytes_max) {
  std::string result;
  while (!text.empty()) {
    const auto size = sequence_size(text);
    const auto sequence = text.substr(0, size == 0 ? 1 : size);
    if (result.size() + sequence.size() > bytes_max) return result + "…";
    result += size == 0 || is_control(sequence) ? "?" : sequence;
    text.remove_prefix(sequence.size());
  }
  return result;
}

std::string clean_name(std::string_view text, std::size_t bytes_max) {
  std::string result;
  while (!text.empty()) {
    const auto size = sequence_size(text);
    const auto sequence = text.substr(0, size == 0 ? 1 : size);
    text.remove_prefix(sequence.size());
    if (size == 0 || is_control(sequence)) continue;
    if (result.size() + size > bytes_max) break;
    result += sequence;
  }
  return result;
}

}  // namespace theta::interchange

#include "image_kind.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace theta::interchange {
namespace {

constexpr std::array<std::uint8_t, 16> kPngStart = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n',
                                                    0,    0,   0,   13,  'I',  'H',  'D',  'R'};

std::uint32_t big_endian(ByteView bytes, std::size_t at, std::size_t size) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value = value << 8 | bytes[at + i];
  return value;
}

std::optional<ImageKind> png_kind(ByteView bytes) {
  if (bytes.size() < 33 || !std::equal(kPngStart.begin(), kPngStart.end(), bytes.begin())) return std::nullopt;
  return ImageKind{ImageFormat::png, big_endian(bytes, 16, 4), big_endian(bytes, 20, 4)};
}

/// SOF0 to SOF15, without DHT, JPG and DAC that lie between them (ITU-T T.81, table B.1).
bool is_start_of_frame(std::uint8_t marker) {
  return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

std::optional<ImageKind> jpeg_kind(ByteView bytes) {
  if (bytes.size() < 4 || bytes[0] != 0xff || bytes[1] != 0xd8) return std::nullopt;
  std::size_t at = 2;
  while (at + 4 <= bytes.size() && bytes[at] == 0xff) {
    const auto marker = bytes[at + 1];
    if (marker == 0xff) {  // fill byte
      ++at;
      continue;
    }
    const auto size = big_endian(bytes, at + 2, 2);
    if (is_start_of_frame(marker)) {
      if (at + 9 > bytes.size()) return std::nullopt;
      return ImageKind{ImageFormat::jpeg, big_endian(bytes, at + 7, 2), big_endian(bytes, at + 5, 2)};
    }
    if (size < 2) return std::nullopt;
    at += 2 + size;
  }
  return std::nullopt;
}

}  // namespace

std::optional<ImageKind> image_kind(ByteView bytes) {
  auto kind = png_kind(bytes);
  if (!kind) kind = jpeg_kind(bytes);
  if (kind && (kind->width == 0 || kind->height == 0)) return std::nullopt;
  return kind;
}

}  // namespace theta::interchange

#pragma once

#include <cstdint>
#include <optional>

#include "theta/base/bytes.h"

namespace theta::interchange {

enum class ImageFormat { png, jpeg };

struct ImageKind {
  ImageFormat format = ImageFormat::png;
  std::uint32_t width = 0;   // pixels
  std::uint32_t height = 0;  // pixels
};

/// What the first bytes of a PNG or JPEG say (PNG: IHDR; JPEG: the first start of frame). Nothing for any other bytes,
/// and when a side is 0. The pixels are never decoded here.
[[nodiscard]] std::optional<ImageKind> image_kind(ByteView bytes);

[[nodiscard]] inline const char* mime_type(ImageFormat format) {
  return format == ImageFormat::png ? "image/png" : "image/jpeg";
}

}  // namespace theta::interchange

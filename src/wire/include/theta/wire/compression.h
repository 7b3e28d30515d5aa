#pragma once

#include <cstddef>
#include <cstdint>

#include "theta/base/bytes.h"
#include "theta/base/result.h"

namespace theta::wire {

enum class CompressionError : std::uint8_t {
  malformed,  // not one whole zstd frame without a dictionary
  too_large,  // more than the caller's cap when decompressed, or it says so
};

/// zstd level 1, one frame with its content size. Never larger than `input` by more than the frame's bound.
[[nodiscard]] Bytes compress(ByteView input);

/// One shot into a buffer of at most `cap` bytes: a lying content size, a skippable or a second frame, an unknown
/// dictionary or more than `cap` bytes are refused before more than `cap` is ever allocated.
[[nodiscard]] Expected<Bytes, CompressionError> decompress(ByteView input, std::size_t cap);

}  // namespace theta::wire

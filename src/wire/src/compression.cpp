#include "theta/wire/compression.h"

#include <zstd.h>

#include <algorithm>
#include <cstring>

#include "theta/base/check.h"

namespace theta::wire {
namespace {

constexpr int kLevel = 1;
constexpr std::size_t kMagicBytes = 4;

auto malformed(const char* what) { return fail(CompressionError::malformed, what); }

}  // namespace

Bytes compress(ByteView input) {
  Bytes output(ZSTD_compressBound(input.size()));
  const auto size = ZSTD_compress(output.data(), output.size(), input.data(), input.size(), kLevel);
  THETA_CHECK(ZSTD_isError(size) == 0);  // the bound leaves no way to fail but memory
  output.resize(size);
  return output;
}

Expected<Bytes, CompressionError> decompress(ByteView input, std::size_t cap) {
  // Skippable frames have magic numbers of their own; the library would pass over them silently.
  std::uint32_t magic = 0;
  if (input.size() < kMagicBytes) return malformed("Expected a zstd frame; this is too short for one.");
  std::memcpy(&magic, input.data(), sizeof magic);
  if (magic != ZSTD_MAGICNUMBER) return malformed("Expected a zstd frame; this begins with another magic number.");
  const auto announced = ZSTD_getFrameContentSize(input.data(), input.size());
  if (announced == ZSTD_CONTENTSIZE_UNKNOWN || announced == ZSTD_CONTENTSIZE_ERROR)
    return malformed("Expected a zstd frame that tells its content's size; this one does not.");
  if (announced > cap)
    return fail(CompressionError::too_large, "Decompressed, this has " + std::to_string(announced) +
                                                 " bytes; at most " + std::to_string(cap) + " are taken.");
  if (ZSTD_getDictID_fromFrame(input.data(), input.size()) != 0)
    return malformed("Expected a zstd frame without a dictionary; this one wants one.");
  if (ZSTD_findFrameCompressedSize(input.data(), input.size()) != input.size())
    return malformed("Expected one whole zstd frame; this is cut off, or something follows it.");
  Bytes output(static_cast<std::size_t>(announced));
  const auto size = ZSTD_decompress(output.data(), output.size(), input.data(), input.size());
  if (ZSTD_isError(size) != 0 || size != output.size())
    return malformed("Expected a sound zstd frame; its content is damaged.");
  return output;
}

}  // namespace theta::wire

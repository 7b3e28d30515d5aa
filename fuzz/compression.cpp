#include "theta/wire/compression.h"

#include "fuzz_input.h"

// Whatever is taken stays within the cap and survives a second round.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kCap = 64 * 1024;
  const auto content = theta::wire::decompress({data, size}, kCap);
  if (!content) return 0;
  THETA_CHECK(content->size() <= kCap);
  const auto again = theta::wire::decompress(theta::wire::compress(*content), kCap);
  THETA_CHECK(again.has_value() && *again == *content);
  return 0;
}

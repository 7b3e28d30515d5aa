#include "fuzz_input.h"
#include "theta/log/checkpoint.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const theta::ByteView bytes(data, size);
  if (const auto checkpoint = theta::log::decode_checkpoint(bytes))
    THETA_CHECK(theta::log::encode_checkpoint(*checkpoint) == theta::fuzz::copy_of(data, size));
  if (const auto proof = theta::log::decode_equivocation(bytes))
    THETA_CHECK(theta::log::encode_equivocation(*proof) == theta::fuzz::copy_of(data, size));
  return 0;
}

#include "fuzz_input.h"
#include "theta/log/checkpoint.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (const auto proof = theta::log::decode_equivocation({data, size}))
    THETA_CHECK(theta::log::encode_equivocation(*proof) == theta::fuzz::copy_of(data, size));
  return 0;
}

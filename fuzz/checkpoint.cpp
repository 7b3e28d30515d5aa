#include "theta/log/checkpoint.h"

#include "fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (const auto checkpoint = theta::log::decode_checkpoint({data, size}))
    THETA_CHECK(theta::log::encode_checkpoint(*checkpoint) == theta::fuzz::copy_of(data, size));
  return 0;
}

#include "fuzz_input.h"
#include "theta/log/invite.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto link = theta::log::parse_link(text);
  if (!link) return 0;
  THETA_CHECK(theta::log::to_string(*link) == text);
  return 0;
}

#include "fuzz_input.h"
#include "theta/log/command_rules.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = theta::fuzz::copy_of(data, size);
  const auto* presence = theta::wire::verified_presence(bytes);
  if (presence == nullptr) return 0;
  static_cast<void>(theta::log::check_presence(*presence));
  theta::wire::fb::PresenceT object;
  presence->UnPackTo(&object);
  return 0;
}

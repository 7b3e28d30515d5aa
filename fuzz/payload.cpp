#include "fuzz_input.h"
#include "theta/log/command_rules.h"

// A payload that passes both checks can be copied into the object form, and what it writes is bounded.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = theta::fuzz::copy_of(data, size);
  const auto* payload = theta::wire::verified_payload(bytes);
  if (payload == nullptr) return 0;
  const auto count = static_cast<std::uint16_t>(payload->commands()->size());
  if (const auto refused = theta::log::check_payload(*payload, count)) {
    THETA_CHECK(refused->code != theta::log::RefusalCode::none && !refused->text.empty());
    return 0;
  }
  theta::wire::fb::CommandPayloadT object;
  payload->UnPackTo(&object);
  THETA_CHECK(object.commands.size() == count);
  return 0;
}

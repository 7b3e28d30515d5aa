#include "fuzz_input.h"
#include "theta/wire/schema.h"

// A verified message can be copied into the object form: that reads every part.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = theta::fuzz::copy_of(data, size);
  const auto* message = theta::wire::verified_message(bytes);
  if (message == nullptr || message->body_type() > theta::wire::fb::MessageBody::MAX) return 0;
  theta::wire::fb::MessageT object;
  message->UnPackTo(&object);
  return 0;
}

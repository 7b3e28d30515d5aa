#include "fuzz_input.h"
#include "theta/wire/schema.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = theta::fuzz::copy_of(data, size);
  const auto* snapshot = theta::wire::verified_snapshot(bytes);
  if (snapshot == nullptr) return 0;
  theta::wire::fb::SnapshotT object;
  snapshot->UnPackTo(&object);
  return 0;
}

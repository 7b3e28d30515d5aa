#include "theta/log/record.h"

#include "fuzz_input.h"

// A stored record that decodes is the only spelling of itself, archived or not.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = theta::fuzz::copy_of(data, size);
  const auto record = theta::log::decode_record(bytes);
  if (!record) return 0;
  THETA_CHECK(theta::log::encode_record(*record) == bytes);
  const auto archived = theta::log::decode_record(theta::log::archive_record(bytes));
  THETA_CHECK(archived.has_value() && archived->header_hash == record->header_hash);
  return 0;
}

#include "theta/interchange/mesh_asset.h"

#include "fuzz_input.h"

// What reads is a mesh that can be written, and read again as the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace theta::interchange;
  const auto mesh = read_mesh_asset({data, size});
  if (!mesh) {
    THETA_CHECK(!mesh.error().message.empty());
    return 0;
  }
  const auto bytes = encode_mesh_asset(*mesh);
  THETA_CHECK(bytes.has_value());
  const auto again = read_mesh_asset(*bytes);
  THETA_CHECK(again.has_value() && *again == *mesh);
  return 0;
}

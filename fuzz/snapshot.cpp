#include "fuzz_input.h"
#include "theta/replica/replica.h"
#include "theta/wire/schema.h"

// A snapshot that loads is a room whose own snapshot loads too, with the same bytes from then on.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using theta::replica::Replica;
  const auto bytes = theta::fuzz::copy_of(data, size);
  const auto* snapshot = theta::wire::verified_snapshot(bytes);
  if (snapshot == nullptr) return 0;
  theta::wire::fb::SnapshotT object;
  snapshot->UnPackTo(&object);
  THETA_CHECK(Replica::load_snapshot(bytes, true).has_value() <= Replica::load_snapshot(bytes, false).has_value());
  const auto room = Replica::load_snapshot(bytes, false);
  if (!room) return 0;
  const auto saved = room->save_snapshot();
  const auto again = Replica::load_snapshot(saved, false);
  THETA_CHECK(again.has_value() && again->save_snapshot() == saved);
  return 0;
}

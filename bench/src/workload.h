#pragma once

#include <cstdint>
#include <vector>

#include "theta/crypto/keys.h"
#include "theta/log/compact.h"
#include "theta/log/record.h"
#include "theta/replica/replica.h"

namespace theta::bench {

/// A room with one author that has made `entities` entities, and a way to write more packets.
class Workload {
 public:
  explicit Workload(std::size_t entities, bool with_signatures = true);

  /// Sets the transforms of `count` entities, each by a command of its own, in one packet; sequences it.
  log::Record set_transforms(std::size_t count);
  /// The packet only, not sequenced; entity `first`, `first + 1`, … (modulo all).
  log::CommandPacket write_packet(std::size_t count);

  replica::Replica replica;
  /// Everything before the first `set_transforms`.
  std::vector<log::Record> setup;

 private:
  log::CommandPacket sign(Bytes payload, std::size_t commands);
  log::Record sequence(log::CommandPacket packet);

  crypto::KeyPair key_;
  bool with_signatures_;
  std::size_t entities_;
  std::size_t next_ = 0;
  std::uint64_t stamp_ms_ = 1'700'000'000'000;
};

/// What S1 of docs/benchmarks.md does: `entity` moves to `x`.
[[nodiscard]] Bytes one_transform_payload(ObjectId entity, float x);
[[nodiscard]] ObjectId entity_at(std::size_t index);

}  // namespace theta::bench

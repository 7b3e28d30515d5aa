#pragma once

#include <cstdint>

#include "theta/base/bytes.h"

namespace theta::store {

/// Tells a row that was damaged on the disk from one that was written. Not against an adversary (the key is fixed):
/// signatures and hash chains above are what make tampering evident. SipHash-2-4, chained over the fields, each with
/// its length, so that bytes cannot move from one field to the next unseen.
class Checksum {
 public:
  Checksum& add(ByteView bytes);
  Checksum& add(std::uint64_t value);
  [[nodiscard]] std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0;
};

}  // namespace theta::store

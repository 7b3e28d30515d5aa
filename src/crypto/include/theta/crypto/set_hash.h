#pragma once

#include <array>
#include <cstdint>

#include "theta/base/ids.h"

namespace theta::crypto {

/// Hash of a set, kept up to date element by element and independent of their order: the sum modulo 2^256 of the
/// elements' hashes (AdHash; Bellare and Micciancio 1997). Replicas compare it to see that they agree. It does not
/// stand alone against somebody who may choose many elements freely (Wagner 2002), which is why a snapshot is bound by
/// a plain hash of its bytes as well.
class SetHash {
 public:
  void add(const Hash256& element);
  void remove(const Hash256& element);
  void add(const SetHash& other);
  [[nodiscard]] Hash256 value() const;
  [[nodiscard]] static SetHash from_value(const Hash256& value);

  friend bool operator==(const SetHash&, const SetHash&) = default;

 private:
  std::array<std::uint64_t, 4> words_{};  // least significant first
};

}  // namespace theta::crypto

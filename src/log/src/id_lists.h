#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "theta/base/ids.h"
#include "theta/wire/schema.h"

namespace theta::log {

/// An id that some author may have minted.
[[nodiscard]] inline bool is_object_id(std::uint64_t id) {
  return counter_of(ObjectId{id}) != 0 && slot_of(ObjectId{id}) != kNoSlot;
}

/// Short lists are compared pair by pair, ascending ones are told at a glance, others are sorted in a copy.
[[nodiscard]] inline bool has_repeats(const flatbuffers::Vector<std::uint64_t>& ids) {
  constexpr flatbuffers::uoffset_t kPairwiseMax = 8;
  bool ascends = true;
  for (flatbuffers::uoffset_t at = 1; at < ids.size() && ascends; ++at) ascends = ids.Get(at - 1) < ids.Get(at);
  if (ascends) return false;
  if (ids.size() <= kPairwiseMax) {
    for (flatbuffers::uoffset_t at = 1; at < ids.size(); ++at)
      for (flatbuffers::uoffset_t before = 0; before < at; ++before)
        if (ids.Get(before) == ids.Get(at)) return true;
    return false;
  }
  std::vector<std::uint64_t> sorted(ids.begin(), ids.end());
  std::sort(sorted.begin(), sorted.end());
  return std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end();
}

}  // namespace theta::log

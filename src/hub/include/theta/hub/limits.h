#pragma once

#include <cstddef>

namespace theta::hub::limits {

// Bounds of the hub that nobody needs to tune; the others are in config.h.

/// Refusals kept back for a peer that sends packets and does not read the answers, or until the disk has what they rest
/// on; one more ends its session.
inline constexpr std::size_t kRefusalsKeptMax = 512;

}  // namespace theta::hub::limits

#pragma once

#include <cstddef>
#include <cstdint>

#include "theta/base/bytes.h"
#include "theta/base/check.h"

namespace theta::fuzz {

/// A copy of the fuzzer's bytes at an address that FlatBuffers can be read at, of exactly their size, so that a read
/// past the end is seen.
inline Bytes copy_of(const std::uint8_t* data, std::size_t size) { return Bytes(data, data + size); }

}  // namespace theta::fuzz

#pragma once

#include <cstddef>
#include <optional>

#include "rejection.h"
#include "theta/base/bytes.h"

namespace theta::interchange {

/// The parts of a file; they borrow from it.
struct Container {
  ByteView json;
  std::size_t json_offset = 0;
  /// The BIN chunk of a GLB.
  std::optional<ByteView> bin;
};

/// Splits a GLB (glTF 2.0, section 4.4) into its chunks; anything that does not begin with its magic is taken as JSON.
[[nodiscard]] Container split_container(ByteView file, Warnings& warnings);

}  // namespace theta::interchange

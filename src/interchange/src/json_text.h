#pragma once

#include <cstddef>

#include "json_cursor.h"
#include "theta/base/bytes.h"

namespace theta::interchange {

/// Parses `text`, which begins `offset` bytes into the file, within the limits on size, depth and values; these are
/// checked in one pass before the tree is built, since the tree takes many times the text.
[[nodiscard]] Json parse_json(ByteView text, std::size_t offset, const ImportLimits& limits);

}  // namespace theta::interchange

#pragma once

#include <tiny_gltf.h>

#include "json_cursor.h"

namespace theta::interchange {

/// tinygltf's typed model of a document that check_document() rebuilt. The library crashes on some malformed documents,
/// so it is never given another.
[[nodiscard]] tinygltf::Model read_model(const Json& clean);

}  // namespace theta::interchange

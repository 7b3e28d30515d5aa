#pragma once

#include <nlohmann/json.hpp>

namespace theta::json {

/// Ordered, so that lines read the same each time.
using Json = nlohmann::ordered_json;

}  // namespace theta::json

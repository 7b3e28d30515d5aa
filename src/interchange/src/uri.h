#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "rejection.h"
#include "theta/base/bytes.h"

namespace theta::interchange {

/// The bytes of a `data:` URI in base64 (RFC 2397, RFC 4648 section 4); nothing when `uri` has another scheme or none.
/// `path` names the element in a rejection.
[[nodiscard]] std::optional<Bytes> decode_data_uri(std::string_view uri, const std::string& path,
                                                   std::size_t bytes_max);

/// The relative path that a URI names, percent-decoded. Rejects schemes, absolute paths, `..`, back slashes, colons and
/// control characters: what is left can only lie below the file's folder.
[[nodiscard]] std::string relative_path(std::string_view uri, const std::string& path);

}  // namespace theta::interchange

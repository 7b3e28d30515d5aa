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

/// What a document wants of a URI.
enum class UriUse { buffer, image };

/// The relative path that a URI names, percent-decoded. Rejects schemes, absolute paths, `..`, back slashes, colons and
/// control characters: what is left can only lie below the file's folder. Rejects hidden names and those that no buffer
/// or image has, too: a document that somebody opens in their home folder must not read what it was never given.
[[nodiscard]] std::string relative_path(UriUse use, std::string_view uri, const std::string& path);

}  // namespace theta::interchange

#pragma once

#include <optional>
#include <string>
#include <string_view>

/// What the hub itself reads of HTTP's header, beyond what Beast parses. Pure, and total: any bytes may come in.
namespace theta::hub {

/// A request target, taken apart.
struct RequestTarget {
  /// Decoded, without query, beginning with '/'. No segment is empty (but the last), "." or "..", begins with a dot, or
  /// has a control character, a backslash or broken UTF-8, so it can be compared with names of files as it is.
  std::string path;
  /// Of the absolute form (RFC 9112 section 3.2.2), where it stands for the Host field; else empty.
  std::string authority;
};

inline constexpr std::size_t kTargetBytesMax = 2048;

/// Empty for what is no target, or one that only somebody up to no good sends.
[[nodiscard]] std::optional<RequestTarget> parse_target(std::string_view target);

/// Whether a browser said in Accept-Encoding that it takes this coding (RFC 9110 section 12.5.3): by its name or by
/// "*", and not with q=0.
[[nodiscard]] bool accepts_encoding(std::string_view field, std::string_view coding);

/// Whether If-None-Match (RFC 9110 section 13.1.2) names this entity tag (with its quotes), or "*".
[[nodiscard]] bool names_etag(std::string_view field, std::string_view etag);

/// Whether a comma-separated list of tokens has this one, letter by letter.
[[nodiscard]] bool has_token(std::string_view field, std::string_view token);

/// Of ASCII letters.
[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b);

/// A Host field: a name, an IPv4 address or an IPv6 address in brackets, with or without a port.
[[nodiscard]] bool is_host(std::string_view host);

/// Whether the media type before any parameter is this one, whatever the case.
[[nodiscard]] bool is_media_type(std::string_view field, std::string_view type);

}  // namespace theta::hub

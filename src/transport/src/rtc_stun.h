#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "theta/base/bytes.h"
#include "theta/transport/socket_address.h"

namespace theta::transport {

// As much of STUN (RFC 8489) as an ICE-lite endpoint needs (RFC 8445 section 7.3): it reads binding requests and
// answers them.

/// A longer request is no connectivity check of anybody.
inline constexpr std::size_t kStunBytesMax = 1280;
inline constexpr std::size_t kStunUnknownAttributesMax = 4;

struct StunRequest {
  std::array<std::uint8_t, 12> transaction{};
  std::string_view username;  // borrows from the datagram
  bool use_candidate = false;
  bool is_controlled = false;  // the peer thinks that it is the controlled one
  /// Comprehension-required attributes that we do not know, the first few.
  std::vector<std::uint16_t> unknown;
  std::size_t integrity_at = 0;  // where MESSAGE-INTEGRITY begins; 0: there is none
  std::size_t fingerprint_at = 0;
};

/// False for whatever is no well-formed binding request. Attributes behind MESSAGE-INTEGRITY, which nobody vouches for,
/// are not looked at, but for a FINGERPRINT at the very end.
[[nodiscard]] bool parse_stun_request(ByteView datagram, StunRequest& request);
/// HMAC-SHA1 under `password` and the CRC of the whole; both must be there.
[[nodiscard]] bool verify_stun_request(ByteView datagram, const StunRequest& request, std::string_view password);

/// Answers carry MESSAGE-INTEGRITY under `password`, and FINGERPRINT.
[[nodiscard]] Bytes write_stun_success(const StunRequest& request, const SocketAddress& mapped,
                                       std::string_view password);
enum class StunErrorCode : std::uint16_t { unknown_attribute = 420, role_conflict = 487 };
[[nodiscard]] Bytes write_stun_error(const StunRequest& request, StunErrorCode code, std::string_view password);

}  // namespace theta::transport

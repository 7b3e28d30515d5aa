#pragma once

#include <string>
#include <string_view>

#include "theta/hub/server.h"
#include "theta/transport/socket_address.h"

namespace theta::hub {

/// What the owner's options say of the place, empty where they say nothing.
[[nodiscard]] HubPlace place_of(const HubServer::Options& options);

/// Whether the settings of `place` are what they must be and go together, before any file or socket is touched.
/// `flags` says which of them came from the owner's options: a sentence names those as they are typed ("--tls"), the
/// others as they are configured ("hub.tls"), and the error is `flag` when one of the former is at fault.
[[nodiscard]] ServerResult<void> check_place(const HubPlace& place, const HubPlace& flags);

/// An IP address with or without a port, that is none of this machine's own placeholders; a wildcard when it is none.
[[nodiscard]] transport::SocketAddress parse_public_address(const std::string& text);

/// The only value that `hub.tls` takes.
inline constexpr std::string_view kSelfSigned = "self-signed";

}  // namespace theta::hub

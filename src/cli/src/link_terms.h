#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "commands.h"
#include "peer.h"

namespace theta::cli {

/// What an invite says, as typed.
struct InviteOptions {
  std::string role = "editor";
  std::string expires = "7d";
  std::uint32_t uses = 0;
};
void add_invite_options(CLI::App& command, InviteOptions& options);

/// "90s", "15m", "12h", "7d", "never"; empty when malformed. Zero: never.
[[nodiscard]] std::optional<std::chrono::seconds> parse_span(const std::string& text);

struct HostPort {
  std::string host;
  std::uint16_t port = 0;
};
/// A hub's key as `theta hub` prints it.
[[nodiscard]] std::optional<HubKey> parse_fingerprint(const std::string& text);

/// "HOST:PORT" or "[IPV6]:PORT".
[[nodiscard]] std::optional<HostPort> split_address(const std::string& text);

/// Makes an invite with the peer's key and prints the link.
[[nodiscard]] ExitCode print_invite(const Context& context, Peer& peer, const InviteOptions& options);

}  // namespace theta::cli

#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "commands.h"
#include "peer.h"
#include "theta/log/invite.h"

namespace theta::cli {

/// What an invite says, as typed.
struct InviteOptions {
  std::string role = "editor";
  std::string expires = "7d";
  std::optional<std::uint32_t> uses;  // empty: `default_uses`
  std::string page;                   // where the hub's editor is found; empty: where the hub says
};
void add_invite_options(CLI::App& command, InviteOptions& options);

/// How many people a link lets in when nobody said: a link that goes astray is worth as little as the role allows.
[[nodiscard]] std::uint32_t default_uses(log::Role role);

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

/// The same room and invite for a browser: "https://hub.example/r/ROOM#HUB.INVITE". Empty when `page` is no address
/// that begins with http:// or https:// and has neither path nor query.
[[nodiscard]] std::optional<std::string> browser_link(std::string page, const std::string& link);

/// The page to make a browser's link with: the one that was typed, else the one that the hub told. Where that leaves
/// its host open ("[::]"), it is the link's. One on this very machine is of use only to whoever reaches the hub there
/// too, so it counts for nothing when `link_host` is elsewhere.
[[nodiscard]] std::string page_for(const std::string& typed, const std::string& told, const std::string& link_host);

/// Makes an invite with the peer's key and prints the link.
[[nodiscard]] ExitCode print_invite(const Context& context, Peer& peer, const InviteOptions& options);

}  // namespace theta::cli

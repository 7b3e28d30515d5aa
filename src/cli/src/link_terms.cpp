#include "link_terms.h"

#include <charconv>

#include "theta/base/hex.h"
#include "theta/client/identity.h"
#include "theta/wire/text.h"

namespace theta::cli {

namespace {

/// What a hub says in the place of a host when all of its addresses answer.
constexpr std::string_view kAnyHost = "[::]";

/// Of a host, with or without a port.
bool is_this_machine(const std::string& host) {
  return host == "localhost" || host.starts_with("localhost:") || host.starts_with("127.") || host == "::1" ||
         host.starts_with("[::1]");
}

}  // namespace

void add_invite_options(CLI::App& command, InviteOptions& options) {
  command.add_option("--role", options.role, "what the guest may do")
      ->check(CLI::IsMember({"viewer", "editor", "admin"}))
      ->capture_default_str();
  command.add_option("--expires", options.expires, "for how long the link works: 30m, 12h, 7d, never")
      ->capture_default_str();
  command.add_option("--uses", options.uses,
                     "how many people may use the link; 0: any number (default: 1 for admins, 10 for editors, 100 for "
                     "viewers)");
  command
      .add_option(
          "--page", options.page,
          "the editor's address for the browsers' link, such as https://hub.example:4480 (default: as the hub says)")
      ->envname("THETA_PAGE");
}

std::optional<std::string> browser_link(std::string page, const std::string& link) {
  constexpr std::string_view kScheme = "theta://";
  while (page.ends_with('/')) page.pop_back();
  const auto path = link.find('/', kScheme.size());
  if (!wire::is_page_address(page) || path == std::string::npos) return std::nullopt;
  return page + "/r" + link.substr(path);
}

std::string page_for(const std::string& typed, const std::string& told, const std::string& link_host) {
  if (!typed.empty()) return typed;
  const auto scheme = told.find("://");
  if (scheme == std::string::npos) return {};
  const auto begin = scheme + 3;
  const auto page_host = told.substr(begin);
  if (page_host.starts_with(kAnyHost)) {
    const bool is_ipv6 = link_host.find(':') != std::string::npos;
    return told.substr(0, begin) + (is_ipv6 ? '[' + link_host + ']' : link_host) + page_host.substr(kAnyHost.size());
  }
  return is_this_machine(page_host) && !is_this_machine(link_host) ? std::string() : told;
}

std::uint32_t default_uses(log::Role role) {
  switch (role) {
    case log::Role::admin: return 1;
    case log::Role::editor: return 10;
    default: return 100;
  }
}

std::optional<std::chrono::seconds> parse_span(const std::string& text) {
  if (text == "never") return std::chrono::seconds{0};
  if (text.size() < 2) return std::nullopt;
  std::uint32_t count = 0;
  const auto* end = text.data() + text.size() - 1;
  const auto [stop, error] = std::from_chars(text.data(), end, count);
  if (error != std::errc() || stop != end || count == 0) return std::nullopt;
  switch (text.back()) {
    case 's': return std::chrono::seconds{count};
    case 'm': return std::chrono::minutes{count};
    case 'h': return std::chrono::hours{count};
    case 'd': return std::chrono::hours{24} * std::int64_t{count};
    default: return std::nullopt;
  }
}

std::optional<HubKey> parse_fingerprint(const std::string& text) {
  const auto bytes = from_base64url(text);
  if (!bytes || bytes->size() != HubKey::kSize) return std::nullopt;
  return HubKey::from(*bytes);
}

std::optional<HostPort> split_address(const std::string& text) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return std::nullopt;
  HostPort result;
  result.host = text.substr(0, colon);
  if (result.host.find('/') != std::string::npos) return std::nullopt;
  if (result.host.front() == '[' && result.host.back() == ']')
    result.host = result.host.substr(1, result.host.size() - 2);
  const auto* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, result.port);
  if (error != std::errc() || stop != end || result.port == 0 || result.host.empty()) return std::nullopt;
  return result;
}

ExitCode print_invite(const Context& context, Peer& peer, const InviteOptions& options) {
  const auto span = parse_span(options.expires);
  if (!span)
    return context.output.fail(
        ExitCode::usage, "--expires: expected a span like 30m, 12h or 7d, or never, got \"" + options.expires + "\"");
  if (!options.page.empty() && !browser_link(options.page, "theta://x/y"))
    return context.output.fail(
        ExitCode::usage, "--page: expected an address such as https://hub.example:4480, got \"" + options.page + "\"");
  log::InviteTerms terms;
  terms.role = options.role == "viewer"   ? log::Role::viewer
               : options.role == "editor" ? log::Role::editor
                                          : log::Role::admin;
  terms.uses_max = options.uses.value_or(default_uses(terms.role));
  if (span->count() > 0) {
    const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
        (std::chrono::system_clock::now() + *span).time_since_epoch());
    terms.expires_at = from_unix_ms(static_cast<std::uint64_t>(now.count()));
  }
  auto ticket = peer.session().make_invite(terms, client::random_seed());
  if (!ticket) return context.output.fail(ExitCode::denied, ticket.error().message);
  const auto link = log::to_string(peer.client().link(*ticket));
  Json result{{"link", link},
              {"room", to_hex(peer.session().room().view())},
              {"role", options.role},
              {"uses", terms.uses_max},
              {"expires", span->count() > 0 ? Json(to_unix_ms(terms.expires_at)) : Json()},
              {"invite", to_hex(ticket->invite.key.view())}};
  auto text = link;
  const auto page = page_for(options.page, peer.session().hub_page(), peer.client().link().host);
  if (const auto for_browser = browser_link(page, link)) {
    result["browser_link"] = *for_browser;
    text += "\n" + *for_browser;
  }
  context.output.result(result, text);
  const auto& host = peer.client().link().host;
  if (peer.session().hub_page().find(kAnyHost) != std::string::npos && is_this_machine(host))
    context.output.note("the link has " + host +
                        " for the hub, which to others is a machine of their own. Name the hub as they reach it, in "
                        "--hub or in the link that you type.");
  return ExitCode::ok;
}

}  // namespace theta::cli

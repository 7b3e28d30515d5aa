#include "hub_web.h"

#include <algorithm>
#include <filesystem>

#include "place_check.h"
#include "tls_identity.h"

namespace theta::hub {
namespace {

/// "127.0.0.1", "::1"
std::string host_of(const transport::SocketAddress& address) {
  auto text = address.to_string();
  text.resize(text.rfind(':'));
  if (text.starts_with('[')) text = text.substr(1, text.size() - 2);
  return text.substr(0, text.find('%'));
}

/// The host of "https://host:port".
std::string host_of_page(const std::string& page) {
  const auto begin = page.find("://");
  if (begin == std::string::npos) return {};
  auto host = page.substr(begin + 3);
  if (host.starts_with('[')) return host.substr(1, host.find(']') - 1);
  return host.substr(0, host.find(':'));
}

/// What a self-signed certificate is made for.
std::vector<std::string> names_of(const HubPlace& place, const transport::SocketAddress& http,
                                  const transport::SocketAddress& public_address) {
  std::vector<std::string> names{"localhost", "127.0.0.1", "::1"};
  const auto add = [&](const std::string& name) {
    if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  if (!http.is_wildcard()) add(host_of(http));
  if (!public_address.is_wildcard()) add(host_of(public_address));
  add(host_of_page(place.page));
  return names;
}

}  // namespace

HubWeb::HubWeb(Dependencies dependencies, const HttpLimits& limits)
    : dependencies_(std::move(dependencies)),
      rtc_(dependencies_.key,
           [this](const transport::RtcOffer& offer, MonotonicTime now) {
             return dependencies_.transports.webrtc().accept_offer(offer, now);
           }),
      site_({.is_ready = dependencies_.is_ready,
             .metrics = dependencies_.metrics,
             .rtc = [this](const HttpRequest& request) { return answer_offer(request); },
             .refuse_websocket = [this](const transport::SocketAddress& remote) { return refuse_websocket(remote); },
             .on_signalling_refused = [this](const HttpRequest& request,
                                             const HttpAnswer& answer) { say_refused(request, answer); }}),
      websockets_(dependencies_.transports.websockets(), dependencies_.turn),
      http_(dependencies_.loop, limits, [this](const HttpRequest& request) { return site_.answer(request); }) {
  http_.set_websockets(&websockets_);
}

// ---- Settings -----------------------------------------------------------------------------------------------------

ServerResult<void> HubWeb::prepare_tls(const HubPlace& place, Prepared& prepared) const {
  const auto http = transport::SocketAddress::parse(place.http);
  if (!http) return fail(ServerError::address, "The HTTP address: " + http.error().message);
  auto certificate = place.tls_certificate;
  auto key = place.tls_key;
  if (place.tls == kSelfSigned) {
    const auto names = names_of(place, *http, prepared.public_address);
    auto kept = keep_self_signed(dependencies_.data_folder, names, dependencies_.clock().wall);
    if (!kept) return tl::unexpected(std::move(kept.error()));
    certificate = kept->certificate_file;
    key = kept->key_file;
    prepared.fingerprint = kept->fingerprint;
  }
  if (certificate.empty()) {
    if (http->is_loopback() || place.allow_plain_http) return {};
    return fail(ServerError::address,
                "HTTP on " + place.http +
                    " can be reached by others, and without TLS whoever is between can change the editor that their "
                    "browsers load. Give a certificate with --tls-certificate and --tls-key, or --tls self-signed; "
                    "where a proxy in front speaks TLS, or nobody is between, say --allow-plain-http.");
  }
  auto context = make_tls_context(certificate, key);
  if (!context) return tl::unexpected(std::move(context.error()));
  prepared.tls = std::move(*context);
  return {};
}

ServerResult<void> HubWeb::prepare_editor(const HubPlace& place, Prepared& prepared) const {
  prepared.editor_folder = place.editor;
  if (place.editor.empty()) {
    const auto& folders = dependencies_.default_editor_folders;
    const auto found = std::find_if(folders.begin(), folders.end(), [](const std::string& folder) {
      std::error_code ignored;
      return std::filesystem::is_regular_file(folder + "/index.html", ignored);
    });
    if (found == folders.end()) return {};
    prepared.editor_folder = *found;
  }
  auto read = EditorFiles::read(prepared.editor_folder);
  if (!read) return tl::unexpected(std::move(read.error()));
  prepared.editor = std::move(*read);
  return {};
}

ServerResult<HubWeb::Prepared> HubWeb::prepare(const HubPlace& place) const {
  Prepared prepared;
  if (!place.public_address.empty()) prepared.public_address = parse_public_address(place.public_address);
  if (auto tls = prepare_tls(place, prepared); !tls) return tl::unexpected(std::move(tls.error()));
  if (auto editor = prepare_editor(place, prepared); !editor) return tl::unexpected(std::move(editor.error()));
  return prepared;
}

std::string HubWeb::make_page(const HubPlace& place, std::string_view host_of_all) const {
  if (!place.page.empty()) {
    auto page = place.page;
    while (page.ends_with('/')) page.pop_back();
    return page;
  }
  const auto local = transport::SocketAddress::parse(http_.local_address());
  if (!local) return {};
  const auto scheme = std::string(has_tls_ ? "https://" : "http://");
  if (!local->is_wildcard()) return scheme + local->to_string();
  if (public_address_.is_wildcard()) return scheme + std::string(host_of_all) + ':' + std::to_string(local->port);
  auto reachable = public_address_;
  reachable.port = local->port;
  return scheme + reachable.to_string();
}

void HubWeb::say_what_is_served(const HubPlace& place, const Prepared& prepared) {
  const auto say = [this](LogLevel level, std::string_view event, std::string_view text, HubLog::Fields fields = {}) {
    dependencies_.say(level, event, text, std::move(fields));
  };
  if (!prepared.fingerprint.empty())
    say(LogLevel::info, "tls_self_signed",
        "The hub made its own TLS certificate, which no browser knows: it warns (\"Your connection is not private\"), "
        "and each person says once that it is right (Advanced, Proceed). Its SHA-256 fingerprint, to compare: " +
            prepared.fingerprint +
            ". A certificate of a known authority, with --tls-certificate and --tls-key, spares them that.",
        {{"fingerprint", prepared.fingerprint}});
  if (!prepared.tls && place.allow_plain_http)
    say(LogLevel::warning, "plain_http",
        "HTTP is served without TLS, as allowed: what browsers load can be changed on the way to them. Peers' own "
        "connections are sealed in any case.");
  if (prepared.editor_folder.empty())
    say(LogLevel::info, "no_editor",
        "There is no editor to serve to browsers; --editor names the folder of one. Native peers are served as ever.");
  else
    say(LogLevel::info, "editor", "Serving the editor from " + prepared.editor_folder + ".",
        {{"folder", prepared.editor_folder}, {"files", std::to_string(prepared.editor.size())}});
}

void HubWeb::apply(const HubPlace& place, Prepared prepared) {
  say_what_is_served(place, prepared);
  has_tls_ = prepared.tls != nullptr;
  http_.set_tls(std::move(prepared.tls));
  public_address_ = prepared.public_address;
  const bool has_editor = !prepared.editor_folder.empty();
  site_.set_editor(std::move(prepared.editor));
  site_.set_own_names({has_tls_, place.page, place.allowed_origins});
  page_ = make_page(place, "localhost");
  page_to_tell_ = has_editor ? make_page(place, "[::]") : std::string();
}

ServerResult<void> HubWeb::open(const HubPlace& place) {
  auto prepared = prepare(place);
  if (!prepared) return tl::unexpected(std::move(prepared.error()));
  if (auto listening = http_.listen(place.http); !listening) return listening;
  apply(place, std::move(*prepared));
  return {};
}

ServerResult<void> HubWeb::reload(const HubPlace& place, const HttpLimits& limits) {
  auto prepared = prepare(place);
  if (!prepared) return tl::unexpected(std::move(prepared.error()));
  http_.set_limits(limits);
  apply(place, std::move(*prepared));
  return {};
}

// ---- Doors --------------------------------------------------------------------------------------------------------

std::optional<HttpAnswer> HubWeb::refuse_websocket(const transport::SocketAddress& remote) {
  const auto refusal = dependencies_.transports.websockets().refusal(remote, dependencies_.clock().monotonic);
  if (!refusal) return std::nullopt;
  const bool is_own_fault = refusal->code == transport::WebSocketRefusal::of_source;
  auto answer = text_answer(is_own_fault ? 429 : 503, refusal->message + "\n");
  answer.fields.emplace_back("Retry-After", "5");
  return answer;
}

void HubWeb::say_refused(const HttpRequest& request, const HttpAnswer& answer) {
  const auto status = std::to_string(answer.status);
  const auto body = answer.body.view();
  std::string sentence(body.begin(), body.end());
  // The body ends its line, which the log does itself.
  while (sentence.ends_with('\n')) sentence.pop_back();
  dependencies_.say_of_peers(
      LogLevel::warning, "signalling_refused",
      "A request to " + std::string(request.path) + " was refused with " + status + ": " + sentence,
      {{"path", std::string(request.path)}, {"status", status}, {"address", request.remote.to_string()}});
}

transport::SocketAddress HubWeb::candidate_for(const transport::SocketAddress& local) const {
  const auto& udp = dependencies_.transports.mux().local_address();
  auto result = local;
  if (!public_address_.is_wildcard()) {
    result = public_address_;
    if (result.port != 0) return result;
  } else if (!udp.is_wildcard()) {
    return udp;
  }
  result.port = udp.port;
  return result;
}

HttpAnswer HubWeb::answer_offer(const HttpRequest& request) {
  const auto now = dependencies_.turn.begin();
  auto answer = rtc_.answer(request, candidate_for(request.local), now);
  dependencies_.turn.end(now);
  return answer;
}

}  // namespace theta::hub

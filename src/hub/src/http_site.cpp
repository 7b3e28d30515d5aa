#include "http_site.h"

#include <array>

#include "http_fields.h"
#include "theta/transport/websocket_engine.h"

namespace theta::hub {
namespace {

constexpr std::string_view kRoomPrefix = "/r/";
constexpr std::size_t kRoomLettersMax = 64;

constexpr const char* kNoEditorPage = R"(<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Theta: no editor here</title>
<h1>This hub is running, but has no editor to serve</h1>
<p>Native programs can use its rooms as they are. For the browser, whoever runs this hub has two ways:</p>
<ul>
<li>in Theta's source folder, <code>./dev run</code> builds the editor and serves it;</li>
<li><code>theta hub --editor FOLDER</code> serves an editor that was built before: the folder that holds
<code>index.html</code>.</li>
</ul>
<p>Once the folder is there, a running hub reads it on SIGHUP.</p>
</html>
)";

bool is_reading(const HttpRequest& request) { return request.method == "GET" || request.method == "HEAD"; }

/// "/" and "/r/ROOM" are the same page; which room, its script reads from the address.
bool is_page(std::string_view path) {
  if (path == "/" || path == "/index.html") return true;
  if (!path.starts_with(kRoomPrefix)) return false;
  const auto room = path.substr(kRoomPrefix.size());
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return !room.empty() && room.size() <= kRoomLettersMax && room.find_first_not_of(kLetters) == std::string_view::npos;
}

}  // namespace

HttpAnswer HttpSite::wrong_method(const char* allowed) {
  ++stats_.wrong_method;
  auto answer = text_answer(405, std::string("This address answers ") + allowed + " only.\n");
  answer.fields.emplace_back("Allow", allowed);
  return answer;
}

HttpAnswer HttpSite::not_found() {
  ++stats_.not_found;
  return text_answer(404,
                     "There is nothing here. This hub answers / and /r/ROOM (the editor), /healthz, /readyz and "
                     "/metrics.\n");
}

HttpAnswer HttpSite::readiness() const {
  if (services_.is_ready()) return text_answer(200, "ready\n");
  return text_answer(503, "The hub is starting or stopping; ask again soon.\n");
}

std::optional<HttpAnswer> HttpSite::refuse_origin(const HttpRequest& request) {
  if (own_names_.allows(request.origin, request.host)) return std::nullopt;
  ++stats_.wrong_origin;
  return text_answer(403,
                     "Expected an Origin that is this server's own, as its Host header names it (https where pages "
                     "come over TLS), or one of hub.allowed_origins; open the editor from this hub.\n");
}

std::optional<HttpAnswer> HttpSite::refuse_host(const HttpRequest& request) {
  // Clients that say no Host (HTTP/1.0) are no browsers.
  if (request.host.empty() || !request.local.is_loopback() || own_names_.has(request.host)) return std::nullopt;
  ++stats_.wrong_host;
  return text_answer(421,
                     "Expected a Host that names this machine, such as localhost or 127.0.0.1: a page under another "
                     "name that leads here could be anybody's. Where the name is this hub's, such as that of a proxy "
                     "in front, its operator says so with hub.page.\n");
}

HttpAnswer HttpSite::websocket(const HttpRequest& request) {
  if (request.method != "GET") return wrong_method("GET");
  if (!request.wants_websocket) {
    ++stats_.no_websocket;
    auto answer = text_answer(426, "Expected a WebSocket handshake (RFC 6455); this is an ordinary request.\n");
    answer.fields.emplace_back("Upgrade", "websocket");
    return answer;
  }
  if (auto refusal = refuse_origin(request)) return std::move(*refusal);
  if (!has_token(request.websocket_protocols, transport::kWebSocketProtocol)) {
    ++stats_.no_websocket;
    return text_answer(400, "Expected Sec-WebSocket-Protocol: theta.1; this client speaks another protocol.\n");
  }
  if (auto refusal = services_.refuse_websocket(request.remote)) {
    ++stats_.websocket_refused;
    return std::move(*refusal);
  }
  HttpAnswer answer;
  answer.is_upgrade = true;
  return answer;
}

/// An offer has fields of its own, so a page of another origin asks first whether it may send one, and may read the
/// answer where that says so (the Fetch standard, section 3.2).
HttpAnswer HttpSite::rtc(const HttpRequest& request) {
  const bool asks_first = request.method == "OPTIONS" && !request.origin.empty();
  if (request.method != "POST" && !asks_first) return wrong_method("POST");
  if (auto refusal = refuse_origin(request)) return std::move(*refusal);
  auto answer = asks_first      ? text_answer(200, "")
                : services_.rtc ? services_.rtc(request)
                                : text_answer(503, "This hub takes no WebRTC now; use the WebSocket at /ws.\n");
  if (asks_first) {
    answer.fields.emplace_back("Access-Control-Allow-Methods", "POST");
    answer.fields.emplace_back("Access-Control-Allow-Headers",
                               "Content-Type, Theta-Author, Theta-Time, Theta-Signature");
    answer.fields.emplace_back("Access-Control-Max-Age", "600");
  }
  if (!request.origin.empty()) {
    answer.fields.emplace_back("Access-Control-Allow-Origin", request.origin);
    answer.fields.emplace_back("Vary", "Origin");
  }
  return answer;
}

HttpAnswer HttpSite::file(const HttpRequest& request) {
  if (!is_reading(request)) return wrong_method("GET, HEAD");
  if (is_page(request.path)) {
    if (const auto* page = files_.find("/index.html")) return EditorFiles::answer(*page, request);
    auto answer = text_answer(404, kNoEditorPage);
    answer.content_type = "text/html; charset=utf-8";
    return answer;
  }
  const auto* found = files_.find(request.path);
  return found == nullptr ? not_found() : EditorFiles::answer(*found, request);
}

HttpAnswer HttpSite::route(const HttpRequest& request) {
  if (auto refusal = refuse_host(request)) return std::move(*refusal);
  const auto path = request.path;
  if (path == "/ws") return websocket(request);
  if (path == "/rtc") return rtc(request);
  const bool is_service = path == "/healthz" || path == "/readyz" || path == "/metrics";
  if (!is_service) return file(request);
  if (!is_reading(request)) return wrong_method("GET, HEAD");
  if (path == "/healthz") return text_answer(200, "ok\n");
  if (path == "/readyz") return readiness();
  auto answer = text_answer(200, services_.metrics());
  answer.content_type = "text/plain; version=0.0.4; charset=utf-8";
  return answer;
}

void HttpSite::note_signalling(const HttpRequest& request, const HttpAnswer& answer) {
  const bool is_rtc = request.path == "/rtc";
  const bool is_signalling = is_rtc || request.path == "/ws";
  if (!is_signalling || answer.status < 400) return;
  ++(is_rtc ? stats_.rtc_refusals : stats_.ws_refusals);
  if (services_.on_signalling_refused) services_.on_signalling_refused(request, answer);
}

void add_policy(HttpAnswer& answer) {
  for (const auto& [name, value] : {
           std::pair{"Content-Security-Policy", kContentSecurityPolicy},
           std::pair{"X-Content-Type-Options", "nosniff"},
           std::pair{"Referrer-Policy", "no-referrer"},
           std::pair{"Cross-Origin-Opener-Policy", "same-origin"},
           std::pair{"Cross-Origin-Resource-Policy", "same-origin"},
       })
    answer.fields.emplace_back(name, value);
}

HttpAnswer HttpSite::answer(const HttpRequest& request) {
  auto answer = route(request);
  note_signalling(request, answer);
  add_policy(answer);
  return answer;
}

}  // namespace theta::hub

#pragma once

#include <functional>
#include <optional>
#include <string>

#include "editor_files.h"
#include "http_message.h"
#include "own_names.h"
#include "theta/hub/server_config.h"

namespace theta::hub {

struct HttpSiteStats {
  std::uint64_t wrong_method = 0;
  std::uint64_t not_found = 0;
  std::uint64_t wrong_origin = 0;
  std::uint64_t wrong_host = 0;
  std::uint64_t no_websocket = 0;       // /ws without a proper upgrade
  std::uint64_t websocket_refused = 0;  // a bound on connections
  // Whatever the reason, each of which has a counter of its own.
  std::uint64_t rtc_refusals = 0;
  std::uint64_t ws_refusals = 0;
};

/// Which address answers what, and what every answer says about itself. No socket, no clock.
class HttpSite {
 public:
  /// What answers besides the editor's files; each is called for its own address only.
  struct Services {
    std::function<bool()> is_ready;
    std::function<std::string()> metrics;
    /// An offer for a data channel; empty while there is no WebRTC.
    std::function<HttpAnswer(const HttpRequest&)> rtc;
    /// Why a WebSocket from there is not taken; nothing when it is.
    std::function<std::optional<HttpAnswer>(const transport::SocketAddress& remote)> refuse_websocket;
    /// Hears of every request to /rtc and /ws that was refused; may be empty.
    std::function<void(const HttpRequest&, const HttpAnswer&)> on_signalling_refused = {};
  };

  explicit HttpSite(Services services) : services_(std::move(services)) {}

  void set_editor(EditorFiles files) { files_ = std::move(files); }
  /// Whose pages may use /ws and /rtc, and by which names this machine itself may ask for anything.
  void set_own_names(OwnNames names) { own_names_ = std::move(names); }

  [[nodiscard]] HttpAnswer answer(const HttpRequest& request);
  [[nodiscard]] const HttpSiteStats& stats() const { return stats_; }

 private:
  [[nodiscard]] HttpAnswer route(const HttpRequest& request);
  [[nodiscard]] HttpAnswer readiness() const;
  [[nodiscard]] HttpAnswer websocket(const HttpRequest& request);
  [[nodiscard]] HttpAnswer rtc(const HttpRequest& request);
  [[nodiscard]] HttpAnswer file(const HttpRequest& request);
  void note_signalling(const HttpRequest& request, const HttpAnswer& answer);
  [[nodiscard]] HttpAnswer wrong_method(const char* allowed);
  [[nodiscard]] HttpAnswer not_found();
  /// Nothing when the request comes from one of our own pages.
  [[nodiscard]] std::optional<HttpAnswer> refuse_origin(const HttpRequest& request);
  /// Nothing unless the request comes in on a loopback address under a name that is not ours.
  [[nodiscard]] std::optional<HttpAnswer> refuse_host(const HttpRequest& request);

  Services services_;
  EditorFiles files_;
  OwnNames own_names_;
  HttpSiteStats stats_;
};

/// The strictest that the editor runs under: everything from here, no script that is not a file, no frame around it.
inline constexpr const char* kContentSecurityPolicy =
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; "
    "img-src 'self' blob: data:; connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'";

/// What a browser is told with every answer, refusals before any route included.
void add_policy(HttpAnswer& answer);

}  // namespace theta::hub

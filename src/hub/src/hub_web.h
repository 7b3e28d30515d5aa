#pragma once

#include <functional>
#include <memory>
#include <string>

#include "http_server.h"
#include "http_site.h"
#include "hub_log.h"
#include "hub_transports.h"
#include "rtc_door.h"
#include "theta/crypto/keys.h"
#include "theta/hub/server_config.h"
#include "websocket_endpoint.h"

namespace theta::hub {

/// Everything that a hub serves over TCP: the editor's files, the doors for browsers, health and metrics, plain or over
/// TLS.
class HubWeb {
 public:
  struct Dependencies {
    boost::asio::io_context& loop;
    HubTransports& transports;
    crypto::KeyPair key;
    std::string data_folder;
    /// Folders that are looked at, in this order, when none is configured.
    std::vector<std::string> default_editor_folders;
    WebSocketEndpoint::Turn turn;
    std::function<Now()> clock;
    std::function<bool()> is_ready;
    std::function<std::string()> metrics;
    using Say = std::function<void(LogLevel, std::string_view event, std::string_view text, HubLog::Fields)>;
    Say say;
    /// For what peers can cause at will.
    Say say_of_peers;
  };

  explicit HubWeb(Dependencies dependencies, const HttpLimits& limits);
  /// Listens. Fails for everything that a person has to put right first.
  [[nodiscard]] ServerResult<void> open(const HubPlace& place);
  /// Reads certificate and editor again; when one of them is not good, everything stays as it was.
  [[nodiscard]] ServerResult<void> reload(const HubPlace& place, const HttpLimits& limits);
  /// Accepts no more requests; WebSockets go on.
  void close() { http_.close(); }

  [[nodiscard]] std::string local_address() const { return http_.local_address(); }
  /// "https://hub.example:4480", without a slash at the end.
  [[nodiscard]] const std::string& page() const { return page_; }
  /// What peers are told of it (`Hub::set_page`): empty without an editor to see there, and with the host "[::]" where
  /// every address of this machine answers and nobody said by which name others know it.
  [[nodiscard]] const std::string& page_to_tell() const { return page_to_tell_; }
  [[nodiscard]] const HttpStats& http_stats() const { return http_.stats(); }
  [[nodiscard]] const HttpSiteStats& site_stats() const { return site_.stats(); }
  [[nodiscard]] const RtcDoorStats& rtc_stats() const { return rtc_.stats(); }

 private:
  /// What of the settings has been read from files, ready to be used.
  struct Prepared {
    HttpServer::TlsContext tls;
    EditorFiles editor;
    std::string editor_folder;
    std::string fingerprint;  // of a self-signed certificate
    transport::SocketAddress public_address;
  };
  [[nodiscard]] ServerResult<Prepared> prepare(const HubPlace& place) const;
  [[nodiscard]] ServerResult<void> prepare_tls(const HubPlace& place, Prepared& prepared) const;
  [[nodiscard]] ServerResult<void> prepare_editor(const HubPlace& place, Prepared& prepared) const;
  void apply(const HubPlace& place, Prepared prepared);
  /// `host_of_all` stands for this machine when the server listens on all of its addresses.
  [[nodiscard]] std::string make_page(const HubPlace& place, std::string_view host_of_all) const;
  void say_what_is_served(const HubPlace& place, const Prepared& prepared);
  [[nodiscard]] std::optional<HttpAnswer> refuse_websocket(const transport::SocketAddress& remote);
  void say_refused(const HttpRequest& request, const HttpAnswer& answer);
  [[nodiscard]] HttpAnswer answer_offer(const HttpRequest& request);
  /// Where a browser that reached us by this local address is told to send datagrams.
  [[nodiscard]] transport::SocketAddress candidate_for(const transport::SocketAddress& local) const;

  Dependencies dependencies_;
  RtcDoor rtc_;
  HttpSite site_;
  WebSocketEndpoint websockets_;
  HttpServer http_;
  bool has_tls_ = false;
  std::string page_;
  std::string page_to_tell_;
  transport::SocketAddress public_address_;  // a wildcard when there is none
};

}  // namespace theta::hub

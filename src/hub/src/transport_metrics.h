#pragma once

#include "http_server.h"
#include "http_site.h"
#include "hub_transports.h"
#include "rtc_door.h"
#include "theta/telemetry/metrics.h"
#include "theta/transport/quic_engine.h"
#include "theta/transport/udp_mux.h"

namespace theta::hub {

/// Copies what sockets, transports and HTTP have counted into the hub's registry.
class TransportMetrics {
 public:
  explicit TransportMetrics(telemetry::Registry& registry) : registry_(registry) {}
  void refresh(HubTransports& transports);
  void refresh(const HttpStats& http, const HttpSiteStats& site, const RtcDoorStats& rtc);

 private:
  void set(const telemetry::Description& description, std::uint64_t value);
  void count(std::string_view name, std::string_view help, std::uint64_t value);
  void drops(std::string_view reason, std::uint64_t value);
  void webrtc(std::string_view event, std::uint64_t value);
  void websocket(std::string_view event, std::uint64_t value);
  void http_rejection(std::string_view reason, std::uint64_t value);

  // What is told of each transport alone, and of all together.
  void refresh_quic(const transport::QuicStats& stats);
  void refresh_webrtc(const transport::WebRtcStats& stats);
  void refresh_websocket(const transport::WebSocketStats& stats);
  void refresh_udp(const transport::UdpStats& stats);

  telemetry::Registry& registry_;
};

}  // namespace theta::hub

#pragma once

#include "http_server.h"
#include "theta/telemetry/metrics.h"
#include "theta/transport/quic_engine.h"
#include "theta/transport/udp_mux.h"

namespace theta::hub {

/// Copies what sockets, QUIC and HTTP have counted into the hub's registry.
class TransportMetrics {
 public:
  explicit TransportMetrics(telemetry::Registry& registry) : registry_(registry) {}
  void refresh(const transport::QuicStats& stats);
  void refresh(const transport::UdpStats& stats);
  void refresh(const HttpStats& stats);

 private:
  void set(const telemetry::Description& description, std::uint64_t value);
  void count(std::string_view name, std::string_view help, std::uint64_t value);
  void drops(std::string_view reason, std::uint64_t value);

  telemetry::Registry& registry_;
};

}  // namespace theta::hub

#pragma once

#include "theta/telemetry/metrics.h"
#include "theta/transport/quic_engine.h"

namespace theta::hub {

/// Copies the transport's counts into the hub's registry.
class TransportMetrics {
 public:
  explicit TransportMetrics(telemetry::Registry& registry) : registry_(registry) {}
  void refresh(const transport::QuicStats& stats);

 private:
  void count(std::string_view name, std::string_view help, std::uint64_t value);
  void drops(std::string_view reason, std::uint64_t value);

  telemetry::Registry& registry_;
};

}  // namespace theta::hub

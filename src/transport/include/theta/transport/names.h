#pragma once

#include "theta/transport/transport.h"

namespace theta::transport {

// As programs read them, in logs and metrics.

[[nodiscard]] constexpr const char* transport_kind_name(TransportKind kind) {
  switch (kind) {
    case TransportKind::quic: return "quic";
    case TransportKind::webrtc: return "webrtc";
    case TransportKind::websocket: return "websocket";
    case TransportKind::simulated: break;
  }
  return "simulated";
}

[[nodiscard]] constexpr const char* close_reason_name(CloseReason reason) {
  switch (reason) {
    case CloseReason::none: return "none";
    case CloseReason::going_away: return "going_away";
    case CloseReason::protocol_error: return "protocol_error";
    case CloseReason::version_mismatch: return "version_mismatch";
    case CloseReason::unauthenticated: return "unauthenticated";
    case CloseReason::resource_limit: return "resource_limit";
    case CloseReason::idle_timeout: return "idle_timeout";
    case CloseReason::unreachable: return "unreachable";
    case CloseReason::superseded: return "superseded";
    case CloseReason::internal_error: break;
  }
  return "internal_error";
}

}  // namespace theta::transport

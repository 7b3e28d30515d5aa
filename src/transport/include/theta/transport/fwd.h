#pragma once

#include <cstdint>

namespace theta::transport {

enum class Lane : std::uint8_t;
enum class TransportKind : std::uint8_t;
enum class CloseReason : std::uint16_t;
enum class SendResult : std::uint8_t;
struct Event;
struct PeerInfo;
struct PeerStats;
class EventSink;
class Transport;
class SimEndpoint;
class SimNetwork;
class QuicEndpoint;
class TransportSet;
class WebSocketEngine;

}  // namespace theta::transport

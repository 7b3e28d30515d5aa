#pragma once

#include <functional>
#include <memory>

#include "http_stream.h"
#include "theta/base/time.h"
#include "theta/transport/websocket_engine.h"

namespace theta::hub {

/// WebSocketEngine on sockets (Beast): reads, writes, answers pings, and tells the engine. Each thing that comes in is
/// one turn of the owner's loop.
class WebSocketEndpoint {
 public:
  struct Turn {
    /// Reads the clocks and tells the hub the time.
    std::function<Now()> begin;
    /// Does what a turn ends with, the engine's `flush` included.
    std::function<void(Now)> end;
  };

  WebSocketEndpoint(transport::WebSocketEngine& engine, Turn turn);
  /// Sockets that are still open are closed as the loop's handlers are destroyed; the engine hears of nothing more.
  ~WebSocketEndpoint();
  WebSocketEndpoint(const WebSocketEndpoint&) = delete;
  WebSocketEndpoint& operator=(const WebSocketEndpoint&) = delete;

  /// Takes a connection over, with the request that asked for it.
  void take(PlainStream stream, BeastRequest request, const transport::SocketAddress& remote);
  void take(TlsStream stream, BeastRequest request, const transport::SocketAddress& remote);

 private:
  struct Shared;
  template <class Stream>
  class Connection;
  std::shared_ptr<Shared> shared_;
};

}  // namespace theta::hub

#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "theta/base/bytes.h"
#include "theta/transport/socket_address.h"

namespace theta::hub {

/// A request as the routes see it; everything borrows for the call.
struct HttpRequest {
  std::string_view method;
  /// Decoded, without query, beginning with '/'; see `parse_target`.
  std::string_view path;
  /// What the client calls this server: "hub.example:4480".
  std::string_view host;
  std::string_view body;
  transport::SocketAddress remote;
  transport::SocketAddress local;
  bool wants_websocket = false;

  // Header fields, empty where there are none.
  std::string_view origin;
  std::string_view accept_encoding;
  std::string_view if_none_match;
  std::string_view content_type;
  std::string_view websocket_protocols;
  std::string_view theta_author;
  std::string_view theta_time;
  std::string_view theta_signature;
};

struct HttpAnswer {
  unsigned status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  SharedBytes body;
  /// Beside those that every answer has.
  std::vector<std::pair<std::string, std::string>> fields;
  std::string cache_control = "no-store";
  /// The connection becomes a WebSocket; nothing else of the answer counts.
  bool is_upgrade = false;
};

[[nodiscard]] inline HttpAnswer text_answer(unsigned status, std::string_view text) {
  HttpAnswer answer;
  answer.status = status;
  answer.body = SharedBytes(Bytes(text.begin(), text.end()));
  return answer;
}

}  // namespace theta::hub

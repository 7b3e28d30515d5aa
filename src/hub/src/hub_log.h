#pragma once

#include "theta/base/ids.h"
#include "theta/hub/log_event.h"
#include "theta/log/rate_limiter.h"

namespace theta::hub {

/// The hub's log. What peers can cause at will goes through `say_of_peers`, which bounds how much of it is said, so
/// that nobody fills a disk with it. What is only information has a bound of its own: no flood of connections hides a
/// warning.
class HubLog {
 public:
  using Fields = LogFields;

  explicit HubLog(LogSink sink) : sink_(std::move(sink)) {}

  void say(LogLevel level, Now now, std::string_view event, std::string_view text, Fields fields = {});
  void say_of_peers(LogLevel level, Now now, std::string_view event, std::string_view text, Fields fields = {});
  /// What `say_of_peers` left out so far.
  [[nodiscard]] std::uint64_t left_out() const { return left_out_; }

 private:
  LogSink sink_;
  log::RateLimiter of_information_;
  log::RateLimiter of_trouble_;
  std::uint64_t left_out_ = 0;
  std::uint64_t left_out_told_ = 0;
};

[[nodiscard]] std::pair<std::string, std::string> room_field(const RoomId& room);
[[nodiscard]] std::pair<std::string, std::string> author_field(const AuthorKey& author);

}  // namespace theta::hub

#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "theta/base/time.h"

namespace theta::hub {

enum class LogLevel : std::uint8_t { info, warning, error };
[[nodiscard]] std::string_view level_name(LogLevel level);

using LogFields = std::vector<std::pair<std::string, std::string>>;

/// One thing that an operator should know: `event` and `fields` for programs, `text` for people. All text in it is
/// plain (no control characters), wherever it came from.
struct LogEvent {
  LogLevel level = LogLevel::info;
  WallTime time{};
  std::string event;
  std::string text;
  LogFields fields;
};

/// Takes what is logged; must not call whoever logs. Empty: nothing is logged.
using LogSink = std::function<void(const LogEvent&)>;

}  // namespace theta::hub

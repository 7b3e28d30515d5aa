#include "hub_log.h"

#include "theta/base/hex.h"
#include "theta/wire/text.h"

namespace theta::hub {
namespace {

constexpr log::RateLimit kOfPeers{20, 1};
constexpr std::size_t kTextBytesMax = 1024;

}  // namespace

std::string_view level_name(LogLevel level) {
  switch (level) {
    case LogLevel::info: return "info";
    case LogLevel::warning: return "warning";
    case LogLevel::error: break;
  }
  return "error";
}

void HubLog::say(LogLevel level, Now now, std::string_view event, std::string_view text, Fields fields) {
  if (!sink_) return;
  for (auto& [key, value] : fields) value = wire::to_plain_text(value, kTextBytesMax);
  sink_({level, now.wall, std::string(event), wire::to_plain_text(text, kTextBytesMax), std::move(fields)});
}

void HubLog::say_of_peers(LogLevel level, Now now, std::string_view event, std::string_view text, Fields fields) {
  auto& limiter = level == LogLevel::info ? of_information_ : of_trouble_;
  const auto wait = limiter.charge(1, kOfPeers, now.monotonic);
  if (wait > wait.zero()) {
    ++left_out_;
    return;
  }
  if (left_out_ > left_out_told_) {
    const auto count = std::to_string(left_out_ - left_out_told_);
    left_out_told_ = left_out_;
    say(LogLevel::warning, now, "log_left_out",
        count + " lines about peers were left out, because there were too many.", {{"count", count}});
  }
  say(level, now, event, text, std::move(fields));
}

std::pair<std::string, std::string> room_field(const RoomId& room) { return {"room", to_base64url(room.view())}; }
std::pair<std::string, std::string> author_field(const AuthorKey& author) {
  return {"author", to_base64url(author.view())};
}

}  // namespace theta::hub

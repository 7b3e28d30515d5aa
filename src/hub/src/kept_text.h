#pragma once

#include <functional>
#include <string>
#include <utility>

#include "theta/base/time.h"
#include "theta/log/rate_limiter.h"

namespace theta::hub {

/// A text that costs something to make and that anybody may ask for: made anew as often as its rate allows, in between
/// it is the last one again.
class KeptText {
 public:
  /// `rate` must allow at least one at a time.
  KeptText(const log::RateLimit& rate, std::function<std::string()> make) : rate_(rate), make_(std::move(make)) {}

  /// Valid until the next call.
  [[nodiscard]] const std::string& at(MonotonicTime now) {
    if (limiter_.charge(1, rate_, now).count() == 0) text_ = make_();
    return text_;
  }

 private:
  log::RateLimit rate_;
  std::function<std::string()> make_;
  log::RateLimiter limiter_;
  std::string text_;
};

}  // namespace theta::hub

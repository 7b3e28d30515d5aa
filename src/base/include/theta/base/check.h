#pragma once

namespace theta::detail {

[[noreturn]] void check_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace theta::detail

/// Aborts when a programmer's assumption does not hold, in release builds too. Never for anything that a peer, a
/// file or the operating system controls.
#define THETA_CHECK(condition) \
  (static_cast<bool>(condition) ? static_cast<void>(0) : ::theta::detail::check_failed(#condition, __FILE__, __LINE__))

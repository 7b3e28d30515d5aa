#include "theta/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace theta::detail {

void check_failed(const char* condition, const char* file, int line) noexcept {
  std::fprintf(stderr, "theta: internal check failed: %s (%s:%d)\n", condition, file, line);
  std::abort();
}

}  // namespace theta::detail

#include "descriptor_limit.h"

#include <sys/resource.h>

#include <algorithm>

namespace theta::hub {

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const auto wanted = std::min<rlim_t>(kDescriptorsWanted, limit.rlim_max);
  if (limit.rlim_cur >= wanted) return;
  limit.rlim_cur = wanted;
  // A system that refuses leaves what there was; the bounds on connections hold all the same.
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace theta::hub

#include "theta/base/ids.h"

namespace theta::detail {

const char kHashAnchor = 0;

}  // namespace theta::detail

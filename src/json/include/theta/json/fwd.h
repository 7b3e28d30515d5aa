#pragma once

namespace theta::json {

struct Submitted;
enum class CommandJsonError;

}  // namespace theta::json

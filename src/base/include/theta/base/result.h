#pragma once

#include <string>
#include <utility>

#include <tl/expected.hpp>

namespace theta {

/// What went wrong, for code (`code`, a closed enum of one module) and for a person (`message`: what was expected,
/// what came, what to do next).
template <class Code>
struct Failure {
  Code code;
  std::string message;
};

/// Each module names its own: `template <class T> using StoreResult = Expected<T, StoreError>;`.
template <class T, class Code>
using Expected = tl::expected<T, Failure<Code>>;

template <class Code>
[[nodiscard]] tl::unexpected<Failure<Code>> fail(Code code, std::string message) {
  return tl::unexpected<Failure<Code>>(Failure<Code>{code, std::move(message)});
}

}  // namespace theta

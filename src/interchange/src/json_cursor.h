#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "rejection.h"

namespace theta::interchange {

using Json = nlohmann::json;

/// A JSON value that knows its path, so that whatever is wrong with it is said by name:
/// "nodes[3].mesh: expected 0..7, got 9". Every read checks the type first and rejects what does not fit. Borrows the
/// document, the keys it was made with included.
class JsonCursor {
 public:
  explicit JsonCursor(const Json& root) : value_(&root) {}

  [[nodiscard]] const Json& value() const { return *value_; }
  [[nodiscard]] std::string path() const;

  /// Of an object; rejects anything else. Empty when there is no such member.
  [[nodiscard]] std::optional<JsonCursor> find(const char* key) const;
  /// The same for a member that must be there.
  [[nodiscard]] JsonCursor require(const char* key) const;
  /// Of a list; precondition: `index < value().size()`.
  [[nodiscard]] JsonCursor operator[](std::size_t index) const;

  const JsonCursor& expect_object() const;
  const JsonCursor& expect_list(std::size_t size_max) const;
  /// A whole number of either sign in the file's spelling (`3` or `3.0`) from `min` to `max`.
  [[nodiscard]] std::uint64_t integer(std::uint64_t min, std::uint64_t max) const;
  /// An index into a list of `count` elements.
  [[nodiscard]] std::uint64_t index(std::size_t count) const;
  /// Finite as f32 too.
  [[nodiscard]] double number() const;
  [[nodiscard]] double number(double min, double max) const;
  [[nodiscard]] bool boolean() const;
  [[nodiscard]] const std::string& text() const;

  /// "PATH: expected EXPECTED, got VALUE".
  [[noreturn]] void reject_value(const std::string& expected, ImportError code = ImportError::malformed) const;
  /// "PATH: SENTENCE".
  [[noreturn]] void reject_with(const std::string& sentence, ImportError code = ImportError::malformed) const;

 private:
  struct Part {
    const char* key = nullptr;  // a list's entry when null
    std::size_t index = 0;
  };
  // The checks name their members, so their depth is theirs, not the file's.
  static constexpr std::size_t kDepthMax = 10;

  [[nodiscard]] JsonCursor child(const Json& value, Part part) const;

  const Json* value_;
  std::array<Part, kDepthMax> parts_{};
  std::size_t depth_ = 0;
};

}  // namespace theta::interchange

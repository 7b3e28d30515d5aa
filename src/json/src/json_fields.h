#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "theta/base/hex.h"
#include "theta/base/ids.h"
#include "theta/json/json.h"
#include "theta/scene/components.h"

namespace theta::json {

/// What is wrong with a line of input. Thrown and caught within the reading of one line only (`submit_json`): JSON is
/// deep, and every field can be wrong.
struct BadLine {
  std::string text;
};

/// Names of fields that an object may have.
using FieldNames = std::vector<const char*>;

[[noreturn]] void refuse_field(const std::string& field, const std::string& expected);
/// A field that nobody asks for is a slip of the pen, and acting without it would do something else than was meant.
void expect_only(const Json& object, const std::string& what, const FieldNames& fields);

// Readers of fields; what has the wrong form is a BadLine that names the field. A field that is null counts as absent.

[[nodiscard]] const Json* find_field(const Json& object, const char* field);
[[nodiscard]] const Json& need_field(const Json& object, const char* field, const std::string& expected);
[[nodiscard]] const Json& need_list(const Json& value, const char* field, const std::string& expected);
[[nodiscard]] std::string need_text(const Json& object, const char* field);
[[nodiscard]] bool need_flag(const Json& object, const char* field);
[[nodiscard]] float number_of(const Json& value, const char* field);
[[nodiscard]] scene::Vec3 vec3_of(const Json& value, const char* field);
[[nodiscard]] scene::Quat quat_of(const Json& value, const char* field);

template <std::size_t Count>
[[nodiscard]] std::array<float, Count> numbers_of(const Json& value, const char* field) {
  if (!value.is_array() || value.size() != Count) refuse_field(field, std::to_string(Count) + " numbers in a list");
  std::array<float, Count> result{};
  for (std::size_t at = 0; at < Count; ++at) result[at] = number_of(value[at], field);
  return result;
}

template <class Fixed>
[[nodiscard]] Fixed fixed_of(const Json& value, const char* field) {
  const auto bytes = value.is_string() ? from_hex(value.get<std::string>()) : std::nullopt;
  if (!bytes || bytes->size() != Fixed::kSize)
    refuse_field(field, std::to_string(Fixed::kSize * 2) + " hexadecimal digits");
  return Fixed::from(*bytes);
}

/// `names`: of an enum, as the schema spells them, ended by a null pointer.
template <class Enum>
[[nodiscard]] Enum enum_of(const Json& object, const char* field, const char* const* names) {
  const auto name = need_text(object, field);
  std::string expected;
  for (int at = 0; names[at] != nullptr; ++at) {
    if (name == names[at]) return static_cast<Enum>(at);
    expected += (at == 0 ? "" : ", ") + std::string(names[at]);
  }
  refuse_field(field, "one of " + expected);
}

}  // namespace theta::json

#include "json_fields.h"

#include <algorithm>
#include <string_view>

namespace theta::json {

void refuse_field(const std::string& field, const std::string& expected) {
  throw BadLine{"field \"" + field + "\": expected " + expected};
}

void expect_only(const Json& object, const std::string& what, const FieldNames& fields) {
  if (!object.is_object()) throw BadLine{what + ": expected an object"};
  for (const auto& [name, value] : object.items()) {
    const bool is_known = std::any_of(fields.begin(), fields.end(),
                                      [&key = name](const char* field) { return std::string_view(field) == key; });
    if (is_known) continue;
    std::string all;
    for (const char* field : fields) all += (all.empty() ? "" : ", ") + std::string(field);
    throw BadLine{"unknown field \"" + name + "\": " + what + " takes " + (all.empty() ? "no fields" : all)};
  }
}

const Json* find_field(const Json& object, const char* field) {
  const auto found = object.find(field);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

const Json& need_field(const Json& object, const char* field, const std::string& expected) {
  const auto* value = find_field(object, field);
  if (!value) refuse_field(field, expected + ", it is missing");
  return *value;
}

const Json& need_list(const Json& value, const char* field, const std::string& expected) {
  if (!value.is_array()) refuse_field(field, expected);
  return value;
}

std::string need_text(const Json& object, const char* field) {
  const auto& value = need_field(object, field, "a string");
  if (!value.is_string()) refuse_field(field, "a string");
  return value.get<std::string>();
}

bool need_flag(const Json& object, const char* field) {
  const auto& value = need_field(object, field, "true or false");
  if (!value.is_boolean()) refuse_field(field, "true or false");
  return value.get<bool>();
}

float number_of(const Json& value, const char* field) {
  if (!value.is_number()) refuse_field(field, "a number");
  return value.get<float>();
}

scene::Vec3 vec3_of(const Json& value, const char* field) {
  const auto list = numbers_of<3>(value, field);
  return {list[0], list[1], list[2]};
}

scene::Quat quat_of(const Json& value, const char* field) {
  const auto list = numbers_of<4>(value, field);
  return {list[0], list[1], list[2], list[3]};
}

}  // namespace theta::json

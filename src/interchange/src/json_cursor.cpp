#include "json_cursor.h"

#include <cmath>
#include <limits>

#include "text.h"
#include "theta/base/check.h"

namespace theta::interchange {
namespace {

constexpr double kExactIntegerMax = 9007199254740992.0;  // 2^53

std::string describe(const Json& value) {
  switch (value.type()) {
    case Json::value_t::object: return "an object";
    case Json::value_t::array: return "a list of " + std::to_string(value.size());
    case Json::value_t::string: return "\"" + printable(value.get_ref<const std::string&>(), 40) + "\"";
    default: return value.dump();
  }
}

}  // namespace

std::string JsonCursor::path() const {
  if (depth_ == 0) return "the document";
  std::string path;
  for (std::size_t i = 0; i < depth_; ++i) {
    const auto& part = parts_[i];
    if (part.key == nullptr) {
      path += "[" + std::to_string(part.index) + "]";
    } else {
      if (i > 0) path += ".";
      path += printable(part.key, 64);
    }
  }
  return path;
}

JsonCursor JsonCursor::child(const Json& value, Part part) const {
  THETA_CHECK(depth_ < kDepthMax);
  JsonCursor result = *this;
  result.value_ = &value;
  result.parts_[result.depth_++] = part;
  return result;
}

std::optional<JsonCursor> JsonCursor::find(const char* key) const {
  expect_object();
  const auto it = value_->find(key);
  if (it == value_->end()) return std::nullopt;
  return child(*it, {key, 0});
}

JsonCursor JsonCursor::require(const char* key) const {
  auto found = find(key);
  if (!found) reject_with(std::string("expected a member \"") + printable(key, 64) + "\", there is none");
  return *found;
}

JsonCursor JsonCursor::operator[](std::size_t index) const { return child((*value_)[index], {nullptr, index}); }

const JsonCursor& JsonCursor::expect_object() const {
  if (!value_->is_object()) reject_value("an object");
  return *this;
}

const JsonCursor& JsonCursor::expect_list(std::size_t size_max) const {
  if (!value_->is_array()) reject_value("a list");
  if (value_->size() > size_max)
    reject_value("at most " + std::to_string(size_max) + " entries", ImportError::too_large);
  return *this;
}

std::uint64_t JsonCursor::integer(std::uint64_t min, std::uint64_t max) const {
  const std::string expected = min == max ? std::to_string(min) : std::to_string(min) + ".." + std::to_string(max);
  std::uint64_t number = 0;
  if (value_->is_number_unsigned()) {
    number = value_->get<std::uint64_t>();
  } else if (value_->is_number_float()) {
    const double real = value_->get<double>();
    if (!(real >= 0 && real <= kExactIntegerMax) || real != std::floor(real)) reject_value(expected);
    number = static_cast<std::uint64_t>(real);
  } else {
    reject_value(expected);
  }
  if (number < min || number > max) reject_value(expected);
  return number;
}

std::uint64_t JsonCursor::index(std::size_t count) const {
  if (count == 0) reject_value("no index, since the list it points into is empty");
  return integer(0, count - 1);
}

double JsonCursor::number() const {
  if (!value_->is_number()) reject_value("a number");
  const double number = value_->get<double>();
  // Written so that NaN fails too; the JSON grammar has none, but nothing here should depend on that.
  if (!(std::abs(number) <= double{std::numeric_limits<float>::max()}))
    reject_value("a number that 32-bit floats can hold");
  return number;
}

double JsonCursor::number(double min, double max) const {
  const double result = number();
  if (!(result >= min && result <= max)) reject_value(Json(min).dump() + ".." + Json(max).dump());
  return result;
}

bool JsonCursor::boolean() const {
  if (!value_->is_boolean()) reject_value("true or false");
  return value_->get<bool>();
}

const std::string& JsonCursor::text() const {
  if (!value_->is_string()) reject_value("a string");
  return value_->get_ref<const std::string&>();
}

void JsonCursor::reject_value(const std::string& expected, ImportError code) const {
  reject(code, path() + ": expected " + expected + ", got " + describe(*value_));
}

void JsonCursor::reject_with(const std::string& sentence, ImportError code) const {
  reject(code, path() + ": " + sentence);
}

}  // namespace theta::interchange

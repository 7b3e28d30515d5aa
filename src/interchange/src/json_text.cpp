#include "json_text.h"

#include <string_view>

#include "text.h"

namespace theta::interchange {
namespace {

[[noreturn]] void reject_at(std::size_t offset, const std::string& sentence, ImportError code) {
  reject(code, "offset " + std::to_string(offset) + ": " + sentence);
}

/// Counts brackets, commas and colons outside strings: an upper bound of the values, and exactly the depth.
void check_shape(std::string_view text, std::size_t offset, const ImportLimits& limits) {
  std::size_t depth = 0;
  std::size_t values = 1;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_string = false;
      }
      continue;
    }
    if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      ++values;
      if (++depth > limits.json_depth_max)
        reject_at(offset + i, "the JSON is nested deeper than " + std::to_string(limits.json_depth_max),
                  ImportError::too_large);
    } else if (c == ']' || c == '}') {
      if (depth > 0) --depth;
    } else if (c == ',' || c == ':') {
      if (++values > limits.json_values_max)
        reject_at(offset + i, "the JSON has more than " + std::to_string(limits.json_values_max) + " values",
                  ImportError::too_large);
    }
  }
}

/// nlohmann's texts begin with an identifier in brackets, which helps nobody who reads them.
std::string parser_reason(const char* what) {
  std::string_view text(what);
  const auto end = text.find("] ");
  if (end != std::string_view::npos) text.remove_prefix(end + 2);
  return printable(text, 160);
}

}  // namespace

Json parse_json(ByteView bytes, std::size_t offset, const ImportLimits& limits) {
  if (bytes.size() > limits.json_bytes_max)
    reject_at(offset,
              "expected at most " + std::to_string(limits.json_bytes_max) + " bytes of JSON, got " +
                  std::to_string(bytes.size()),
              ImportError::too_large);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  check_shape(text, offset, limits);
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    const std::size_t at = offset + (error.byte > 0 ? error.byte - 1 : 0);
    reject_at(at, "expected glTF's JSON or a GLB; " + parser_reason(error.what()), ImportError::malformed);
  } catch (const Json::exception& error) {
    reject_at(offset, "expected glTF's JSON; " + parser_reason(error.what()), ImportError::malformed);
  }
}

}  // namespace theta::interchange

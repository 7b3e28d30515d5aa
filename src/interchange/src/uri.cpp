#include "uri.h"

#include <array>
#include <cstdint>

#include "text.h"

namespace theta::interchange {
namespace {

constexpr std::uint8_t kNoDigit = 0xff;

constexpr std::array<std::uint8_t, 256> make_base64_digits() {
  std::array<std::uint8_t, 256> digits{};
  for (auto& digit : digits) digit = kNoDigit;
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t i = 0; i < kAlphabet.size(); ++i)
    digits[static_cast<std::uint8_t>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  return digits;
}
constexpr auto kBase64Digits = make_base64_digits();

std::string_view without_padding(std::string_view text) {
  for (int i = 0; i < 2 && !text.empty() && text.back() == '='; ++i) text.remove_suffix(1);
  return text;
}

Bytes decode_base64(std::string_view text, const std::string& path) {
  text = without_padding(text);
  Bytes bytes;
  bytes.reserve(text.size() / 4 * 3 + 3);
  std::uint32_t bits = 0;
  int bit_count = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto digit = kBase64Digits[static_cast<std::uint8_t>(text[i])];
    if (digit == kNoDigit)
      reject(ImportError::malformed, path + ": expected base64, got " + printable(text.substr(i, 1), 1) +
                                         " at character " + std::to_string(i) + " of the data");
    bits = (bits << 6) | digit;
    bit_count += 6;
    if (bit_count < 8) continue;
    bit_count -= 8;
    bytes.push_back(static_cast<std::uint8_t>(bits >> bit_count));
  }
  if (bit_count == 6)
    reject(ImportError::malformed, path + ": expected base64, got one digit too many at the end of the data");
  return bytes;
}

std::optional<std::uint8_t> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<std::uint8_t>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<std::uint8_t>(c - 'A' + 10);
  return std::nullopt;
}

/// A percent sign that no two hexadecimal digits follow stays as it is: exporters forget to escape it.
std::string percent_decoded(std::string_view uri) {
  std::string text;
  for (std::size_t i = 0; i < uri.size(); ++i) {
    if (uri[i] == '%' && i + 2 < uri.size()) {
      const auto high = hex_digit(uri[i + 1]);
      const auto low = hex_digit(uri[i + 2]);
      if (high && low) {
        text += static_cast<char>(*high << 4 | *low);
        i += 2;
        continue;
      }
    }
    text += uri[i];
  }
  return text;
}

bool has_forbidden_character(std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (byte < 0x20 || byte == 0x7f || c == '\\' || c == ':') return true;
  }
  return false;
}

/// Lower-case letters of what follows the last dot; empty when there is none.
std::string extension_of(std::string_view name) {
  const auto dot = name.rfind('.');
  std::string extension(dot == std::string_view::npos ? std::string_view{} : name.substr(dot + 1));
  for (char& c : extension)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return extension;
}

/// The extensions that https://www.iana.org/assignments/media-types has for application/gltf-buffer, image/png and
/// image/jpeg.
bool is_fitting_name(UriUse use, std::string_view name) {
  const auto extension = extension_of(name);
  if (use == UriUse::buffer) return extension == "bin" || extension == "glbin" || extension == "glbuf";
  return extension == "png" || extension == "jpg" || extension == "jpeg" || extension == "jpe" || extension == "jfif";
}

const char* fitting_names(UriUse use) {
  return use == UriUse::buffer ? "a buffer's file, .bin, .glbin or .glbuf," : "an image's file, .png, .jpg or .jpeg,";
}

}  // namespace

std::optional<Bytes> decode_data_uri(std::string_view uri, const std::string& path, std::size_t bytes_max) {
  if (!uri.starts_with("data:")) return std::nullopt;
  const auto comma = uri.find(',');
  if (comma == std::string_view::npos || !uri.substr(0, comma).ends_with(";base64"))
    reject(ImportError::malformed, path + ": expected \"data:TYPE;base64,…\", got \"" + printable(uri, 40) + "\"");
  const auto text = uri.substr(comma + 1);
  if (text.size() / 4 * 3 > bytes_max)
    reject(ImportError::too_large,
           path + ": the embedded data is larger than the " + std::to_string(bytes_max) + " bytes allowed");
  return decode_base64(text, path);
}

std::string relative_path(UriUse use, std::string_view uri, const std::string& path) {
  const auto refuse = [&](const char* got) {
    reject(ImportError::malformed, path + ": expected the name of a file in the folder of this file or below, got " +
                                       got + " \"" + printable(uri, 80) + "\"");
  };
  const auto text = percent_decoded(uri);
  if (text.empty()) refuse("nothing:");
  if (text.front() == '/') refuse("an absolute path,");
  if (has_forbidden_character(text)) refuse("a URL, a drive or a character that no such name has:");
  std::string result;
  for (std::size_t start = 0; start <= text.size();) {
    const auto slash = std::min(text.find('/', start), text.size());
    const auto part = std::string_view(text).substr(start, slash - start);
    start = slash + 1;
    if (part == ".") continue;
    if (part.empty() || part == "..") refuse("a path that leaves it or is not plain,");
    if (part.front() == '.') refuse("a hidden name,");
    if (!result.empty()) result += '/';
    result += part;
  }
  if (result.empty()) refuse("no name in");
  if (!is_fitting_name(use, result))
    reject(ImportError::malformed,
           path + ": expected the name of " + fitting_names(use) + " got \"" + printable(uri, 80) + "\"");
  return result;
}

}  // namespace theta::interchange

#include "http_fields.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "theta/wire/text.h"

namespace theta::hub {
namespace {

char lower(char letter) { return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter; }

std::string_view trimmed(std::string_view text) {
  const auto is_space = [](char letter) { return letter == ' ' || letter == '\t'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

/// Takes what stands before the first `separator` off the front, and the separator with it.
std::string_view take_until(std::string_view& text, char separator) {
  const auto at = text.find(separator);
  const auto part = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return trimmed(part);
}

int digit_of(char letter) {
  if (letter >= '0' && letter <= '9') return letter - '0';
  if (letter >= 'a' && letter <= 'f') return letter - 'a' + 10;
  if (letter >= 'A' && letter <= 'F') return letter - 'A' + 10;
  return -1;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string result;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      result += text[at];
      continue;
    }
    if (at + 2 >= text.size()) return std::nullopt;
    const int high = digit_of(text[at + 1]);
    const int low = digit_of(text[at + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    result += static_cast<char>(high * 16 + low);
    at += 2;
  }
  return result;
}

/// See `RequestTarget::path`.
bool is_plain_path(std::string_view path) {
  if (path.empty() || path.front() != '/' || !wire::is_plain_text(path)) return false;
  if (path.find('\\') != std::string_view::npos) return false;
  auto rest = path.substr(1);
  while (!rest.empty()) {
    const auto end = std::min(rest.find('/'), rest.size());
    if (end == 0 || rest.front() == '.') return false;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return true;
}

/// "q=0", "q=0.0" and the like; anything else that follows a coding is not ours to judge.
bool is_zero_quality(std::string_view parameter) {
  if (parameter.size() < 3 || lower(parameter[0]) != 'q' || parameter[1] != '=') return false;
  const auto value = parameter.substr(2);
  return value.front() == '0' && value.find_first_not_of("0.") == std::string_view::npos;
}

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

bool is_host(std::string_view host) {
  constexpr std::size_t kHostBytesMax = 255 + 6;
  if (host.empty() || host.size() > kHostBytesMax) return false;
  std::string_view port;
  if (host.front() == '[') {
    const auto end = host.find(']');
    if (end == std::string_view::npos || end == 1) return false;
    const auto address = host.substr(1, end - 1);
    if (address.find_first_not_of("0123456789abcdefABCDEF:.") != std::string_view::npos) return false;
    port = host.substr(end + 1);
  } else {
    const auto colon = std::min(host.find(':'), host.size());
    constexpr std::string_view kNameLetters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-._";
    if (colon == 0 || host.substr(0, colon).find_first_not_of(kNameLetters) != std::string_view::npos) return false;
    port = host.substr(colon);
  }
  if (port.empty()) return true;
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(port.data() + 1, port.data() + port.size(), number);
  return port.front() == ':' && error == std::errc{} && end == port.data() + port.size();
}

std::optional<RequestTarget> parse_target(std::string_view target) {
  if (target.size() > kTargetBytesMax) return std::nullopt;
  RequestTarget result;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!equal_ignoring_case(target.substr(0, scheme.size()), scheme)) continue;
    target.remove_prefix(scheme.size());
    const auto end = std::min(target.find_first_of("/?"), target.size());
    result.authority = target.substr(0, end);
    if (!is_host(result.authority)) return std::nullopt;
    target.remove_prefix(end);
    if (target.empty()) target = "/";
    break;
  }
  auto decoded = percent_decoded(target.substr(0, target.find('?')));
  if (!decoded || !is_plain_path(*decoded)) return std::nullopt;
  result.path = std::move(*decoded);
  return result;
}

bool accepts_encoding(std::string_view field, std::string_view coding) {
  std::optional<bool> by_star;
  while (!field.empty()) {
    auto item = take_until(field, ',');
    const auto name = take_until(item, ';');
    bool is_taken = true;
    while (!item.empty())
      if (is_zero_quality(take_until(item, ';'))) is_taken = false;
    if (equal_ignoring_case(name, coding)) return is_taken;
    if (name == "*") by_star = is_taken;
  }
  return by_star.value_or(false);
}

bool names_etag(std::string_view field, std::string_view etag) {
  if (trimmed(field) == "*") return true;
  while (!field.empty()) {
    auto item = take_until(field, ',');
    if (item.starts_with("W/")) item.remove_prefix(2);
    if (item == etag) return true;
  }
  return false;
}

bool has_token(std::string_view field, std::string_view token) {
  while (!field.empty())
    if (take_until(field, ',') == token) return true;
  return false;
}

bool is_media_type(std::string_view field, std::string_view type) {
  return equal_ignoring_case(take_until(field, ';'), type);
}

}  // namespace theta::hub

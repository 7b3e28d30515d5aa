#include "own_names.h"

#include <algorithm>
#include <utility>

#include "http_fields.h"

namespace theta::hub {
namespace {

constexpr std::string_view kTls = "https://";
constexpr std::string_view kPlain = "http://";

/// What stands behind the scheme; empty for what is no origin.
std::string_view authority_of(std::string_view origin) {
  for (const auto scheme : {kTls, kPlain})
    if (origin.starts_with(scheme)) return origin.substr(scheme.size());
  return {};
}

/// Without the port.
std::string_view name_of(std::string_view authority) {
  const auto end = authority.starts_with('[') ? authority.find(']') : authority.rfind(':');
  return authority.substr(0, end);
}

/// No name in the DNS ends in a label of digits (RFC 3696 section 2), so these are addresses.
bool is_address(std::string_view name) {
  return name.starts_with('[') || (!name.empty() && name.find_first_not_of("0123456789.") == std::string_view::npos);
}

bool is_localhost(std::string_view name) {
  constexpr std::string_view kLocalhost = "localhost";
  if (name.size() < kLocalhost.size()) return false;
  const auto front = name.substr(0, name.size() - kLocalhost.size());
  return equal_ignoring_case(name.substr(front.size()), kLocalhost) && (front.empty() || front.ends_with('.'));
}

std::string_view take_one(std::string_view& list) {
  const auto end = std::min(list.find_first_of(" ,"), list.size());
  const auto one = list.substr(0, end);
  list.remove_prefix(std::min(end + 1, list.size()));
  return one;
}

}  // namespace

OwnNames::OwnNames(bool has_tls, std::string page, std::string allowed_origins)
    : has_tls_(has_tls), page_(std::move(page)), allowed_origins_(std::move(allowed_origins)) {
  hosts_.emplace_back(name_of(authority_of(page_)));
  std::string_view rest = allowed_origins_;
  while (!rest.empty()) hosts_.emplace_back(name_of(authority_of(take_one(rest))));
  std::erase(hosts_, "");
}

bool OwnNames::has(std::string_view host) const {
  const auto name = name_of(host);
  return is_address(name) || is_localhost(name) ||
         std::any_of(hosts_.begin(), hosts_.end(), [&](const auto& own) { return equal_ignoring_case(own, name); });
}

bool OwnNames::allows(std::string_view origin, std::string_view host) const {
  const auto authority = authority_of(origin);
  if (is_host(authority) && equal_ignoring_case(authority, host)) {
    const bool is_page = page_.starts_with(kTls) && equal_ignoring_case(authority_of(page_), host);
    return origin.starts_with(kTls) || !(has_tls_ || is_page);
  }
  std::string_view rest = allowed_origins_;
  while (!rest.empty()) {
    const auto one = take_one(rest);
    if (!one.empty() && equal_ignoring_case(one, origin)) return true;
  }
  return false;
}

}  // namespace theta::hub

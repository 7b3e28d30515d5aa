#include "place_check.h"

#include <algorithm>
#include <initializer_list>

#include "theta/transport/socket_address.h"
#include "theta/wire/text.h"

namespace theta::hub {
namespace {

using Slot = std::string HubPlace::*;

struct Named {
  Slot slot;
  const char* name;
};
constexpr Named kNames[] = {
    {&HubPlace::listen, "listen"},   {&HubPlace::http, "http"},
    {&HubPlace::tls, "tls"},         {&HubPlace::tls_certificate, "tls_certificate"},
    {&HubPlace::tls_key, "tls_key"}, {&HubPlace::public_address, "public_address"},
    {&HubPlace::page, "page"},
};

class PlaceCheck {
 public:
  PlaceCheck(const HubPlace& place, const HubPlace& flags) : place_(place), flags_(flags) {}

  [[nodiscard]] ServerResult<void> addresses() const {
    if (!transport::SocketAddress::parse(place_.listen))
      return refuse(&HubPlace::listen,
                    "an address in numbers with its port, such as 0.0.0.0:4433 or [::]:4433, to listen on for peers");
    if (!transport::SocketAddress::parse(place_.http))
      return refuse(&HubPlace::http,
                    "an address in numbers with its port, such as 127.0.0.1:4480 or [::1]:4480, to serve HTTP on");
    if (!place_.public_address.empty() && parse_public_address(place_.public_address).is_wildcard())
      return refuse(&HubPlace::public_address, "an IP address that browsers can reach, with or without a port");
    const auto page = place_.page.substr(0, place_.page.find_last_not_of('/') + 1);
    if (!place_.page.empty() && !wire::is_page_address(page))
      return refuse(&HubPlace::page, "an address such as https://hub.example:4480, without a path");
    return {};
  }

  [[nodiscard]] ServerResult<void> tls() const {
    const Slot tls = &HubPlace::tls;
    const Slot certificate = &HubPlace::tls_certificate;
    const Slot key = &HubPlace::tls_key;
    // Whoever types one of them is told of the others as they would be typed.
    const bool types_any = is_flag(tls) || is_flag(certificate) || is_flag(key);
    const auto name_as_typed = [&](Slot slot) {
      return types_any && (place_.*slot).empty() ? flag_name(slot) : name(slot);
    };
    const auto names = name_as_typed(certificate) + " and " + name_as_typed(key);
    if (!place_.tls.empty() && place_.tls != kSelfSigned)
      return refuse(tls, "\"self-signed\"; a certificate of your own goes into " + names);
    const bool has_certificate = !place_.tls_certificate.empty();
    const bool has_key = !place_.tls_key.empty();
    if (!place_.tls.empty() && (has_certificate || has_key))
      return refuse({tls, certificate, key},
                    "Either " + name(tls) + " is \"self-signed\" or " + names + " are given, not both.");
    if (has_certificate != has_key)
      return refuse({certificate, key}, names + " go together; only one of them is given.");
    return {};
  }

 private:
  [[nodiscard]] bool is_flag(Slot slot) const { return !(flags_.*slot).empty(); }
  [[nodiscard]] static std::string setting_name(Slot slot) {
    return std::find_if(std::begin(kNames), std::end(kNames), [&](const Named& n) { return n.slot == slot; })->name;
  }
  [[nodiscard]] static std::string flag_name(Slot slot) {
    auto text = setting_name(slot);
    std::replace(text.begin(), text.end(), '_', '-');
    return "--" + text;
  }
  [[nodiscard]] std::string name(Slot slot) const {
    return is_flag(slot) ? flag_name(slot) : "hub." + setting_name(slot);
  }
  [[nodiscard]] tl::unexpected<Failure<ServerError>> refuse(std::initializer_list<Slot> at_fault,
                                                            std::string sentence) const {
    const bool is_typed = std::any_of(at_fault.begin(), at_fault.end(), [this](Slot slot) { return is_flag(slot); });
    return fail(is_typed ? ServerError::flag : ServerError::config, std::move(sentence));
  }
  [[nodiscard]] tl::unexpected<Failure<ServerError>> refuse(Slot slot, const std::string& expected) const {
    return refuse({slot}, name(slot) + ": expected " + expected + "; got \"" + place_.*slot + "\".");
  }

  const HubPlace& place_;
  const HubPlace& flags_;
};

}  // namespace

HubPlace place_of(const HubServer::Options& options) {
  HubPlace place;
  place.data = options.data_folder;
  place.listen = options.listen;
  place.http = options.http;
  place.editor = options.editor;
  place.tls_certificate = options.tls_certificate;
  place.tls_key = options.tls_key;
  place.tls = options.tls;
  place.allow_plain_http = options.allow_plain_http;
  place.public_address = options.public_address;
  place.page = options.page;
  return place;
}

transport::SocketAddress parse_public_address(const std::string& text) {
  if (const auto parsed = transport::SocketAddress::parse(text)) return *parsed;
  const bool is_ipv6 = text.find(':') != std::string::npos && !text.starts_with('[');
  const auto parsed = transport::SocketAddress::parse((is_ipv6 ? "[" + text + "]" : text) + ":0");
  return parsed ? *parsed : transport::SocketAddress{};
}

ServerResult<void> check_place(const HubPlace& place, const HubPlace& flags) {
  const PlaceCheck check(place, flags);
  if (auto addresses = check.addresses(); !addresses) return addresses;
  return check.tls();
}

}  // namespace theta::hub

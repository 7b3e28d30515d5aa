#pragma once

#include <string>
#include <string_view>
#include <vector>

/// Which pages are this server's own. Pure, and total: any bytes may come in.
namespace theta::hub {

/// A browser lets a page read what its own server answers, and takes for that server whatever the page's name resolves
/// to at the moment. So a stranger's page whose name comes to mean 127.0.0.1 (DNS rebinding) could read this server;
/// all that gives it away is the name in the Host field. And where pages come over TLS, one that came without may have
/// been changed on its way, so it is not ours although its name is.
class OwnNames {
 public:
  OwnNames() = default;
  /// `page` is where the operator says that browsers find this server, empty where nothing was said; `allowed_origins`
  /// are others whose pages may use it, separated by spaces or commas.
  OwnNames(bool has_tls, std::string page, std::string allowed_origins);

  /// Whether a Host field names this machine: by an address, which nobody else's page can have for its name, by
  /// "localhost" or a name below it (RFC 6761 section 6.3), or as the operator says.
  [[nodiscard]] bool has(std::string_view host) const;
  /// Whether a page of `origin` ("https://hub.example") may talk to this server, which its browser called `host`: when
  /// it came from the same host and port, over TLS where that is how pages come, or is one of the allowed.
  [[nodiscard]] bool allows(std::string_view origin, std::string_view host) const;

 private:
  bool has_tls_ = false;
  std::string page_;
  std::string allowed_origins_;
  std::vector<std::string> hosts_;
};

}  // namespace theta::hub

#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>
#include <vector>

#include "theta/base/time.h"
#include "theta/hub/server.h"

namespace theta::hub {

/// Server side, TLS 1.2 and newer, with the certificate chain and key of these PEM files. Fails when a file cannot be
/// read, is no PEM, the two do not belong together, or the certificate's time is over.
[[nodiscard]] ServerResult<std::shared_ptr<boost::asio::ssl::context>> make_tls_context(
    const std::string& certificate_file, const std::string& key_file);

struct SelfSigned {
  std::string certificate_file;
  std::string key_file;
  /// SHA-256 of the certificate as browsers show it ("AB:CD:…"), so that a person can compare.
  std::string fingerprint;
};

/// The certificate that the hub made for itself in its data folder: `tls.crt` and `tls.key` (0600). Made when there is
/// none, when it ends within a month, or when it lacks one of `names` (names and addresses in numbers).
[[nodiscard]] ServerResult<SelfSigned> keep_self_signed(const std::string& data_folder,
                                                        const std::vector<std::string>& names, WallTime now);

}  // namespace theta::hub

#pragma once

#include <string>

namespace theta::cli {

/// Where everything of one person or one hub lies: identity.key, rooms/ (a peer's state), and for a hub hub.key,
/// admin.token, theta.db, assets/. --data, else THETA_DATA, else $XDG_DATA_HOME/theta, else ~/.local/share/theta.
[[nodiscard]] std::string data_folder(const std::string& option);

[[nodiscard]] std::string identity_path(const std::string& folder);
[[nodiscard]] std::string rooms_path(const std::string& folder);

/// THETA_ADMIN_TOKEN, else the file admin.token in the folder; empty when there is neither.
[[nodiscard]] std::string admin_token(const std::string& folder);

}  // namespace theta::cli

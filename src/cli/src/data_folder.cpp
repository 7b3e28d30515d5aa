#include "data_folder.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace theta::cli {

namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

}  // namespace

std::string data_folder(const std::string& option) {
  if (!option.empty()) return option;
  if (auto folder = environment("THETA_DATA"); !folder.empty()) return folder;
  if (auto base = environment("XDG_DATA_HOME"); !base.empty()) return base + "/theta";
  return environment("HOME") + "/.local/share/theta";
}

std::string identity_path(const std::string& folder) { return folder + "/identity.key"; }
std::string rooms_path(const std::string& folder) { return folder + "/rooms"; }

std::string admin_token(const std::string& folder) {
  if (auto token = environment("THETA_ADMIN_TOKEN"); !token.empty()) return token;
  std::ifstream file(folder + "/admin.token");
  std::string token;
  std::getline(file, token);
  return token;
}

}  // namespace theta::cli

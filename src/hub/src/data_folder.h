#pragma once

#include <string>

#include "theta/base/bytes.h"
#include "theta/crypto/keys.h"
#include "theta/hub/server.h"

namespace theta::hub {

/// A hub's folder: its key, its admin token, and the lock that keeps a second hub out. Made on first use, readable for
/// its owner only.
class DataFolder {
 public:
  [[nodiscard]] static ServerResult<DataFolder> open(const std::string& path);
  DataFolder(DataFolder&& other) noexcept;
  DataFolder& operator=(DataFolder&&) = delete;
  ~DataFolder();

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const crypto::KeyPair& key() const { return key_; }
  [[nodiscard]] const crypto::Seed& seed() const { return seed_; }
  [[nodiscard]] const Bytes& admin_token() const { return admin_token_; }

 private:
  DataFolder(std::string path, int lock, const crypto::Seed& seed, Bytes admin_token);

  std::string path_;
  int lock_ = -1;  // the open lock file
  crypto::Seed seed_;
  crypto::KeyPair key_;
  Bytes admin_token_;
};

}  // namespace theta::hub

#pragma once

#include <string>
#include <utility>

#include "theta/base/bytes.h"
#include "theta/crypto/keys.h"
#include "theta/hub/server.h"
#include "theta/store/folder_lock.h"

namespace theta::hub {

/// A hub's folder: its key, its admin token, and the lock that keeps a second hub out. Made on first use, readable for
/// its owner only.
class DataFolder {
 public:
  [[nodiscard]] static ServerResult<DataFolder> open(const std::string& path);

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const crypto::KeyPair& key() const { return key_; }
  [[nodiscard]] const crypto::Seed& seed() const { return seed_; }
  [[nodiscard]] const Bytes& admin_token() const { return admin_token_; }
  /// For the store, which holds it from then on.
  [[nodiscard]] store::FolderLock take_lock() { return std::move(lock_); }

 private:
  DataFolder(std::string path, store::FolderLock lock, const crypto::Seed& seed, Bytes admin_token);

  std::string path_;
  store::FolderLock lock_;
  crypto::Seed seed_;
  crypto::KeyPair key_;
  Bytes admin_token_;
};

}  // namespace theta::hub

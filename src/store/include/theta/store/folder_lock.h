#pragma once

#include <string>

#include "theta/store/log_engine.h"

namespace theta::store {

/// Keeps every other process from writing a data folder. The kernel lets go of it when this process ends, however it
/// ends; the file `lock` stays behind and means nothing by itself.
class FolderLock {
 public:
  /// `busy` when another process, or another lock of this one, has the folder; `io` when the file cannot be used.
  [[nodiscard]] static StoreResult<FolderLock> acquire(const std::string& folder);
  FolderLock(FolderLock&& other) noexcept;
  FolderLock& operator=(FolderLock&& other) noexcept;
  ~FolderLock();

 private:
  explicit FolderLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_ = -1;
};

}  // namespace theta::store

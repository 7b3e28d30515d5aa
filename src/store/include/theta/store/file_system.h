#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "theta/base/bytes.h"
#include "theta/base/time.h"
#include "theta/store/log_engine.h"

namespace theta::store {

/// The few file operations that assets need, so that the simulation can run them on a disk that tears and fails.
/// Paths are relative to a root that the implementation keeps, with `/` between names; messages name them so. Nothing
/// is on disk before `sync` (contents) and `sync_directory` (names) returned. Failures: `not_found`, `no_space`, `io`.
class FileSystem {
 public:
  struct Entry {
    std::string name;  // within the folder
    std::uint64_t size_bytes = 0;
    WallTime modified{};
  };

  virtual ~FileSystem() = default;
  [[nodiscard]] virtual StoreResult<std::uint64_t> size(const std::string& path) = 0;
  /// Fewer than `size_bytes` when the file ends before.
  [[nodiscard]] virtual StoreResult<Bytes> read(const std::string& path, std::uint64_t offset,
                                                std::size_t size_bytes) = 0;
  /// Makes the file if there is none. After a failure any part of `bytes` may have been written.
  [[nodiscard]] virtual StoreResult<void> write(const std::string& path, std::uint64_t offset, ByteView bytes) = 0;
  [[nodiscard]] virtual StoreResult<void> truncate(const std::string& path, std::uint64_t size_bytes) = 0;
  [[nodiscard]] virtual StoreResult<void> sync(const std::string& path) = 0;
  /// Replaces what is at `to`.
  [[nodiscard]] virtual StoreResult<void> rename(const std::string& from, const std::string& to) = 0;
  /// Success when there is none.
  [[nodiscard]] virtual StoreResult<void> remove(const std::string& path) = 0;
  /// Makes the folder and those above it, durably. Success when it is there.
  [[nodiscard]] virtual StoreResult<void> make_directory(const std::string& path) = 0;
  [[nodiscard]] virtual StoreResult<void> sync_directory(const std::string& path) = 0;
  /// Files, not folders, in no order.
  [[nodiscard]] virtual StoreResult<std::vector<Entry>> list(const std::string& path) = 0;
};

/// The system's files below `root`, an existing folder.
[[nodiscard]] std::unique_ptr<FileSystem> make_real_file_system(std::string root);

}  // namespace theta::store

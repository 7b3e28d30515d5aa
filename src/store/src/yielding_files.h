#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "theta/store/file_system.h"

namespace theta::store {

/// A file system whose syncs, which can take seconds on a busy disk, are given away: `run` calls the work it gets, on
/// whatever thread, and comes back with its result. Only one operation is under way at a time.
class YieldingFiles final : public FileSystem {
 public:
  using Work = std::function<StoreResult<void>()>;
  using Run = std::function<StoreResult<void>(Work)>;
  YieldingFiles(std::unique_ptr<FileSystem> files, Run run) : files_(std::move(files)), run_(std::move(run)) {}

  StoreResult<std::uint64_t> size(const std::string& path) override { return files_->size(path); }
  StoreResult<Bytes> read(const std::string& path, std::uint64_t offset, std::size_t size_bytes) override {
    return files_->read(path, offset, size_bytes);
  }
  StoreResult<void> write(const std::string& path, std::uint64_t offset, ByteView bytes) override {
    return files_->write(path, offset, bytes);
  }
  StoreResult<void> truncate(const std::string& path, std::uint64_t size_bytes) override {
    return files_->truncate(path, size_bytes);
  }
  StoreResult<void> sync(const std::string& path) override {
    return run_([this, &path] { return files_->sync(path); });
  }
  StoreResult<void> rename(const std::string& from, const std::string& to) override { return files_->rename(from, to); }
  StoreResult<void> remove(const std::string& path) override { return files_->remove(path); }
  StoreResult<void> make_directory(const std::string& path) override {
    return run_([this, &path] { return files_->make_directory(path); });
  }
  StoreResult<void> sync_directory(const std::string& path) override {
    return run_([this, &path] { return files_->sync_directory(path); });
  }
  StoreResult<std::vector<Entry>> list(const std::string& path) override { return files_->list(path); }

 private:
  std::unique_ptr<FileSystem> files_;
  Run run_;
};

}  // namespace theta::store

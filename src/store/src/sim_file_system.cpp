#include <utility>

#include "sim_disk_state.h"

namespace theta::store {

namespace {

class SimFileSystem final : public FileSystem {
 public:
  SimFileSystem(SimDisk::State& disk, std::string root) : disk_(disk), root_(std::move(root)), process_(disk.process) {}

  StoreResult<std::uint64_t> size(const std::string& path) override {
    const auto file = find(path);
    if (!file) return tl::unexpected(file.error());
    return (*file)->current.size();
  }

  StoreResult<Bytes> read(const std::string& path, std::uint64_t offset, std::size_t size_bytes) override {
    const auto file = find(path);
    if (!file) return tl::unexpected(file.error());
    Bytes bytes;
    const auto result = disk_.read(process_, **file, offset, size_bytes, bytes);
    if (result != DiskResult::ok) return failure(result, "read", path);
    return bytes;
  }

  StoreResult<void> write(const std::string& path, std::uint64_t offset, ByteView bytes) override {
    SimFile* file = nullptr;
    auto result = disk_.open(process_, absolute(path), true, file);
    if (result == DiskResult::ok) result = disk_.write(process_, *file, offset, bytes);
    return done(result, "write", path);
  }

  StoreResult<void> truncate(const std::string& path, std::uint64_t size_bytes) override {
    const auto file = find(path);
    if (!file) return tl::unexpected(file.error());
    return done(disk_.resize(process_, **file, size_bytes), "cut", path);
  }

  StoreResult<void> sync(const std::string& path) override {
    const auto file = find(path);
    if (!file) return tl::unexpected(file.error());
    return done(disk_.sync(process_, **file), "sync", path);
  }

  StoreResult<void> rename(const std::string& from, const std::string& to) override {
    return done(disk_.rename(process_, absolute(from), absolute(to)), "rename", from);
  }

  StoreResult<void> remove(const std::string& path) override {
    const auto result = disk_.remove(process_, absolute(path));
    return result == DiskResult::not_found ? StoreResult<void>{} : done(result, "remove", path);
  }

  /// Folders are not modelled: they are there, durably, as the contract of this function has it.
  StoreResult<void> make_directory(const std::string& path) override {
    return done(disk_.is_alive(process_) ? DiskResult::ok : DiskResult::io, "make the folder", path);
  }

  StoreResult<void> sync_directory(const std::string& path) override {
    return done(disk_.sync_directory(process_, absolute(path)), "sync the folder", path);
  }

  StoreResult<std::vector<Entry>> list(const std::string& path) override {
    if (!disk_.is_alive(process_)) return failure(DiskResult::io, "list the folder", path);
    const std::string folder = absolute(path);
    std::vector<Entry> entries;
    for (const auto& [name, file] : disk_.names) {
      if (folder_of_path(name) != folder) continue;
      entries.push_back({name.substr(folder.size() + 1), file->current.size(), file->modified});
    }
    return entries;
  }

 private:
  [[nodiscard]] std::string absolute(const std::string& path) const { return path == "." ? root_ : root_ + "/" + path; }

  [[nodiscard]] StoreResult<SimFile*> find(const std::string& path) {
    SimFile* file = nullptr;
    const auto result = disk_.open(process_, absolute(path), false, file);
    if (result != DiskResult::ok) return failure(result, "open", path);
    return file;
  }

  [[nodiscard]] static tl::unexpected<Failure<StoreError>> failure(DiskResult result, const char* doing,
                                                                   const std::string& path) {
    const std::string begin = std::string("could not ") + doing + " " + path + ": ";
    if (result == DiskResult::not_found) return fail(StoreError::not_found, begin + "no such file (simulated)");
    if (result == DiskResult::no_space) return fail(StoreError::no_space, begin + "the disk is full (simulated)");
    return fail(StoreError::io, begin + "the disk failed (simulated)");
  }

  [[nodiscard]] static StoreResult<void> done(DiskResult result, const char* doing, const std::string& path) {
    if (result != DiskResult::ok) return failure(result, doing, path);
    return {};
  }

  SimDisk::State& disk_;
  std::string root_;
  std::uint64_t process_;
};

}  // namespace

std::unique_ptr<FileSystem> make_sim_file_system(SimDisk::State& disk, std::string root) {
  return std::make_unique<SimFileSystem>(disk, std::move(root));
}

}  // namespace theta::store

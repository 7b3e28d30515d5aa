#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "theta/store/file_system.h"

namespace theta::store {

namespace {

class FileDescriptor {
 public:
  explicit FileDescriptor(int descriptor) : descriptor_(descriptor) {}
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  [[nodiscard]] int get() const { return descriptor_; }
  [[nodiscard]] bool is_open() const { return descriptor_ >= 0; }

 private:
  int descriptor_;
};

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

/// From errno, which the caller has not touched since the call that failed.
tl::unexpected<Failure<StoreError>> system_failure(const char* doing, const std::string& path) {
  const int error = errno;
  StoreError code = StoreError::io;
  if (error == ENOENT) code = StoreError::not_found;
  if (error == ENOSPC || error == EDQUOT || error == EFBIG) code = StoreError::no_space;
  return fail(code, std::string("could not ") + doing + " " + path + ": " + std::strerror(error));
}

std::string parent_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? std::string(".") : path.substr(0, slash);
}

class RealFileSystem final : public FileSystem {
 public:
  explicit RealFileSystem(std::string root) : root_(std::move(root)) {}

  StoreResult<std::uint64_t> size(const std::string& path) override {
    struct stat status {};
    if (::stat(absolute(path).c_str(), &status) != 0) return system_failure("look at", path);
    return static_cast<std::uint64_t>(status.st_size);
  }

  StoreResult<Bytes> read(const std::string& path, std::uint64_t offset, std::size_t size_bytes) override {
    const FileDescriptor file(::open(absolute(path).c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.is_open()) return system_failure("open", path);
    Bytes bytes(size_bytes);
    std::size_t filled = 0;
    while (filled < size_bytes) {
      const auto got =
          ::pread(file.get(), bytes.data() + filled, size_bytes - filled, static_cast<off_t>(offset + filled));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return system_failure("read", path);
      if (got == 0) break;
      filled += static_cast<std::size_t>(got);
    }
    bytes.resize(filled);
    return bytes;
  }

  StoreResult<void> write(const std::string& path, std::uint64_t offset, ByteView bytes) override {
    const FileDescriptor file(::open(absolute(path).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    if (!file.is_open()) return system_failure("open", path);
    std::size_t written = 0;
    while (written < bytes.size()) {
      const auto put =
          ::pwrite(file.get(), bytes.data() + written, bytes.size() - written, static_cast<off_t>(offset + written));
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) return system_failure("write", path);
      written += static_cast<std::size_t>(put);
    }
    return {};
  }

  StoreResult<void> truncate(const std::string& path, std::uint64_t size_bytes) override {
    if (::truncate(absolute(path).c_str(), static_cast<off_t>(size_bytes)) != 0) return system_failure("cut", path);
    return {};
  }

  StoreResult<void> sync(const std::string& path) override {
    // Linux keeps a write error on the file until somebody has seen it, so a descriptor of its own reports it too.
    const FileDescriptor file(::open(absolute(path).c_str(), O_WRONLY | O_CLOEXEC));
    if (!file.is_open()) return system_failure("open", path);
    if (::fsync(file.get()) != 0) return system_failure("sync", path);
    return {};
  }

  StoreResult<void> rename(const std::string& from, const std::string& to) override {
    if (::rename(absolute(from).c_str(), absolute(to).c_str()) != 0) return system_failure("rename", from);
    return {};
  }

  StoreResult<void> remove(const std::string& path) override {
    if (::unlink(absolute(path).c_str()) != 0 && errno != ENOENT) return system_failure("remove", path);
    return {};
  }

  StoreResult<void> make_directory(const std::string& path) override {
    if (::mkdir(absolute(path).c_str(), 0700) == 0) return sync_directory(parent_of(path));
    if (errno == EEXIST) return {};
    if (errno != ENOENT || parent_of(path) == ".") return system_failure("make the folder", path);
    if (auto above = make_directory(parent_of(path)); !above) return above;
    if (::mkdir(absolute(path).c_str(), 0700) != 0 && errno != EEXIST) return system_failure("make the folder", path);
    return sync_directory(parent_of(path));
  }

  StoreResult<void> sync_directory(const std::string& path) override {
    const FileDescriptor directory(::open(absolute(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory.is_open()) return system_failure("open the folder", path);
    if (::fsync(directory.get()) != 0) return system_failure("sync the folder", path);
    return {};
  }

  StoreResult<std::vector<Entry>> list(const std::string& path) override {
    const std::unique_ptr<DIR, CloseDirectory> directory(::opendir(absolute(path).c_str()));
    if (!directory) return system_failure("list the folder", path);
    std::vector<Entry> entries;
    for (;;) {
      errno = 0;
      const dirent* entry = ::readdir(directory.get());
      if (entry == nullptr) break;
      struct stat status {};
      if (::fstatat(::dirfd(directory.get()), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
      if (!S_ISREG(status.st_mode)) continue;
      const auto modified_ms = static_cast<std::uint64_t>(std::max<std::int64_t>(status.st_mtime, 0)) * 1000;
      entries.push_back({entry->d_name, static_cast<std::uint64_t>(status.st_size), from_unix_ms(modified_ms)});
    }
    if (errno != 0) return system_failure("list the folder", path);
    return entries;
  }

 private:
  [[nodiscard]] std::string absolute(const std::string& path) const { return root_ + "/" + path; }

  std::string root_;
};

}  // namespace

std::unique_ptr<FileSystem> make_real_file_system(std::string root) {
  return std::make_unique<RealFileSystem>(std::move(root));
}

}  // namespace theta::store

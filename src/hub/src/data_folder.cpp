#include "data_folder.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>

#include "theta/base/hex.h"

namespace theta::hub {
namespace {

constexpr const char* kKeyName = "hub.key";
constexpr const char* kTokenName = "admin.token";
constexpr std::size_t kTokenBytes = 32;
constexpr std::size_t kSecretFileBytesMax = 1024;

std::string reason() { return std::strerror(errno); }

/// Closes on every way out.
class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  [[nodiscard]] int get() const { return descriptor_; }
  [[nodiscard]] bool is_open() const { return descriptor_ >= 0; }

 private:
  int descriptor_;
};

ServerResult<void> make_folder(const std::string& path) {
  std::error_code error;
  const auto parent = std::filesystem::path(path).parent_path();
  if (!parent.empty()) std::filesystem::create_directories(parent, error);
  if (::mkdir(path.c_str(), 0700) == 0) return {};
  // One that was there may have been made by anything; rooms are nobody else's business.
  if (errno == EEXIST && ::chmod(path.c_str(), 0700) == 0) return {};
  return fail(ServerError::folder,
              "The data folder " + path + " cannot be made, or be kept from others: " + reason() + ".");
}

ServerResult<store::FolderLock> lock_folder(const std::string& path) {
  auto lock = store::FolderLock::acquire(path);
  if (lock) return std::move(*lock);
  if (lock.error().code == store::StoreError::busy)
    return fail(ServerError::folder_in_use, "Another hub is using the data folder " + path +
                                                ". Stop it, or give this one a folder of its own with --data.");
  return fail(ServerError::folder, "The data folder cannot be used: " + lock.error().message + ".");
}

/// Empty optional when there is no such file.
ServerResult<std::optional<std::string>> read_secret(const std::string& name) {
  File file(::open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file.is_open()) {
    if (errno == ENOENT) return std::optional<std::string>();
    return fail(ServerError::folder, "The file " + name + " cannot be opened: " + reason() + ".");
  }
  struct stat info {};
  if (::fstat(file.get(), &info) != 0)
    return fail(ServerError::folder, "The file " + name + " cannot be examined: " + reason() + ".");
  if ((info.st_mode & 077) != 0)
    return fail(ServerError::folder, "The file " + name +
                                         " is a secret, but others than its owner may read or write "
                                         "it. Run chmod 600 on it; if others may have seen it, replace it.");
  std::string text(kSecretFileBytesMax, '\0');
  const auto size = ::read(file.get(), text.data(), text.size());
  if (size < 0) return fail(ServerError::folder, "The file " + name + " cannot be read: " + reason() + ".");
  text.resize(static_cast<std::size_t>(size));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return std::optional<std::string>(std::move(text));
}

bool write_whole(int file, const std::string& text) {
  std::size_t written = 0;
  while (written < text.size()) {
    const auto size = ::write(file, text.data() + written, text.size() - written);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return false;
    written += static_cast<std::size_t>(size);
  }
  return ::fsync(file) == 0;
}

/// Complete or not there at all, whenever the machine stops.
ServerResult<void> write_secret(const std::string& folder, const char* name, const std::string& text) {
  const auto final_name = folder + "/" + name;
  const auto temporary = final_name + ".new";
  File file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.is_open() || !write_whole(file.get(), text + "\n") || ::rename(temporary.c_str(), final_name.c_str()) != 0)
    return fail(ServerError::folder, "The file " + final_name + " cannot be written: " + reason() + ".");
  File directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.is_open() || ::fsync(directory.get()) != 0)
    return fail(ServerError::folder, "The data folder " + folder + " cannot be synced: " + reason() + ".");
  return {};
}

ServerResult<crypto::Seed> load_seed(const std::string& folder) {
  const auto name = folder + "/" + kKeyName;
  const auto text = read_secret(name);
  if (!text) return tl::unexpected(text.error());
  crypto::Seed seed;
  if (*text) {
    const auto bytes = from_hex(**text);
    if (!bytes || bytes->size() != seed.bytes.size())
      return fail(ServerError::folder, "The file " + name +
                                           " does not hold 64 hexadecimal digits. Restore it from a "
                                           "backup; without it nobody's links lead to this hub any more.");
    std::copy(bytes->begin(), bytes->end(), seed.bytes.begin());
    return seed;
  }
  ::randombytes_buf(seed.bytes.data(), seed.bytes.size());
  if (auto written = write_secret(folder, kKeyName, to_hex(seed.bytes)); !written)
    return tl::unexpected(std::move(written.error()));
  return seed;
}

ServerResult<Bytes> load_token(const std::string& folder) {
  const auto name = folder + "/" + kTokenName;
  const auto text = read_secret(name);
  if (!text) return tl::unexpected(text.error());
  if (*text) {
    auto bytes = from_base64url(**text);
    if (!bytes || bytes->size() != kTokenBytes)
      return fail(ServerError::folder,
                  "The file " + name + " does not hold a token of 43 characters. Remove it to have a new one made.");
    return std::move(*bytes);
  }
  Bytes token(kTokenBytes);
  ::randombytes_buf(token.data(), token.size());
  if (auto written = write_secret(folder, kTokenName, to_base64url(token)); !written)
    return tl::unexpected(std::move(written.error()));
  return token;
}

}  // namespace

ServerResult<DataFolder> DataFolder::open(const std::string& path) {
  if (::sodium_init() < 0) return fail(ServerError::folder, "The system's random source cannot be used.");
  if (auto made = make_folder(path); !made) return tl::unexpected(std::move(made.error()));
  auto lock = lock_folder(path);
  if (!lock) return tl::unexpected(std::move(lock.error()));
  const auto seed = load_seed(path);
  if (!seed) return tl::unexpected(seed.error());
  auto token = load_token(path);
  if (!token) return tl::unexpected(std::move(token.error()));
  return DataFolder(path, std::move(*lock), *seed, std::move(*token));
}

DataFolder::DataFolder(std::string path, store::FolderLock lock, const crypto::Seed& seed, Bytes admin_token)
    : path_(std::move(path)),
      lock_(std::move(lock)),
      seed_(seed),
      key_(crypto::KeyPair::from_seed(seed)),
      admin_token_(std::move(admin_token)) {}

}  // namespace theta::hub

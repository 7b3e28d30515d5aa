#include "theta/client/file_persistence.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <utility>

#include "theta/base/hex.h"
#include "theta/crypto/hash.h"

namespace theta::client {
namespace {

constexpr std::string_view kStatePrefix = "state-";
constexpr std::string_view kJournalPrefix = "journal-";
constexpr std::string_view kAssetPrefix = "asset-";

tl::unexpected<Failure<ClientError>> system_failure(const std::string& what, const std::string& path) {
  return fail(ClientError::storage, what + " " + path + ": " + std::strerror(errno));
}

/// Closes on every path.
class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  [[nodiscard]] int get() const { return descriptor_; }
  [[nodiscard]] int release() { return std::exchange(descriptor_, -1); }

 private:
  int descriptor_;
};

ClientResult<void> write_all(int descriptor, ByteView bytes, const std::string& path) {
  while (!bytes.empty()) {
    const auto written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_failure("cannot write", path);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

ClientResult<void> sync_folder(const std::string& folder) {
  const File file(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (file.get() < 0 || ::fsync(file.get()) != 0) return system_failure("cannot sync", folder);
  return {};
}

ClientResult<Bytes> read_file(const std::string& path) {
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) {
    if (errno == ENOENT) return Bytes();
    return system_failure("cannot open", path);
  }
  Bytes bytes;
  std::uint8_t piece[64 * 1024];
  for (;;) {
    const auto got = ::read(file.get(), piece, sizeof piece);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_failure("cannot read", path);
    if (got == 0) return bytes;
    bytes.insert(bytes.end(), piece, piece + got);
  }
}

std::uint64_t number_after(std::string_view name, std::string_view prefix) {
  if (name.substr(0, prefix.size()) != prefix) return 0;
  std::uint64_t number = 0;
  const auto* end = name.data() + name.size();
  const auto parsed = std::from_chars(name.data() + prefix.size(), end, number);
  return parsed.ec == std::errc() && parsed.ptr == end ? number : 0;
}

}  // namespace

FilePersistence::FilePersistence(std::string folder) : folder_(std::move(folder)) {}

FilePersistence::~FilePersistence() {
  if (journal_ >= 0) ::close(journal_);
}

ClientResult<std::unique_ptr<FilePersistence>> FilePersistence::open(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return fail(ClientError::storage, "cannot make the state folder " + folder + ": " + error.message());
  std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
  return std::unique_ptr<FilePersistence>(new FilePersistence(folder));
}

std::string FilePersistence::state_path(std::uint64_t number) const {
  return folder_ + "/" + std::string(kStatePrefix) + std::to_string(number);
}
std::string FilePersistence::journal_path(std::uint64_t number) const {
  return folder_ + "/" + std::string(kJournalPrefix) + std::to_string(number);
}

ClientResult<Persistence::Stored> FilePersistence::load() {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, error))
    number_ = std::max(number_, number_after(entry.path().filename().string(), kStatePrefix));
  if (error) return fail(ClientError::storage, "cannot list the state folder " + folder_ + ": " + error.message());
  Stored stored;
  if (number_ == 0) return stored;
  auto state = read_file(state_path(number_));
  if (!state) return tl::unexpected(state.error());
  auto journal = read_file(journal_path(number_));
  if (!journal) return tl::unexpected(journal.error());
  if (auto opened = open_journal(); !opened) return tl::unexpected(opened.error());
  auto assets = load_assets();
  if (!assets) return tl::unexpected(assets.error());
  stored.assets = std::move(*assets);
  stored.state = std::move(*state);
  stored.journal = std::move(*journal);
  return stored;
}

ClientResult<void> FilePersistence::open_journal() {
  const auto path = journal_path(number_);
  File file(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (file.get() < 0) return system_failure("cannot open", path);
  if (journal_ >= 0) ::close(journal_);
  journal_ = file.release();
  return {};
}

ClientResult<void> FilePersistence::replace(ByteView state) {
  const auto next = number_ + 1;
  const auto temporary = folder_ + "/new-state";
  {
    const File file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (file.get() < 0) return system_failure("cannot open", temporary);
    if (auto written = write_all(file.get(), state, temporary); !written) return written;
    if (::fsync(file.get()) != 0) return system_failure("cannot sync", temporary);
  }
  // The rename is the moment of change: the state's number names its journal, which does not exist yet and so is empty.
  ::unlink(journal_path(next).c_str());
  if (::rename(temporary.c_str(), state_path(next).c_str()) != 0)
    return system_failure("cannot rename to", state_path(next));
  number_ = next;
  if (auto synced = sync_folder(folder_); !synced) return synced;
  if (auto opened = open_journal(); !opened) return opened;
  remove_others();
  return {};
}

void FilePersistence::remove_others() const {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, error)) {
    const auto name = entry.path().filename().string();
    const auto number = std::max(number_after(name, kStatePrefix), number_after(name, kJournalPrefix));
    if (number != 0 && number != number_) std::filesystem::remove(entry.path(), error);
  }
}

ClientResult<void> FilePersistence::append(ByteView entries) {
  if (journal_ < 0) return fail(ClientError::storage, "the state folder " + folder_ + " holds no state yet");
  return write_all(journal_, entries, journal_path(number_));
}

ClientResult<void> FilePersistence::sync() {
  // First, since what stands in the journal relies on them.
  if (auto synced = sync_assets(); !synced) return synced;
  if (journal_ >= 0 && ::fdatasync(journal_) != 0) return system_failure("cannot sync", journal_path(number_));
  return {};
}

// ---- Assets -------------------------------------------------------------------------------------------------------

std::string FilePersistence::asset_path(const AssetId& asset) const {
  return folder_ + "/" + std::string(kAssetPrefix) + to_hex(asset.view());
}

ClientResult<std::vector<SharedBytes>> FilePersistence::load_assets() const {
  std::vector<SharedBytes> assets;
  std::vector<std::string> torn;  // paths
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, error)) {
    if (!entry.path().filename().string().starts_with(kAssetPrefix)) continue;
    auto bytes = read_file(entry.path().string());
    if (!bytes) return tl::unexpected(bytes.error());
    // A machine that died may have torn it; left there, it would be in the way of the whole one.
    if (asset_path(AssetId::from(crypto::hash256(*bytes).view())) == entry.path().string()) {
      assets.emplace_back(std::move(*bytes));
    } else {
      torn.push_back(entry.path().string());
    }
  }
  for (const auto& path : torn)
    if (::unlink(path.c_str()) != 0) return system_failure("cannot remove", path);
  if (error) return fail(ClientError::storage, "cannot list the state folder " + folder_ + ": " + error.message());
  return assets;
}

ClientResult<void> FilePersistence::keep_asset(const AssetId& asset, const SharedBytes& bytes) {
  const auto path = asset_path(asset);
  std::error_code error;
  if (std::filesystem::exists(path, error)) return {};
  const auto temporary = folder_ + "/new-asset";
  {
    const File file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (file.get() < 0) return system_failure("cannot open", temporary);
    if (auto written = write_all(file.get(), bytes.view(), temporary); !written) return written;
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) return system_failure("cannot rename to", path);
  unsynced_assets_.push_back(path);
  return {};
}

ClientResult<void> FilePersistence::forget_asset(const AssetId& asset) {
  const auto path = asset_path(asset);
  std::erase(unsynced_assets_, path);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return system_failure("cannot remove", path);
  return {};
}

ClientResult<void> FilePersistence::sync_assets() {
  if (unsynced_assets_.empty()) return {};
  for (const auto& path : unsynced_assets_) {
    const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() < 0 || ::fsync(file.get()) != 0) return system_failure("cannot sync", path);
  }
  if (auto synced = sync_folder(folder_); !synced) return synced;
  unsynced_assets_.clear();
  return {};
}

// ---- RoomLock -----------------------------------------------------------------------------------------------------

ClientResult<RoomLock> RoomLock::take(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  const auto path = folder + "/lock";
  File file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (file.get() < 0) return system_failure("cannot open", path);
  if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) return RoomLock(file.release());
  if (errno != EWOULDBLOCK) return system_failure("cannot lock", path);
  return fail(ClientError::locked, "another process has this room open with this key (" + path +
                                       "); two writers with one key would fork its chain. Close the other one, open "
                                       "read-only, or use another key");
}

RoomLock::RoomLock(RoomLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
RoomLock& RoomLock::operator=(RoomLock&& other) noexcept {
  std::swap(file_, other.file_);
  return *this;
}
RoomLock::~RoomLock() {
  if (file_ >= 0) ::close(file_);
}

}  // namespace theta::client

#include "theta/store/asset_files.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "theta/base/hex.h"
#include "theta/crypto/hash.h"
#include "theta/store/limits.h"

namespace theta::store {

namespace {

const std::string kPartialFolder = "assets/partial";
constexpr std::size_t kHexDigits = 64;
/// How much of a partial file is in memory while it is hashed again.
constexpr std::size_t kRehashBytes = 1024 * 1024;

std::string folder_of(const AssetId& asset) { return "assets/" + to_hex(asset.view().first(1)); }
std::string path_of(const AssetId& asset) { return folder_of(asset) + "/" + to_hex(asset.view().subspan(1)); }
std::string partial_path(const RoomId& room, const AssetId& asset) {
  return kPartialFolder + "/" + to_hex(room.view()) + "-" + to_hex(asset.view());
}

template <class Fixed>
std::optional<Fixed> fixed_from_hex(std::string_view text) {
  const auto bytes = from_hex(text);
  if (!bytes || bytes->size() != Fixed::kSize) return std::nullopt;
  return Fixed::from(*bytes);
}

}  // namespace

struct AssetFiles::RunningHash {
  std::string partial;
  std::uint64_t offset = 0;
  crypto::Hasher hasher;
};

AssetFiles::AssetFiles(FileSystem& files) : files_(files) {}
AssetFiles::AssetFiles(AssetFiles&&) noexcept = default;
AssetFiles::~AssetFiles() = default;

StoreResult<void> AssetFiles::open(WallTime keep_since) {
  if (auto made = files_.make_directory(kPartialFolder); !made) return made;
  const auto entries = files_.list(kPartialFolder);
  if (!entries) return tl::unexpected(entries.error());
  for (const auto& entry : *entries) {
    if (entry.modified >= keep_since) continue;
    if (auto removed = files_.remove(kPartialFolder + "/" + entry.name); !removed) return removed;
  }
  return {};
}

StoreResult<bool> AssetFiles::contains(const AssetId& asset) {
  const auto found = size(asset);
  if (found) return true;
  if (found.error().code == StoreError::not_found) return false;
  return tl::unexpected(found.error());
}

StoreResult<std::uint64_t> AssetFiles::received(const RoomId& room, const AssetId& asset) {
  auto found = files_.size(partial_path(room, asset));
  if (!found && found.error().code == StoreError::not_found) return 0;
  return found;
}

StoreResult<void> AssetFiles::append(const RoomId& room, const AssetId& asset, std::uint64_t offset, ByteView bytes) {
  const auto partial = partial_path(room, asset);
  const auto hash = running_hash(partial, offset);
  if (!hash) return tl::unexpected(hash.error());
  if (auto written = files_.write(partial, offset, bytes); !written) {
    // A torn chunk would be counted as received after a restart; if it cannot be cut off either, it is a prefix of
    // the right bytes, and the hash at the end judges.
    forget_hash(partial);
    static_cast<void>(files_.truncate(partial, offset));
    return written;
  }
  (*hash)->hasher.update(bytes);
  (*hash)->offset += bytes.size();
  const bool sync_due = offset / limits::kAssetSyncBytes != (offset + bytes.size()) / limits::kAssetSyncBytes;
  return sync_due ? files_.sync(partial) : StoreResult<void>{};
}

StoreResult<void> AssetFiles::complete(const RoomId& room, const AssetId& asset) {
  const auto partial = partial_path(room, asset);
  const auto size_bytes = files_.size(partial);
  if (!size_bytes) return tl::unexpected(size_bytes.error());
  const auto hash = running_hash(partial, *size_bytes);
  if (!hash) return tl::unexpected(hash.error());
  const Hash256 computed = (*hash)->hasher.finish();
  forget_hash(partial);
  if (computed.bytes != asset.bytes) {
    if (auto dropped = drop_partial(room, asset); !dropped) return dropped;
    return fail(StoreError::invalid, "the asset's " + std::to_string(*size_bytes) + " bytes hash to " +
                                         to_hex(computed.view()) + ", not to its id " + to_hex(asset.view()) +
                                         "; they were thrown away, send it again from the start");
  }
  if (auto synced = files_.sync(partial); !synced) return synced;
  if (auto made = files_.make_directory(folder_of(asset)); !made) return made;
  if (auto renamed = files_.rename(partial, path_of(asset)); !renamed) return renamed;
  return files_.sync_directory(folder_of(asset));
}

StoreResult<void> AssetFiles::drop_partial(const RoomId& room, const AssetId& asset) {
  const auto partial = partial_path(room, asset);
  forget_hash(partial);
  return files_.remove(partial);
}

StoreResult<std::vector<AssetFiles::Partial>> AssetFiles::partials() {
  auto entries = files_.list(kPartialFolder);
  if (!entries) return tl::unexpected(std::move(entries.error()));
  const auto by_age = [](const FileSystem::Entry& a, const FileSystem::Entry& b) {
    return std::tie(a.modified, a.name) < std::tie(b.modified, b.name);
  };
  std::sort(entries->begin(), entries->end(), by_age);
  std::vector<Partial> partials;
  for (const auto& entry : *entries) {
    const std::string_view name = entry.name;
    if (name.size() != 2 * kHexDigits + 1) continue;
    const auto room = fixed_from_hex<RoomId>(name.substr(0, kHexDigits));
    const auto asset = fixed_from_hex<AssetId>(name.substr(kHexDigits + 1));
    if (room && asset) partials.push_back({*room, *asset, entry.size_bytes});
  }
  return partials;
}

StoreResult<std::uint64_t> AssetFiles::size(const AssetId& asset) { return files_.size(path_of(asset)); }

StoreResult<Bytes> AssetFiles::read(const AssetId& asset, std::uint64_t offset, std::size_t size_bytes) {
  return files_.read(path_of(asset), offset, size_bytes);
}

StoreResult<AssetFiles::RunningHash*> AssetFiles::running_hash(const std::string& partial, std::uint64_t offset) {
  const auto is_this = [&](const RunningHash& hash) { return hash.partial == partial; };
  const auto found = std::find_if(hashes_.begin(), hashes_.end(), is_this);
  if (found != hashes_.end() && found->offset == offset) {
    hashes_.splice(hashes_.begin(), hashes_, found);
    return &hashes_.front();
  }
  forget_hash(partial);
  RunningHash hash{partial, 0, crypto::Hasher{}};
  while (hash.offset < offset) {
    const auto size_bytes = std::min<std::uint64_t>(kRehashBytes, offset - hash.offset);
    const auto bytes = files_.read(partial, hash.offset, size_bytes);
    if (!bytes) return tl::unexpected(bytes.error());
    if (bytes->empty()) return fail(StoreError::corrupt, "the upload " + partial + " is shorter than it was");
    hash.hasher.update(*bytes);
    hash.offset += bytes->size();
  }
  hashes_.push_front(std::move(hash));
  if (hashes_.size() > limits::kRunningHashesMax) hashes_.pop_back();
  return &hashes_.front();
}

void AssetFiles::forget_hash(const std::string& partial) {
  hashes_.remove_if([&](const RunningHash& hash) { return hash.partial == partial; });
}

}  // namespace theta::store

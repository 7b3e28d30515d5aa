#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>

#include "theta/base/ids.h"
#include "theta/base/time.h"
#include "theta/store/file_system.h"

namespace theta::store {

/// Assets as files named by their content: `assets/ab/cdef…` is complete and never changes; `assets/partial/` holds
/// one file for each upload under way, by room and asset. Knows nothing of quotas and of which room may read what.
class AssetFiles {
 public:
  /// Borrows `files`, which must outlive this.
  explicit AssetFiles(FileSystem& files);
  AssetFiles(AssetFiles&&) noexcept;
  ~AssetFiles();

  /// Makes the folders, and throws away partial files last written before `keep_since`.
  [[nodiscard]] StoreResult<void> open(WallTime keep_since);

  [[nodiscard]] StoreResult<bool> contains(const AssetId& asset);
  /// Bytes of the partial file; 0 when there is none.
  [[nodiscard]] StoreResult<std::uint64_t> received(const RoomId& room, const AssetId& asset);
  /// Appends at `offset`, which must be what was received. Empties the file first when `offset` is 0.
  [[nodiscard]] StoreResult<void> append(const RoomId& room, const AssetId& asset, std::uint64_t offset,
                                         ByteView bytes);
  /// Checks the hash, syncs and gives the file its address. `invalid` when the bytes hash to something else: the
  /// partial file is gone then.
  [[nodiscard]] StoreResult<void> complete(const RoomId& room, const AssetId& asset);
  [[nodiscard]] StoreResult<void> drop_partial(const RoomId& room, const AssetId& asset);
  struct Partial {
    RoomId room;
    AssetId asset;
    std::uint64_t size_bytes = 0;
  };
  [[nodiscard]] StoreResult<std::vector<Partial>> partials();

  /// `not_found` when it is not complete.
  [[nodiscard]] StoreResult<std::uint64_t> size(const AssetId& asset);
  [[nodiscard]] StoreResult<Bytes> read(const AssetId& asset, std::uint64_t offset, std::size_t size_bytes);

 private:
  struct RunningHash;
  /// The hash of the partial file's first `offset` bytes, from memory or from the file.
  [[nodiscard]] StoreResult<RunningHash*> running_hash(const std::string& partial, std::uint64_t offset);
  void forget_hash(const std::string& partial);

  FileSystem& files_;
  /// Most recently used first; at most `kRunningHashesMax`.
  std::list<RunningHash> hashes_;
};

}  // namespace theta::store

#pragma once

#include <unordered_map>
#include <vector>

#include "theta/store/asset_files.h"
#include "theta/store/room_database.h"

namespace theta::store {

/// Ties asset files to rooms: who holds what, how much of an upload is there, and quotas. A room may read an asset
/// only when all its bytes were once sent to that room, so that knowing a hash opens nothing.
class AssetService {
 public:
  /// Borrows both.
  AssetService(RoomDatabase& database, AssetFiles& files) : database_(database), files_(files) {}

  /// Picks up the uploads that were under way, and throws away those last written before `keep_since`.
  [[nodiscard]] StoreResult<void> open(WallTime keep_since);

  [[nodiscard]] static bool is_asset_request(const Request& request);
  [[nodiscard]] StoreResult<Answer> execute(const Request& request);

 private:
  struct Upload {
    AssetId asset;
    std::uint64_t total_bytes = 0;
    std::uint64_t received_bytes = 0;
  };
  /// Touched longest ago first; at most `kPartialUploadsPerRoomMax`.
  using Uploads = std::vector<Upload>;

  [[nodiscard]] StoreResult<Answer> status(const AssetStatus& request);
  [[nodiscard]] StoreResult<Answer> write(const WriteAssetChunk& request);
  [[nodiscard]] StoreResult<void> refuse_over_quota(const WriteAssetChunk& request);
  [[nodiscard]] StoreResult<void> begin_upload(const WriteAssetChunk& request);
  [[nodiscard]] StoreResult<void> complete_upload(const WriteAssetChunk& request);
  [[nodiscard]] StoreResult<void> drop_upload(const RoomId& room, const AssetId& asset);
  [[nodiscard]] Upload* find_upload(const RoomId& room, const AssetId& asset);
  void forget_upload(const RoomId& room, const AssetId& asset);

  RoomDatabase& database_;
  AssetFiles& files_;
  std::unordered_map<RoomId, Uploads, FixedBytesHash<RoomId>> uploads_;
};

/// Shared with the reader of a folder that another process writes.
[[nodiscard]] StoreResult<Answer> read_asset_chunk(RoomDatabase& database, AssetFiles& files,
                                                   const ReadAssetChunk& request);

}  // namespace theta::store

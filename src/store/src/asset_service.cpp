#include "asset_service.h"

#include <algorithm>
#include <string>
#include <utility>

#include "theta/base/check.h"
#include "theta/base/hex.h"
#include "theta/store/limits.h"

namespace theta::store {

namespace {

StoreResult<void> refuse_bounds(const WriteAssetChunk& request) {
  if (request.total_bytes == 0 || request.total_bytes > limits::kAssetBytesMax)
    return fail(StoreError::invalid, "an asset has 1 to " + std::to_string(limits::kAssetBytesMax) +
                                         " bytes; this one says " + std::to_string(request.total_bytes));
  if (request.bytes.empty() || request.bytes.size() > theta::limits::kAssetChunkBytes)
    return fail(StoreError::invalid, "a chunk of an asset has 1 to " + std::to_string(theta::limits::kAssetChunkBytes) +
                                         " bytes; this one has " + std::to_string(request.bytes.size()));
  // Written so that a hostile offset cannot overflow.
  if (request.offset > request.total_bytes || request.bytes.size() > request.total_bytes - request.offset)
    return fail(StoreError::invalid, "the chunk at offset " + std::to_string(request.offset) + " with " +
                                         std::to_string(request.bytes.size()) + " bytes ends after the asset's " +
                                         std::to_string(request.total_bytes));
  return {};
}

}  // namespace

StoreResult<void> AssetService::open(WallTime keep_since) {
  if (auto opened = files_.open(keep_since); !opened) return opened;
  const auto rows = database_.partial_assets();
  if (!rows) return tl::unexpected(rows.error());
  const auto partials = files_.partials();
  if (!partials) return tl::unexpected(partials.error());
  const auto same = [](const auto& a, const auto& b) { return a.room == b.room && a.asset == b.asset; };
  // The row is written before the file and goes after it, so after a crash either can be there alone.
  for (const auto& row : *rows) {
    const bool has_file =
        std::any_of(partials->begin(), partials->end(), [&](const auto& partial) { return same(partial, row); });
    if (has_file) continue;
    if (auto dropped = database_.drop_partial_asset(row.room, row.asset); !dropped) return dropped;
  }
  for (const auto& partial : *partials) {
    const auto row = database_.asset(partial.room, partial.asset);
    if (!row && row.error().code != StoreError::not_found) return tl::unexpected(row.error());
    const bool is_known = row && !row->complete && partial.size_bytes < row->size;
    if (is_known) {
      uploads_[partial.room].push_back({partial.asset, row->size, partial.size_bytes});
      continue;
    }
    if (auto dropped = files_.drop_partial(partial.room, partial.asset); !dropped) return dropped;
    if (!row || row->complete) continue;
    if (auto dropped = database_.drop_partial_asset(partial.room, partial.asset); !dropped) return dropped;
  }
  return {};
}

bool AssetService::is_asset_request(const Request& request) {
  return std::holds_alternative<AssetStatus>(request) || std::holds_alternative<WriteAssetChunk>(request) ||
         std::holds_alternative<ReadAssetChunk>(request);
}

StoreResult<Answer> AssetService::execute(const Request& request) {
  if (const auto* asked = std::get_if<AssetStatus>(&request)) return status(*asked);
  if (const auto* chunk = std::get_if<WriteAssetChunk>(&request)) return write(*chunk);
  if (const auto* chunk = std::get_if<ReadAssetChunk>(&request)) return read_asset_chunk(database_, files_, *chunk);
  THETA_CHECK(!"execute() takes requests that is_asset_request() names");
  return fail(StoreError::invalid, "not about an asset");
}

StoreResult<Answer> AssetService::status(const AssetStatus& request) {
  const auto row = database_.asset(request.room, request.asset);
  if (!row) return tl::unexpected(row.error());
  if (row->complete) return Answer{AssetState{row->size, row->size}};
  const auto* upload = find_upload(request.room, request.asset);
  if (upload == nullptr) return Answer{AssetState{}};
  return Answer{AssetState{upload->total_bytes, upload->received_bytes}};
}

StoreResult<Answer> AssetService::write(const WriteAssetChunk& request) {
  if (auto fits = refuse_bounds(request); !fits) return tl::unexpected(std::move(fits.error()));
  const auto row = database_.asset(request.room, request.asset);
  if (!row) return tl::unexpected(row.error());
  if (row->complete) return Answer{AssetState{row->size, row->size}};

  auto* upload = find_upload(request.room, request.asset);
  const std::uint64_t received = upload != nullptr ? upload->received_bytes : 0;
  if (upload != nullptr && upload->total_bytes != request.total_bytes)
    return fail(StoreError::invalid, "the upload began as " + std::to_string(upload->total_bytes) +
                                         " bytes; this chunk says " + std::to_string(request.total_bytes));
  if (request.offset != received)
    return fail(StoreError::invalid, "the chunk is at offset " + std::to_string(request.offset) + ", but " +
                                         std::to_string(received) + " bytes were received; go on from there");
  if (auto allowed = refuse_over_quota(request); !allowed) return tl::unexpected(std::move(allowed.error()));
  if (upload == nullptr) {
    if (auto begun = begin_upload(request); !begun) return tl::unexpected(std::move(begun.error()));
  }
  if (auto appended = files_.append(request.room, request.asset, request.offset, request.bytes.view()); !appended)
    return tl::unexpected(std::move(appended.error()));
  upload = find_upload(request.room, request.asset);
  upload->received_bytes += request.bytes.size();
  const AssetState state{request.total_bytes, upload->received_bytes};
  if (state.received_bytes == state.total_bytes) {
    auto completed = complete_upload(request);
    forget_upload(request.room, request.asset);
    if (!completed) return tl::unexpected(std::move(completed.error()));
  }
  return Answer{state};
}

StoreResult<void> AssetService::refuse_over_quota(const WriteAssetChunk& request) {
  const auto use = database_.asset_use(request.room);
  if (!use) return tl::unexpected(use.error());
  if (use->count >= limits::kAssetsPerRoomMax)
    return fail(StoreError::quota,
                "the room holds " + std::to_string(use->count) + " assets, which is the most it may");
  std::uint64_t others = use->bytes;
  const auto uploads = uploads_.find(request.room);
  if (uploads != uploads_.end()) {
    for (const auto& upload : uploads->second)
      if (upload.asset != request.asset) others += upload.received_bytes;
  }
  // The whole asset is weighed from its first chunk on, so that an upload which cannot fit fails at once.
  if (others > request.room_quota_bytes || request.total_bytes > request.room_quota_bytes - others)
    return fail(StoreError::quota, "the room's assets may take " + std::to_string(request.room_quota_bytes) +
                                       " bytes; " + std::to_string(others) + " are taken and this one needs " +
                                       std::to_string(request.total_bytes));
  return {};
}

StoreResult<void> AssetService::begin_upload(const WriteAssetChunk& request) {
  auto& uploads = uploads_[request.room];
  if (uploads.size() >= limits::kPartialUploadsPerRoomMax) {
    if (auto dropped = drop_upload(request.room, uploads.front().asset); !dropped) return dropped;
  }
  // An asset that comes in one chunk needs no row for the time between.
  if (request.bytes.size() < request.total_bytes) {
    const RoomDatabase::AssetRow row{request.total_bytes, false};
    if (auto noted = database_.put_asset(request.room, request.asset, row); !noted) return noted;
  }
  // `drop_upload` may have removed the room's list with its last entry.
  uploads_[request.room].push_back({request.asset, request.total_bytes, 0});
  return {};
}

StoreResult<void> AssetService::complete_upload(const WriteAssetChunk& request) {
  if (auto completed = files_.complete(request.room, request.asset); !completed) {
    // What could not be completed starts over; a row or file that cannot be removed now goes at the next opening.
    static_cast<void>(drop_upload(request.room, request.asset));
    return completed;
  }
  return database_.put_asset(request.room, request.asset, {request.total_bytes, true});
}

StoreResult<void> AssetService::drop_upload(const RoomId& room, const AssetId& asset) {
  forget_upload(room, asset);
  if (auto dropped = files_.drop_partial(room, asset); !dropped) return dropped;
  return database_.drop_partial_asset(room, asset);
}

AssetService::Upload* AssetService::find_upload(const RoomId& room, const AssetId& asset) {
  const auto uploads = uploads_.find(room);
  if (uploads == uploads_.end()) return nullptr;
  auto& list = uploads->second;
  const auto found =
      std::find_if(list.begin(), list.end(), [&](const Upload& upload) { return upload.asset == asset; });
  if (found == list.end()) return nullptr;
  std::rotate(found, found + 1, list.end());
  return &list.back();
}

void AssetService::forget_upload(const RoomId& room, const AssetId& asset) {
  const auto uploads = uploads_.find(room);
  if (uploads == uploads_.end()) return;
  auto& list = uploads->second;
  list.erase(std::remove_if(list.begin(), list.end(), [&](const Upload& upload) { return upload.asset == asset; }),
             list.end());
  if (list.empty()) uploads_.erase(uploads);
}

StoreResult<Answer> read_asset_chunk(RoomDatabase& database, AssetFiles& files, const ReadAssetChunk& request) {
  const auto row = database.asset(request.room, request.asset);
  if (!row) return tl::unexpected(row.error());
  if (!row->complete)
    return fail(StoreError::not_found, "the room does not hold the asset " + to_hex(request.asset.view()));
  if (request.offset >= row->size)
    return fail(StoreError::invalid, "the asset has " + std::to_string(row->size) +
                                         " bytes; there is nothing at offset " + std::to_string(request.offset));
  const std::uint64_t bytes_max = std::clamp<std::uint64_t>(request.bytes_max, 1, theta::limits::kAssetChunkBytes);
  const std::size_t size_bytes = std::min(bytes_max, row->size - request.offset);
  auto bytes = files.read(request.asset, request.offset, size_bytes);
  const bool is_gone = !bytes && bytes.error().code == StoreError::not_found;
  if (is_gone || (bytes && bytes->size() != size_bytes))
    return fail(StoreError::corrupt, "the file of the asset " + to_hex(request.asset.view()) +
                                         " is missing or too short; restore the data folder's assets from a backup");
  if (!bytes) return tl::unexpected(std::move(bytes.error()));
  return Answer{AssetChunk{row->size, request.offset, SharedBytes(std::move(*bytes))}};
}

}  // namespace theta::store

#pragma once

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "theta/store/log_engine.h"

namespace theta::store {

/// Cuts the payload from a stored record and keeps everything before it (`log/record.h` knows the layout). Empty when
/// the bytes are no record. Must be idempotent: a record that was cut already stays as it is.
using StripPayload = Bytes (*)(ByteView record);

struct DatabaseOptions {
  /// Name of a registered SQLite VFS; null: the system's.
  const char* vfs = nullptr;
  /// Keeps the file locked and the WAL index in this process's memory. For the simulated disk, which has no shared
  /// memory; without it, `theta log` can read a folder that a hub is writing.
  bool exclusive_locking = false;
  /// Null: `Compact` is refused.
  StripPayload strip_payload = nullptr;
};

/// The rooms' logs in one SQLite file: WAL, synchronous=FULL, so a successful write is on disk when the call returns.
/// Synchronous; one connection; used from one thread. Every row carries a checksum, and damage reads as `corrupt`.
///
/// After `no_space` or `io` the database stays open and later writes succeed when the disk does. Records of an append
/// that failed so are gone for every reader, with one exception: when the process dies before any later write
/// succeeded, they may be there on reopening. So a caller must answer "not yet", never "refused", until a later write
/// succeeded.
class RoomDatabase {
 public:
  /// Makes the file if there is none, and brings an older version's up to date. A newer version's is `invalid`.
  [[nodiscard]] static StoreResult<RoomDatabase> open(const std::string& path, const DatabaseOptions& options);
  /// For a look at a folder that a hub may be writing. Only `read` and `verify` work.
  [[nodiscard]] static StoreResult<RoomDatabase> open_read_only(const std::string& path,
                                                                const DatabaseOptions& options);

  RoomDatabase(RoomDatabase&&) noexcept;
  RoomDatabase& operator=(RoomDatabase&&) noexcept;
  ~RoomDatabase();

  /// True for what `write` takes: `CreateRoom`, `Append`, `WriteCheckpoint`, `WriteEquivocation`.
  [[nodiscard]] static bool is_write(const Request& request);
  /// Executes all in one transaction and returns one result each, in order. A request that is refused takes no other
  /// with it. When the transaction itself fails, each request is tried again in one of its own, so a request too large
  /// for what is left of the disk does not take smaller ones with it.
  [[nodiscard]] std::vector<StoreResult<Answer>> write(std::span<const Request* const> requests);
  /// True for what `read` takes: `ListRooms`, `ReadRecords`, `ReadPacket`, `ReadSnapshot`, `ReadMarks`,
  /// `ReadCheckpoints`, `ReadEquivocations`.
  [[nodiscard]] static bool is_read(const Request& request);
  [[nodiscard]] StoreResult<Answer> read(const Request& request);

  /// `WriteSnapshot` and `Compact` touch many megabytes, so they run as chains of transactions with room for others
  /// between: call again with the same arguments until the answer is true (done) or a failure. Until then nothing of
  /// a snapshot is visible, and what a compaction has cut so far is cut. One chain a room at a time.
  struct SnapshotProgress {
    std::uint64_t id = 0;  // 0: nothing written yet
    std::size_t parts_written = 0;
  };
  [[nodiscard]] StoreResult<bool> write_snapshot_step(const WriteSnapshot& request, SnapshotProgress& progress);
  [[nodiscard]] StoreResult<bool> compact_step(const Compact& request);

  // The room's list of assets; their bytes lie in files.

  struct AssetRow {
    std::uint64_t size = 0;
    bool complete = false;
  };
  struct AssetUse {
    std::uint64_t bytes = 0;
    std::uint64_t count = 0;
  };
  struct PartialAsset {
    RoomId room;
    AssetId asset;
  };
  /// `not_found` when the room is unknown; an unknown asset is a row of size 0.
  [[nodiscard]] StoreResult<AssetRow> asset(const RoomId& room, const AssetId& asset);
  /// Complete assets only.
  [[nodiscard]] StoreResult<AssetUse> asset_use(const RoomId& room);
  [[nodiscard]] StoreResult<void> put_asset(const RoomId& room, const AssetId& asset, const AssetRow& row);
  [[nodiscard]] StoreResult<void> drop_partial_asset(const RoomId& room, const AssetId& asset);
  [[nodiscard]] StoreResult<std::vector<PartialAsset>> partial_assets();

  /// Folds the write-ahead log into the database when it has grown enough; call it when acknowledgements are out.
  /// A failure is not an error of any request: the log stays and the next call tries again.
  void checkpoint_if_due(bool idle);

  /// Reads every page and row of the file; what is wrong, as sentences, empty when all is well. Slow.
  [[nodiscard]] StoreResult<std::vector<std::string>> verify();

 private:
  struct State;
  explicit RoomDatabase(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace theta::store

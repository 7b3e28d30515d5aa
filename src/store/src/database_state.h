#pragma once

#include <array>
#include <cstddef>
#include <string>

#include "sqlite.h"
#include "theta/store/limits.h"
#include "theta/store/room_database.h"

namespace theta::store {

/// Every statement that is kept prepared. The texts stand in `database_state.cpp`, in this order.
enum class Sql : std::uint8_t {
  begin,
  commit,
  rollback,
  savepoint,
  release,
  rollback_to,
  find_room,
  insert_room,
  update_room,
  list_rooms,
  count_rooms,
  find_mark,
  insert_mark,
  update_mark,
  list_marks,
  insert_record,
  read_records,
  find_packet,
  update_record_bytes,
  put_checkpoint,
  list_checkpoints,
  put_equivocation,
  list_equivocations,
  insert_snapshot,
  complete_snapshot,
  newest_snapshot,
  stale_snapshots,
  delete_snapshot,
  insert_part,
  read_parts,
  delete_parts,
  find_asset,
  put_asset,
  count_asset,
  drop_partial_asset,
  list_partial_assets,
  count,
};

/// A row of `rooms`, checked against its checksum.
struct RoomRow {
  std::uint64_t id = 0;
  RoomId room;
  std::string name;
  std::uint64_t head = 0;
  Hash256 record_hash;
  std::uint64_t archived_through = 0;
  std::uint64_t log_bytes = 0;
  std::uint64_t asset_bytes = 0;
  std::uint64_t asset_count = 0;

  [[nodiscard]] std::uint64_t checksum() const;
};

/// The row of `find_room` or `list_rooms` that `query` stands on; `corrupt` when it is not what was written.
[[nodiscard]] StoreResult<RoomRow> room_from_row(const Query& query);

struct RoomDatabase::State {
  // Declared before the statements, so that it is closed after they are finalized.
  DatabaseHandle database;
  std::array<StatementHandle, static_cast<std::size_t>(Sql::count)> statements;
  DatabaseOptions options;
  int wal_pages = 0;        // as of the last commit
  int wal_pages_tried = 0;  // what the last checkpoint found

  [[nodiscard]] Query query(Sql sql);
  [[nodiscard]] tl::unexpected<Failure<StoreError>> failure(int result, std::string_view doing) const;
  /// Steps a statement that yields no row.
  [[nodiscard]] StoreResult<void> run(Query query, std::string_view doing);
  [[nodiscard]] StoreResult<void> run(Sql sql, std::string_view doing) { return run(query(sql), doing); }
  /// False when SQLite rolled the transaction back by itself, as it does after some I/O errors.
  [[nodiscard]] bool in_transaction() const { return sqlite3_get_autocommit(database.get()) == 0; }
  void roll_back();

  /// `not_found` when there is none.
  [[nodiscard]] StoreResult<RoomRow> find_room(const RoomId& room);
  [[nodiscard]] StoreResult<void> update_room(const RoomRow& row);

  [[nodiscard]] StoreResult<Answer> create_room(const CreateRoom& request);
  [[nodiscard]] StoreResult<Answer> append(const Append& request);
  [[nodiscard]] StoreResult<void> insert_record(RoomRow& room, const StoredRecord& record);
  [[nodiscard]] StoreResult<std::uint64_t> advance_mark(const RoomRow& room, const StoredRecord& record);
  [[nodiscard]] StoreResult<Answer> write_checkpoint(const WriteCheckpoint& request);
  [[nodiscard]] StoreResult<Answer> write_equivocation(const WriteEquivocation& request);
  [[nodiscard]] StoreResult<Answer> write_one(const Request& request);
  /// One transaction for all, a savepoint for each. False: nothing is written, and the results say nothing.
  [[nodiscard]] bool write_together(std::span<const Request* const> requests,
                                    std::vector<StoreResult<Answer>>& results);

  [[nodiscard]] StoreResult<Answer> list_rooms();
  [[nodiscard]] StoreResult<Answer> read_records(const ReadRecords& request);
  [[nodiscard]] StoreResult<Answer> read_packet(const ReadPacket& request);
  [[nodiscard]] StoreResult<Answer> read_snapshot(const ReadSnapshot& request);
  [[nodiscard]] StoreResult<Answer> read_marks(const ReadMarks& request);
  [[nodiscard]] StoreResult<Answer> read_checkpoints(const ReadCheckpoints& request);
  [[nodiscard]] StoreResult<Answer> read_equivocations(const ReadEquivocations& request);

  void verify_room(const RoomInfo& room, std::vector<std::string>& findings);

  [[nodiscard]] StoreResult<bool> write_snapshot_step(const WriteSnapshot& request, SnapshotProgress& progress);
  [[nodiscard]] StoreResult<std::uint64_t> begin_snapshot(const RoomRow& room, const StoredSnapshot& snapshot);
  [[nodiscard]] StoreResult<void> complete_snapshot(const RoomRow& room, std::uint64_t id);
  [[nodiscard]] StoreResult<bool> compact_step(const Compact& request);
  [[nodiscard]] StoreResult<void> require_snapshot(const RoomRow& room, std::uint64_t seq);
  [[nodiscard]] StoreResult<void> strip_record(RoomRow& room, const StoredRecord& record);
  /// Removes what an earlier chain of steps left unfinished, and all complete ones but the newest `keep`.
  [[nodiscard]] StoreResult<void> delete_snapshots(const RoomRow& room, std::uint64_t keep);

  /// Runs `body` in a transaction of its own; a failure rolls it back.
  template <class Body>
  [[nodiscard]] auto transact(Body body) -> decltype(body()) {
    if (auto begun = run(Sql::begin, "begin a transaction"); !begun) return tl::unexpected(std::move(begun.error()));
    auto result = body();
    if (!result) {
      roll_back();
      return result;
    }
    if (auto committed = run(Sql::commit, "commit"); !committed) {
      roll_back();
      return tl::unexpected(std::move(committed.error()));
    }
    return result;
  }
};

[[nodiscard]] constexpr std::uint64_t record_row_id(std::uint64_t room, std::uint64_t seq) {
  return room << limits::kSeqBits | seq;
}
/// Parts are numbered from 1.
[[nodiscard]] constexpr std::uint64_t part_row_id(std::uint64_t snapshot, std::uint64_t part) {
  return snapshot << limits::kPartBits | part;
}
inline constexpr std::uint64_t kPartNumberMax = (std::uint64_t{1} << limits::kPartBits) - 1;
[[nodiscard]] std::uint64_t record_checksum(const StoredRecord& record);
[[nodiscard]] std::uint64_t mark_checksum(std::uint64_t room, const AuthorKey& author, Nonce nonce,
                                          const Hash256& header_hash);

/// The one sentence for a row that is not what was written.
[[nodiscard]] tl::unexpected<Failure<StoreError>> damaged(const std::string& what);

}  // namespace theta::store

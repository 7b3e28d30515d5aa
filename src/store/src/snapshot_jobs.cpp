#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "checksum.h"
#include "database_state.h"

namespace theta::store {

namespace {

/// A second snapshot stays behind the newest, for people who have to repair a room.
constexpr std::uint64_t kSnapshotsKept = 2;

ByteView snapshot_part(ByteView bytes, std::size_t part) {
  const std::size_t at = std::min(part * limits::kSnapshotPartBytes, bytes.size());
  return bytes.subspan(at, std::min(limits::kSnapshotPartBytes, bytes.size() - at));
}

}  // namespace

StoreResult<bool> RoomDatabase::State::write_snapshot_step(const WriteSnapshot& request, SnapshotProgress& progress) {
  const auto room = find_room(request.room);
  if (!room) return tl::unexpected(room.error());
  const ByteView bytes = request.snapshot.bytes.view();
  const std::size_t part_count = (bytes.size() + limits::kSnapshotPartBytes - 1) / limits::kSnapshotPartBytes;

  SnapshotProgress next = progress;
  if (next.id == 0) {
    const auto id = begin_snapshot(*room, request.snapshot);
    if (!id) return tl::unexpected(id.error());
    next.id = *id;
  }
  const std::size_t part_end = std::min(part_count, next.parts_written + limits::kSnapshotPartsPerStep);
  for (; next.parts_written < part_end; ++next.parts_written) {
    auto insert = query(Sql::insert_part);
    insert.bind(part_row_id(next.id, next.parts_written + 1)).bind(snapshot_part(bytes, next.parts_written));
    if (const int result = insert.step(); result != SQLITE_DONE) return failure(result, "write a snapshot");
  }
  const bool is_done = next.parts_written == part_count;
  if (is_done) {
    if (auto completed = complete_snapshot(*room, next.id); !completed)
      return tl::unexpected(std::move(completed.error()));
  }
  progress = next;
  return is_done;
}

StoreResult<std::uint64_t> RoomDatabase::State::begin_snapshot(const RoomRow& room, const StoredSnapshot& snapshot) {
  const std::uint64_t seq = snapshot.seq.value();
  if (seq == 0 || seq > room.head)
    return fail(StoreError::invalid, "a snapshot is of a seq from 1 to the head, " + std::to_string(room.head) +
                                         "; this one is of " + std::to_string(seq));
  if (snapshot.bytes.size() > limits::kSnapshotBytesMax || snapshot.checkpoint.size() > limits::kCheckpointBytesMax)
    return fail(StoreError::invalid, "the snapshot has " + std::to_string(snapshot.bytes.size()) +
                                         " bytes and its checkpoint " + std::to_string(snapshot.checkpoint.size()) +
                                         "; at most " + std::to_string(limits::kSnapshotBytesMax) + " and " +
                                         std::to_string(limits::kCheckpointBytesMax) + " are stored");
  if (auto deleted = delete_snapshots(room, kSnapshotsKept); !deleted)
    return tl::unexpected(std::move(deleted.error()));
  const auto checksum =
      Checksum{}.add(room.id).add(seq).add(snapshot.checkpoint.view()).add(snapshot.bytes.view()).value();
  auto insert = query(Sql::insert_snapshot);
  insert.bind(room.id)
      .bind(seq)
      .bind(std::uint64_t{snapshot.bytes.size()})
      .bind(checksum)
      .bind(snapshot.checkpoint.view());
  if (const int result = insert.step(); result != SQLITE_DONE) return failure(result, "begin a snapshot");
  return static_cast<std::uint64_t>(sqlite3_last_insert_rowid(database.get()));
}

StoreResult<void> RoomDatabase::State::complete_snapshot(const RoomRow& room, std::uint64_t id) {
  {
    auto complete = query(Sql::complete_snapshot);
    complete.bind(id);
    if (const int result = complete.step(); result != SQLITE_DONE) return failure(result, "complete a snapshot");
  }
  return delete_snapshots(room, kSnapshotsKept);
}

StoreResult<void> RoomDatabase::State::delete_snapshots(const RoomRow& room, std::uint64_t keep) {
  std::vector<std::uint64_t> stale;
  {
    auto rows = query(Sql::stale_snapshots);
    rows.bind(room.id).bind(room.id).bind(keep);
    int result = rows.step();
    for (; result == SQLITE_ROW; result = rows.step()) stale.push_back(rows.integer(0));
    if (result != SQLITE_DONE) return failure(result, "look for old snapshots");
  }
  for (const auto id : stale) {
    auto parts = query(Sql::delete_parts);
    parts.bind(part_row_id(id, 1)).bind(part_row_id(id, kPartNumberMax));
    if (const int result = parts.step(); result != SQLITE_DONE) return failure(result, "delete an old snapshot");
    auto snapshot = query(Sql::delete_snapshot);
    snapshot.bind(id);
    if (const int result = snapshot.step(); result != SQLITE_DONE) return failure(result, "delete an old snapshot");
  }
  return {};
}

StoreResult<bool> RoomDatabase::State::compact_step(const Compact& request) {
  if (options.strip_payload == nullptr)
    return fail(StoreError::invalid, "this database was opened without a way to cut payloads");
  auto room = find_room(request.room);
  if (!room) return tl::unexpected(std::move(room.error()));
  const std::uint64_t through = request.through.value();
  if (auto covered = require_snapshot(*room, through); !covered) return tl::unexpected(std::move(covered.error()));

  if (room->archived_through < through) {
    const std::uint64_t from = room->archived_through + 1;
    const auto count = std::min<std::uint64_t>(through - room->archived_through, limits::kCompactRecordsPerStep);
    const auto answer = read_records({request.room, Seq{from}, static_cast<std::uint32_t>(count)});
    if (!answer) return tl::unexpected(answer.error());
    for (const auto& record : std::get<RecordRange>(*answer).records) {
      if (auto stripped = strip_record(*room, record); !stripped) return tl::unexpected(std::move(stripped.error()));
    }
    if (auto updated = update_room(*room); !updated) return tl::unexpected(std::move(updated.error()));
  }
  if (room->archived_through < through) return false;
  if (auto deleted = delete_snapshots(*room, 1); !deleted) return tl::unexpected(std::move(deleted.error()));
  return true;
}

StoreResult<void> RoomDatabase::State::require_snapshot(const RoomRow& room, std::uint64_t seq) {
  auto newest = query(Sql::newest_snapshot);
  newest.bind(room.id);
  const int result = newest.step();
  if (result != SQLITE_ROW && result != SQLITE_DONE) return failure(result, "look for a snapshot");
  const std::uint64_t snapshot_seq = result == SQLITE_ROW ? newest.integer(1) : 0;
  if (snapshot_seq < seq)
    return fail(StoreError::invalid, "payloads through " + std::to_string(seq) +
                                         " may be cut only when a snapshot at or after that exists; the newest is of " +
                                         std::to_string(snapshot_seq));
  return {};
}

StoreResult<void> RoomDatabase::State::strip_record(RoomRow& room, const StoredRecord& record) {
  StoredRecord stripped = record;
  stripped.bytes = SharedBytes(options.strip_payload(record.bytes.view()));
  if (stripped.bytes.empty() || stripped.bytes.size() > record.bytes.size())
    return damaged("record " + std::to_string(record.seq.value()));
  auto update = query(Sql::update_record_bytes);
  update.bind(record_checksum(stripped)).bind(stripped.bytes.view()).bind(record_row_id(room.id, record.seq.value()));
  if (const int result = update.step(); result != SQLITE_DONE) return failure(result, "cut a payload");
  room.archived_through = record.seq.value();
  const std::size_t cut = record.bytes.size() - stripped.bytes.size();
  room.log_bytes -= std::min<std::uint64_t>(cut, room.log_bytes);
  return {};
}

}  // namespace theta::store

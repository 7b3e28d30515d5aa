#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "checksum.h"
#include "database_state.h"
#include "theta/base/check.h"

namespace theta::store {

namespace {

SharedBytes copy_bytes(ByteView bytes) { return SharedBytes(Bytes(bytes.begin(), bytes.end())); }

RoomInfo room_info(const RoomRow& row) {
  return {row.room,      row.name,       Seq{row.head}, row.record_hash, Seq{row.archived_through},
          row.log_bytes, row.asset_bytes};
}

/// Integer values that no write makes, and that arithmetic on them would not expect.
bool is_sane(const RoomRow& row) {
  constexpr auto kHalf = std::numeric_limits<std::uint64_t>::max() / 2;
  return row.id != 0 && row.id <= limits::kRoomsMax && row.head != 0 && row.head <= theta::limits::kSeqMax &&
         row.log_bytes < kHalf && row.asset_bytes < kHalf && row.asset_count < kHalf;
}

}  // namespace

StoreResult<RoomRow> room_from_row(const Query& query) {
  RoomRow row;
  row.id = query.integer(0);
  const auto room = query.fixed<RoomId>(1);
  row.name = query.text(2);
  row.head = query.integer(3);
  const auto record_hash = query.fixed<Hash256>(4);
  row.archived_through = query.integer(5);
  row.log_bytes = query.integer(6);
  row.asset_bytes = query.integer(7);
  row.asset_count = query.integer(8);
  if (!room || !record_hash || !is_sane(row)) return damaged("a room's entry");
  row.room = *room;
  row.record_hash = *record_hash;
  if (row.checksum() != query.integer(9)) return damaged("a room's entry");
  return row;
}

StoreResult<RoomRow> RoomDatabase::State::find_room(const RoomId& room) {
  auto find = query(Sql::find_room);
  find.bind(room.view());
  const int result = find.step();
  if (result == SQLITE_DONE) return fail(StoreError::not_found, "there is no such room here");
  if (result != SQLITE_ROW) return failure(result, "look the room up");
  return room_from_row(find);
}

StoreResult<Answer> RoomDatabase::State::list_rooms() {
  RoomList list;
  auto rooms = query(Sql::list_rooms);
  int result = rooms.step();
  for (; result == SQLITE_ROW; result = rooms.step()) {
    const auto row = room_from_row(rooms);
    if (!row) return tl::unexpected(row.error());
    list.rooms.push_back(room_info(*row));
  }
  if (result != SQLITE_DONE) return failure(result, "list its rooms");
  return Answer{std::move(list)};
}

StoreResult<Answer> RoomDatabase::State::read_records(const ReadRecords& request) {
  const auto room = find_room(request.room);
  if (!room) return tl::unexpected(room.error());
  RecordRange range;
  range.head = Seq{room->head};
  range.log_bytes = room->log_bytes;
  const std::uint64_t count_max = std::clamp(request.count_max, 1U, limits::kReadRecordsMax);
  const std::size_t bytes_max = std::min(request.bytes_max, limits::kReadBytesMax);
  const std::uint64_t from = std::max<std::uint64_t>(request.from.value(), 1);
  if (from > room->head) return Answer{std::move(range)};
  const std::uint64_t last = std::min(room->head, from + count_max - 1);

  auto rows = query(Sql::read_records);
  rows.bind(record_row_id(room->id, from)).bind(record_row_id(room->id, last));
  std::size_t size = 0;
  for (std::uint64_t seq = from; seq <= last; ++seq) {
    const int result = rows.step();
    if (result != SQLITE_ROW && result != SQLITE_DONE) return failure(result, "read records");
    const std::string name = "record " + std::to_string(seq);
    // Up to the head no seq may be missing, so a gap is damage to the table's keys.
    if (result == SQLITE_DONE || rows.integer(0) != record_row_id(room->id, seq)) return damaged(name);
    const auto author = rows.fixed<AuthorKey>(1);
    const auto header_hash = rows.fixed<Hash256>(3);
    const auto record_hash = rows.fixed<Hash256>(4);
    if (!author || !header_hash || !record_hash) return damaged(name);
    const ByteView bytes = rows.blob(6);
    if (!range.records.empty() && size + bytes.size() > bytes_max) break;
    size += bytes.size();
    StoredRecord record{Seq{seq}, *author, Nonce{rows.integer(2)}, *header_hash, *record_hash, copy_bytes(bytes)};
    if (record_checksum(record) != rows.integer(5)) return damaged(name);
    range.records.push_back(std::move(record));
  }
  return Answer{std::move(range)};
}

StoreResult<Answer> RoomDatabase::State::read_packet(const ReadPacket& request) {
  const auto room = find_room(request.room);
  if (!room) return tl::unexpected(room.error());
  auto row = query(Sql::find_packet);
  row.bind(room->id).bind(request.author.view()).bind(request.nonce.value());
  const int result = row.step();
  if (result == SQLITE_DONE) return fail(StoreError::not_found, "the room has no packet of that author and nonce");
  if (result != SQLITE_ROW) return failure(result, "look for a packet");
  const Seq seq{row.integer(0) - record_row_id(room->id, 0)};
  return read_records({request.room, seq, 1, 1});
}

StoreResult<Answer> RoomDatabase::State::read_snapshot(const ReadSnapshot& request) {
  const auto room = find_room(request.room);
  if (!room) return tl::unexpected(room.error());
  auto newest = query(Sql::newest_snapshot);
  newest.bind(room->id);
  const int result = newest.step();
  if (result == SQLITE_DONE) return fail(StoreError::not_found, "the room has no snapshot yet");
  if (result != SQLITE_ROW) return failure(result, "look for a snapshot");

  const std::uint64_t id = newest.integer(0);
  const std::uint64_t seq = newest.integer(1);
  const std::uint64_t size = newest.integer(2);
  if (size > limits::kSnapshotBytesMax) return damaged("the room's snapshot");
  Bytes bytes;
  bytes.reserve(size);
  auto parts = query(Sql::read_parts);
  parts.bind(part_row_id(id, 1)).bind(part_row_id(id, kPartNumberMax));
  int part_result = parts.step();
  for (; part_result == SQLITE_ROW; part_result = parts.step()) {
    const ByteView part = parts.blob(1);
    if (part.size() > size - bytes.size()) return damaged("the room's snapshot");
    bytes.insert(bytes.end(), part.begin(), part.end());
  }
  if (part_result != SQLITE_DONE) return failure(part_result, "read a snapshot");
  const ByteView checkpoint = newest.blob(4);
  const auto checksum = Checksum{}.add(room->id).add(seq).add(checkpoint).add(bytes).value();
  if (bytes.size() != size || checksum != newest.integer(3)) return damaged("the room's snapshot");
  return Answer{StoredSnapshot{Seq{seq}, copy_bytes(checkpoint), SharedBytes(std::move(bytes))}};
}

StoreResult<Answer> RoomDatabase::State::read_marks(const ReadMarks& request) {
  const auto room = find_room(request.room);
  if (!room) return tl::unexpected(room.error());
  Marks answer;
  auto rows = query(Sql::list_marks);
  rows.bind(room->id);
  int result = rows.step();
  for (; result == SQLITE_ROW; result = rows.step()) {
    const auto author = rows.fixed<AuthorKey>(1);
    const Nonce nonce{rows.integer(2)};
    const auto header_hash = rows.fixed<Hash256>(3);
    if (!author || !header_hash || rows.integer(4) != mark_checksum(room->id, *author, nonce, *header_hash))
      return damaged("an author's high-water mark");
    answer.marks.push_back({*author, nonce, *header_hash});
  }
  if (result != SQLITE_DONE) return failure(result, "read the high-water marks");
  return Answer{std::move(answer)};
}

StoreResult<Answer> RoomDatabase::State::read_checkpoints(const ReadCheckpoints& request) {
  const auto room = find_room(request.room);
  if (!room) return tl::unexpected(room.error());
  Checkpoints answer;
  auto rows = query(Sql::list_checkpoints);
  // Compared in SQL, where integers are signed.
  const std::uint64_t from = std::min(request.from.value(), theta::limits::kSeqMax);
  rows.bind(room->id).bind(from).bind(std::uint64_t{std::clamp(request.count_max, 1U, limits::kReadRecordsMax)});
  int result = rows.step();
  for (; result == SQLITE_ROW; result = rows.step()) {
    const std::uint64_t seq = rows.integer(0);
    const ByteView bytes = rows.blob(2);
    if (Checksum{}.add(room->id).add(seq).add(bytes).value() != rows.integer(1))
      return damaged("the checkpoint of " + std::to_string(seq));
    answer.checkpoints.push_back({Seq{seq}, copy_bytes(bytes)});
  }
  if (result != SQLITE_DONE) return failure(result, "read checkpoints");
  return Answer{std::move(answer)};
}

StoreResult<Answer> RoomDatabase::State::read_equivocations(const ReadEquivocations& request) {
  const auto room = find_room(request.room);
  if (!room) return tl::unexpected(room.error());
  Equivocations answer;
  auto rows = query(Sql::list_equivocations);
  rows.bind(room->id);
  int result = rows.step();
  for (; result == SQLITE_ROW; result = rows.step()) {
    const auto author = rows.fixed<AuthorKey>(0);
    const ByteView proof = rows.blob(2);
    if (!author || Checksum{}.add(room->id).add(author->view()).add(proof).value() != rows.integer(1))
      return damaged("a proof of equivocation");
    answer.proofs.emplace_back(*author, copy_bytes(proof));
  }
  if (result != SQLITE_DONE) return failure(result, "read proofs of equivocation");
  return Answer{std::move(answer)};
}

bool RoomDatabase::is_read(const Request& request) {
  return std::holds_alternative<ListRooms>(request) || std::holds_alternative<ReadRecords>(request) ||
         std::holds_alternative<ReadPacket>(request) || std::holds_alternative<ReadSnapshot>(request) ||
         std::holds_alternative<ReadMarks>(request) || std::holds_alternative<ReadCheckpoints>(request) ||
         std::holds_alternative<ReadEquivocations>(request);
}

StoreResult<Answer> RoomDatabase::read(const Request& request) {
  if (std::holds_alternative<ListRooms>(request)) return state_->list_rooms();
  if (const auto* records = std::get_if<ReadRecords>(&request)) return state_->read_records(*records);
  if (const auto* packet = std::get_if<ReadPacket>(&request)) return state_->read_packet(*packet);
  if (const auto* snapshot = std::get_if<ReadSnapshot>(&request)) return state_->read_snapshot(*snapshot);
  if (const auto* marks = std::get_if<ReadMarks>(&request)) return state_->read_marks(*marks);
  if (const auto* checkpoints = std::get_if<ReadCheckpoints>(&request)) return state_->read_checkpoints(*checkpoints);
  if (const auto* proofs = std::get_if<ReadEquivocations>(&request)) return state_->read_equivocations(*proofs);
  THETA_CHECK(!"read() takes requests that only read the log");
  return fail(StoreError::invalid, "not a read");
}

}  // namespace theta::store

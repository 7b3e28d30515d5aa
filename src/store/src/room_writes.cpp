#include <optional>
#include <string>
#include <utility>

#include "checksum.h"
#include "database_state.h"
#include "theta/base/check.h"

namespace theta::store {

namespace {

tl::unexpected<Failure<StoreError>> too_large(const std::string& what, std::size_t size, std::size_t size_max) {
  return fail(StoreError::invalid,
              what + " has " + std::to_string(size) + " bytes; at most " + std::to_string(size_max) + " are stored");
}

std::optional<Failure<StoreError>> refuse_record(const StoredRecord& record, std::uint64_t seq_expected) {
  const std::string name = "record " + std::to_string(record.seq.value());
  if (record.seq.value() != seq_expected)
    return Failure<StoreError>{StoreError::invalid,
                               name + " stands where record " + std::to_string(seq_expected) + " must"};
  if (seq_expected > theta::limits::kSeqMax)
    return Failure<StoreError>{StoreError::invalid,
                               "the room is full: it has had " + std::to_string(theta::limits::kSeqMax) + " records"};
  if (record.bytes.size() > limits::kRecordBytesMax)
    return too_large(name, record.bytes.size(), limits::kRecordBytesMax).value();
  return std::nullopt;
}

}  // namespace

StoreResult<Answer> RoomDatabase::State::create_room(const CreateRoom& request) {
  if (request.name.size() > theta::limits::kNameBytesMax)
    return too_large("the room's name", request.name.size(), theta::limits::kNameBytesMax);
  if (auto refused = refuse_record(request.genesis, 1)) return tl::unexpected(std::move(*refused));
  const auto present = find_room(request.room);
  if (present) return fail(StoreError::conflict, "the room exists already");
  if (present.error().code != StoreError::not_found) return tl::unexpected(present.error());
  {
    auto counted = query(Sql::count_rooms);
    if (const int result = counted.step(); result != SQLITE_ROW) return failure(result, "count its rooms");
    if (counted.integer(0) >= limits::kRoomsMax)
      return fail(StoreError::quota,
                  "the hub has had " + std::to_string(limits::kRoomsMax) + " rooms, which is the most it can");
  }
  auto insert = query(Sql::insert_room);
  insert.bind(request.room.view()).bind_text(request.name);
  if (const int result = insert.step(); result != SQLITE_DONE) return failure(result, "make the room");
  RoomRow room;
  room.id = static_cast<std::uint64_t>(sqlite3_last_insert_rowid(database.get()));
  room.room = request.room;
  room.name = request.name;
  if (auto inserted = insert_record(room, request.genesis); !inserted)
    return tl::unexpected(std::move(inserted.error()));
  if (auto updated = update_room(room); !updated) return tl::unexpected(std::move(updated.error()));
  return Answer{Done{}};
}

StoreResult<Answer> RoomDatabase::State::append(const Append& request) {
  if (request.records.empty() || request.records.size() > limits::kAppendRecordsMax)
    return fail(StoreError::invalid, "an append carries 1 to " + std::to_string(limits::kAppendRecordsMax) +
                                         " records; this one has " + std::to_string(request.records.size()));
  auto room = find_room(request.room);
  if (!room) return tl::unexpected(std::move(room.error()));
  if (room->head != request.expected_head.value())
    return fail(StoreError::conflict, "the append expects the room's head at " +
                                          std::to_string(request.expected_head.value()) + ", but it is at " +
                                          std::to_string(room->head) + "; reload the room");
  for (const auto& record : request.records) {
    if (auto refused = refuse_record(record, room->head + 1)) return tl::unexpected(std::move(*refused));
    if (auto inserted = insert_record(*room, record); !inserted) return tl::unexpected(std::move(inserted.error()));
  }
  if (auto updated = update_room(*room); !updated) return tl::unexpected(std::move(updated.error()));
  return Answer{Done{}};
}

StoreResult<void> RoomDatabase::State::insert_record(RoomRow& room, const StoredRecord& record) {
  const auto mark = advance_mark(room, record);
  if (!mark) return tl::unexpected(mark.error());
  auto insert = query(Sql::insert_record);
  insert.bind(record_row_id(room.id, record.seq.value()))
      .bind(*mark)
      .bind(record.nonce.value())
      .bind(record.header_hash.view())
      .bind(record.record_hash.view())
      .bind(record_checksum(record))
      .bind(record.bytes.view());
  if (const int result = insert.step(); result != SQLITE_DONE) {
    // The head said that this place is free, so a record that lies there means that one of the two is damaged.
    if ((result & 0xff) == SQLITE_CONSTRAINT) return damaged("the room's head");
    return failure(result, "write a record");
  }
  room.head = record.seq.value();
  room.record_hash = record.record_hash;
  room.log_bytes += record.bytes.size();
  return {};
}

StoreResult<std::uint64_t> RoomDatabase::State::advance_mark(const RoomRow& room, const StoredRecord& record) {
  const auto checksum = mark_checksum(room.id, record.author, record.nonce, record.header_hash);
  std::uint64_t id = 0;
  {
    auto find = query(Sql::find_mark);
    find.bind(room.id).bind(record.author.view());
    const int result = find.step();
    if (result == SQLITE_ROW) {
      const auto header_hash = find.fixed<Hash256>(3);
      const Nonce high_water_mark{find.integer(2)};
      if (!header_hash || find.integer(4) != mark_checksum(room.id, record.author, high_water_mark, *header_hash))
        return damaged("an author's high-water mark");
      if (record.nonce.value() <= high_water_mark.value())
        return fail(StoreError::invalid, "record " + std::to_string(record.seq.value()) + " has nonce " +
                                             std::to_string(record.nonce.value()) +
                                             ", but its author's high-water mark is " +
                                             std::to_string(high_water_mark.value()));
      id = find.integer(0);
    } else if (result != SQLITE_DONE) {
      return failure(result, "read an author's high-water mark");
    }
  }
  if (id != 0) {
    auto update = query(Sql::update_mark);
    update.bind(record.nonce.value()).bind(record.header_hash.view()).bind(checksum).bind(id);
    if (const int result = update.step(); result != SQLITE_DONE) return failure(result, "move a high-water mark");
    return id;
  }
  if (record.nonce.value() == 0) return fail(StoreError::invalid, "nonces begin at 1; the record has 0");
  auto insert = query(Sql::insert_mark);
  insert.bind(room.id)
      .bind(record.author.view())
      .bind(record.nonce.value())
      .bind(record.header_hash.view())
      .bind(checksum);
  if (const int result = insert.step(); result != SQLITE_DONE) return failure(result, "write a high-water mark");
  return static_cast<std::uint64_t>(sqlite3_last_insert_rowid(database.get()));
}

StoreResult<void> RoomDatabase::State::update_room(const RoomRow& row) {
  auto update = query(Sql::update_room);
  update.bind(row.head)
      .bind(row.record_hash.view())
      .bind(row.archived_through)
      .bind(row.log_bytes)
      .bind(row.checksum())
      .bind(row.id);
  if (const int result = update.step(); result != SQLITE_DONE) return failure(result, "move the room's head");
  return {};
}

StoreResult<Answer> RoomDatabase::State::write_checkpoint(const WriteCheckpoint& request) {
  const auto& checkpoint = request.checkpoint;
  if (checkpoint.bytes.size() > limits::kCheckpointBytesMax)
    return too_large("the checkpoint", checkpoint.bytes.size(), limits::kCheckpointBytesMax);
  const auto room = find_room(request.room);
  if (!room) return tl::unexpected(room.error());
  if (checkpoint.seq.value() == 0 || checkpoint.seq.value() > room->head)
    return fail(StoreError::invalid, "a checkpoint is of a seq from 1 to the head, " + std::to_string(room->head) +
                                         "; this one is of " + std::to_string(checkpoint.seq.value()));
  const auto checksum = Checksum{}.add(room->id).add(checkpoint.seq.value()).add(checkpoint.bytes.view()).value();
  auto put = query(Sql::put_checkpoint);
  put.bind(room->id).bind(checkpoint.seq.value()).bind(checksum).bind(checkpoint.bytes.view());
  if (const int result = put.step(); result != SQLITE_DONE) return failure(result, "write a checkpoint");
  return Answer{Done{}};
}

StoreResult<Answer> RoomDatabase::State::write_equivocation(const WriteEquivocation& request) {
  if (request.proof.size() > limits::kProofBytesMax)
    return too_large("the proof", request.proof.size(), limits::kProofBytesMax);
  const auto room = find_room(request.room);
  if (!room) return tl::unexpected(room.error());
  const auto checksum = Checksum{}.add(room->id).add(request.author.view()).add(request.proof.view()).value();
  auto put = query(Sql::put_equivocation);
  put.bind(room->id).bind(request.author.view()).bind(checksum).bind(request.proof.view());
  if (const int result = put.step(); result != SQLITE_DONE) return failure(result, "write a proof of equivocation");
  return Answer{Done{}};
}

StoreResult<Answer> RoomDatabase::State::write_one(const Request& request) {
  if (const auto* create = std::get_if<CreateRoom>(&request)) return create_room(*create);
  if (const auto* records = std::get_if<Append>(&request)) return append(*records);
  if (const auto* checkpoint = std::get_if<WriteCheckpoint>(&request)) return write_checkpoint(*checkpoint);
  if (const auto* proof = std::get_if<WriteEquivocation>(&request)) return write_equivocation(*proof);
  THETA_CHECK(!"write() takes requests that is_write() names");
  return fail(StoreError::invalid, "not a write");
}

}  // namespace theta::store

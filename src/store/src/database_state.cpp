#include "database_state.h"

#include <utility>

#include "checksum.h"

namespace theta::store {

namespace {

constexpr std::array<const char*, static_cast<std::size_t>(Sql::count)> kTexts{
    "BEGIN IMMEDIATE",
    "COMMIT",
    "ROLLBACK",
    "SAVEPOINT request",
    "RELEASE request",
    "ROLLBACK TO request",
    "SELECT id, room, name, head, record_hash, archived_through, log_bytes, asset_bytes, asset_count, checksum"
    " FROM rooms WHERE room = ?",
    "INSERT INTO rooms (room, name, head, record_hash, log_bytes, checksum) VALUES (?, ?, 0, zeroblob(32), 0, 0)",
    "UPDATE rooms SET head = ?, record_hash = ?, archived_through = ?, log_bytes = ?, checksum = ? WHERE id = ?",
    "SELECT id, room, name, head, record_hash, archived_through, log_bytes, asset_bytes, asset_count, checksum"
    " FROM rooms ORDER BY id",
    "SELECT coalesce(max(id), 0) FROM rooms",
    "SELECT id, author, nonce, header_hash, checksum FROM marks WHERE room = ? AND author = ?",
    "INSERT INTO marks (room, author, nonce, header_hash, checksum) VALUES (?, ?, ?, ?, ?)",
    "UPDATE marks SET nonce = ?, header_hash = ?, checksum = ? WHERE id = ?",
    "SELECT id, author, nonce, header_hash, checksum FROM marks WHERE room = ? ORDER BY id",
    "INSERT INTO records (id, mark, nonce, header_hash, record_hash, checksum, bytes) VALUES (?, ?, ?, ?, ?, ?, ?)",
    "SELECT r.id, m.author, r.nonce, r.header_hash, r.record_hash, r.checksum, r.bytes"
    " FROM records r LEFT JOIN marks m ON m.id = r.mark WHERE r.id BETWEEN ? AND ? ORDER BY r.id",
    "SELECT r.id FROM records r JOIN marks m ON m.id = r.mark WHERE m.room = ? AND m.author = ? AND r.nonce = ?",
    "UPDATE records SET checksum = ?, bytes = ? WHERE id = ?",
    "INSERT OR REPLACE INTO checkpoints (room, seq, checksum, bytes) VALUES (?, ?, ?, ?)",
    "SELECT seq, checksum, bytes FROM checkpoints WHERE room = ? AND seq >= ? ORDER BY seq LIMIT ?",
    "INSERT INTO equivocations (room, author, checksum, proof) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
    "SELECT author, checksum, proof FROM equivocations WHERE room = ? ORDER BY rowid",
    "INSERT INTO snapshots (room, seq, size, checksum, complete, checkpoint) VALUES (?, ?, ?, ?, 0, ?)",
    "UPDATE snapshots SET complete = 1 WHERE id = ?",
    "SELECT id, seq, size, checksum, checkpoint FROM snapshots WHERE room = ? AND complete = 1"
    " ORDER BY seq DESC, id DESC LIMIT 1",
    "SELECT id FROM snapshots WHERE room = ? AND (complete = 0 OR id NOT IN"
    " (SELECT id FROM snapshots WHERE room = ? AND complete = 1 ORDER BY seq DESC, id DESC LIMIT ?))",
    "DELETE FROM snapshots WHERE id = ?",
    "INSERT INTO snapshot_parts (id, bytes) VALUES (?, ?)",
    "SELECT id, bytes FROM snapshot_parts WHERE id BETWEEN ? AND ? ORDER BY id",
    "DELETE FROM snapshot_parts WHERE id BETWEEN ? AND ?",
    "SELECT size, complete FROM room_assets WHERE room = ? AND asset = ?",
    "INSERT INTO room_assets (room, asset, size, complete) VALUES (?, ?, ?, ?)"
    " ON CONFLICT DO UPDATE SET size = excluded.size, complete = excluded.complete",
    "UPDATE rooms SET asset_bytes = asset_bytes + ?, asset_count = asset_count + 1 WHERE id = ?",
    "DELETE FROM room_assets WHERE room = ? AND asset = ? AND complete = 0",
    "SELECT rooms.room, room_assets.asset FROM room_assets JOIN rooms ON rooms.id = room_assets.room"
    " WHERE complete = 0",
};
static_assert(kTexts.back() != nullptr, "every statement has a text");

}  // namespace

std::uint64_t RoomRow::checksum() const {
  return Checksum{}
      .add(id)
      .add(room.view())
      .add(as_bytes(name))
      .add(head)
      .add(record_hash.view())
      .add(archived_through)
      .value();
}

std::uint64_t record_checksum(const StoredRecord& record) {
  return Checksum{}
      .add(record.seq.value())
      .add(record.author.view())
      .add(record.nonce.value())
      .add(record.header_hash.view())
      .add(record.record_hash.view())
      .add(record.bytes.view())
      .value();
}

std::uint64_t mark_checksum(std::uint64_t room, const AuthorKey& author, Nonce nonce, const Hash256& header_hash) {
  return Checksum{}.add(room).add(author.view()).add(nonce.value()).add(header_hash.view()).value();
}

tl::unexpected<Failure<StoreError>> damaged(const std::string& what) {
  return fail(StoreError::corrupt, what +
                                       " is not what was written (the database file is damaged); "
                                       "stop serving the room and restore the data folder from a backup");
}

Query RoomDatabase::State::query(Sql sql) {
  auto& slot = statements[static_cast<std::size_t>(sql)];
  if (!slot) {
    sqlite3_stmt* statement = nullptr;
    const int result = sqlite3_prepare_v3(database.get(), kTexts[static_cast<std::size_t>(sql)], -1,
                                          SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (result != SQLITE_OK) return Query(nullptr, sqlite3_extended_errcode(database.get()));
    slot.reset(statement);
  }
  return Query(slot.get(), SQLITE_OK);
}

tl::unexpected<Failure<StoreError>> RoomDatabase::State::failure(int result, std::string_view doing) const {
  return tl::unexpected(sqlite_failure(database.get(), result, doing));
}

StoreResult<void> RoomDatabase::State::run(Query query, std::string_view doing) {
  const int result = query.step();
  if (result != SQLITE_DONE && result != SQLITE_ROW) return failure(result, doing);
  return {};
}

void RoomDatabase::State::roll_back() {
  // A failure here leaves nothing to do: SQLite has rolled back already, or will when the file is opened again.
  if (in_transaction()) static_cast<void>(run(Sql::rollback, "roll back"));
}

}  // namespace theta::store

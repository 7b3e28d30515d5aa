#include "database_schema.h"

#include <array>
#include <string>

namespace theta::store {

namespace {

// A record's id is room id << 39 | seq, so a room's records lie together and in order, and need no second index for
// that. `mark` stands for the author in a room: UNIQUE(mark, nonce) is "one packet for each author and nonce".
// docs/format.md describes the columns.
constexpr const char* kVersion1 = R"sql(
CREATE TABLE rooms (
  id INTEGER PRIMARY KEY,
  room BLOB NOT NULL UNIQUE,
  name TEXT NOT NULL,
  head INTEGER NOT NULL,
  record_hash BLOB NOT NULL,
  archived_through INTEGER NOT NULL DEFAULT 0,
  log_bytes INTEGER NOT NULL,
  checksum INTEGER NOT NULL
) STRICT;
CREATE TABLE marks (
  id INTEGER PRIMARY KEY,
  room INTEGER NOT NULL REFERENCES rooms(id),
  author BLOB NOT NULL,
  nonce INTEGER NOT NULL,
  header_hash BLOB NOT NULL,
  checksum INTEGER NOT NULL,
  UNIQUE (room, author)
) STRICT;
CREATE TABLE records (
  id INTEGER PRIMARY KEY,
  mark INTEGER NOT NULL REFERENCES marks(id),
  nonce INTEGER NOT NULL,
  header_hash BLOB NOT NULL,
  record_hash BLOB NOT NULL,
  checksum INTEGER NOT NULL,
  bytes BLOB NOT NULL,
  UNIQUE (mark, nonce)
) STRICT;
CREATE TABLE snapshots (
  id INTEGER PRIMARY KEY,
  room INTEGER NOT NULL REFERENCES rooms(id),
  seq INTEGER NOT NULL,
  size INTEGER NOT NULL,
  checksum INTEGER NOT NULL,
  complete INTEGER NOT NULL,
  checkpoint BLOB NOT NULL
) STRICT;
CREATE INDEX snapshots_by_seq ON snapshots (room, seq);
CREATE TABLE snapshot_parts (
  id INTEGER PRIMARY KEY,
  bytes BLOB NOT NULL
) STRICT;
CREATE TABLE checkpoints (
  room INTEGER NOT NULL REFERENCES rooms(id),
  seq INTEGER NOT NULL,
  checksum INTEGER NOT NULL,
  bytes BLOB NOT NULL,
  PRIMARY KEY (room, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE equivocations (
  room INTEGER NOT NULL REFERENCES rooms(id),
  author BLOB NOT NULL,
  checksum INTEGER NOT NULL,
  proof BLOB NOT NULL,
  PRIMARY KEY (room, author)
) STRICT;
)sql";

// Which room holds which asset, and how much that is; before, assets were not counted.
constexpr const char* kVersion2 = R"sql(
ALTER TABLE rooms ADD COLUMN asset_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rooms ADD COLUMN asset_count INTEGER NOT NULL DEFAULT 0;
CREATE TABLE room_assets (
  room INTEGER NOT NULL REFERENCES rooms(id),
  asset BLOB NOT NULL,
  size INTEGER NOT NULL,
  complete INTEGER NOT NULL,
  PRIMARY KEY (room, asset)
) STRICT, WITHOUT ROWID;
)sql";

constexpr std::array<const char*, kDatabaseVersion> kSteps{kVersion1, kVersion2};

StatementHandle prepare(sqlite3* database, const char* sql) {
  sqlite3_stmt* statement = nullptr;
  sqlite3_prepare_v2(database, sql, -1, &statement, nullptr);
  return StatementHandle(statement);
}

/// 0 for an empty file.
StoreResult<std::uint64_t> read_version(sqlite3* database) {
  const auto tables = prepare(database, "SELECT count(*) FROM sqlite_schema");
  const int tables_result = tables ? sqlite3_step(tables.get()) : sqlite3_extended_errcode(database);
  if (tables_result != SQLITE_ROW) return tl::unexpected(sqlite_failure(database, tables_result, "read its tables"));
  if (sqlite3_column_int64(tables.get(), 0) == 0) return 0;

  const auto version = prepare(database, "SELECT version FROM schema_version");
  const int result = version ? sqlite3_step(version.get()) : sqlite3_extended_errcode(database);
  if (result == SQLITE_ERROR || result == SQLITE_DONE)
    return fail(StoreError::invalid,
                "the file is a database, but not one of Theta's: it has no schema version; choose another data folder");
  if (result != SQLITE_ROW) return tl::unexpected(sqlite_failure(database, result, "read its version"));
  return static_cast<std::uint64_t>(sqlite3_column_int64(version.get(), 0));
}

Failure<StoreError> newer_version(std::uint64_t version) {
  return {StoreError::invalid, "the data folder was written by a newer Theta (database version " +
                                   std::to_string(version) + ", this one knows up to " +
                                   std::to_string(kDatabaseVersion) +
                                   "); use that version, or restore a backup made before the upgrade"};
}

StoreResult<void> take_step(sqlite3* database, std::uint64_t from) {
  const std::string next = std::to_string(from + 1);
  std::string script = "BEGIN IMMEDIATE;";
  if (from == 0)
    script += "CREATE TABLE schema_version (version INTEGER NOT NULL) STRICT; INSERT INTO schema_version VALUES (0);";
  script += kSteps[from];
  script += "UPDATE schema_version SET version = " + next + "; COMMIT;";
  auto result = run_sql(database, script.c_str(), "be brought to version " + next);
  if (!result && sqlite3_get_autocommit(database) == 0) sqlite3_exec(database, "ROLLBACK", nullptr, nullptr, nullptr);
  return result;
}

}  // namespace

StoreResult<void> migrate(sqlite3* database) {
  auto version = read_version(database);
  if (!version) return tl::unexpected(std::move(version.error()));
  if (*version > kDatabaseVersion) return tl::unexpected(newer_version(*version));
  for (; *version < kDatabaseVersion; ++*version) {
    if (auto step = take_step(database, *version); !step) return step;
  }
  return {};
}

StoreResult<void> require_current_version(sqlite3* database) {
  const auto version = read_version(database);
  if (!version) return tl::unexpected(version.error());
  if (*version > kDatabaseVersion) return tl::unexpected(newer_version(*version));
  if (*version == 0)
    return fail(StoreError::invalid,
                "the database theta.db is empty, which no hub leaves behind: its contents were lost; restore the data "
                "folder from a backup");
  if (*version < kDatabaseVersion)
    return fail(StoreError::invalid, "the data folder was written by an older Theta (database version " +
                                         std::to_string(*version) + ", this one reads " +
                                         std::to_string(kDatabaseVersion) +
                                         "); start the hub on it once to bring it up to date");
  return {};
}

}  // namespace theta::store

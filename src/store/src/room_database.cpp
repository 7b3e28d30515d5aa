#include "theta/store/room_database.h"

#include <sodium.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "database_schema.h"
#include "database_state.h"
#include "theta/base/check.h"

namespace theta::store {

namespace {

/// Another process's reader can hold a lock for the moment in which it recovers the WAL index.
constexpr int kBusyTimeoutMs = 2000;

StoreResult<DatabaseHandle> open_handle(const std::string& path, int flags, const DatabaseOptions& options) {
  if (sodium_init() < 0) return fail(StoreError::io, "libsodium could not start: the system gives no random bytes");
  sqlite3* raw = nullptr;
  const int result =
      sqlite3_open_v2(path.c_str(), &raw, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, options.vfs);
  DatabaseHandle database(raw);
  if (result != SQLITE_OK) return tl::unexpected(sqlite_failure(raw, result, "be opened"));
  sqlite3_busy_timeout(raw, kBusyTimeoutMs);
  // A damaged or hostile file must not run code through its schema, nor spread damage through short cuts.
  sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
  if (auto checked = run_sql(raw, "PRAGMA cell_size_check = ON; PRAGMA foreign_keys = ON;", "be opened"); !checked)
    return tl::unexpected(std::move(checked.error()));
  return database;
}

/// SQLite answers with the mode it took, which on a file system without shared memory is not the one asked for.
StoreResult<void> require_wal(sqlite3* database) {
  sqlite3_stmt* raw = nullptr;
  sqlite3_prepare_v2(database, "PRAGMA journal_mode = WAL", -1, &raw, nullptr);
  const StatementHandle statement(raw);
  const int result = raw != nullptr ? sqlite3_step(raw) : sqlite3_extended_errcode(database);
  if (result != SQLITE_ROW) return tl::unexpected(sqlite_failure(database, result, "switch to a write-ahead log"));
  const auto* mode = reinterpret_cast<const char*>(sqlite3_column_text(raw, 0));
  if (mode == nullptr || std::string_view(mode) != "wal")
    return fail(StoreError::io,
                "the data folder's file system cannot hold a write-ahead log (it has no shared memory "
                "maps); choose a folder on a local disk");
  return {};
}

StoreResult<void> configure(sqlite3* database, const DatabaseOptions& options) {
  if (options.exclusive_locking) {
    if (auto locked = run_sql(database, "PRAGMA locking_mode = EXCLUSIVE", "be locked"); !locked) return locked;
  }
  if (auto wal = require_wal(database); !wal) return wal;
  // No automatic checkpoints: they would run inside a commit, before its acknowledgements go out.
  return run_sql(database, "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -32768;",
                 "be configured");
}

/// A path as an SQLite URI, so that options can be given after it.
std::string file_uri(const std::string& path, const char* parameters) {
  constexpr std::string_view kPlain = "/-._~";
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string uri = "file:";
  for (const char character : path) {
    const auto byte = static_cast<unsigned char>(character);
    const bool is_plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                          (byte >= '0' && byte <= '9') || kPlain.find(character) != std::string_view::npos;
    if (is_plain) {
      uri.push_back(character);
    } else {
      uri.push_back('%');
      uri.push_back(kDigits[byte >> 4]);
      uri.push_back(kDigits[byte & 15]);
    }
  }
  return uri + parameters;
}

}  // namespace

RoomDatabase::RoomDatabase(std::unique_ptr<State> state) : state_(std::move(state)) {}
RoomDatabase::RoomDatabase(RoomDatabase&&) noexcept = default;
RoomDatabase& RoomDatabase::operator=(RoomDatabase&&) noexcept = default;
RoomDatabase::~RoomDatabase() = default;

StoreResult<RoomDatabase> RoomDatabase::open(const std::string& path, const DatabaseOptions& options) {
  auto database = open_handle(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, options);
  if (!database) return tl::unexpected(std::move(database.error()));
  if (auto configured = configure(database->get(), options); !configured)
    return tl::unexpected(std::move(configured.error()));
  if (auto migrated = migrate(database->get()); !migrated) return tl::unexpected(std::move(migrated.error()));
  auto state = std::make_unique<State>();
  state->database = std::move(*database);
  state->options = options;
  const auto count_pages = [](void* counter, sqlite3*, const char*, int pages) {
    *static_cast<int*>(counter) = pages;
    return SQLITE_OK;
  };
  sqlite3_wal_hook(state->database.get(), count_pages, &state->wal_pages);
  return RoomDatabase(std::move(state));
}

StoreResult<RoomDatabase> RoomDatabase::open_read_only(const std::string& path, const DatabaseOptions& options) {
  std::error_code ignored;
  if (options.vfs == nullptr && !std::filesystem::exists(path, ignored))
    return fail(StoreError::not_found, "there is no room database in " +
                                           std::filesystem::path(path).parent_path().string() + ": " +
                                           std::filesystem::path(path).filename().string() + " does not exist there");
  // Without a WAL nobody has the file open, and a reader that may not write could not make one; `immutable` spares it
  // the need. With a WAL the reader joins the hub's, whose newest commits lie only there.
  const bool has_wal = std::filesystem::exists(path + "-wal", ignored);
  const std::string uri = file_uri(path, has_wal ? "?mode=ro" : "?mode=ro&immutable=1");
  auto database = open_handle(uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, options);
  if (!database) return tl::unexpected(std::move(database.error()));
  sqlite3_db_config(database->get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  if (auto current = require_current_version(database->get()); !current)
    return tl::unexpected(std::move(current.error()));
  auto state = std::make_unique<State>();
  state->database = std::move(*database);
  state->options = options;
  return RoomDatabase(std::move(state));
}

bool RoomDatabase::is_write(const Request& request) {
  return std::holds_alternative<CreateRoom>(request) || std::holds_alternative<Append>(request) ||
         std::holds_alternative<WriteCheckpoint>(request) || std::holds_alternative<WriteEquivocation>(request);
}

std::vector<StoreResult<Answer>> RoomDatabase::write(std::span<const Request* const> requests) {
  std::vector<StoreResult<Answer>> results;
  if (state_->write_together(requests, results)) return results;
  results.clear();
  for (const auto* request : requests) results.push_back(state_->transact([&] { return state_->write_one(*request); }));
  return results;
}

StoreResult<bool> RoomDatabase::write_snapshot_step(const WriteSnapshot& request, SnapshotProgress& progress) {
  SnapshotProgress next = progress;
  auto done = state_->transact([&] { return state_->write_snapshot_step(request, next); });
  if (done) progress = next;
  return done;
}

StoreResult<bool> RoomDatabase::compact_step(const Compact& request) {
  return state_->transact([&] { return state_->compact_step(request); });
}

bool RoomDatabase::State::write_together(std::span<const Request* const> requests,
                                         std::vector<StoreResult<Answer>>& results) {
  // One request needs no savepoints: the transaction itself is what a refusal rolls back.
  if (requests.size() < 2 || !run(Sql::begin, "begin a transaction")) return false;
  for (const auto* request : requests) {
    if (!run(Sql::savepoint, "begin a request")) break;
    results.push_back(write_one(*request));
    if (!results.back() && !run(Sql::rollback_to, "undo a request")) break;
    if (!run(Sql::release, "end a request")) break;
    // A disk that fails is no property of this request: the others did not get further either.
    if (!results.back() &&
        (results.back().error().code == StoreError::io || results.back().error().code == StoreError::no_space))
      break;
  }
  const bool all_ran = results.size() == requests.size() && in_transaction();
  if (all_ran && run(Sql::commit, "commit")) return true;
  roll_back();
  return false;
}

void RoomDatabase::checkpoint_if_due(bool idle) {
  const int due = idle ? limits::kCheckpointIdlePages : limits::kCheckpointForcedPages;
  // The log starts over from its beginning once all of it was folded in.
  if (state_->wal_pages < state_->wal_pages_tried) state_->wal_pages_tried = 0;
  // Counted from the last try: what a reader holds back, or a failing disk, would otherwise be tried on every turn.
  if (state_->wal_pages - state_->wal_pages_tried < due) return;
  state_->wal_pages_tried = state_->wal_pages;
  sqlite3_wal_checkpoint_v2(state_->database.get(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
}

StoreResult<std::vector<std::string>> RoomDatabase::verify() {
  std::vector<std::string> findings;
  sqlite3_stmt* raw = nullptr;
  sqlite3_prepare_v2(state_->database.get(), "PRAGMA integrity_check", -1, &raw, nullptr);
  const StatementHandle statement(raw);
  int result = raw != nullptr ? sqlite3_step(raw) : sqlite3_extended_errcode(state_->database.get());
  for (; result == SQLITE_ROW; result = sqlite3_step(raw)) {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(raw, 0));
    if (text != nullptr && std::string_view(text) != "ok") findings.emplace_back(text);
  }
  if (result != SQLITE_DONE) return state_->failure(result, "be checked");

  const auto rooms = state_->list_rooms();
  if (!rooms) {
    findings.push_back(rooms.error().message);
    return findings;
  }
  for (const auto& room : std::get<RoomList>(*rooms).rooms) state_->verify_room(room, findings);
  return findings;
}

void RoomDatabase::State::verify_room(const RoomInfo& room, std::vector<std::string>& findings) {
  const auto note = [&](const StoreResult<Answer>& answer) {
    if (!answer && answer.error().code != StoreError::not_found)
      findings.push_back(room.name + ": " + answer.error().message);
    return answer.has_value();
  };
  for (std::uint64_t from = 1; from <= room.head.value();) {
    const auto answer = read_records({room.room, Seq{from}});
    if (!note(answer) || std::get<RecordRange>(*answer).records.empty()) break;
    from = std::get<RecordRange>(*answer).records.back().seq.value() + 1;
  }
  note(read_snapshot({room.room}));
  note(read_marks({room.room}));
  note(read_checkpoints({room.room, Seq{0}, limits::kReadRecordsMax}));
  note(read_equivocations({room.room}));
}

StoreResult<RoomDatabase::AssetRow> RoomDatabase::asset(const RoomId& room, const AssetId& asset) {
  const auto row = state_->find_room(room);
  if (!row) return tl::unexpected(row.error());
  auto find = state_->query(Sql::find_asset);
  find.bind(row->id).bind(asset.view());
  const int result = find.step();
  if (result == SQLITE_DONE) return AssetRow{};
  if (result != SQLITE_ROW) return state_->failure(result, "look an asset up");
  return AssetRow{find.integer(0), find.integer(1) != 0};
}

StoreResult<RoomDatabase::AssetUse> RoomDatabase::asset_use(const RoomId& room) {
  const auto row = state_->find_room(room);
  if (!row) return tl::unexpected(row.error());
  return AssetUse{row->asset_bytes, row->asset_count};
}

StoreResult<void> RoomDatabase::put_asset(const RoomId& room, const AssetId& asset, const AssetRow& row) {
  return state_->transact([&]() -> StoreResult<void> {
    const auto found = state_->find_room(room);
    if (!found) return tl::unexpected(found.error());
    {
      auto put = state_->query(Sql::put_asset);
      put.bind(found->id).bind(asset.view()).bind(row.size).bind(std::uint64_t{row.complete});
      if (const int result = put.step(); result != SQLITE_DONE) return state_->failure(result, "note an asset");
    }
    if (!row.complete) return {};
    auto count = state_->query(Sql::count_asset);
    count.bind(row.size).bind(found->id);
    if (const int result = count.step(); result != SQLITE_DONE) return state_->failure(result, "count an asset");
    return {};
  });
}

StoreResult<void> RoomDatabase::drop_partial_asset(const RoomId& room, const AssetId& asset) {
  return state_->transact([&]() -> StoreResult<void> {
    const auto found = state_->find_room(room);
    if (!found) return tl::unexpected(found.error());
    auto drop = state_->query(Sql::drop_partial_asset);
    drop.bind(found->id).bind(asset.view());
    if (const int result = drop.step(); result != SQLITE_DONE) return state_->failure(result, "forget an upload");
    return {};
  });
}

StoreResult<std::vector<RoomDatabase::PartialAsset>> RoomDatabase::partial_assets() {
  std::vector<PartialAsset> partials;
  auto rows = state_->query(Sql::list_partial_assets);
  int result = rows.step();
  for (; result == SQLITE_ROW; result = rows.step()) {
    const auto room = rows.fixed<RoomId>(0);
    const auto asset = rows.fixed<AssetId>(1);
    if (!room || !asset) return damaged("the list of assets");
    partials.push_back({*room, *asset});
  }
  if (result != SQLITE_DONE) return state_->failure(result, "list uploads");
  return partials;
}

}  // namespace theta::store

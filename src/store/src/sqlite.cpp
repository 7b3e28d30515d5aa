#include "sqlite.h"

#include <cerrno>
#include <cstring>
#include <utility>

namespace theta::store {

namespace {

StoreError classify(int result, int system_error) {
  // RLIMIT_FSIZE and quotas are "no space" to an operator as much as a full disk is.
  if (system_error == ENOSPC || system_error == EDQUOT || system_error == EFBIG) return StoreError::no_space;
  switch (result & 0xff) {
    case SQLITE_FULL: return StoreError::no_space;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
    case SQLITE_MISMATCH: return StoreError::corrupt;
    case SQLITE_CONSTRAINT:
    case SQLITE_TOOBIG: return StoreError::invalid;
    default: return StoreError::io;
  }
}

}  // namespace

Query::~Query() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

void Query::note(int result) {
  if (error_ == SQLITE_OK && result != SQLITE_OK) error_ = result;
}

Query& Query::bind(std::uint64_t value) {
  // SQLite's integers are signed; the bits survive, and nothing that can exceed 2^63 is compared in SQL.
  if (statement_ != nullptr) note(sqlite3_bind_int64(statement_, ++bound_, static_cast<sqlite3_int64>(value)));
  return *this;
}

Query& Query::bind(ByteView blob) {
  if (statement_ == nullptr) return *this;
  ++bound_;
  // A null pointer would bind NULL, not an empty blob.
  note(blob.empty() ? sqlite3_bind_zeroblob(statement_, bound_, 0)
                    : sqlite3_bind_blob64(statement_, bound_, blob.data(), blob.size(), SQLITE_STATIC));
  return *this;
}

Query& Query::bind_text(std::string_view text) {
  if (statement_ == nullptr) return *this;
  const char* data = text.empty() ? "" : text.data();
  note(sqlite3_bind_text64(statement_, ++bound_, data, text.size(), SQLITE_STATIC, SQLITE_UTF8));
  return *this;
}

int Query::step() {
  if (error_ != SQLITE_OK) return error_;
  // For `sqlite_failure`: what errno holds after a failure then stems from this step.
  errno = 0;
  return sqlite3_step(statement_);
}

std::uint64_t Query::integer(int column) const {
  return static_cast<std::uint64_t>(sqlite3_column_int64(statement_, column));
}

ByteView Query::blob(int column) const {
  const void* data = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  if (data == nullptr || size <= 0) return {};
  return {static_cast<const std::uint8_t*>(data), static_cast<std::size_t>(size)};
}

std::string_view Query::text(int column) const {
  const unsigned char* data = sqlite3_column_text(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  if (data == nullptr || size <= 0) return {};
  return {reinterpret_cast<const char*>(data), static_cast<std::size_t>(size)};
}

Failure<StoreError> sqlite_failure(sqlite3* database, int result, std::string_view doing) {
  const int last_errno = errno;
  const int primary = result & 0xff;
  const bool system_error_counts = primary == SQLITE_IOERR || primary == SQLITE_FULL || primary == SQLITE_CANTOPEN;
  int system_error = system_error_counts && database != nullptr ? sqlite3_system_errno(database) : 0;
  // SQLite 3.40 keeps no errno of a write that fails within a COMMIT.
  if (system_error_counts && system_error == 0) system_error = last_errno;
  std::string message = "the room database could not ";
  message += doing;
  message += ": ";
  message += sqlite3_errstr(result);
  const char* detail = database != nullptr ? sqlite3_errmsg(database) : nullptr;
  if (detail != nullptr && std::strcmp(detail, sqlite3_errstr(result)) != 0 && sqlite3_errcode(database) == primary) {
    message += " (";
    message += detail;
    message += ")";
  }
  if (system_error != 0) {
    message += "; the system says: ";
    message += std::strerror(system_error);
  }
  return {classify(result, system_error), std::move(message)};
}

StoreResult<void> run_sql(sqlite3* database, const char* sql, std::string_view doing) {
  const int result = sqlite3_exec(database, sql, nullptr, nullptr, nullptr);
  if (result != SQLITE_OK) return tl::unexpected(sqlite_failure(database, sqlite3_extended_errcode(database), doing));
  return {};
}

}  // namespace theta::store

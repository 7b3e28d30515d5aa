#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "theta/base/bytes.h"
#include "theta/store/log_engine.h"

namespace theta::store {

/// One execution of a prepared statement: bind in order, step, read columns. Resets the statement when it ends, so
/// that it can be kept prepared. What it was bound to must live until then.
class Query {
 public:
  /// `statement` is borrowed; null stands for one that could not be prepared and steps to `error`.
  Query(sqlite3_stmt* statement, int error) : statement_(statement), error_(error) {}
  Query(Query&& other) noexcept
      : statement_(std::exchange(other.statement_, nullptr)), error_(other.error_), bound_(other.bound_) {}
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;
  Query& operator=(Query&&) = delete;
  ~Query();

  Query& bind(std::uint64_t value);
  Query& bind(ByteView blob);
  Query& bind_text(std::string_view text);

  /// SQLITE_ROW, SQLITE_DONE or an error.
  [[nodiscard]] int step();

  [[nodiscard]] std::uint64_t integer(int column) const;
  /// Borrows until the next step.
  [[nodiscard]] ByteView blob(int column) const;
  [[nodiscard]] std::string_view text(int column) const;
  /// Empty when the column holds another length, which only a damaged file can.
  template <class Fixed>
  [[nodiscard]] std::optional<Fixed> fixed(int column) const {
    const auto bytes = blob(column);
    if (bytes.size() != Fixed::kSize) return std::nullopt;
    return Fixed::from(bytes);
  }

 private:
  void note(int result);

  sqlite3_stmt* statement_;
  int error_;
  int bound_ = 0;
};

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
};
struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using DatabaseHandle = std::unique_ptr<sqlite3, CloseDatabase>;
using StatementHandle = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

/// The failure of the last call on `database`, for code and for a person. `doing` completes "the room database
/// could not …".
[[nodiscard]] Failure<StoreError> sqlite_failure(sqlite3* database, int result, std::string_view doing);

/// Runs SQL that yields no rows of interest.
[[nodiscard]] StoreResult<void> run_sql(sqlite3* database, const char* sql, std::string_view doing);

}  // namespace theta::store

#pragma once

#include "sqlite.h"

namespace theta::store {

/// What this build reads and writes.
inline constexpr std::uint64_t kDatabaseVersion = 2;

/// Makes the tables in an empty file, or takes an older version's step by step to `kDatabaseVersion`, each step in a
/// transaction. A newer version is `invalid`.
[[nodiscard]] StoreResult<void> migrate(sqlite3* database);
/// For readers: anything but `kDatabaseVersion` is `invalid`.
[[nodiscard]] StoreResult<void> require_current_version(sqlite3* database);

}  // namespace theta::store

#pragma once

#include <memory>
#include <string>
#include <vector>

#include "theta/store/log_engine.h"

namespace theta::store {

/// A look at a hub's data folder, also while the hub writes it. Changes nothing that anyone would miss (SQLite may make
/// its shared index file beside a log that a dead hub left). Synchronous; used from one thread.
class DataFolderReader {
 public:
  /// `not_found` when the folder holds no database; `invalid` when another version wrote it.
  [[nodiscard]] static StoreResult<DataFolderReader> open(const std::string& data_folder);
  DataFolderReader(DataFolderReader&&) noexcept;
  ~DataFolderReader();

  /// Requests that read: `ListRooms`, `ReadRecords`, `ReadPacket`, `ReadSnapshot`, `ReadMarks`, `ReadCheckpoints`,
  /// `ReadEquivocations`, `ReadAssetChunk`. Any other is `invalid`. Two calls may see two states of a live folder.
  [[nodiscard]] StoreResult<Answer> read(const Request& request);
  /// Reads every page and row of the database; what is wrong, as sentences, empty when all is well. Slow.
  [[nodiscard]] StoreResult<std::vector<std::string>> verify();

 private:
  struct State;
  explicit DataFolderReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace theta::store

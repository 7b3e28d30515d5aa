#pragma once

#include <memory>
#include <optional>
#include <string>

#include "theta/store/file_system.h"
#include "theta/store/folder_lock.h"
#include "theta/store/limits.h"
#include "theta/store/log_engine.h"
#include "theta/store/room_database.h"

namespace theta::store {

/// The embedded engine: a data folder with `theta.db` (SQLite) and `assets/`, worked on by one thread of its own, and a
/// second one that waits for files to be synced, so that a large asset does not hold up the log. One
/// process at a time owns the folder for writing; readers (`DataFolderReader`) may join. All calls from one thread.
class SqliteEngine final : public LogEngine {
 public:
  struct Options {
    /// Made, readable for its owner only, if there is none.
    std::string data_folder;
    /// The folder's, if the caller has it already; else the engine takes it.
    std::optional<FolderLock> lock = std::nullopt;
    /// Where assets are kept; null: in the data folder.
    std::unique_ptr<FileSystem> files = nullptr;
    /// See `DatabaseOptions`.
    StripPayload strip_payload = nullptr;
    /// Of what is submitted and not polled; see `LogEngine`.
    std::size_t queue_requests_max = limits::kQueueRequestsMax;
    std::size_t queue_bytes_max = limits::kQueueBytesMax;
    /// Uploads last written before this are thrown away.
    WallTime keep_uploads_since{};
  };
  [[nodiscard]] static StoreResult<std::unique_ptr<SqliteEngine>> open(Options options);
  /// Finishes what is queued, then closes the folder. Completions not polled are gone, their effects are not.
  ~SqliteEngine() override;

  Ticket submit(Request request) override;
  void poll(std::vector<Completion>& completions) override;
  [[nodiscard]] std::size_t pending() const override;
  /// An eventfd that is readable while completions wait; `poll` clears it. Owned by the engine. Now and then it wakes
  /// the caller for nothing.
  [[nodiscard]] int event_fd() const;

 private:
  struct State;
  explicit SqliteEngine(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace theta::store

#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "asset_service.h"
#include "theta/store/asset_files.h"
#include "theta/store/file_system.h"
#include "theta/store/room_database.h"

namespace theta::store {

struct Submission {
  Ticket ticket;
  Request request;
};

struct ExecutorOptions {
  std::string database_path;
  DatabaseOptions database;
  std::unique_ptr<FileSystem> files;
  /// Uploads last written before this are thrown away.
  WallTime keep_uploads_since{};
};

/// What both engines share: takes requests and works them off in turns. One turn is one batch of log requests, one
/// asset request and one step of long work, so that none of them waits for all of another kind. No thread of its own.
class RequestExecutor {
 public:
  [[nodiscard]] static StoreResult<std::unique_ptr<RequestExecutor>> open(ExecutorOptions options);
  RequestExecutor(const RequestExecutor&) = delete;
  RequestExecutor& operator=(const RequestExecutor&) = delete;

  void accept(Submission submission);
  [[nodiscard]] bool has_work() const { return has_database_work() || !assets_.empty(); }
  [[nodiscard]] bool has_database_work() const { return !log_.empty() || !jobs_.empty(); }
  /// Appends to `completions` and calls `publish` whenever some should go out before the turn goes on.
  void turn(std::vector<Completion>& completions, const std::function<void()>& publish);
  /// A turn without assets. May be called while `turn` waits for a file.
  void turn_database(std::vector<Completion>& completions, const std::function<void()>& publish);
  /// Work that no request waits for; call it when completions are out. `idle`: nothing else is waiting.
  void maintain(bool idle) { database_.checkpoint_if_due(idle); }

 private:
  RequestExecutor(RoomDatabase database, std::unique_ptr<FileSystem> files);
  void turn_log(std::vector<Completion>& completions, const std::function<void()>& publish);
  void turn_job(std::vector<Completion>& completions);
  [[nodiscard]] std::vector<Submission> take_batch();

  RoomDatabase database_;
  std::unique_ptr<FileSystem> file_system_;
  AssetFiles asset_files_;
  AssetService assets_service_;

  std::deque<Submission> log_;
  std::deque<Submission> jobs_;
  std::deque<Submission> assets_;
  RoomDatabase::SnapshotProgress snapshot_progress_;  // of the first job
};

}  // namespace theta::store

#include "request_executor.h"

#include <optional>
#include <unordered_set>
#include <utility>

#include "theta/store/limits.h"

namespace theta::store {

namespace {

std::size_t size_of(const Request& request) {
  std::size_t size = 0;
  if (const auto* append = std::get_if<Append>(&request))
    for (const auto& record : append->records) size += record.bytes.size();
  return size;
}

/// The room whose log the request is about; null for `ListRooms`.
const RoomId* room_of(const Request& request) {
  return std::visit(
      [](const auto& alternative) -> const RoomId* {
        if constexpr (std::is_same_v<std::decay_t<decltype(alternative)>, ListRooms>) {
          return nullptr;
        } else {
          return &alternative.room;
        }
      },
      request);
}

bool is_job(const Request& request) {
  return std::holds_alternative<WriteSnapshot>(request) || std::holds_alternative<Compact>(request);
}

}  // namespace

RequestExecutor::RequestExecutor(RoomDatabase database, std::unique_ptr<FileSystem> files)
    : database_(std::move(database)),
      file_system_(std::move(files)),
      asset_files_(*file_system_),
      assets_service_(database_, asset_files_) {}

StoreResult<std::unique_ptr<RequestExecutor>> RequestExecutor::open(ExecutorOptions options) {
  auto database = RoomDatabase::open(options.database_path, options.database);
  if (!database) return tl::unexpected(std::move(database.error()));
  // SQLite syncs the folder for its logs, not for the database file that it has just made.
  if (auto synced = options.files->sync_directory("."); !synced) return tl::unexpected(std::move(synced.error()));
  std::unique_ptr<RequestExecutor> executor(new RequestExecutor(std::move(*database), std::move(options.files)));
  if (auto opened = executor->assets_service_.open(options.keep_uploads_since); !opened)
    return tl::unexpected(std::move(opened.error()));
  return executor;
}

void RequestExecutor::accept(Submission submission) {
  if (AssetService::is_asset_request(submission.request)) return assets_.push_back(std::move(submission));
  if (is_job(submission.request)) return jobs_.push_back(std::move(submission));
  log_.push_back(std::move(submission));
}

void RequestExecutor::turn(std::vector<Completion>& completions, const std::function<void()>& publish) {
  turn_database(completions, publish);
  if (assets_.empty()) return;
  auto submission = std::move(assets_.front());
  assets_.pop_front();
  auto result = assets_service_.execute(submission.request);
  completions.push_back({submission.ticket, std::move(result)});
  publish();
}

void RequestExecutor::turn_database(std::vector<Completion>& completions, const std::function<void()>& publish) {
  if (!log_.empty()) turn_log(completions, publish);
  if (jobs_.empty()) return;
  turn_job(completions);
  publish();
}

void RequestExecutor::turn_log(std::vector<Completion>& completions, const std::function<void()>& publish) {
  auto batch = take_batch();
  std::vector<const Request*> writes;
  for (const auto& submission : batch)
    if (RoomDatabase::is_write(submission.request)) writes.push_back(&submission.request);
  auto results = database_.write(writes);

  // Acknowledgements first: only those wait for a read that stand behind it in the same room's order.
  std::vector<std::optional<Completion>> held(batch.size());
  std::unordered_set<RoomId, FixedBytesHash<RoomId>> rooms_reading;
  std::size_t next_result = 0;
  for (std::size_t at = 0; at < batch.size(); ++at) {
    const auto* room = room_of(batch[at].request);
    if (!RoomDatabase::is_write(batch[at].request)) {
      if (room != nullptr) rooms_reading.insert(*room);
      continue;
    }
    Completion completion{batch[at].ticket, std::move(results[next_result++])};
    if (rooms_reading.contains(*room)) {
      held[at] = std::move(completion);
    } else {
      completions.push_back(std::move(completion));
    }
  }
  publish();
  for (std::size_t at = 0; at < batch.size(); ++at) {
    if (held[at]) {
      completions.push_back(std::move(*held[at]));
    } else if (!RoomDatabase::is_write(batch[at].request)) {
      completions.push_back({batch[at].ticket, database_.read(batch[at].request)});
      publish();
    }
  }
  publish();
}

std::vector<Submission> RequestExecutor::take_batch() {
  std::vector<Submission> batch;
  std::size_t size = 0;
  while (!log_.empty() && batch.size() < limits::kBatchRequestsMax) {
    size += size_of(log_.front().request);
    if (!batch.empty() && size > limits::kBatchBytesMax) break;
    batch.push_back(std::move(log_.front()));
    log_.pop_front();
  }
  return batch;
}

void RequestExecutor::turn_job(std::vector<Completion>& completions) {
  const auto& request = jobs_.front().request;
  const auto* snapshot = std::get_if<WriteSnapshot>(&request);
  const auto done = snapshot != nullptr ? database_.write_snapshot_step(*snapshot, snapshot_progress_)
                                        : database_.compact_step(std::get<Compact>(request));
  if (done && !*done) return;
  StoreResult<Answer> result = Answer{Done{}};
  if (!done) result = tl::unexpected(done.error());
  completions.push_back({jobs_.front().ticket, std::move(result)});
  jobs_.pop_front();
  snapshot_progress_ = {};
}

}  // namespace theta::store

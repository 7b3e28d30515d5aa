#include "theta/store/sqlite_engine.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "request_executor.h"
#include "submission_queue.h"
#include "theta/base/check.h"
#include "yielding_files.h"

namespace theta::store {

namespace {

class OwnedDescriptor {
 public:
  explicit OwnedDescriptor(int descriptor = -1) : descriptor_(descriptor) {}
  OwnedDescriptor(OwnedDescriptor&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  OwnedDescriptor& operator=(OwnedDescriptor&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~OwnedDescriptor() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  [[nodiscard]] int get() const { return descriptor_; }

 private:
  int descriptor_;
};

StoreResult<void> make_folder(const std::string& folder) {
  namespace fs = std::filesystem;
  std::error_code error;
  const bool made = fs::create_directories(folder, error);
  if (made && !error) fs::permissions(folder, fs::perms::owner_all, error);
  if (error) return fail(StoreError::io, "could not make the data folder: " + error.message());
  return {};
}

}  // namespace

struct SqliteEngine::State {
  explicit State(const SubmissionQueue::Bounds& bounds) : queue(bounds) {}

  std::optional<FolderLock> folder_lock;
  OwnedDescriptor event;

  // The caller's thread only.
  SubmissionQueue queue;

  std::mutex mutex;
  std::condition_variable wake;
  // Under the mutex.
  std::vector<Submission> incoming;
  std::vector<Completion> completed;
  bool stopping = false;
  YieldingFiles::Work sync_work;
  std::optional<StoreResult<void>> sync_result;
  std::condition_variable sync_wake;
  bool sync_stopping = false;

  // The store thread only.
  std::unique_ptr<RequestExecutor> executor;
  bool is_running = false;

  // Last, so that they are joined before anything they use goes.
  std::thread sync_thread;
  std::thread thread;

  void run();
  void run_syncs();
  /// Has `work` done by the other thread, and works on the log until it is.
  [[nodiscard]] StoreResult<void> sync_aside(YieldingFiles::Work work);
  /// Moves what was submitted to the executor, waiting for it when there is no other work. False: time to end.
  [[nodiscard]] bool take_incoming();
  void publish(std::vector<Completion>& completions);
  void signal() const;
};

bool SqliteEngine::State::take_incoming() {
  std::vector<Submission> taken;
  {
    std::unique_lock lock(mutex);
    if (!executor->has_work()) wake.wait(lock, [&] { return stopping || !incoming.empty(); });
    taken.swap(incoming);
  }
  for (auto& submission : taken) executor->accept(std::move(submission));
  return executor->has_work();
}

StoreResult<void> SqliteEngine::State::sync_aside(YieldingFiles::Work work) {
  // Before there is a log to work on.
  if (!is_running) return work();
  std::vector<Completion> completions;
  std::unique_lock lock(mutex);
  sync_work = std::move(work);
  sync_wake.notify_one();
  while (!sync_result) {
    wake.wait(lock, [&] { return sync_result || !incoming.empty() || executor->has_database_work(); });
    auto taken = std::exchange(incoming, {});
    lock.unlock();
    for (auto& submission : taken) executor->accept(std::move(submission));
    if (executor->has_database_work()) executor->turn_database(completions, [&] { publish(completions); });
    publish(completions);
    lock.lock();
  }
  return *std::exchange(sync_result, std::nullopt);
}

void SqliteEngine::State::run_syncs() {
  std::unique_lock lock(mutex);
  for (;;) {
    sync_wake.wait(lock, [&] { return sync_stopping || sync_work; });
    if (!sync_work) return;
    const auto work = std::exchange(sync_work, nullptr);
    lock.unlock();
    auto result = work();
    lock.lock();
    sync_result = std::move(result);
    wake.notify_one();
  }
}

void SqliteEngine::State::run() {
  is_running = true;
  std::vector<Completion> completions;
  while (take_incoming()) {
    executor->turn(completions, [&] { publish(completions); });
    publish(completions);
    bool idle = !executor->has_work();
    if (idle) {
      const std::lock_guard lock(mutex);
      idle = incoming.empty();
    }
    executor->maintain(idle);
  }
}

void SqliteEngine::State::publish(std::vector<Completion>& completions) {
  if (completions.empty()) return;
  bool was_empty = false;
  {
    const std::lock_guard lock(mutex);
    was_empty = completed.empty();
    for (auto& completion : completions) completed.push_back(std::move(completion));
  }
  completions.clear();
  if (was_empty) signal();
}

void SqliteEngine::State::signal() const {
  const std::uint64_t one = 1;
  // It can only fail by overflowing, and then it is readable anyway.
  [[maybe_unused]] const auto written = ::write(event.get(), &one, sizeof one);
}

SqliteEngine::SqliteEngine(std::unique_ptr<State> state) : state_(std::move(state)) {}

StoreResult<std::unique_ptr<SqliteEngine>> SqliteEngine::open(Options options) {
  if (auto made = make_folder(options.data_folder); !made) return tl::unexpected(std::move(made.error()));
  if (!options.lock) {
    auto lock = FolderLock::acquire(options.data_folder);
    if (!lock) return tl::unexpected(std::move(lock.error()));
    options.lock = std::move(*lock);
  }
  auto state = std::make_unique<State>(SubmissionQueue::Bounds{options.queue_requests_max, options.queue_bytes_max});
  state->folder_lock = std::move(options.lock);
  state->event = OwnedDescriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (state->event.get() < 0)
    return fail(StoreError::io, std::string("could not make an eventfd: ") + std::strerror(errno));
  ExecutorOptions executor_options;
  executor_options.database_path = options.data_folder + "/theta.db";
  executor_options.database.strip_payload = options.strip_payload;
  if (!options.files) options.files = make_real_file_system(options.data_folder);
  executor_options.files = std::make_unique<YieldingFiles>(
      std::move(options.files),
      [running = state.get()](YieldingFiles::Work work) { return running->sync_aside(std::move(work)); });
  executor_options.keep_uploads_since = options.keep_uploads_since;
  auto executor = RequestExecutor::open(std::move(executor_options));
  if (!executor) return tl::unexpected(std::move(executor.error()));
  state->executor = std::move(*executor);
  state->sync_thread = std::thread([running = state.get()] { running->run_syncs(); });
  state->thread = std::thread([running = state.get()] { running->run(); });
  return std::unique_ptr<SqliteEngine>(new SqliteEngine(std::move(state)));
}

SqliteEngine::~SqliteEngine() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->wake.notify_one();
  state_->thread.join();
  {
    const std::lock_guard lock(state_->mutex);
    state_->sync_stopping = true;
  }
  state_->sync_wake.notify_one();
  state_->sync_thread.join();
}

Ticket SqliteEngine::submit(Request request) {
  auto [ticket, refused] = state_->queue.enter(request);
  if (refused) {
    std::vector<Completion> completions;
    completions.push_back({ticket, tl::unexpected(std::move(*refused))});
    state_->publish(completions);
    return ticket;
  }
  bool was_empty = false;
  {
    const std::lock_guard lock(state_->mutex);
    was_empty = state_->incoming.empty();
    state_->incoming.push_back({ticket, std::move(request)});
  }
  if (was_empty) state_->wake.notify_one();
  return ticket;
}

void SqliteEngine::poll(std::vector<Completion>& completions) {
  const std::lock_guard lock(state_->mutex);
  std::uint64_t count = 0;
  [[maybe_unused]] const auto read = ::read(state_->event.get(), &count, sizeof count);
  for (auto& completion : state_->completed) {
    state_->queue.leave(completion.ticket);
    completions.push_back(std::move(completion));
  }
  state_->completed.clear();
}

std::size_t SqliteEngine::pending() const { return state_->queue.size(); }

int SqliteEngine::event_fd() const { return state_->event.get(); }

}  // namespace theta::store

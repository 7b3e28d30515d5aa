#include "theta/store/sqlite_engine.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/file.h>
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

/// Held as long as the descriptor is open; the kernel lets go of it when the process dies, however it dies.
StoreResult<OwnedDescriptor> lock_folder(const std::string& folder) {
  OwnedDescriptor lock(::open((folder + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (lock.get() < 0)
    return fail(StoreError::io, std::string("could not open lock in the data folder: ") + std::strerror(errno));
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0)
    return fail(StoreError::io, "another process serves this data folder already; stop it, or choose another folder");
  return lock;
}

}  // namespace

struct SqliteEngine::State {
  explicit State(const SubmissionQueue::Bounds& bounds) : queue(bounds) {}

  OwnedDescriptor folder_lock;
  OwnedDescriptor event;

  // The caller's thread only.
  SubmissionQueue queue;

  std::mutex mutex;
  std::condition_variable wake;
  // Under the mutex.
  std::vector<Submission> incoming;
  std::vector<Completion> completed;
  bool stopping = false;

  // The store thread only.
  std::unique_ptr<RequestExecutor> executor;

  // Last, so that it is joined before anything it uses goes.
  std::thread thread;

  void run();
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

void SqliteEngine::State::run() {
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
  auto lock = lock_folder(options.data_folder);
  if (!lock) return tl::unexpected(std::move(lock.error()));
  auto state = std::make_unique<State>(SubmissionQueue::Bounds{options.queue_requests_max, options.queue_bytes_max});
  state->folder_lock = std::move(*lock);
  state->event = OwnedDescriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (state->event.get() < 0)
    return fail(StoreError::io, std::string("could not make an eventfd: ") + std::strerror(errno));
  ExecutorOptions executor_options;
  executor_options.database_path = options.data_folder + "/theta.db";
  executor_options.database.strip_payload = options.strip_payload;
  executor_options.files = make_real_file_system(std::move(options.data_folder));
  executor_options.keep_uploads_since = options.keep_uploads_since;
  auto executor = RequestExecutor::open(std::move(executor_options));
  if (!executor) return tl::unexpected(std::move(executor.error()));
  state->executor = std::move(*executor);
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

#pragma once

#include <memory>
#include <string>

#include "theta/store/file_system.h"
#include "theta/store/limits.h"
#include "theta/store/log_engine.h"
#include "theta/store/room_database.h"

namespace theta::store {

/// The engine without a thread: `poll` executes what was submitted, to the end. For the deterministic simulation and
/// for tools. What is submitted and not polled is lost with the object, as it would be with the process.
class InlineEngine final : public LogEngine {
 public:
  struct Options {
    std::string database_path;
    DatabaseOptions database;
    /// Holds `assets/` at its root.
    std::unique_ptr<FileSystem> files;
    /// Uploads last written before this are thrown away.
    WallTime keep_uploads_since{};
    /// Of what is submitted and not polled; see `LogEngine`.
    std::size_t queue_requests_max = limits::kQueueRequestsMax;
    std::size_t queue_bytes_max = limits::kQueueBytesMax;
  };
  [[nodiscard]] static StoreResult<std::unique_ptr<InlineEngine>> open(Options options);
  ~InlineEngine() override;

  Ticket submit(Request request) override;
  void poll(std::vector<Completion>& completions) override;
  [[nodiscard]] std::size_t pending() const override;

 private:
  struct State;
  explicit InlineEngine(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace theta::store

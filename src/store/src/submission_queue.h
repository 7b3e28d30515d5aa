#pragma once

#include <optional>
#include <unordered_map>

#include "theta/store/log_engine.h"

namespace theta::store {

/// What waits in an engine, from `submit` to `poll`: numbers the tickets and holds the bounds. The caller's thread
/// only.
class SubmissionQueue {
 public:
  struct Bounds {
    std::size_t requests = 0;
    std::size_t bytes = 0;
  };
  explicit SubmissionQueue(const Bounds& bounds) : bounds_(bounds) {}

  struct Entered {
    Ticket ticket;
    /// Why the engine must not try it; it is to be completed with this.
    std::optional<Failure<StoreError>> refused;
  };
  [[nodiscard]] Entered enter(const Request& request);
  void leave(Ticket ticket);
  [[nodiscard]] std::size_t size() const { return bytes_of_.size(); }

 private:
  Bounds bounds_;
  std::uint64_t last_ticket_ = 0;
  std::unordered_map<Ticket, std::size_t> bytes_of_;
  std::size_t bytes_ = 0;
};

}  // namespace theta::store

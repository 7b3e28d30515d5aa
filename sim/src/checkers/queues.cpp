#include "checker.h"

namespace theta::sim {
namespace {

/// Every queue keeps to its bound, at every moment.
class QueueChecker final : public Checker {
 public:
  using Checker::Checker;
  [[nodiscard]] const char* name() const override { return "queues"; }

  void on_queues(const std::vector<QueueView>& queues) override {
    for (const auto& queue : queues)
      if (queue.held > queue.bound)
        return violate("The " + queue.what + " are " + std::to_string(queue.held) + "; at most " +
                       std::to_string(queue.bound) + " are allowed.");
  }
};

}  // namespace

std::unique_ptr<Checker> make_queue_checker(RecordKeeper& keeper) { return std::make_unique<QueueChecker>(keeper); }

}  // namespace theta::sim

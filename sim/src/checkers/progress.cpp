#include <map>

#include "checker.h"

namespace theta::sim {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

/// A hostile peer can hurt only itself: while others attack, and nothing else goes wrong, an honest peer's command is
/// settled within a bound of virtual time, which the profile names.
class ProgressChecker final : public Checker {
 public:
  ProgressChecker(RecordKeeper& keeper, milliseconds bound) : Checker(keeper), bound_(bound) {}
  [[nodiscard]] const char* name() const override { return "progress"; }

  void on_submitted(const PeerView& peer, const Submission& submission) override {
    if (bound_ > bound_.zero()) waiting_[{peer.index, submission.handle}] = {keeper().now(), submission.what};
  }

  void on_event(const PeerView& peer, const client::Event& event) override {
    const auto* settled = std::get_if<client::CommandSettled>(&event);
    const auto found = settled == nullptr ? waiting_.end() : waiting_.find({peer.index, settled->handle});
    if (found == waiting_.end()) return;
    const auto took = duration_cast<milliseconds>(keeper().now() - found->second.since);
    if (took > bound_)
      violate(peer.name + " waited " + std::to_string(took.count()) + " ms for its command " +
              std::to_string(settled->handle.value()) + " (" + found->second.what + "); at most " +
              std::to_string(bound_.count()) + " ms are allowed.");
    waiting_.erase(found);
  }

 private:
  struct Waiting {
    MonotonicTime since{};
    std::string what;
  };

  milliseconds bound_;
  std::map<std::pair<std::size_t, client::CommandHandle>, Waiting> waiting_;
};

}  // namespace

std::unique_ptr<Checker> make_progress_checker(RecordKeeper& keeper, milliseconds bound) {
  return std::make_unique<ProgressChecker>(keeper, bound);
}

}  // namespace theta::sim

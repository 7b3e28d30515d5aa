#include "checker.h"

namespace theta::sim {
namespace {

/// Same log prefix, same state: whatever record a peer stands at, its log and its state are what the model had there.
/// And nobody is shown a record before it is on disk, since the model knows only those.
class ConvergenceChecker final : public Checker {
 public:
  using Checker::Checker;
  [[nodiscard]] const char* name() const override { return "convergence"; }

  void on_advanced(const PeerView& peer, const RoomModel& model) override {
    const auto head = peer.session->confirmed_head();
    const auto* expected = model.find(head);
    if (expected == nullptr)
      return violate(peer.name + " has record " + std::to_string(head.value()) + ", but the store has completed only " +
                     std::to_string(model.head().value()) + ": it was shown before it was on disk.");
    if (peer.session->replica().record_hash() != expected->record_hash)
      return violate(peer.name + " has another record " + std::to_string(head.value()) + " than the hub's log.");
    if (peer.session->confirmed_state_hash() != expected->state_hash)
      violate(peer.name + " has another state at record " + std::to_string(head.value()) + " than the hub.");
  }

  void on_end(const FinalView& end) override {
    for (const auto& peer : end.peers) {
      if (peer.session == nullptr || peer.session->phase() != client::SessionPhase::live) continue;
      const auto model = end.models.find(peer.room);
      if (model == end.models.end()) return violate(peer.name + " is in a room that no store has.");
      // Who was put out of the room hears no more of it.
      const auto* member = model->second.replica().members().find(peer.author);
      if (member == nullptr || member->role == log::Role::none) continue;
      if (peer.session->confirmed_head() != model->second.head())
        return violate(peer.name + " ended at record " + std::to_string(peer.session->confirmed_head().value()) +
                       ", the hub's log at " + std::to_string(model->second.head().value()) + ".");
      if (peer.session->confirmed_state_hash() != model->second.replica().state_hash())
        return violate(peer.name + " ended with another state than the hub.");
    }
  }
};

}  // namespace

std::unique_ptr<Checker> make_convergence_checker(RecordKeeper& keeper) {
  return std::make_unique<ConvergenceChecker>(keeper);
}

}  // namespace theta::sim

#include <map>
#include <optional>

#include "checker.h"

namespace theta::sim {
namespace {

using client::CommandHandle;

/// Nobody is silently dropped: every command that a session took is settled in the end, once, as acknowledged, refused
/// with a reason, or coalesced into another that is. Over restarts too; only what the peer's own disk lost is forgiven.
class SettlementChecker final : public Checker {
 public:
  using Checker::Checker;
  [[nodiscard]] const char* name() const override { return "settlement"; }

  void on_submitted(const PeerView& peer, const Submission& submission) override {
    auto& entry = entries_[{peer.index, submission.handle}];
    if (entry.submitted_at)
      return violate(peer.name + " gave the number " + std::to_string(submission.handle.value()) + " to two commands.");
    entry.submitted_at = peer.disk_place;
    entry.what = submission.what;
  }

  void on_event(const PeerView& peer, const client::Event& event) override {
    const auto* settled = std::get_if<client::CommandSettled>(&event);
    if (settled == nullptr) return;
    const auto found = entries_.find({peer.index, settled->handle});
    // What a torn journal kept after all is settled as well; nobody waits for it.
    if (found == entries_.end()) return;
    if (found->second.settled_at && !found->second.may_be_told_again)
      return violate(peer.name + " settled command " + std::to_string(settled->handle.value()) + " twice.");
    found->second.settled_at = peer.disk_place;
    found->second.may_be_told_again = false;
  }

  void on_peer_ended(const PeerView& peer, PeerEnd how, std::uint64_t surviving) override {
    const auto begin = entries_.lower_bound({peer.index, CommandHandle{0}});
    auto entry = begin;
    while (entry != entries_.end() && entry->first.first == peer.index) {
      auto& one = entry->second;
      const bool is_lost = how == PeerEnd::wiped || *one.submitted_at > surviving;
      if (is_lost) {
        entry = entries_.erase(entry);
        continue;
      }
      // The peer may have forgotten that it was settled; what it was told together with others, it may know still.
      if (one.settled_at && *one.settled_at > surviving) one.may_be_told_again = true;
      ++entry;
    }
  }

  void on_end(const FinalView& end) override {
    for (const auto& [key, entry] : entries_) {
      if (entry.settled_at) continue;
      const auto& peer = end.peers[key.first];
      if (!must_settle(peer)) continue;
      return violate(peer.name + " never heard what became of its command " + std::to_string(key.second.value()) +
                     " (" + entry.what + ").");
    }
  }

 private:
  struct Entry {
    std::optional<std::uint64_t> submitted_at;
    std::optional<std::uint64_t> settled_at;
    bool may_be_told_again = false;
    std::string what;
  };

  /// A peer that the log itself has put out of the room keeps its commands, and shows them as waiting.
  [[nodiscard]] static bool must_settle(const PeerView& peer) {
    return peer.session != nullptr && peer.session->phase() == client::SessionPhase::live &&
           peer.session->role() != log::Role::none;
  }

  std::map<std::pair<std::size_t, CommandHandle>, Entry> entries_;
};

}  // namespace

std::unique_ptr<Checker> make_settlement_checker(RecordKeeper& keeper) {
  return std::make_unique<SettlementChecker>(keeper);
}

}  // namespace theta::sim

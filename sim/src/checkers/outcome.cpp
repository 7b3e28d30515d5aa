#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <tuple>

#include "checker.h"

namespace theta::sim {
namespace {

/// What a peer is told of its commands is what the log says: outcomes are equal on all replicas, a rejected command
/// changes nothing, what was refused is not in the log, and what was taken is in it once.
class OutcomeChecker final : public Checker {
 public:
  using Checker::Checker;
  [[nodiscard]] const char* name() const override { return "outcome"; }

  void on_submitted(const PeerView& peer, const Submission& submission) override {
    // After a crash a number may be given again.
    auto& marker = markers_[{peer.index, submission.handle}] = submission.marker;
    if (!marker.empty()) ++counts_[{peer.room, marker}].submitted;
  }

  void on_event(const PeerView& peer, const client::Event& event) override {
    const auto* settled = std::get_if<client::CommandSettled>(&event);
    if (settled == nullptr) return;
    using How = client::CommandSettled::How;
    const auto found = markers_.find({peer.index, settled->handle});
    Counts none;
    auto& counts = found != markers_.end() && !found->second.empty() ? counts_[{peer.room, found->second}] : none;
    if (settled->how == How::refused) {
      if (!settled->refusal || settled->refusal->text.empty())
        return violate(peer.name + " was refused a command without a reason.");
      ++counts.refused;
    }
    if (settled->how != How::acknowledged) return;
    // Told again after a crash that made the peer forget: still one.
    if (told_of_.insert({peer.author, peer.room, settled->nonce, settled->index}).second) ++counts.taken;
    if (settled->outcome) told_.push_back({peer.room, peer.name, settled->seq, settled->index, *settled->outcome});
  }

  void on_end(const FinalView& end) override {
    for (const auto& one : told_) check_told(one, end.models);
    for (const auto& [room, model] : end.models) {
      check_rejected(model);
      for (const auto& record : model.records()) find_markers(room, record.stored.view());
    }
    for (const auto& [key, counts] : counts_) {
      const auto there = in_log_[key];
      const auto most = counts.submitted - counts.refused;
      if (there > most)
        return violate("What " + key.second + " did was submitted " + std::to_string(counts.submitted) +
                       " times and refused " + std::to_string(counts.refused) + " times, and is in the log " +
                       std::to_string(there) + " times.");
      if (there < counts.taken)
        return violate("A peer was told " + std::to_string(counts.taken) + " times that " + key.second +
                       " is in the log, and it is there " + std::to_string(there) + " times.");
    }
  }

 private:
  struct Counts {
    std::size_t submitted = 0;
    std::size_t refused = 0;
    std::size_t taken = 0;
  };
  using Key = std::pair<RoomId, std::string>;
  struct Told {
    RoomId room;
    std::string peer;
    Seq seq;
    std::uint16_t index = 0;
    replica::Outcome outcome;
  };

  void find_markers(const RoomId& room, ByteView bytes) {
    for (auto rest = bytes; !rest.empty();) {
      const auto marker = marker_in(rest);
      if (marker.empty()) return;
      ++in_log_[{room, marker}];
      const std::string_view text(reinterpret_cast<const char*>(rest.data()), rest.size());
      rest = rest.subspan(text.find(marker) + marker.size());
    }
  }

  void check_told(const Told& one, const RoomModels& models) {
    const auto model = models.find(one.room);
    const auto* record = model == models.end() ? nullptr : model->second.find(one.seq);
    const bool is_equal =
        record != nullptr && one.index < record->outcomes.size() && record->outcomes[one.index] == one.outcome;
    if (!is_equal)
      violate(one.peer + " was told another outcome of command " + std::to_string(one.index) + " of record " +
              std::to_string(one.seq.value()) + " than the log gives.");
  }

  void check_rejected(const RoomModel& model) {
    for (const auto& record : model.records()) {
      const bool all_lost = std::all_of(record.outcomes.begin(), record.outcomes.end(), [](const auto& outcome) {
        return outcome.status != replica::OutcomeStatus::applied;
      });
      if (all_lost && record.changed_scene)
        violate("A record all of whose commands were rejected or superseded changed the scene.");
    }
  }

  std::map<std::pair<std::size_t, client::CommandHandle>, std::string> markers_;
  std::map<Key, Counts> counts_;
  std::map<Key, std::size_t> in_log_;
  std::set<std::tuple<AuthorKey, RoomId, Nonce, std::uint16_t>> told_of_;
  std::vector<Told> told_;
};

}  // namespace

std::unique_ptr<Checker> make_outcome_checker(RecordKeeper& keeper) { return std::make_unique<OutcomeChecker>(keeper); }

}  // namespace theta::sim

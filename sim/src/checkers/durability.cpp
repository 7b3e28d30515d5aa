#include <algorithm>
#include <map>

#include "checker.h"
#include "theta/log/record.h"

namespace theta::sim {
namespace {

/// Nothing promised is lost: a record that the store completed, that the hub called committed, or that a peer has, is
/// on the disk after every restart, byte for byte (its payload may have been archived on purpose).
class DurabilityChecker final : public Checker {
 public:
  using Checker::Checker;
  [[nodiscard]] const char* name() const override { return "durability"; }

  void on_committed(const hub::HubObserver::Committed& committed) override {
    auto& hash = committed_[{committed.room, committed.seq}];
    const auto at = "record " + std::to_string(committed.seq.value());
    if (!hash.is_zero() && hash != committed.record_hash)
      return violate("The hub committed two different records as " + at + ".");
    hash = committed.record_hash;
  }

  void on_disk_read(const DiskLog& log, const RoomModel* model) override {
    if (model == nullptr) return;
    compare(log, *model);
    const auto begin = committed_.lower_bound({log.room, Seq{0}});
    for (auto entry = begin; entry != committed_.end() && entry->first.first == log.room; ++entry) {
      const auto seq = entry->first.second;
      if (seq > log.head || log.records[seq.value() - 1].record_hash != entry->second)
        return violate("Record " + std::to_string(seq.value()) + " was committed and is not on the disk.");
    }
  }

  void on_event(const PeerView& peer, const client::Event& event) override {
    const auto* settled = std::get_if<client::CommandSettled>(&event);
    if (settled == nullptr || settled->how != client::CommandSettled::How::acknowledged) return;
    auto& acknowledged = acknowledged_[peer.room];
    acknowledged.push_back({settled->seq, peer.author, settled->nonce});
  }

  void on_end(const FinalView& end) override {
    for (const auto& log : end.logs) {
      const auto model = end.models.find(log.room);
      if (model == end.models.end()) continue;
      on_disk_read(log, &model->second);
      check_acknowledged(log);
    }
  }

 private:
  struct Acknowledged {
    Seq seq;
    AuthorKey author;
    Nonce nonce;
  };

  void compare(const DiskLog& log, const RoomModel& model) {
    if (log.records.size() != log.head.value())
      return violate("The log of room " + short_name(log.room.view()) + " says that it has " +
                     std::to_string(log.head.value()) + " records and holds " + std::to_string(log.records.size()) +
                     ".");
    if (log.head < model.promised())
      return violate("Room " + short_name(log.room.view()) + " has " + std::to_string(log.head.value()) +
                     " records on disk after a restart, but " + std::to_string(model.promised().value()) +
                     " were promised.");
    for (const auto& record : log.records) {
      const auto* expected = model.find(record.seq);
      if (expected == nullptr || !expected->is_promised) continue;
      const bool is_same = std::equal(record.bytes.view().begin(), record.bytes.view().end(),
                                      expected->stored.view().begin(), expected->stored.view().end());
      if (is_same) continue;
      const auto archived = log::archive_record(expected->stored.view());
      const bool is_archived =
          record.seq <= log.archived_through &&
          std::equal(record.bytes.view().begin(), record.bytes.view().end(), archived.begin(), archived.end());
      if (!is_archived)
        return violate("Record " + std::to_string(record.seq.value()) +
                       " on the disk is not, byte for byte, what was promised.");
    }
  }

  void check_acknowledged(const DiskLog& log) {
    for (const auto& one : acknowledged_[log.room]) {
      const bool is_there = std::any_of(log.records.begin(), log.records.end(), [&](const store::StoredRecord& record) {
        return record.author == one.author && record.nonce == one.nonce;
      });
      if (!is_there)
        return violate("A peer was told that its packet " + std::to_string(one.nonce.value()) +
                       " is in the log (record " + std::to_string(one.seq.value()) + "), and it is not.");
    }
  }

  std::map<std::pair<RoomId, Seq>, Hash256> committed_;
  std::map<RoomId, std::vector<Acknowledged>> acknowledged_;
};

}  // namespace

std::unique_ptr<Checker> make_durability_checker(RecordKeeper& keeper) {
  return std::make_unique<DurabilityChecker>(keeper);
}

}  // namespace theta::sim

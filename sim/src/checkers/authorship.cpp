#include <set>

#include "checker.h"
#include "theta/crypto/hash.h"
#include "theta/log/compact.h"
#include "theta/log/record.h"

namespace theta::sim {
namespace {

/// Nobody writes as somebody else: every packet of the log is one that its author's process handed to its transport.
class AuthorshipChecker final : public Checker {
 public:
  using Checker::Checker;
  [[nodiscard]] const char* name() const override { return "authorship"; }

  void on_packet_sent(const AuthorKey& author, const Hash256& bytes_hash) override {
    sent_.insert({author, bytes_hash});
  }

  void on_end(const FinalView& end) override {
    for (const auto& [room, model] : end.models)
      for (const auto& kept : model.records()) {
        const auto record = log::decode_record(kept.stored.view());
        if (!record) return violate("A stored record does not decode.");
        const auto compact = crypto::hash256(log::compact_packet(record->packet));
        const auto stored = crypto::hash256(log::encode_packet(record->packet));
        if (sent_.contains({kept.author, compact}) || sent_.contains({kept.author, stored})) continue;
        return violate("Record " + std::to_string(record->seq.value()) + " of room " + short_name(room.view()) +
                       " is not what its author has sent.");
      }
  }

 private:
  std::set<std::pair<AuthorKey, Hash256>> sent_;
};

}  // namespace

std::unique_ptr<Checker> make_authorship_checker(RecordKeeper& keeper) {
  return std::make_unique<AuthorshipChecker>(keeper);
}

}  // namespace theta::sim

#include "checker.h"
#include "theta/hub/limits.h"
#include "theta/store/limits.h"

namespace theta::sim {
namespace {

/// A hostile peer can hurt only itself: what the hub holds in memory for a peer, a room and all together keeps to its
/// named maximum after every step, whatever peers send, do not read, or make wait for a slow disk.
class BoundsChecker final : public Checker {
 public:
  using Checker::Checker;
  [[nodiscard]] const char* name() const override { return "bounds"; }

  void on_hub_usage(const hub::HubUsage& usage, const hub::HubConfig& config) override {
    // What a record takes in memory beside its bytes is a struct of a few hashes.
    constexpr std::size_t kRecordMax = store::limits::kRecordBytesMax + 1024;
    check("rooms in memory", usage.rooms.size(), config.rooms_loaded_max);
    check("authors whose rate limits are remembered", usage.author_buckets, config.author_buckets_max);
    for (const auto& room : usage.rooms) {
      check("sessions of a room", room.sessions, config.sessions_per_room_max);
      check("records in a room's ring", room.ring_records, config.ring_records_max);
      check("bytes in a room's ring", room.ring_bytes, config.ring_bytes_max);
      check("uncommitted records of a room", room.uncommitted_records, config.uncommitted_records_max);
      check("uncommitted bytes of a room", room.uncommitted_bytes, config.uncommitted_bytes_max + kRecordMax);
      check("refusals kept for a session", room.refusals_kept_max, hub::limits::kRefusalsKeptMax);
      check("bulk answers kept for a session", room.bulk_answers_max, config.bulk_requests_per_session_max);
    }
  }

 private:
  void check(const char* what, std::size_t held, std::size_t bound) {
    if (held > bound)
      violate("The hub holds " + std::to_string(held) + " " + what + "; at most " + std::to_string(bound) +
              " are allowed.");
  }
};

}  // namespace

std::unique_ptr<Checker> make_bounds_checker(RecordKeeper& keeper) { return std::make_unique<BoundsChecker>(keeper); }

}  // namespace theta::sim

#pragma once

#include <functional>
#include <optional>
#include <set>

#include "record_ring.h"
#include "relay.h"
#include "snapshot_shelf.h"
#include "store_desk.h"
#include "theta/replica/replica.h"

namespace theta::hub {

/// Brings a room from the store into memory: proofs of equivocation, the newest snapshot, then the records after it in
/// bounded pieces. A snapshot that does not hold what its checkpoint says is passed over, and the log replayed from the
/// start.
class RoomLoader {
 public:
  struct Loaded {
    replica::Replica replica;
    std::set<AuthorKey> suspended;
    std::optional<KeptSnapshot> snapshot;
    RecordRing ring;  // the newest records, all committed
    std::uint64_t log_bytes = 0;
  };
  using Result = Expected<Loaded, store::StoreError>;

  /// `done` is called once, from within an answer of the store; it may destroy the loader.
  RoomLoader(HubContext& context, const RoomId& room, Relay::AskStore ask, std::function<void(Result)> done);
  void begin();

 private:
  void take_proofs(StoreDesk::Result& result);
  void take_snapshot(StoreDesk::Result& result);
  void adopt_snapshot(const store::StoredSnapshot& stored);
  void read_on();
  void take_records(StoreDesk::Result& result);
  /// An empty text when the record was applied.
  [[nodiscard]] std::string apply(const store::StoredRecord& stored);
  void finish(Result result);

  HubContext& context_;
  RoomId room_;
  Relay::AskStore ask_;
  std::function<void(Result)> done_;
  Loaded loaded_;
};

}  // namespace theta::hub

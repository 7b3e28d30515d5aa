#pragma once

#include <functional>

#include "record_ring.h"
#include "session.h"
#include "store_desk.h"

namespace theta::hub {

/// Sends a room's committed records to its sessions, each at its own cursor. Sessions that keep up share one buffer; a
/// slow one waits for `writable` and goes on from the ring, or from the store when the ring has moved on, so a slow
/// reader costs no memory, no work while it waits, and misses nothing.
class Relay {
 public:
  /// How the room asks the store: the room stays in memory until the answer came.
  using AskStore = std::function<void(store::Request, StoreDesk::Answered)>;
  /// The session with this number, null when it has left.
  using FindSession = std::function<Session*(std::uint32_t)>;

  Relay(HubContext& context, const RoomId& room, const RecordRing& ring, AskStore ask, FindSession find);

  /// Sends what is committed and the lanes have room for: snapshot chunks first, then records.
  void pump(Session& session);
  /// True when a lane of the session is full and nothing of it has moved for as long as the hub waits.
  [[nodiscard]] bool is_stalled(Session& session) const;

 private:
  /// False when the lane did not take it; one that is full stops the session until it is writable.
  [[nodiscard]] bool send(Session& session, transport::Lane lane, const SharedBytes& message) const;
  void block(Session& session) const;
  [[nodiscard]] std::size_t queued_bytes(const Session& session) const;
  /// False while there are chunks that the lane has no room for.
  [[nodiscard]] bool pump_snapshot(Session& session);
  void pump_records(Session& session);
  void read_store(Session& session);
  void send_stored(Session& session, const std::vector<store::StoredRecord>& records);
  /// A message of records from `first` on, at most kRecordsMessageBytes unless one record is larger.
  struct Message {
    Seq first;
    Seq end;  // the seq after the last
    SharedBytes bytes;
  };
  [[nodiscard]] const Message& message_from(Seq first);
  [[nodiscard]] SharedBytes encode(const wire::Records& records);

  HubContext& context_;
  RoomId room_;
  const RecordRing& ring_;
  AskStore ask_;
  FindSession find_;
  /// The last message made: sessions that keep up all want the same one.
  Message last_;
};

}  // namespace theta::hub

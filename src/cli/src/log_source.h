#pragma once

#include <functional>
#include <string>
#include <vector>

#include "commands.h"
#include "log_verifier.h"
#include "peer.h"
#include "theta/store/log_engine.h"

namespace theta::cli {

/// A room's log, wherever it lies.
struct RoomLog {
  RoomId room;
  std::string name;
  Seq head;
  LogEvidence evidence;
  /// What the place itself reports as damaged; sentences.
  std::vector<std::string> damage;
  /// The state hash that a live peer arrived at, to be compared.
  std::optional<Hash256> expected_state_hash;
};

/// Called with every record, in order.
using TakeRecord = std::function<void(const store::StoredRecord&)>;
/// Called behind the last record, with the store's entry of the room as it is then.
using EndRoom = std::function<void(const store::RoomInfo&)>;

/// Reads the room behind a link, through the hub, as a member.
[[nodiscard]] Peer::Result<void> read_log_by_link(const Context& context, const std::string& link,
                                                  const std::function<void(const RoomLog&)>& begin,
                                                  const TakeRecord& take);
/// Reads all rooms of a hub's data folder, also while the hub runs.
[[nodiscard]] Peer::Result<void> read_logs_of_folder(const std::string& folder, bool check_damage,
                                                     const std::function<void(const RoomLog&)>& begin,
                                                     const TakeRecord& take, const EndRoom& end);

}  // namespace theta::cli

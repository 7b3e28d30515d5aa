#pragma once

#include <string>

#include "theta/log/checkpoint.h"
#include "theta/replica/replica.h"
#include "theta/store/log_engine.h"

namespace theta::hub {

struct LoadedSnapshot {
  log::Checkpoint checkpoint;
  replica::Replica replica;
};

/// Loads a snapshot as the store gives it. It must be of `room`, signed by `hub` (a state that this hub has not signed
/// is nobody's word: serving it would make it the hub's own), whole, and hold the state that its checkpoint names. Else
/// the text says what is wrong.
[[nodiscard]] tl::expected<LoadedSnapshot, std::string> load_stored_snapshot(const store::StoredSnapshot& stored,
                                                                             const RoomId& room, const HubKey& hub);

}  // namespace theta::hub

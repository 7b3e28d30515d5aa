#pragma once

#include <cstdint>

#include "theta/base/result.h"

namespace theta::client {

/// Grouped by what the caller must do.
enum class ClientError : std::uint8_t {
  bad_command,    // the call itself is wrong: see the sentence; nothing was queued
  rejected,       // it can't work on the scene as it is shown now; nothing was queued
  not_permitted,  // the author's role is too low
  not_ready,      // the room was never attached yet, so there is nothing to edit
  queue_full,     // poll events, or wait until the hub has caught up
  stopped,        // the session has diverged or was closed
  storage,        // the local state can't be read or written
  locked,         // another process writes this room with this state folder
  identity,       // the key file is missing, malformed or readable by others
  network,        // no socket, or the name does not resolve
  timed_out,      // what was waited for did not happen
};
template <class T>
using ClientResult = Expected<T, ClientError>;

}  // namespace theta::client

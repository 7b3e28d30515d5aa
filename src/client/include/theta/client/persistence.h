#pragma once

#include "theta/base/bytes.h"
#include "theta/client/error.h"

namespace theta::client {

/// Where a session keeps what must survive a restart: one state and a journal of what came after it. One session owns
/// it. The bytes are the session's own business.
class Persistence {
 public:
  virtual ~Persistence() = default;

  struct Stored {
    Bytes state;  // empty: nothing was ever stored
    Bytes journal;
  };
  [[nodiscard]] virtual ClientResult<Stored> load() = 0;
  /// Replaces the state and empties the journal; both or neither, also when the process or the machine dies.
  [[nodiscard]] virtual ClientResult<void> replace(ByteView state) = 0;
  /// Adds to the journal. On return the bytes survive the process; after `sync` they survive the machine. A torn tail
  /// is fine, a gap is not.
  [[nodiscard]] virtual ClientResult<void> append(ByteView entries) = 0;
  [[nodiscard]] virtual ClientResult<void> sync() = 0;
};

}  // namespace theta::client

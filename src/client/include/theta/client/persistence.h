#pragma once

#include <vector>

#include "theta/base/bytes.h"
#include "theta/base/ids.h"
#include "theta/client/error.h"

namespace theta::client {

/// Where a session keeps what must survive a restart: one state, a journal of what came after it, and the assets that
/// the hub does not have yet. One session owns it. The bytes are the session's own business.
class Persistence {
 public:
  virtual ~Persistence() = default;

  struct Stored {
    Bytes state;  // empty: nothing was ever stored
    Bytes journal;
    std::vector<SharedBytes> assets = {};  // kept and not forgotten, in any order, whole
  };
  [[nodiscard]] virtual ClientResult<Stored> load() = 0;
  /// Replaces the state and empties the journal; both or neither, also when the process or the machine dies.
  [[nodiscard]] virtual ClientResult<void> replace(ByteView state) = 0;
  /// Adds to the journal. On return the bytes survive the process; after `sync` they survive the machine. A torn tail
  /// is fine, a gap is not.
  [[nodiscard]] virtual ClientResult<void> append(ByteView entries) = 0;
  [[nodiscard]] virtual ClientResult<void> sync() = 0;

  /// Keeps an asset's bytes beside state and journal, which may be `replace`d meanwhile. Survives as `append` does.
  /// Without effect when it is kept already.
  [[nodiscard]] virtual ClientResult<void> keep_asset(const AssetId& asset, const SharedBytes& bytes) = 0;
  /// The hub has it, or will never take it. A restart may find it once more all the same.
  [[nodiscard]] virtual ClientResult<void> forget_asset(const AssetId& asset) = 0;
};

}  // namespace theta::client

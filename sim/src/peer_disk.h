#pragma once

#include <deque>
#include <map>

#include "random.h"
#include "theta/client/persistence.h"

namespace theta::sim {

/// A peer's own disk. Places on it are counted by what was handed to it, so that a checker can tell afterwards what
/// survived: whatever was done at a place at or before `surviving()`.
class PeerDisk final : public client::Persistence {
 public:
  client::ClientResult<Stored> load() override;
  client::ClientResult<void> replace(ByteView state) override;
  client::ClientResult<void> append(ByteView entries) override;
  client::ClientResult<void> sync() override;
  client::ClientResult<void> keep_asset(const AssetId& asset, const SharedBytes& bytes) override;
  client::ClientResult<void> forget_asset(const AssetId& asset) override;

  /// The place of what happens now: it survives exactly if everything up to here does.
  [[nodiscard]] std::uint64_t place() const { return place_; }
  /// The process ends: what was written is there.
  void end_process();
  /// The machine ends: of what was not synced, some is there.
  void lose_power(Random& random);
  void wipe();
  [[nodiscard]] std::uint64_t surviving() const { return surviving_; }

  void set_full(bool full) { is_full_ = full; }
  /// For a fault on purpose: a name in the kept state becomes another one, and the hash that closes it agrees.
  void rot();
  /// For a fault on purpose: what was kept is not found again.
  void set_forgets_journal(bool forgets) { forgets_journal_ = forgets; }

 private:
  struct Piece {
    std::uint64_t place = 0;
    std::size_t end = 0;  // bytes of the journal with it
  };

  struct KeptAsset {
    SharedBytes bytes;
    bool is_synced = false;
  };

  Stored stored_;
  std::map<AssetId, KeptAsset> assets_;
  std::deque<Piece> unsynced_;
  std::uint64_t place_ = 0;
  std::uint64_t stored_place_ = 0;
  std::uint64_t synced_place_ = 0;
  std::size_t synced_bytes_ = 0;
  std::uint64_t surviving_ = 0;
  bool is_full_ = false;
  bool has_gap_ = false;
  bool forgets_journal_ = false;
};

}  // namespace theta::sim

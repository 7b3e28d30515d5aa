#include "peer_disk.h"

#include <algorithm>
#include <string_view>

#include "theta/crypto/hash.h"

namespace theta::sim {

using client::ClientError;
using client::ClientResult;

ClientResult<client::Persistence::Stored> PeerDisk::load() {
  has_gap_ = false;
  if (forgets_journal_) stored_.journal.clear();
  auto result = stored_;
  for (const auto& [asset, kept] : assets_) result.assets.push_back(kept.bytes);
  return result;
}

ClientResult<void> PeerDisk::replace(ByteView state) {
  ++place_;
  if (is_full_) {
    has_gap_ = true;
    return fail(ClientError::storage, "no space left on the peer's disk");
  }
  stored_.state.assign(state.begin(), state.end());
  stored_.journal.clear();
  unsynced_.clear();
  has_gap_ = false;
  stored_place_ = synced_place_ = place_;
  synced_bytes_ = 0;
  return {};
}

ClientResult<void> PeerDisk::append(ByteView entries) {
  ++place_;
  if (is_full_) {
    has_gap_ = true;
    return fail(ClientError::storage, "no space left on the peer's disk");
  }
  stored_.journal.insert(stored_.journal.end(), entries.begin(), entries.end());
  // Behind a gap nothing can be read again, so it counts as not stored.
  if (has_gap_) return {};
  stored_place_ = place_;
  unsynced_.push_back({place_, stored_.journal.size()});
  return {};
}

ClientResult<void> PeerDisk::sync() {
  if (is_full_) return fail(ClientError::storage, "no space left on the peer's disk");
  unsynced_.clear();
  synced_place_ = stored_place_;
  synced_bytes_ = stored_.journal.size();
  for (auto& [asset, kept] : assets_) kept.is_synced = true;
  return {};
}

ClientResult<void> PeerDisk::keep_asset(const AssetId& asset, const SharedBytes& bytes) {
  if (is_full_) return fail(ClientError::storage, "no space left on the peer's disk");
  assets_.emplace(asset, KeptAsset{bytes, false});
  return {};
}

ClientResult<void> PeerDisk::forget_asset(const AssetId& asset) {
  assets_.erase(asset);
  return {};
}

void PeerDisk::end_process() { surviving_ = stored_place_; }

void PeerDisk::lose_power(Random& random) {
  const auto kept = random.below(unsynced_.size() + 1);
  surviving_ = synced_place_;
  std::size_t bytes = synced_bytes_;
  for (std::size_t index = 0; index < kept; ++index) {
    surviving_ = unsynced_[index].place;
    bytes = unsynced_[index].end;
  }
  // The next piece may be torn.
  const std::size_t torn_max = kept < unsynced_.size() ? unsynced_[kept].end - bytes : 0;
  if (torn_max > 1) bytes += random.below(torn_max);
  if (bytes < stored_.journal.size()) stored_.journal.resize(bytes);
  unsynced_.clear();
  std::erase_if(assets_, [](const auto& entry) { return !entry.second.is_synced; });
  stored_place_ = synced_place_ = surviving_;
  synced_bytes_ = stored_.journal.size();
}

void PeerDisk::rot() {
  auto& state = stored_.state;
  // What the workload calls its lesser entities; the snapshot is the last part of a state.
  constexpr std::string_view kName = "part";
  const auto found = std::find_end(state.begin(), state.end(), kName.begin(), kName.end());
  if (found == state.end()) return;
  *found = 'q';
  const auto body = ByteView(state).first(state.size() - Hash256::kSize);
  const auto hash = crypto::hash256("theta/local-state/v1", body);
  std::copy(hash.bytes.begin(), hash.bytes.end(), state.end() - Hash256::kSize);
}

void PeerDisk::wipe() {
  stored_ = {};
  assets_.clear();
  unsynced_.clear();
  synced_bytes_ = 0;
  surviving_ = 0;
  stored_place_ = synced_place_ = place_;
}

}  // namespace theta::sim

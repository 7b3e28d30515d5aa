#include "stored_snapshot.h"

#include "theta/crypto/hash.h"

namespace theta::hub {

tl::expected<LoadedSnapshot, std::string> load_stored_snapshot(const store::StoredSnapshot& stored, const RoomId& room,
                                                               const HubKey& hub) {
  const auto wrong = [](std::string text) { return tl::unexpected(std::move(text)); };
  const auto checkpoint = log::decode_checkpoint(stored.checkpoint.view());
  if (!checkpoint) return wrong("its checkpoint does not decode");
  if (checkpoint->room != room) return wrong("it is another room's");
  if (checkpoint->hub != hub) return wrong("another hub signed it");
  if (!log::verify_checkpoint(*checkpoint)) return wrong("its signature does not verify");
  if (checkpoint->snapshot_hash != crypto::hash256(stored.bytes.view()))
    return wrong("its bytes are not those that were signed");
  auto replica = replica::Replica::load_snapshot(stored.bytes.view(), false);
  if (!replica) return wrong("it does not load: " + replica.error().message);
  if (replica->head() != checkpoint->seq || replica->record_hash() != checkpoint->record_hash ||
      replica->state_hash() != checkpoint->state_hash)
    return wrong("it holds another state than its checkpoint says");
  return LoadedSnapshot{*checkpoint, std::move(*replica)};
}

}  // namespace theta::hub

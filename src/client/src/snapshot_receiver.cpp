#include "snapshot_receiver.h"

#include "theta/client/limits.h"
#include "theta/crypto/hash.h"

namespace theta::client {

log::Checkpoint checkpoint_from_fb(const wire::fb::Checkpoint& checkpoint) {
  log::Checkpoint result;
  result.room = wire::from_fb<RoomId>(*checkpoint.room());
  result.seq = Seq{checkpoint.seq()};
  result.record_hash = wire::from_fb<Hash256>(*checkpoint.record_hash());
  result.state_hash = wire::from_fb<Hash256>(*checkpoint.state_hash());
  if (checkpoint.snapshot_hash() != nullptr) result.snapshot_hash = wire::from_fb<Hash256>(*checkpoint.snapshot_hash());
  result.hub = wire::from_fb<HubKey>(*checkpoint.hub());
  result.signature = wire::signature_from_fb(*checkpoint.signature());
  return result;
}

std::optional<std::string> SnapshotReceiver::check_announcement(const log::Checkpoint& checkpoint,
                                                                std::uint64_t total_bytes, const RoomId& room,
                                                                const HubKey& hub) {
  if (checkpoint.hub != hub) return "the snapshot's checkpoint is signed by another hub than the link names";
  if (checkpoint.room != room) return "the snapshot's checkpoint is about another room";
  if (!log::verify_checkpoint(checkpoint)) return "the snapshot's checkpoint is not signed by the hub's key";
  if (checkpoint.snapshot_hash.is_zero()) return "the snapshot's checkpoint does not name the snapshot's hash";
  if (total_bytes == 0 || total_bytes > limits::kSnapshotBytesMax)
    return "expected a snapshot of at most " + std::to_string(limits::kSnapshotBytesMax) +
           " bytes, the hub announced " + std::to_string(total_bytes);
  return std::nullopt;
}

Expected<void, SnapshotError> SnapshotReceiver::add(const wire::fb::SnapshotChunk& chunk) {
  const auto* bytes = chunk.bytes();
  if (Seq{chunk.seq()} != checkpoint_.seq || chunk.offset() != bytes_.size() || bytes->size() == 0 ||
      bytes->size() > total_bytes_ - bytes_.size())
    return fail(SnapshotError::unexpected, "a snapshot chunk came that does not continue the announced snapshot");
  bytes_.insert(bytes_.end(), bytes->begin(), bytes->end());
  return {};
}

Expected<replica::Replica, SnapshotError> SnapshotReceiver::finish() const {
  if (crypto::hash256(bytes_) != checkpoint_.snapshot_hash)
    return fail(SnapshotError::forged, "the snapshot's bytes are not the ones that the hub's checkpoint names");
  auto loaded = replica::Replica::load_snapshot(bytes_, false);
  if (!loaded) return fail(SnapshotError::forged, "the snapshot cannot be loaded: " + loaded.error().message);
  if (loaded->room() != checkpoint_.room || loaded->head() != checkpoint_.seq ||
      loaded->record_hash() != checkpoint_.record_hash || loaded->state_hash() != checkpoint_.state_hash)
    return fail(SnapshotError::forged, "the snapshot holds another state than the hub's checkpoint names");
  return std::move(*loaded);
}

std::optional<std::string> contradiction(const replica::Replica& known, const replica::Replica& announced) {
  if (known.head() == Seq{0}) return std::nullopt;
  const auto at = " at record " + std::to_string(announced.head().value());
  const auto because = [&](const std::string& what) {
    return "the hub's snapshot" + at + " is not of the log that it sent before: " + what +
           "; keep both and ask whoever runs the hub";
  };
  const bool is_same_place = announced.head() == known.head();
  if (announced.head() < known.head()) return because("that went on to record " + std::to_string(known.head().value()));
  if (is_same_place && announced.record_hash() != known.record_hash()) return because("its record hash is another");
  if (is_same_place && announced.state_hash() != known.state_hash()) return because("its state is another");
  if (announced.hub_time() < known.hub_time() || announced.latest_stamp() < known.latest_stamp())
    return because("it goes back in time");
  for (const auto& [key, member] : known.members().all()) {
    const auto* now = announced.members().find(key);
    const auto name = member.display_name.empty() ? "an author" : "\"" + member.display_name + "\"";
    if (now == nullptr) return because(name + " is no member in it");
    if (member.slot != kNoSlot && now->slot != member.slot) return because(name + " has another slot in it");
    if (now->nonce < member.nonce || now->stamp < member.stamp || now->object_counter < member.object_counter)
      return because("packets of " + name + " are missing from it");
    if (now->nonce == member.nonce && now->head != member.head) return because(name + " wrote other packets in it");
  }
  return std::nullopt;
}

}  // namespace theta::client

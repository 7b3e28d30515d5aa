#include "room_loader.h"

#include "theta/crypto/hash.h"
#include "theta/log/compact.h"

namespace theta::hub {
namespace {

using store::StoreError;

constexpr std::uint32_t kPieceRecords = 1024;
constexpr std::uint32_t kPieceBytes = 1024 * 1024;

}  // namespace

RoomLoader::RoomLoader(HubContext& context, const RoomId& room, Relay::AskStore ask, std::function<void(Result)> done)
    : context_(context), room_(room), ask_(std::move(ask)), done_(std::move(done)) {}

void RoomLoader::begin() {
  loaded_ = {};
  ask_(store::ReadEquivocations{room_}, [this](StoreDesk::Result& result) { take_proofs(result); });
}

void RoomLoader::take_proofs(StoreDesk::Result& result) {
  if (!result) return finish(tl::unexpected(result.error()));
  for (const auto& [author, proof] : answer_of<store::Equivocations>(result).proofs) loaded_.suspended.insert(author);
  ask_(store::ReadSnapshot{room_}, [this](StoreDesk::Result& snapshot) { take_snapshot(snapshot); });
}

void RoomLoader::take_snapshot(StoreDesk::Result& result) {
  const bool is_absent = !result && result.error().code == StoreError::not_found;
  if (!result && !is_absent && result.error().code != StoreError::corrupt)
    return finish(tl::unexpected(result.error()));
  if (result && !adopt_snapshot(answer_of<store::StoredSnapshot>(result)))
    context_.note_store_failure(room_, "give a snapshot that is whole and signed by this hub",
                                "what it gave is passed over, and the log replayed instead");
  loaded_.ring.reset(loaded_.replica.head(), loaded_.replica.record_hash());
  read_on();
}

bool RoomLoader::adopt_snapshot(const store::StoredSnapshot& stored) {
  const auto checkpoint = log::decode_checkpoint(stored.checkpoint.view());
  if (!checkpoint || checkpoint->room != room_ || checkpoint->snapshot_hash != crypto::hash256(stored.bytes.view()))
    return false;
  // A state that this hub has not signed is nobody's word: serving it would make it the hub's own.
  if (checkpoint->hub != context_.hub || !log::verify_checkpoint(*checkpoint)) return false;
  auto replica = replica::Replica::load_snapshot(stored.bytes.view(), false);
  if (!replica) return false;
  const bool agrees = replica->head() == checkpoint->seq && replica->record_hash() == checkpoint->record_hash &&
                      replica->state_hash() == checkpoint->state_hash;
  if (!agrees) return false;
  loaded_.replica = std::move(*replica);
  loaded_.snapshot = KeptSnapshot{*checkpoint, stored.bytes};
  return true;
}

void RoomLoader::read_on() {
  const Seq from{loaded_.replica.head().value() + 1};
  ask_(store::ReadRecords{room_, from, kPieceRecords, kPieceBytes},
       [this](StoreDesk::Result& result) { take_records(result); });
}

void RoomLoader::take_records(StoreDesk::Result& result) {
  if (!result) return finish(tl::unexpected(result.error()));
  const auto& range = answer_of<store::RecordRange>(result);
  for (const auto& stored : range.records) {
    if (auto wrong = apply(stored); !wrong.empty()) return finish(fail(StoreError::corrupt, std::move(wrong)));
  }
  if (loaded_.replica.head() < range.head && !range.records.empty()) return read_on();
  if (loaded_.replica.head() < range.head)
    return finish(fail(StoreError::corrupt, "the log ends at record " + std::to_string(loaded_.replica.head().value()) +
                                                ", before its head " + std::to_string(range.head.value())));
  loaded_.log_bytes = range.log_bytes;
  if (loaded_.replica.head().value() == 0) return finish(fail(StoreError::not_found, "the room has no records"));
  finish(std::move(loaded_));
}

std::string RoomLoader::apply(const store::StoredRecord& stored) {
  const auto at = "record " + std::to_string(stored.seq.value()) + ": ";
  const auto record = log::decode_record(stored.bytes.view());
  if (!record) return at + record.error().message;
  // This process, or one before it, verified the signature when it sequenced the record, and the store keeps a
  // checksum of each row.
  const auto applied = loaded_.replica.apply(*record, replica::Trust::trusted_source);
  if (!applied) return at + applied.error().message;
  loaded_.ring.push({.compact = log::compact_record(*record, kNoSlot),
                     .author = record->packet.header.author,
                     .nonce = record->packet.header.nonce,
                     .prev = record->packet.header.prev,
                     .header_hash = record->header_hash,
                     .record_hash = record->record_hash});
  loaded_.ring.commit(loaded_.ring.head());
  loaded_.ring.trim(context_.config.ring_records_max, context_.config.ring_bytes_max);
  return {};
}

void RoomLoader::finish(Result result) {
  // The callback may destroy this loader.
  const auto done = std::move(done_);
  done(std::move(result));
}

}  // namespace theta::hub

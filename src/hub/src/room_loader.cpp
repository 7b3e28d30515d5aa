#include "room_loader.h"

#include "stored_snapshot.h"
#include "theta/base/hex.h"
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
  if (result)
    adopt_snapshot(answer_of<store::StoredSnapshot>(result));
  else if (!is_absent)
    context_.note_unusable_snapshot(room_, result.error().message, "The log is replayed instead.");
  loaded_.ring.reset(loaded_.replica.head(), loaded_.replica.record_hash());
  read_on();
}

void RoomLoader::adopt_snapshot(const store::StoredSnapshot& stored) {
  auto loaded = load_stored_snapshot(stored, room_, context_.hub);
  if (!loaded) return context_.note_unusable_snapshot(room_, loaded.error(), "The log is replayed instead.");
  loaded_.replica = std::move(loaded->replica);
  loaded_.snapshot = KeptSnapshot{loaded->checkpoint, stored.bytes};
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
  // A row's checksum says that the disk kept it, not who wrote it: whoever can write the folder can make one. What the
  // hub serves it vouches for, so signatures are verified again; the newest snapshot keeps the records few.
  const auto applied = loaded_.replica.apply(*record, replica::Trust::verify);
  if (!applied) return at + applied.error().message;
  // Checksums cannot tell that two rooms' entries were exchanged: each log is whole, only not the one asked for.
  if (loaded_.replica.room() != room_)
    return at + "the log is of room " + to_hex(loaded_.replica.room().view()) + ", but is kept as that of room " +
           to_hex(room_.view()) + "; restore the data folder from a backup";
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

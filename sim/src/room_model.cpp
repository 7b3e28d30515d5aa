#include "room_model.h"

#include "theta/base/check.h"

namespace theta::sim {

std::optional<std::string> RoomModel::append(const store::StoredRecord& stored, bool is_promised) {
  const auto at = "record " + std::to_string(stored.seq.value()) + ": ";
  const auto record = log::decode_record(stored.bytes.view());
  if (!record) return at + "what was stored does not decode: " + record.error().message;
  const auto hash_before = replica_.scene().hash();
  auto outcomes = replica_.apply(*record);
  if (!outcomes) return at + outcomes.error().message;
  const bool index_agrees = stored.author == record->packet.header.author &&
                            stored.nonce == record->packet.header.nonce && stored.header_hash == record->header_hash &&
                            stored.record_hash == record->record_hash;
  if (!index_agrees) return at + "the store's index of it does not agree with its bytes";
  ModelRecord kept;
  kept.stored = stored.bytes;
  kept.author = stored.author;
  kept.nonce = stored.nonce;
  kept.header_hash = stored.header_hash;
  kept.record_hash = stored.record_hash;
  kept.state_hash = replica_.state_hash();
  kept.outcomes = std::move(*outcomes);
  kept.changed_scene = !(replica_.scene().hash() == hash_before);
  records_.push_back(std::move(kept));
  if (replica_.members_changed()) note_admins();
  if (is_promised) promise(stored.seq);
  return std::nullopt;
}

void RoomModel::note_admins() {
  for (const auto& [author, member] : replica_.members().all()) {
    if (member.role == log::Role::admin) {
      admins_.insert(author);
    } else if (admins_.contains(author)) {
      former_admins_.insert(author);
    }
  }
}

void RoomModel::roll_back(Seq head) {
  THETA_CHECK(head >= promised_);
  records_.resize(head.value());
  replica_ = replica::Replica();
  for (const auto& kept : records_) {
    const auto record = log::decode_record(kept.stored.view());
    THETA_CHECK(record.has_value());
    THETA_CHECK(replica_.apply(*record, replica::Trust::trusted_source).has_value());
  }
}

const ModelRecord* RoomModel::find(Seq seq) const {
  const bool is_there = seq.value() >= 1 && seq.value() <= records_.size();
  return is_there ? &records_[seq.value() - 1] : nullptr;
}

void RoomModel::promise(Seq through) {
  while (promised_ < through && promised_.value() < records_.size()) {
    records_[promised_.value()].is_promised = true;
    promised_ = Seq{promised_.value() + 1};
  }
}

}  // namespace theta::sim

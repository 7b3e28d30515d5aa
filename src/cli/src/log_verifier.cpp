#include "log_verifier.h"

#include <algorithm>

#include "theta/crypto/hash.h"

namespace theta::cli {

LogVerifier::LogVerifier(std::vector<log::Checkpoint> checkpoints)
    : checkpoints_(std::move(checkpoints)), replica_(replica::Replica()) {
  for (const auto& checkpoint : checkpoints_)
    if (!log::verify_checkpoint(checkpoint)) problem(checkpoint.seq, "the checkpoint's signature is not the hub's");
}

void LogVerifier::add_snapshot(const log::Checkpoint& checkpoint, ByteView bytes) {
  if (!log::verify_checkpoint(checkpoint))
    return problem(checkpoint.seq, "the snapshot's checkpoint is not signed by its hub");
  if (crypto::hash256(bytes) != checkpoint.snapshot_hash)
    return problem(checkpoint.seq, "the snapshot's bytes are not those that the hub signed");
  auto loaded = replica::Replica::load_snapshot(bytes, true);
  if (!loaded) return problem(checkpoint.seq, loaded.error().message);
  if (loaded->state_hash() != checkpoint.state_hash || loaded->record_hash() != checkpoint.record_hash)
    return problem(checkpoint.seq, "the snapshot is not the state that the hub signed");
  snapshot_at_ = loaded->head();
  // Whatever can be applied from the first record on is applied; the snapshot only bridges what was archived.
  checkpoints_.push_back(checkpoint);
  std::sort(checkpoints_.begin(), checkpoints_.end(), [](const auto& a, const auto& b) { return a.seq < b.seq; });
  snapshot_ = std::move(*loaded);
}

void LogVerifier::add(ByteView stored_record) {
  const auto record = log::decode_record(stored_record);
  const Seq expected{head_.value() + 1};
  if (!record) {
    problem(expected, record.error().message);
    head_ = expected;
    replica_.reset();
    return;
  }
  if (record->seq != expected) problem(expected, "got record " + std::to_string(record->seq.value()) + " instead");
  check_chain(*record);
  head_ = record->seq;
  record_hash_ = record->record_hash;
  hub_time_ = record->hub_time;
  apply(*record);
  check_checkpoints();
}

/// What holds without payloads: hashes, time, signature, and the author's chain.
void LogVerifier::check_chain(const log::Record& record) {
  const auto header_hash = log::hash_header(record.packet.header);
  if (record.seq == Seq{1}) room_ = RoomId::from(header_hash.view());
  const bool is_foreign =
      record.seq == Seq{1} ? !record.packet.header.room.is_zero() : record.packet.header.room != room_;
  if (is_foreign) problem(record.seq, "the packet belongs to another room");
  if (record.hub_time < hub_time_) problem(record.seq, "lies before its predecessor in time");
  if (log::hash_record(record_hash_, record.seq, record.hub_time, header_hash) != record.record_hash)
    problem(record.seq, "its hash does not continue the log");
  if (!log::verify_signature(record.packet)) problem(record.seq, "the signature is not the author's");
  const auto& header = record.packet.header;
  auto author = std::find_if(authors_.begin(), authors_.end(), [&](const Author& a) { return a.key == header.author; });
  if (author == authors_.end()) author = authors_.insert(authors_.end(), {header.author, Nonce{0}, Hash256{}});
  if (header.nonce.value() != author->nonce.value() + 1 || header.prev != author->head)
    problem(record.seq, "the packet does not continue its author's chain");
  author->nonce = header.nonce;
  author->head = header_hash;
}

void LogVerifier::apply(const log::Record& record) {
  if (record.packet.archived) {
    ++archived_;
    replica_.reset();
  }
  if (!replica_ && snapshot_ && record.seq == snapshot_at_) {
    if (snapshot_->record_hash() != record.record_hash) problem(record.seq, "the snapshot belongs to another log");
    replica_ = std::move(snapshot_);
    snapshot_.reset();
    return;
  }
  if (!replica_) return;
  if (auto outcomes = replica_->apply(record, replica::Trust::trusted_source); !outcomes) {
    problem(record.seq, outcomes.error().message);
    replica_.reset();
  }
}

void LogVerifier::check_checkpoints() {
  for (; next_checkpoint_ < checkpoints_.size() && checkpoints_[next_checkpoint_].seq <= head_; ++next_checkpoint_) {
    const auto& checkpoint = checkpoints_[next_checkpoint_];
    if (checkpoint.seq != head_) continue;
    ++checkpoints_checked_;
    if (checkpoint.room != room_) problem(head_, "the checkpoint is for another room");
    if (checkpoint.record_hash != record_hash_) problem(head_, "the hub signed another log: record hashes differ");
    if (replica_ && checkpoint.state_hash != replica_->state_hash())
      problem(head_, "the hub signed another state: state hashes differ");
  }
}

std::optional<Hash256> LogVerifier::state_hash() const {
  if (!replica_) return std::nullopt;
  return replica_->state_hash();
}

void LogVerifier::problem(Seq seq, const std::string& text) {
  constexpr std::size_t kProblemsMax = 100;
  if (problems_.size() < kProblemsMax) problems_.push_back("record " + std::to_string(seq.value()) + ": " + text);
}

}  // namespace theta::cli

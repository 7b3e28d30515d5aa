#include "log_verifier.h"

#include <algorithm>

#include "theta/base/hex.h"
#include "theta/crypto/hash.h"
#include "theta/wire/schema.h"

namespace theta::cli {

namespace {

std::string short_name(const AuthorKey& author) { return to_hex(author.view()).substr(0, 12); }

}  // namespace

LogVerifier::LogVerifier(LogEvidence evidence)
    : room_asked_for_(evidence.room),
      hub_(evidence.hub),
      hub_beside_(evidence.hub_beside),
      checkpoints_(std::move(evidence.checkpoints)),
      entry_(std::move(evidence.entry)),
      replica_(replica::Replica()) {
  for (const auto& checkpoint : checkpoints_)
    if (!log::verify_checkpoint(checkpoint)) problem(checkpoint.seq, "the checkpoint's signature is not the hub's");
  if (evidence.snapshot) take_snapshot(evidence.snapshot->first, evidence.snapshot->second);
  std::sort(checkpoints_.begin(), checkpoints_.end(), [](const auto& a, const auto& b) { return a.seq < b.seq; });
  for (const auto& [author, proof] : evidence.equivocations) take_proof(author, proof);
  if (!evidence.marks) return;
  marks_.emplace();
  for (const auto& mark : *evidence.marks) marks_->push_back({mark, false});
}

void LogVerifier::take_snapshot(const log::Checkpoint& checkpoint, ByteView bytes) {
  // Whatever can be applied from the first record on is applied; the snapshot only bridges what was archived.
  checkpoints_.push_back(checkpoint);
  if (!log::verify_checkpoint(checkpoint))
    return problem(checkpoint.seq, "the snapshot's checkpoint is not signed by its hub");
  if (crypto::hash256(bytes) != checkpoint.snapshot_hash)
    return problem(checkpoint.seq, "the snapshot's bytes are not those that the hub signed");
  auto loaded = replica::Replica::load_snapshot(bytes, true);
  if (!loaded) return problem(checkpoint.seq, loaded.error().message);
  if (loaded->state_hash() != checkpoint.state_hash || loaded->record_hash() != checkpoint.record_hash)
    return problem(checkpoint.seq, "the snapshot is not the state that the hub signed");
  snapshot_at_ = loaded->head();
  snapshot_ = std::move(*loaded);
}

void LogVerifier::take_proof(const AuthorKey& author, ByteView bytes) {
  const auto proof = log::decode_equivocation(bytes);
  if (!proof || proof->first.header.author != author)
    return problem("author " + short_name(author) +
                   " is suspended, but what is kept as the proof is none: expected two packets of that author with "
                   "one nonce, each with a good signature");
  const auto& header = proof->first.header;
  proofs_.push_back(
      {author, header.nonce, log::hash_header(header), log::hash_header(proof->second.header), header.room, false});
}

void LogVerifier::learn_hub(const log::Record& first) {
  if (first.packet.archived) {
    if (!hub_) hub_ = hub_beside_;
    return;
  }
  const auto* payload = wire::verified_payload(first.packet.payload.view());
  const bool is_open = payload && payload->commands()->size() > 0 &&
                       payload->commands_type()->GetEnum<wire::fb::Command>(0) == wire::fb::Command::OpenRoom;
  if (!is_open) return;  // applying it says what is wrong
  const auto named = wire::from_fb<HubKey>(*payload->commands()->GetAs<wire::fb::OpenRoom>(0)->hub());
  if (hub_ && *hub_ != named)
    problem(first.seq, "it names the hub " + to_base64url(named.view()) + ", expected " + to_base64url(hub_->view()));
  if (!hub_) hub_ = named;
}

void LogVerifier::check_room(const log::Record& first) {
  room_ = RoomId::from(first.header_hash.view());
  if (room_asked_for_ && *room_asked_for_ != room_)
    problem(first.seq, "the log is of room " + to_hex(room_.view()) + ", but is kept as that of room " +
                           to_hex(room_asked_for_->view()));
}

void LogVerifier::add(const store::StoredRecord& stored) {
  const auto record = log::decode_record(stored.bytes.view());
  log_bytes_ += stored.bytes.size();
  const Seq expected{head_.value() + 1};
  if (!record) {
    problem(expected, record.error().message);
    head_ = expected;
    replica_.reset();
    return;
  }
  if (head_ == Seq{0}) {
    learn_hub(*record);
    check_room(*record);
  }
  if (record->seq != expected) problem(expected, "got record " + std::to_string(record->seq.value()) + " instead");
  check_index(stored, *record);
  check_chain(*record);
  head_ = record->seq;
  record_hash_ = record->record_hash;
  hub_time_ = record->hub_time;
  apply(*record);
  check_checkpoints();
}

/// The store finds records and answers for nonces by its columns; what they say must be what the record says.
void LogVerifier::check_index(const store::StoredRecord& stored, const log::Record& record) {
  const auto& header = record.packet.header;
  const std::pair<bool, const char*> columns[] = {{stored.seq == record.seq, "seq"},
                                                  {stored.author == header.author, "author"},
                                                  {stored.nonce == header.nonce, "nonce"},
                                                  {stored.header_hash == record.header_hash, "header_hash"},
                                                  {stored.record_hash == record.record_hash, "record_hash"}};
  for (const auto& [is_same, column] : columns)
    if (!is_same) problem(record.seq, std::string("the store's column ") + column + " is not what the record says");
  if (entry_ && record.seq == entry_->head && record.record_hash != entry_->record_hash)
    problem(record.seq, "the store's entry of the room has another record hash for its head");
}

/// What holds without payloads: hashes, time, signature, and the author's chain.
void LogVerifier::check_chain(const log::Record& record) {
  const auto header_hash = log::hash_header(record.packet.header);
  const bool is_foreign =
      record.seq == Seq{1} ? !record.packet.header.room.is_zero() : record.packet.header.room != room_;
  if (is_foreign) problem(record.seq, "the packet belongs to another room");
  if (record.hub_time < hub_time_) problem(record.seq, "lies before its predecessor in time");
  if (log::hash_record(record_hash_, record.seq, record.hub_time, header_hash) != record.record_hash)
    problem(record.seq, "its hash does not continue the log");
  if (!log::verify_signature(record.packet)) problem(record.seq, "the signature is not the author's");
  const auto& header = record.packet.header;
  auto author = std::find_if(authors_.begin(), authors_.end(), [&](const Author& a) { return a.key == header.author; });
  if (author == authors_.end())
    author = authors_.insert(authors_.end(), {header.author, Nonce{0}, Hash256{}, Nonce{0}});
  if (header.nonce.value() != author->nonce.value() + 1 || header.prev != author->head)
    problem(record.seq, "the packet does not continue its author's chain");
  author->nonce = header.nonce;
  author->head = header_hash;
  if (entry_ && record.seq <= entry_->head) author->nonce_at_entry = header.nonce;
  check_proofs(header, header_hash);
  check_mark(header, header_hash);
}

void LogVerifier::check_mark(const log::PacketHeader& header, const Hash256& header_hash) {
  if (!marks_) return;
  for (auto& [mark, is_in_log] : *marks_)
    if (mark.author == header.author && mark.nonce == header.nonce && mark.header_hash == header_hash) is_in_log = true;
}

void LogVerifier::check_proofs(const log::PacketHeader& header, const Hash256& header_hash) {
  for (auto& proof : proofs_)
    if (proof.author == header.author && proof.nonce == header.nonce && proof.room == header.room)
      proof.is_in_log = proof.is_in_log || proof.one == header_hash || proof.other == header_hash;
}

void LogVerifier::apply(const log::Record& record) {
  if (record.packet.archived) {
    ++archived_;
    last_archived_ = record.seq;
    replica_.reset();
  } else if (!first_kept_) {
    first_kept_ = record.seq;
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
    if (hub_ && checkpoint.hub != *hub_)
      problem(head_, "the checkpoint is signed by the hub " + to_base64url(checkpoint.hub.view()) +
                         ", the room's hub is " + to_base64url(hub_->view()));
    if (!hub_)
      problem(head_,
              "nothing tells which hub must have signed the checkpoint, since the first record was archived: "
              "give --fingerprint (the hub prints it when it starts)");
    if (checkpoint.room != room_) problem(head_, "the checkpoint is for another room");
    if (checkpoint.record_hash != record_hash_) problem(head_, "the hub signed another log: record hashes differ");
    if (replica_ && checkpoint.state_hash != replica_->state_hash())
      problem(head_, "the hub signed another state: state hashes differ");
  }
}

void LogVerifier::finish(const std::optional<store::RoomInfo>& entry_now) {
  for (; next_checkpoint_ < checkpoints_.size(); ++next_checkpoint_)
    problem(checkpoints_[next_checkpoint_].seq,
            "the hub signed it, but the log ends at record " + std::to_string(head_.value()) + ": its end was cut off");
  finish_proofs();
  finish_marks();
  if (entry_now) finish_entry(*entry_now);
}

void LogVerifier::finish_proofs() {
  for (const auto& proof : proofs_) {
    if (proof.is_in_log) {
      ++proven_;
      continue;
    }
    problem("author " + short_name(proof.author) + " provably signed two packets with nonce " +
            std::to_string(proof.nonce.value()) + ", but neither is in the log: the log was exchanged or cut off");
  }
}

/// Marks move with their records, so a cut log betrays itself by marks that know more than it.
void LogVerifier::finish_marks() {
  if (!marks_) return;
  for (const auto& [mark, is_in_log] : *marks_)
    if (!is_in_log)
      problem("the store's mark of author " + short_name(mark.author) + " names a packet with nonce " +
              std::to_string(mark.nonce.value()) +
              " that is not in the log: the log's end was cut off, or the mark was changed");
  for (const auto& author : authors_) {
    const auto mark = std::find_if(marks_->begin(), marks_->end(),
                                   [&](const Mark& candidate) { return candidate.stored.author == author.key; });
    if (mark == marks_->end() ? author.nonce_at_entry > Nonce{0} : author.nonce_at_entry > mark->stored.nonce)
      problem("the store's mark of author " + short_name(author.key) + " is " +
              (mark == marks_->end() ? "missing" : "nonce " + std::to_string(mark->stored.nonce.value())) +
              ", expected nonce " + std::to_string(author.nonce_at_entry.value()));
  }
}

/// What the store's entry of the room says besides the records. A hub that runs may have appended and archived between
/// the two looks at the entry, so what is compared is what held at both.
void LogVerifier::finish_entry(const store::RoomInfo& entry_now) {
  if (!entry_) return;
  const auto entry_says = [](Seq through) {
    return "the store's entry of the room says that records were archived through " + std::to_string(through.value());
  };
  if (first_kept_ && *first_kept_ <= entry_->archived_through)
    problem(entry_says(entry_->archived_through) + ", but record " + std::to_string(first_kept_->value()) +
            " is whole");
  if (last_archived_ > entry_now.archived_through)
    problem(entry_says(entry_now.archived_through) + ", but record " + std::to_string(last_archived_.value()) +
            " was archived");
  if (entry_->archived_through > head_)
    problem(entry_says(entry_->archived_through) + ", but the log ends at record " + std::to_string(head_.value()));
  if (replica_ && entry_->name != replica_->room_name())
    problem("the store's entry names the room \"" + entry_->name + "\", the log names it \"" + replica_->room_name() +
            "\"");
  const bool is_unmoved = entry_->head == entry_now.head && entry_->archived_through == entry_now.archived_through &&
                          entry_->log_bytes == entry_now.log_bytes;
  if (is_unmoved && entry_->log_bytes != log_bytes_)
    problem("the store's entry of the room says that its log has " + std::to_string(entry_->log_bytes) +
            " bytes, its records have " + std::to_string(log_bytes_));
}

std::optional<Hash256> LogVerifier::state_hash() const {
  if (!replica_) return std::nullopt;
  return replica_->state_hash();
}

void LogVerifier::problem(const std::string& text) {
  constexpr std::size_t kProblemsMax = 100;
  if (problems_.size() < kProblemsMax) problems_.push_back(text);
}

void LogVerifier::problem(Seq seq, const std::string& text) {
  problem("record " + std::to_string(seq.value()) + ": " + text);
}

}  // namespace theta::cli

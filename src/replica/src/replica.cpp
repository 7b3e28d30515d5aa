#include "theta/replica/replica.h"

#include <algorithm>

#include "executor.h"
#include "replica_impl.h"
#include "theta/base/check.h"
#include "theta/crypto/hash.h"
#include "validity.h"

namespace theta::replica {

namespace fb = wire::fb;

Replica::Replica() : impl_(std::make_unique<Impl>()) {}
Replica::~Replica() = default;
Replica::Replica(Replica&&) noexcept = default;
Replica& Replica::operator=(Replica&&) noexcept = default;

const RoomId& Replica::room() const { return impl_->state.members().room(); }
const std::string& Replica::room_name() const { return impl_->name; }
Seq Replica::head() const { return impl_->head; }
const Hash256& Replica::record_hash() const { return impl_->record_hash; }
WallTime Replica::hub_time() const { return impl_->hub_time; }
const scene::Scene& Replica::scene() const { return impl_->state.scene(); }
const log::Members& Replica::members() const { return impl_->state.members(); }
const log::PolicyTable& Replica::policies() const { return impl_->state.policies(); }
Stamp Replica::latest_stamp() const { return impl_->latest_stamp; }
std::size_t Replica::entities_of(AuthorSlot slot) const { return impl_->state.entities_of(slot); }
bool Replica::has_predictions() const { return impl_->predictions > 0; }
bool Replica::members_changed() const { return impl_->members_changed; }

Hash256 Replica::Impl::state_hash() const {
  return crypto::Hasher("theta/state/v1")
      .update(state.members().room().view())
      .update_integer(head.value())
      .update(state.scene().hash().value().view())
      .update(state.rest_hash().value().view())
      .finish();
}

Hash256 Replica::state_hash() const {
  THETA_CHECK(!has_predictions());
  return impl_->state_hash();
}

// ---- Undo candidates ----------------------------------------------------------------------------------------------

std::vector<Replica::CommandSpan> Replica::undo_candidates(const AuthorKey& author) const {
  std::vector<CommandSpan> candidates;
  const auto* journal = impl_->journal_of(author);
  if (!journal) return candidates;
  for (auto entry = journal->entries().rbegin(); entry != journal->entries().rend(); ++entry)
    if (!entry->undone) candidates.push_back({entry->place.nonce, entry->place.index});
  return candidates;
}

std::vector<Replica::CommandSpan> Replica::redo_candidates(const AuthorKey& author) const {
  const auto* journal = impl_->journal_of(author);
  if (!journal) return {};
  std::vector<const JournalEntry*> undone;
  for (const auto& entry : journal->entries())
    if (entry.undone) undone.push_back(&entry);
  // What was undone last comes back first; within one undo the oldest command, which stands first.
  std::stable_sort(undone.begin(), undone.end(),
                   [](const auto* left, const auto* right) { return left->toggled_by > right->toggled_by; });
  // Something new done after the undo closes the way forward, as people expect.
  if (undone.empty()) return {};
  const auto& newest = journal->entries().back();
  if (newest.place > undone.front()->toggled_by && !newest.undone) return {};
  std::vector<CommandSpan> candidates;
  for (const auto* entry : undone) candidates.push_back({entry->place.nonce, entry->place.index});
  return candidates;
}

const Journal* Replica::Impl::journal_of(const AuthorKey& author) const {
  const auto* member = state.members().find(author);
  return member && member->slot != kNoSlot ? state.journal(member->slot) : nullptr;
}

// ---- Validity -----------------------------------------------------------------------------------------------------

tl::expected<ValidPacket, log::Refused> Replica::validate(log::CommandPacket packet, WallTime hub_time,
                                                          Trust trust) const {
  const auto header_hash = log::hash_header(packet.header);
  return validate_hashed(std::move(packet), header_hash, hub_time, trust);
}

tl::expected<ValidPacket, log::Refused> Replica::validate_hashed(log::CommandPacket packet, const Hash256& header_hash,
                                                                 WallTime hub_time, Trust trust) const {
  THETA_CHECK(!has_predictions());
  const auto at = std::max(hub_time, impl_->hub_time);
  const auto facts = check_packet({impl_->state.members(), impl_->head, at}, packet, trust);
  if (!facts) return tl::unexpected(facts.error());
  ValidPacket valid;
  valid.header_hash_ = header_hash;
  valid.packet_ = std::move(packet);
  valid.checked_at_ = impl_->head;
  valid.hub_time_ = at;
  valid.object_counter_ = facts->object_counter;
  valid.created_entities_ = facts->created_entities;
  return valid;
}

// ---- Moving the head ----------------------------------------------------------------------------------------------

Applied Replica::sequence(ValidPacket packet) {
  THETA_CHECK(packet.checked_at_ == impl_->head && !has_predictions());
  Applied applied;
  applied.record.seq = Seq{impl_->head.value() + 1};
  applied.record.hub_time = packet.hub_time_;
  applied.record.header_hash = packet.header_hash_;
  applied.record.record_hash =
      log::hash_record(impl_->record_hash, applied.record.seq, packet.hub_time_, packet.header_hash_);
  applied.record.packet = std::move(packet.packet_);
  applied.outcomes = impl_->advance(applied.record, packet.object_counter_);
  return applied;
}

ReplicaResult<std::vector<Outcome>> Replica::apply(const log::Record& record, Trust trust) {
  THETA_CHECK(!has_predictions());
  if (record.seq.value() != impl_->head.value() + 1)
    return fail(ReplicaError::out_of_order, "expected record " + std::to_string(impl_->head.value() + 1) +
                                                ", got record " + std::to_string(record.seq.value()));
  if (record.packet.archived)
    return fail(ReplicaError::archived,
                "record " + std::to_string(record.seq.value()) + " was archived; start from a snapshot at or after it");
  if (record.hub_time < impl_->hub_time)
    return fail(ReplicaError::broken_chain,
                "record " + std::to_string(record.seq.value()) + " lies before its predecessor in time");
  // Cheaper than the signature, and it binds the header that the signature is over.
  const bool continues_log =
      record.continues
          ? *record.continues == impl_->record_hash
          : record.record_hash == log::hash_record(impl_->record_hash, record.seq, record.hub_time, record.header_hash);
  if (!continues_log)
    return fail(ReplicaError::broken_chain,
                "record " + std::to_string(record.seq.value()) + " does not continue the log: its hash is wrong");
  auto valid = validate_hashed(record.packet, record.header_hash, record.hub_time, trust);
  if (!valid)
    return fail(ReplicaError::invalid_packet, "record " + std::to_string(record.seq.value()) +
                                                  " holds a packet that no honest hub accepts: " + valid.error().text);
  return impl_->advance(record, valid->object_counter_);
}

std::vector<Outcome> Replica::Impl::advance(const log::Record& record, std::uint64_t object_counter) {
  begin_step();
  step_log.clear();
  const auto& header = record.packet.header;
  // Validity has verified these bytes.
  const auto* payload = flatbuffers::GetRoot<fb::CommandPayload>(record.packet.payload.view().data());
  if (head == Seq{0}) {
    state.set_room(RoomId::from(record.header_hash.view()));
    name = static_cast<const fb::OpenRoom*>(payload->commands()->Get(0))->name()->str();
  }
  const auto* member = state.members().find(header.author);
  PacketContext context;
  context.author = header.author;
  context.slot = member ? member->slot : kNoSlot;
  context.protocol_version = header.protocol_version;
  context.nonce = header.nonce;
  context.base_seq = header.base_seq;
  context.seq = record.seq;
  context.stamp = header.stamp;
  auto outcomes = Executor(state, step_log, context).execute(*payload);
  note_member_changes(0);
  settle_author(record, object_counter);
  head = record.seq;
  record_hash = record.record_hash;
  hub_time = record.hub_time;
  latest_stamp = std::max(latest_stamp, header.stamp);
  return outcomes;
}

/// Moves the author's high-water mark. By now the author is a member: strangers' packets open the room or join it.
void Replica::Impl::settle_author(const log::Record& record, std::uint64_t object_counter) {
  const auto& header = record.packet.header;
  const auto counter = std::max(state.members().find(header.author)->object_counter, object_counter);
  state.set_chain(header.author, {header.nonce, record.header_hash, header.stamp, counter}, step_log);
}

void Replica::Impl::note_member_changes(std::size_t from_step) {
  members_changed = std::any_of(
      step_log.steps.begin() + static_cast<std::ptrdiff_t>(from_step), step_log.steps.end(), [](const StateStep& step) {
        return std::holds_alternative<MemberBefore>(step) || std::holds_alternative<PolicyBefore>(step);
      });
}

void Replica::Impl::begin_step() {
  changes_from = {};
  changes.clear();
  changes_known = false;
}

const std::vector<scene::ChangeLog::Change>& Replica::last_changes() const {
  if (!impl_->changes_known) {
    impl_->changes = impl_->step_log.scene.changes(impl_->changes_from.scene);
    impl_->changes_known = true;
  }
  return impl_->changes;
}

// ---- Prediction ---------------------------------------------------------------------------------------------------

std::vector<Outcome> Replica::Impl::execute(const Draft& draft, Seq seq, StateLog& log) {
  const auto& payload = *flatbuffers::GetRoot<fb::CommandPayload>(draft.payload.data());
  const auto* member = state.members().find(draft.author);
  // The hub would refuse it, and only writers have a slot to write with.
  if (!member || member->role < log::Role::editor) {
    Outcome refused;
    refused.status = OutcomeStatus::rejected;
    refused.reason = RejectReason::no_such_member;
    return std::vector<Outcome>(payload.commands()->size(), refused);
  }
  PacketContext context;
  context.author = draft.author;
  context.slot = member->slot;
  context.protocol_version = wire::kProtocolVersion;
  context.nonce = draft.nonce;
  context.base_seq = draft.base_seq;
  context.seq = seq;
  context.stamp = draft.stamp;
  return Executor(state, log, context).execute(payload);
}

std::vector<Outcome> Replica::predict(const Draft& draft) {
  if (impl_->predictions == 0) {
    impl_->step_log.clear();
    impl_->state.scene().freeze_hash();
  }
  impl_->begin_step();
  impl_->changes_from = impl_->step_log.mark();
  ++impl_->predictions;
  // Above every real seq, so that predicted writes never pass for sequenced ones.
  auto outcomes = impl_->execute(draft, Seq{limits::kSeqMax + impl_->predictions}, impl_->step_log);
  impl_->note_member_changes(impl_->changes_from.steps);
  return outcomes;
}

std::vector<Outcome> Replica::try_out(const Draft& draft) {
  StateLog log;
  auto& scene = impl_->state.scene();
  if (!has_predictions()) scene.freeze_hash();
  auto outcomes = impl_->execute(draft, Seq{limits::kSeqMax + impl_->predictions + 1}, log);
  impl_->state.roll_back(log, {});
  if (!has_predictions()) scene.thaw_hash();
  return outcomes;
}

std::vector<scene::ChangeLog::Change> Replica::predicted_changes() const {
  return has_predictions() ? impl_->step_log.scene.changes() : std::vector<scene::ChangeLog::Change>();
}

void Replica::drop_predictions() {
  if (impl_->predictions == 0) return;
  impl_->begin_step();
  impl_->note_member_changes(0);
  impl_->state.roll_back(impl_->step_log, {});
  impl_->state.scene().thaw_hash();
  impl_->step_log.clear();
  impl_->predictions = 0;
}

}  // namespace theta::replica

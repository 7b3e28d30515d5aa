#include <algorithm>

#include "session_impl.h"
#include "theta/log/compact.h"

namespace theta::client {
namespace {

using log::RefusalCode;
using transport::CloseReason;
using transport::Lane;
using Sent = SignedPacket::Sent;

// A packet that must wait longer than this for the hub's clock was stamped by a wrong clock, and is stamped again.
constexpr std::uint32_t kSkewWaitMsMax = 5'000;
constexpr std::uint32_t kHoldMsMin = 5;
// Records that a search of the history asks for in one query.
constexpr std::uint32_t kSearchedAtOnce = 256;

}  // namespace

void Session::Impl::on_lane_message(ByteView bytes) {
  const bool attached = phase == SessionPhase::receiving || phase == SessionPhase::live;
  if (!attached) return strike("the hub sent records before it attached the room");
  auto decoded = wire::decode_lane_message(bytes);
  if (!decoded) return strike("the hub sent a malformed message on the commands lane: " + decoded.error().message);
  if (const auto* refusal = std::get_if<wire::Refusal>(&decoded->message)) return on_refusal(*refusal);
  const auto* records = std::get_if<wire::Records>(&decoded->message);
  if (records == nullptr) return strike("the hub sent a packet instead of records");
  if (snapshot) return hold(Lane::commands, bytes);
  on_records(*records);
}

void Session::Impl::on_records(const wire::Records& records) {
  auto& replica = overlay.begin_base();
  std::uint64_t seq = records.first_seq.value();
  if (seq != replica.head().value() + 1)
    return strike("expected record " + std::to_string(replica.head().value() + 1) + ", the hub sent " +
                  std::to_string(seq));
  for (const auto compact : records.records) {
    const auto record = log::expand_record(compact, Seq{seq}, replica.record_hash(), replica.members());
    if (!record) return strike("record " + std::to_string(seq) + " does not decode: " + record.error().message);
    if (!take_record(*record, trust_in(*record))) return;
    // Its consequences may have ended the connection.
    if (!peer) return;
    ++seq;
  }
  on_caught_up_if_so();
}

/// What comes back as this session signed it needs no check of the signature: the header is the same, which names the
/// payload's hash, and so is the signature.
replica::Trust Session::Impl::trust_in(const log::Record& record) const {
  if (outbox.in_flight().empty()) return replica::Trust::verify;
  const auto& front = outbox.in_flight().front();
  const bool is_own = front.header_hash == record.header_hash && front.packet.signature == record.packet.signature;
  return is_own ? replica::Trust::trusted_source : replica::Trust::verify;
}

bool Session::Impl::take_record(const log::Record& record, replica::Trust trust) {
  const auto outcomes = overlay.apply(record, trust);
  if (!outcomes) {
    strike("record " + std::to_string(record.seq.value()) + " is not valid: " + outcomes.error().message);
    return false;
  }
  strikes = 0;
  ++counters.records_applied;
  clock.observe(record.packet.header.stamp);
  journal.record(record);
  if (const auto difference = checkpoints.on_record(overlay.replica())) {
    diverge(*difference);
    return false;
  }
  if (record.packet.header.author == author()) on_own_record(record, &*outcomes);
  return true;
}

void Session::Impl::on_own_record(const log::Record& record, const std::vector<replica::Outcome>* outcomes) {
  if (outbox.in_flight().empty()) return remap_taken_ids();
  sends_front_only = false;
  if (const auto count = outbox.count_through(record.header_hash); count > 0) {
    for (std::size_t i = 1; i < count; ++i)
      settle_acknowledged(outbox.acknowledge_front(), facts.skipped_last, nullptr);
    return settle_acknowledged(outbox.acknowledge_front(), record.seq, outcomes);
  }
  // What is in flight may be among the records that a snapshot skipped; once all else is there, that is found out.
  if (facts.skipped_last != Seq{}) return;
  // The author's chain goes on without what is in flight. Answers may be owed for that, and would be taken for answers
  // to what comes in its place; a new connection owes none.
  if (outbox.is_waiting_for_answers())
    return disconnect(CloseReason::none, "another session of this author has written; attaching again", true);
  sign_anew();
}

void Session::Impl::settle_acknowledged(SignedPacket packet, Seq seq, const std::vector<replica::Outcome>* outcomes) {
  std::uint16_t index = 0;
  for (auto& draft : packet.drafts) {
    CommandSettled settled;
    settled.handle = draft.handle;
    settled.seq = seq;
    settled.nonce = packet.packet.header.nonce;
    settled.index = index;
    settled_places.emplace_back(draft.handle, CommandPlace{settled.nonce, index});
    if (settled_places.size() > theta::limits::kJournalEntriesMax) settled_places.pop_front();
    if (outcomes != nullptr && index < outcomes->size()) settled.outcome = (*outcomes)[index];
    ++index;
    const auto outcome = settled.outcome;
    events.push(std::move(settled));
    if (outcome && (outcome->status != replica::OutcomeStatus::applied || outcome->blocker))
      report_conflict(draft, *outcome);
  }
}

bool Session::Impl::settle_through(const Hash256& header_hash, Seq seq) {
  const auto count = outbox.count_through(header_hash);
  for (std::size_t i = 0; i < count; ++i) settle_acknowledged(outbox.acknowledge_front(), seq, nullptr);
  return count > 0;
}

void Session::Impl::report_conflict(const Draft& draft, const replica::Outcome& outcome) {
  Conflict conflict;
  conflict.handle = draft.handle;
  conflict.outcome = outcome;
  if (outcome.blocker) conflict.blocker_name = name_of(outcome.blocker->author);
  conflict.text = replica::describe(outcome, conflict.blocker_name.empty() ? "somebody" : conflict.blocker_name);
  conflict.command = Command(draft.payload);
  events.push(std::move(conflict));
}

void Session::Impl::on_refusal(const wire::Refusal& refusal) {
  ++counters.refusals;
  auto* packet = outbox.find(refusal.nonce);
  if (packet == nullptr || packet->sent != Sent::waiting) return;
  if (refusal.code == RefusalCode::replay) {
    // The hub has it, or something else in its place; which, the record tells.
    packet->sent = Sent::in_log;
    return;
  }
  packet->sent = Sent::no;
  const bool is_front = packet == &outbox.in_flight().front();
  const auto wait = std::chrono::milliseconds(std::max(refusal.retry_after_ms, kHoldMsMin));
  switch (refusal.code) {
    case RefusalCode::gap:
      // Behind a packet that was refused, this is what must come. In front, the hub lacks what the log says it has.
      if (is_front) disconnect(CloseReason::none, "the hub expects another packet; attaching again", true);
      return;
    case RefusalCode::not_writer:
      if (is_writer) events.push(WriterLost{refusal.text});
      is_writer = false;
      options.writer = false;
      return;
    case RefusalCode::rate_limited:
      pacer.drain(now.monotonic);
      sends_front_only = true;
      break;
    case RefusalCode::clock_skew:
      if (refusal.retry_after_ms <= kSkewWaitMsMax) break;
      if (!rejection) rejection = Rejection{refusal.nonce, {refusal.code, refusal.text}};
      return;
    default: break;
  }
  if (log::is_retryable(refusal.code)) return hold_until(now.monotonic + wait);
  if (!rejection || refusal.nonce < rejection->nonce)
    rejection = Rejection{refusal.nonce, {refusal.code, refusal.text}};
}

/// A packet was refused for good. Its followers are refused too, for the gap it leaves; once all that is answered, the
/// commands behind it are signed anew.
void Session::Impl::resolve_rejection() {
  if (!rejection || outbox.is_waiting_for_answers()) return;
  const auto [nonce, refusal] = *rejection;
  const auto* packet = outbox.find(nonce);
  if (packet == nullptr) return rejection.reset();
  const auto count = packet->drafts.size();
  const auto first = packet->drafts.front().handle;
  const bool guilty_unknown = count > 1 && refusal.code != RefusalCode::clock_skew;
  const bool is_told = refusal.code != RefusalCode::clock_skew && !guilty_unknown;
  journal.unsigned_from(nonce, guilty_unknown);
  if (is_told) {
    journal.removed(first);
    // Before anybody is told: what was refused must not come back after a restart, and perhaps be taken then.
    journal.sync();
    if (rejection_waits_for_disk()) return;
  }
  rejection.reset();
  // Whoever hears that a command was refused has heard before that the scene may look different.
  overlay.begin_base();
  outbox.unsign_from(nonce);
  if (refusal.code == RefusalCode::clock_skew) {
    clock = log::HybridClock();
    clock.observe(overlay.replica().latest_stamp());
    for (auto& draft : outbox.drafts()) draft.stamp = std::min(draft.stamp, next_stamp());
    save();
  } else if (guilty_unknown) {
    // One command of several was refused; each travels alone now, so that only the one that is at fault is dropped.
    for (std::size_t i = 0; i < count; ++i) outbox.drafts()[i].alone = true;
  } else {
    refuse_drafts(outbox.remove_draft(first), refusal);
  }
}

void Session::Impl::on_caught_up_if_so() {
  if (phase != SessionPhase::receiving || snapshot || overlay.replica().head() < head_at_attach) return;
  phase = SessionPhase::live;
  attempts = 0;
  strikes = 0;
  if (was_live) ++counters.reconnects;
  was_live = true;
  reconcile();
  if (phase != SessionPhase::live) return;
  is_caught_up = true;
  events.push(CaughtUp{overlay.replica().head()});
}

void Session::Impl::reconcile() {
  const auto& chain = overlay.chain();
  const bool had_skipped = facts.skipped_last != Seq{};
  static_cast<void>(settle_through(chain.head, facts.skipped_last));
  bool continues = true;
  if (!outbox.in_flight().empty()) {
    const auto& front = outbox.in_flight().front().packet.header;
    continues = front.nonce.value() == chain.nonce.value() + 1 && front.prev == chain.head;
    // The chain went on past the snapshot's edge: only the history tells which packets are in it.
    if (!continues && front.nonce <= chain.nonce && had_skipped) return search_history();
  }
  facts.skipped_first = facts.skipped_last = {};
  if (!continues) sign_anew();
  if (outbox.in_flight().empty()) remap_taken_ids();
  // What was settled without a record is in no journal.
  if (had_skipped) save();
}

void Session::Impl::search_history() {
  is_searching = true;
  HistoryQuery query;
  query.internal = true;
  query.from = facts.skipped_first;
  query.count = kSearchedAtOnce;
  history.push_front(query);
}

void Session::Impl::on_searched(const std::vector<log::Record>& records) {
  for (const auto& record : records) static_cast<void>(settle_through(record.header_hash, record.seq));
  facts.skipped_first = Seq{records.back().seq.value() + 1};
  if (facts.skipped_first > facts.skipped_last) facts.skipped_first = facts.skipped_last = {};
  // What is settled is told now, so it must not be forgotten.
  save();
  is_searching = false;
  reconcile();
}

void Session::Impl::sign_anew() {
  THETA_CHECK(!outbox.in_flight().empty());
  const auto nonce = outbox.in_flight().front().packet.header.nonce;
  outbox.unsign_from(nonce);
  journal.unsigned_from(nonce, false);
  overlay.begin_base();
  remap_taken_ids();
}

/// The same key may have made entities elsewhere, with the counters that drafts here have used.
void Session::Impl::remap_taken_ids() {
  const auto taken = overlay.object_counter();
  facts.next_object_counter = std::max(facts.next_object_counter, taken + 1);
  if (!outbox.in_flight().empty()) return;
  std::map<ObjectId, ObjectId> renamed;
  std::uint64_t lowest = kObjectCounterMax;
  for (const auto& draft : outbox.drafts())
    for (const auto& [first, count] : minted_ids(draft.payload)) lowest = std::min(lowest, counter_of(first));
  if (lowest > taken) return;
  for (const auto& draft : outbox.drafts())
    for (const auto& [first, count] : minted_ids(draft.payload))
      for (std::uint64_t i = 0; i < count; ++i)
        renamed[ObjectId{first.value() + i}] = make_object_id(overlay.slot(), facts.next_object_counter++);
  outbox.map_draft_ids([&](ObjectId id) {
    const auto found = renamed.find(id);
    return found == renamed.end() ? id : found->second;
  });
  overlay.begin_base();
  save();
  events.push(IdsRemapped{{renamed.begin(), renamed.end()}});
}

}  // namespace theta::client

#include <algorithm>

#include "admission.h"
#include "messages.h"
#include "room.h"
#include "theta/base/hex.h"
#include "theta/log/command_rules.h"
#include "theta/log/compact.h"
#include "theta/log/record.h"
#include "theta/store/limits.h"

namespace theta::hub {
namespace {

using log::RefusalCode;

constexpr std::uint64_t kCheckpointEveryRecords = 256;
constexpr std::uint32_t kBusyRetryMs = 100;

std::optional<log::Record> decoded(const store::StoredRecord& stored) {
  auto record = log::decode_record(stored.bytes.view());
  if (!record) return std::nullopt;
  return std::move(*record);
}

}  // namespace

void Room::submit(Session& session, ByteView compact) {
  const auto nonce = log::peek_nonce(compact);
  const auto count = log::peek_command_count(compact);
  if (auto guarded = check_guards(context_, read_claim(session.author(), compact)))
    return refuse(session, std::move(*guarded));
  if (!nonce || !count) {
    context_.metrics.malformed_messages.add();
    return refuse(session, make_refusal(Nonce{}, RefusalCode::malformed,
                                        "Expected a packet in compact form; what came ends too early or holds an "
                                        "overlong number."));
  }
  if (auto closed = check_session(session, *nonce)) return refuse(session, std::move(*closed));
  if (auto closed = check_takes_packets(*nonce)) return refuse(session, std::move(*closed));
  submit_in_order(session, compact, *nonce);
}

std::optional<wire::Refusal> Room::check_session(const Session& session, Nonce nonce) const {
  if (!session.attachment->is_writer)
    return make_refusal(nonce, RefusalCode::not_writer,
                        "This session only reads: it did not ask to write, or a newer session of this author does. "
                        "Attach again as the writer.");
  if (suspended_.contains(session.author()))
    return make_refusal(nonce, RefusalCode::suspended,
                        "This author's key is suspended in the room: it signed two different packets with one nonce. "
                        "Join with a new key.");
  return std::nullopt;
}

std::optional<wire::Refusal> Room::check_takes_packets(Nonce nonce) const {
  if (context_.stopping)
    return make_refusal(nonce, RefusalCode::hub_busy, "The hub is stopping. Connect again and send this then.", 1000);
  if (is_read_only_) {
    const auto wait = std::max(probe_at_ - context_.now.monotonic, MonotonicClock::duration::zero());
    return make_refusal(nonce, RefusalCode::room_read_only, read_only_text_, log::retry_after_ms(wait) + kBusyRetryMs);
  }
  if (state_ != State::open)
    return make_refusal(nonce, RefusalCode::hub_busy, "The room is being loaded. Send this again soon.", kBusyRetryMs);
  const bool has_too_many = ring_.uncommitted_count() >= context_.config.uncommitted_records_max;
  if (has_too_many || ring_.uncommitted_bytes() >= context_.config.uncommitted_bytes_max) {
    context_.metrics.count_over(has_too_many ? Limit::uncommitted_records : Limit::uncommitted_bytes);
    return make_refusal(nonce, RefusalCode::hub_busy,
                        "The hub's disk is behind: " + std::to_string(ring_.uncommitted_count()) +
                            " records wait for it. Send this again soon.",
                        kBusyRetryMs);
  }
  return std::nullopt;
}

void Room::submit_in_order(Session& session, ByteView compact, Nonce nonce) {
  const auto* member = replica_.members().find(session.author());
  if (member == nullptr)
    return refuse(session, make_refusal(nonce, RefusalCode::not_member, "Join the room before sending packets."));
  const Nonce expected{member->nonce.value() + 1};
  if (nonce < expected) return take_repeated(session, compact, nonce, expected);
  if (nonce > expected) {
    auto refusal = make_refusal(nonce, RefusalCode::gap,
                                "Expected nonce " + std::to_string(expected.value()) + ", got " +
                                    std::to_string(nonce.value()) + ". Send the packets between again, in order.");
    refusal.expected = expected;
    return refuse(session, std::move(refusal));
  }
  auto packet = log::expand_packet(compact, {id_, session.author(), member->head});
  if (!packet)
    return refuse(session, make_refusal(nonce,
                                        packet.error().code == log::PacketError::too_large ? RefusalCode::too_large
                                                                                           : RefusalCode::malformed,
                                        "The packet does not decode: " + packet.error().message));
  auto valid = admit_packet(context_, replica_, log_bytes_, std::move(*packet));
  if (!valid) {
    valid.error().expected = expected;
    return refuse(session, std::move(valid.error()));
  }
  // The room's authors pay together only for what one of them could write: junk is its sender's alone to pay for.
  if (auto over = charge_room(valid->packet())) return refuse(session, std::move(*over));
  sequence(std::move(*valid));
}

std::optional<wire::Refusal> Room::charge_room(const log::CommandPacket& packet) {
  const auto& config = context_.config.log;
  const log::RateLimit limit{std::max(config.room_commands.burst, config.commands.burst),
                             std::max(config.room_commands.per_second, config.commands.per_second)};
  const auto wait = commands_.charge(packet.header.command_count, limit, context_.now.monotonic);
  if (wait == wait.zero()) return std::nullopt;
  context_.metrics.room_rate_drops.add();
  return over_rate(packet.header.nonce,
                   {"All authors of this room together may send", "commands", "Send this packet again", limit, wait});
}

void Room::refuse(Session& session, wire::Refusal refusal) {
  const bool may_be_void = !log::is_retryable(refusal.code) && ring_.committed() < ring_.head();
  // Behind one that waits the others wait too: an author that is told of the gap alone would send again for nothing.
  const bool is_behind = !session.attachment->held_refusals.empty();
  if (may_be_void || is_behind)
    session.hold_refusal(may_be_void ? ring_.head() : ring_.committed(), std::move(refusal));
  else
    tell_refusal(session, std::move(refusal));
}

void Room::tell_held_refusals(Session& session) {
  auto& held = session.attachment->held_refusals;
  while (!held.empty() && held.front().rests_on <= ring_.committed()) {
    auto refusal = std::move(held.front().refusal);
    held.pop_front();
    tell_refusal(session, std::move(refusal));
  }
}

void Room::tell_refusal(Session& session, wire::Refusal refusal) {
  if (context_.observer != nullptr) context_.observer->on_refused({id_, session.author(), refusal.nonce, refusal.code});
  session.refuse_packet(std::move(refusal));
}

void Room::sequence(replica::ValidPacket valid) {
  const auto author = valid.packet().header.author;
  const auto* member = replica_.members().find(author);
  const auto slot = member != nullptr ? member->slot : kNoSlot;  // as readers know it before this record
  const auto before = replica_.head();
  const auto applied = replica_.sequence(std::move(valid));
  const auto& record = applied.record;
  if (batch_.empty()) {
    batch_base_ = before;
    context_.rooms_to_flush.push_back(this);
  }
  store::StoredRecord stored{record.seq,
                             author,
                             record.packet.header.nonce,
                             record.header_hash,
                             record.record_hash,
                             SharedBytes(log::encode_record(record))};
  const auto stored_bytes = stored.bytes.size();
  log_bytes_ += stored_bytes;
  batch_.push_back(std::move(stored));
  ring_.push({.compact = log::compact_record(record, slot),
              .author = author,
              .nonce = record.packet.header.nonce,
              .prev = record.packet.header.prev,
              .header_hash = record.header_hash,
              .record_hash = record.record_hash,
              .stored_bytes = stored_bytes,
              .received = context_.now.monotonic});
  for (const auto& outcome : applied.outcomes)
    if (outcome.status == replica::OutcomeStatus::rejected) context_.metrics.conflict_rejections.add();
  if (replica_.members_changed()) members_changed_at_ = record.seq;
  if (record.seq.value() - shelf_.newest_seq().value() >= context_.config.snapshot_every_records) {
    shelf_.capture_snapshot(replica_);
    context_.metrics.snapshots_saved.add();
  } else if (record.seq.value() % kCheckpointEveryRecords == 0) {
    shelf_.capture_checkpoint(replica_);
  }
  if (batch_.size() >= store::limits::kAppendRecordsMax) flush();
}

void Room::take_repeated(Session& session, ByteView compact, Nonce nonce, Nonce expected) {
  const auto known = ring_.find(session.author(), nonce);
  if (!known) return search_repeated(session, compact, nonce, expected);
  // The chain at that place is known, so the header can be rebuilt as it was signed.
  const auto packet = log::expand_packet(compact, {id_, session.author(), known->entry->prev});
  if (packet && is_equivocation(known->entry->header_hash, *packet)) {
    if (suspend(session, *packet)) prove(known->seq, *packet);
    return;
  }
  // A resend of what waits for the disk: its record, or the failure to store it, is the answer.
  const bool is_same = packet && log::hash_header(packet->header) == known->entry->header_hash;
  if (is_same && known->seq > ring_.committed()) {
    context_.metrics.replay_rejections.add();
    return;
  }
  refuse_repeated(session, nonce, expected);
}

void Room::search_repeated(Session& session, ByteView compact, Nonce nonce, Nonce expected) {
  // The read is the author's to pay for; whoever has nothing left is answered without it.
  const auto wait = context_.charge(session.author(), AuthorLimiters::Bucket::bulk, store::limits::kRecordBytesMax);
  if (nonce.value() == 0 || wait > wait.zero()) return refuse_repeated(session, nonce, expected);
  ask_store(store::ReadPacket{id_, session.author(), nonce},
            [this, number = session.attachment->number, nonce, expected,
             compact = Bytes(compact.begin(), compact.end())](StoreDesk::Result& result) {
              auto* found = find_session(number);
              if (found == nullptr || found->is_closing()) return;
              if (!result && result.error().code != store::StoreError::not_found)
                context_.note_store_failure(id_, "look for a packet that was sent again", result.error().message);
              if (!result || !take_found(*found, compact, answer_of<store::RecordRange>(result)))
                refuse_repeated(*found, nonce, expected);
            });
}

bool Room::take_found(Session& session, ByteView compact, const store::RecordRange& range) {
  const auto first = range.records.empty() ? std::nullopt : decoded(range.records.front());
  if (!first) return false;
  const auto packet = log::expand_packet(compact, {id_, session.author(), first->packet.header.prev});
  if (!packet || !is_equivocation(first->header_hash, *packet)) return false;
  if (suspend(session, *packet)) store_proof(first->packet, *packet);
  return true;
}

void Room::refuse_repeated(Session& session, Nonce nonce, Nonce expected) {
  auto refusal = make_refusal(nonce, RefusalCode::replay,
                              "Nonce " + std::to_string(nonce.value()) + " was used before; the next is " +
                                  std::to_string(expected.value()) + ".");
  refusal.expected = expected;
  refuse(session, std::move(refusal));
}

bool Room::is_equivocation(const Hash256& known_header, const log::CommandPacket& other) const {
  return log::hash_header(other.header) != known_header && log::verify_signature(other);
}

bool Room::suspend(Session& session, const log::CommandPacket& other) {
  const auto author = other.header.author;
  const bool is_new = suspended_.insert(author).second;
  if (is_new) {
    context_.metrics.equivocations.add();
    context_.say_of_peers(LogLevel::warning, "equivocation",
                          "An author signed two different packets with nonce " +
                              std::to_string(other.header.nonce.value()) + " and is suspended in the room.",
                          {room_field(id_), author_field(author)});
    notify_all(wire::fb::NoticeKind::equivocation,
               "The author " + to_base64url(author.view()) +
                   " signed two different packets with one nonce and is suspended in this room.");
  }
  refuse(session, make_refusal(other.header.nonce, RefusalCode::equivocation,
                               "This author signed two different packets with nonce " +
                                   std::to_string(other.header.nonce.value()) +
                                   ". The proof is kept and the key suspended in this room."));
  return is_new;
}

void Room::prove(Seq first, const log::CommandPacket& second) {
  // The proof needs the first packet as it was signed; the store has it once this turn's records are there.
  flush();
  ask_store(store::ReadRecords{id_, first, 1, 1}, [this, second](StoreDesk::Result& result) {
    if (!result)
      return context_.note_store_failure(id_, "read a record that proves an equivocation", result.error().message);
    const auto& records = answer_of<store::RecordRange>(result).records;
    const auto known = records.empty() ? std::nullopt : decoded(records.front());
    if (known) store_proof(known->packet, second);
  });
}

void Room::store_proof(log::CommandPacket first, log::CommandPacket second) {
  // Header and signature are what proves; payloads would only fill the disk.
  for (auto* packet : {&first, &second}) {
    packet->archived = true;
    packet->payload = {};
  }
  auto proof = log::encode_equivocation({first, second});
  if (!log::decode_equivocation(proof)) return;
  ask_store(store::WriteEquivocation{id_, first.header.author, SharedBytes(std::move(proof))},
            [this](StoreDesk::Result& result) {
              if (!result) context_.note_store_failure(id_, "keep a proof of equivocation", result.error().message);
            });
}

Session* Room::writer_of(const AuthorKey& author) const {
  const auto found = std::find_if(sessions_.begin(), sessions_.end(), [&](const Session* session) {
    return session->is_attached() && session->attachment->is_writer && session->author() == author;
  });
  return found == sessions_.end() ? nullptr : *found;
}

}  // namespace theta::hub

#include <algorithm>

#include "admission.h"
#include "messages.h"
#include "room.h"
#include "theta/log/command_rules.h"

namespace theta::hub {

using log::RefusalCode;
using Phase = Attachment::Phase;

void Room::attach(Session& session) {
  auto& attachment = *session.attachment;
  attachment.room = this;
  attachment.number = ++last_session_number_;
  attachment.phase = Phase::waiting_for_room;
  make_place_for(session.author());
  sessions_.push_back(&session);
  if (state_ == State::open) admit_attachment(session);
}

void Room::detach(Session& session) {
  const auto found = std::find(sessions_.begin(), sessions_.end(), &session);
  if (found == sessions_.end()) return;
  sessions_.erase(found);
  presence_.leave(session);
  idle_since_ = context_.now.monotonic;
  const bool was_attached = session.is_attached();
  const auto number = session.attachment->number;
  session.attachment.reset();
  session.without_room_since = context_.now.monotonic;
  if (was_attached) tell_roster({.session = number, .author = session.author(), .connected = false});
}

void Room::make_place_for(const AuthorKey& author) {
  for (;;) {
    const auto is_authors = [&](const Session* session) { return session->author() == author; };
    const auto count = static_cast<std::size_t>(std::count_if(sessions_.begin(), sessions_.end(), is_authors));
    if (count < context_.config.sessions_per_author_max) return;
    // The oldest is the likeliest to be a connection that its owner has given up.
    auto& oldest = **std::find_if(sessions_.begin(), sessions_.end(), is_authors);
    context_.metrics.count_over(Limit::sessions_per_author);
    detach(oldest);
    oldest.close(transport::CloseReason::superseded,
                 "This author has " + std::to_string(count) +
                     " sessions in the room, which is the most it may, and began a newer one.");
  }
}

void Room::tell_roster(const messages::SessionInfoFields& info) {
  for (auto* other : sessions_) {
    if (!other->is_attached() || other->attachment->number == info.session) continue;
    auto& due = other->attachment->roster_due;
    const auto found = due.find(info.session);
    const bool is_unheard_of = found != due.end() && found->second.connected && !info.connected;
    if (is_unheard_of)
      due.erase(found);
    else
      due.insert_or_assign(info.session, info);
  }
  want_presence_flush();
}

void Room::send_roster(Session& session) {
  if (!session.is_attached() || session.is_closing()) return;
  auto& due = session.attachment->roster_due;
  while (!due.empty()) {
    // A lane that is full tells when it has room again; who comes and goes must not cost a slow reader its connection.
    const auto message = messages::session_info(due.begin()->second);
    if (context_.transport.send(session.peer(), transport::Lane::control, message) != transport::SendResult::queued)
      return;
    due.erase(due.begin());
  }
}

void Room::refuse_attachment(Session& session, RefusalCode code, std::string text, std::uint32_t retry_after_ms) {
  const auto request = session.attachment->request;
  detach(session);
  session.refuse(request, {code, std::move(text)}, retry_after_ms);
}

void Room::admit_attachment(Session& session) {
  auto& attachment = *session.attachment;
  const auto* member = replica_.members().find(session.author());
  if (member == nullptr) {
    if (attachment.join.empty())
      return refuse_admission(session, RefusalCode::not_member,
                              "This author is not a member of the room. Join with an invite link from an admin.");
    if (!submit_join(session)) return;
    member = replica_.members().find(session.author());
  }
  if (member == nullptr || member->role == log::Role::none)
    return refuse_admission(session, RefusalCode::forbidden,
                            "An admin has revoked this author's role in the room. Ask an admin to grant one.");
  // Whatever the decision rests on must be on disk before the peer hears of it.
  attachment.ready_at = replica_.head();
  attachment.phase = Phase::waiting_for_commit;
  if (ring_.committed() >= attachment.ready_at) check_history(session);
}

void Room::refuse_admission(Session& session, RefusalCode code, std::string text, std::uint32_t retry_after_ms) {
  if (log::is_retryable(code) || ring_.committed() == ring_.head())
    return refuse_attachment(session, code, std::move(text), retry_after_ms);
  auto& attachment = *session.attachment;
  attachment.refused = {code, std::move(text)};
  attachment.ready_at = ring_.head();
  attachment.phase = Phase::waiting_to_be_refused;
}

bool Room::submit_join(Session& session) {
  auto refuse_join = [&](const wire::Refusal& refusal) {
    refuse_admission(session, refusal.code, refusal.text, refusal.retry_after_ms);
    return false;
  };
  const auto& join = session.attachment->join;
  PacketClaim claim{session.author(), Nonce{1}, 1, join.size()};
  if (const auto guarded = check_guards(context_, claim)) return refuse_join(*guarded);
  if (const auto closed = check_takes_packets(Nonce{1})) return refuse_join(*closed);
  auto packet = log::decode_packet(join);
  if (!packet)
    return refuse_join(make_refusal(Nonce{1}, RefusalCode::malformed,
                                    "Expected a JoinRoom packet in stored form: " + packet.error().message));
  if (packet->header.author != session.author())
    return refuse_join(make_refusal(Nonce{1}, RefusalCode::forbidden,
                                    "The JoinRoom packet is another author's; send one signed by the key that logged "
                                    "in."));
  auto valid = admit_packet(context_, replica_, log_bytes_, std::move(*packet));
  if (!valid) return refuse_join(valid.error());
  // Only who was invited pays, so that strangers cannot keep the invited out.
  const auto& limit = context_.config.log.room_joins;
  const auto wait = joins_.charge(1, limit, context_.now.monotonic);
  if (wait > wait.zero()) {
    context_.metrics.room_join_drops.add();
    return refuse_join(over_rate(Nonce{1}, {"This room takes", "new members", "Attach again", limit, wait}));
  }
  sequence(std::move(*valid));
  return true;
}

void Room::check_history(Session& session) {
  auto& attachment = *session.attachment;
  if (attachment.have_seq.value() == 0) return join_with_snapshot(session);
  if (attachment.have_seq > ring_.committed())
    return refuse_attachment(session, RefusalCode::bad_reference,
                             "This peer has record " + std::to_string(attachment.have_seq.value()) +
                                 ", but the hub's log ends at " + std::to_string(ring_.committed().value()) +
                                 ": the hub lost records, or was restored from an older backup. Keep this peer's copy "
                                 "and ask the hub's operator.");
  if (const auto hash = ring_.record_hash(attachment.have_seq)) return compare_history(session, *hash);
  attachment.phase = Phase::checking_history;
  ask_store(store::ReadRecords{id_, attachment.have_seq, 1, 1},
            [this, number = attachment.number](StoreDesk::Result& result) {
              auto* found = find_session(number);
              if (found == nullptr || found->attachment->phase != Phase::checking_history) return;
              on_history_read(*found, result);
            });
}

void Room::on_history_read(Session& session, StoreDesk::Result& result) {
  if (result) {
    const auto& records = answer_of<store::RecordRange>(result).records;
    if (!records.empty() && records.front().seq == session.attachment->have_seq)
      return compare_history(session, records.front().record_hash);
  }
  context_.note_store_failure(id_, "read a record that a peer resumes from",
                              result ? "it is not there" : result.error().message);
  refuse_attachment(session, RefusalCode::internal,
                    "The hub could not read record " + std::to_string(session.attachment->have_seq.value()) +
                        " of the room's log. Try again later; if it stays, ask the hub's operator.",
                    log::retry_after_ms(context_.config.probe_backoff_min));
}

void Room::compare_history(Session& session, const Hash256& record_hash) {
  const auto& attachment = *session.attachment;
  if (record_hash != attachment.have_record_hash)
    return refuse_attachment(session, RefusalCode::bad_reference,
                             "This peer's log and the hub's differ at or before record " +
                                 std::to_string(attachment.have_seq.value()) +
                                 ": somebody's history was changed. Keep both copies and run `theta log verify` on "
                                 "each.");
  const auto behind = ring_.committed().value() - attachment.have_seq.value();
  if (behind > context_.config.resume_records_max) return join_with_snapshot(session);
  finish_attachment(session, Seq{attachment.have_seq.value() + 1}, nullptr);
}

void Room::join_with_snapshot(Session& session) {
  const auto* kept = shelf_.use(context_.now.monotonic);
  const auto tail = kept != nullptr ? ring_.committed().value() - kept->checkpoint.seq.value() : 0;
  if (kept != nullptr && tail <= context_.config.join_tail_records_max) return send_snapshot(session, *kept);
  session.attachment->phase = Phase::waiting_for_snapshot;
  if (!shelf_.awaits_snapshot()) {
    shelf_.capture_snapshot(replica_);
    context_.metrics.snapshots_saved.add();
  }
  // When everything is on disk already, no commit will follow to sign it.
  if (ring_.committed() == ring_.head()) {
    for (const auto& statement : shelf_.take_committed(ring_.committed())) publish(statement);
    if (const auto* fresh = shelf_.use(context_.now.monotonic)) send_snapshot(session, *fresh);
  }
}

void Room::send_snapshot(Session& session, const KeptSnapshot& snapshot) {
  const auto cost = static_cast<double>(snapshot.bytes.size());
  const auto wait = context_.charge(session.author(), AuthorLimiters::Bucket::bulk, cost);
  if (wait == wait.zero()) return finish_attachment(session, Seq{snapshot.checkpoint.seq.value() + 1}, &snapshot);
  context_.metrics.bulk_rate_drops.add();
  const auto retry_ms = log::retry_after_ms(wait);
  refuse_attachment(session, RefusalCode::rate_limited,
                    "This author needs a snapshot of " + std::to_string(snapshot.bytes.size()) +
                        " bytes, and had more assets, history and snapshots lately than this hub allows; attach again "
                        "after " +
                        std::to_string(retry_ms) + " ms.",
                    retry_ms);
}

void Room::finish_attachment(Session& session, Seq from, const KeptSnapshot* snapshot) {
  auto& attachment = *session.attachment;
  attachment.phase = Phase::attached;
  attachment.join = {};
  attachment.next = from;
  attachment.is_writer = attachment.wants_to_write;
  if (attachment.is_writer) {
    for (auto* other : sessions_) {
      const bool is_older = other != &session && other->is_attached() && other->attachment->is_writer &&
                            other->author() == session.author();
      if (!is_older) continue;
      other->attachment->is_writer = false;
      other->send_control(messages::notice(wire::fb::NoticeKind::superseded,
                                           "A newer session of this author writes in the room now; this one only "
                                           "reads."));
    }
  }
  const auto* member = replica_.members().find(session.author());
  messages::AttachedFields fields{.room = id_,
                                  .role = member->role,
                                  .slot = member->slot,
                                  .session = attachment.number,
                                  .nonce = committed_mark(session.author()),
                                  .head = ring_.committed(),
                                  .from = from};
  if (snapshot != nullptr) {
    fields.snapshot = &snapshot->checkpoint;
    fields.snapshot_bytes = snapshot->bytes.size();
    attachment.snapshot = SnapshotStream{snapshot->checkpoint.seq, snapshot->bytes};
  }
  session.send_control(messages::attached(fields));
  tell_roster({.session = attachment.number, .author = session.author(), .slot = member->slot, .connected = true});
  for (const auto* other : sessions_) {
    if (other == &session || !other->is_attached()) continue;
    const auto* present = replica_.members().find(other->author());
    const auto number = other->attachment->number;
    attachment.roster_due[number] = {.session = number,
                                     .author = other->author(),
                                     .slot = present != nullptr ? present->slot : kNoSlot,
                                     .connected = true};
  }
  send_roster(session);
  if (is_read_only_) session.send_control(messages::notice(wire::fb::NoticeKind::room_read_only, read_only_text_));
  relay_.pump(session);
}

void Room::advance_attachments() {
  // By number: each step may take its session out of the list.
  std::vector<std::uint32_t> numbers;
  for (const auto* session : sessions_)
    if (!session->is_attached()) numbers.push_back(session->attachment->number);
  for (const auto number : numbers) {
    auto* session = find_session(number);
    if (session == nullptr || session->is_closing()) continue;
    const auto& attachment = *session->attachment;
    if (attachment.phase == Phase::waiting_for_room) {
      admit_attachment(*session);
    } else if (attachment.phase == Phase::waiting_to_be_refused && ring_.committed() >= attachment.ready_at) {
      refuse_attachment(*session, attachment.refused.code, attachment.refused.text);
    } else if (attachment.phase == Phase::waiting_for_commit && ring_.committed() >= attachment.ready_at) {
      check_history(*session);
    } else if (attachment.phase == Phase::waiting_for_snapshot && !shelf_.awaits_snapshot()) {
      join_with_snapshot(*session);
    }
  }
}

Nonce Room::committed_mark(const AuthorKey& author) const {
  const auto* member = replica_.members().find(author);
  if (member == nullptr) return Nonce{};
  for (auto seq = ring_.committed().value() + 1; seq <= ring_.head().value(); ++seq) {
    const auto* entry = ring_.find(Seq{seq});
    if (entry->author == author) return Nonce{entry->nonce.value() - 1};
  }
  return member->nonce;
}

}  // namespace theta::hub

#include "room.h"

#include <algorithm>

#include "admission.h"
#include "messages.h"
#include "stored_snapshot.h"
#include "theta/base/hex.h"

namespace theta::hub {
namespace {

using log::RefusalCode;
using store::StoreError;
using wire::fb::NoticeKind;

/// Fewer records than this are replayed when a room is loaded, rather than saved when it is unloaded.
constexpr std::uint64_t kWorthASnapshotRecords = 64;
constexpr std::uint32_t kBusyRetryMs = 1000;

/// The same request may succeed later: nothing that is on disk is in doubt.
bool is_passing(StoreError code) {
  return code == StoreError::no_space || code == StoreError::io || code == StoreError::busy;
}

}  // namespace

Room::Room(HubContext& context, const RoomId& id)
    : context_(context),
      id_(id),
      relay_(
          context, id, ring_,
          [this](store::Request request, StoreDesk::Answered answered) {
            ask_store(std::move(request), std::move(answered));
          },
          [this](std::uint32_t number) { return find_session(number); }),
      presence_(context),
      idle_since_(context.now.monotonic) {}

// ---- The store ----------------------------------------------------------------------------------------------------

void Room::ask_store(store::Request request, StoreDesk::Answered answered) {
  ++store_requests_;
  context_.store.submit(std::move(request), [this, answered = std::move(answered)](StoreDesk::Result& result) {
    --store_requests_;
    idle_since_ = context_.now.monotonic;
    answered(result);
  });
}

void Room::load() {
  state_ = State::loading;
  loader_ = std::make_unique<RoomLoader>(
      context_, id_,
      [this](store::Request request, StoreDesk::Answered answered) {
        ask_store(std::move(request), std::move(answered));
      },
      [this](RoomLoader::Result result) { on_loaded(std::move(result)); });
  loader_->begin();
}

void Room::on_loaded(RoomLoader::Result result) {
  loader_.reset();
  if (!result) {
    if (result.error().code != StoreError::not_found)
      context_.note_store_failure(id_, "load a room", result.error().message);
    // A room that was served before waits for its disk; the next probe loads again.
    if (is_passing(result.error().code) && is_read_only_) return;
    return die(result.error());
  }
  replica_ = std::move(result->replica);
  suspended_ = std::move(result->suspended);
  log_bytes_ = result->log_bytes;
  // Sessions that lag behind go on from what the ring had, when the log did not move on without us.
  if (ring_.committed() != replica_.head() || ring_.record_hash(ring_.committed()) != replica_.record_hash())
    ring_ = std::move(result->ring);
  if (result->snapshot) shelf_.keep(std::move(*result->snapshot), context_.now.monotonic);
  state_ = State::open;
  context_.say_of_peers(LogLevel::info, "room_opened",
                        "A room was loaded, at record " + std::to_string(replica_.head().value()) + ".",
                        {room_field(id_), {"head", std::to_string(replica_.head().value())}});
  // Who was revoked on disk, while later changes of members were lost with what was sequenced after it.
  expel_revoked();
  for (auto* session : sessions_) relay_.pump(*session);
  advance_attachments();
}

void Room::flush() {
  if (batch_.empty()) return;
  const auto last = batch_.back().seq;
  store::Append append{id_, batch_base_, std::move(batch_)};
  batch_.clear();
  ask_store(std::move(append),
            [this, epoch = epoch_, last](StoreDesk::Result& result) { on_appended(epoch, last, result); });
}

void Room::on_appended(std::uint64_t epoch, Seq last, StoreDesk::Result& result) {
  if (epoch != epoch_) return;
  if (!result) return on_store_failure(result.error());
  commit(last);
}

void Room::commit(Seq last) {
  const auto count = last.value() - ring_.committed().value();
  for (auto seq = ring_.committed().value() + 1; seq <= last.value(); ++seq) {
    const auto* entry = ring_.find(Seq{seq});
    context_.metrics.command_latency.record(context_.now.monotonic - entry->received);
    if (context_.observer != nullptr)
      context_.observer->on_committed(
          {id_, Seq{seq}, entry->author, entry->nonce, entry->header_hash, entry->record_hash});
  }
  context_.metrics.total_appended.add(count);
  context_.metrics.append_rate.add(count, context_.now.monotonic);
  ring_.commit(last);
  for (auto* session : sessions_) {
    tell_held_refusals(*session);
    relay_.pump(*session);
  }
  ring_.trim(context_.config.ring_records_max, context_.config.ring_bytes_max);
  for (const auto& statement : shelf_.take_committed(last)) publish(statement);
  advance_attachments();
  if (members_changed_at_.value() != 0 && members_changed_at_ <= last) expel_revoked();
}

void Room::publish(const SnapshotShelf::Statement& statement) {
  auto unsigned_checkpoint = statement.unsigned_checkpoint;
  unsigned_checkpoint.hub = context_.hub;
  const auto checkpoint = log::sign_checkpoint(unsigned_checkpoint, context_.key);
  const SharedBytes encoded(log::encode_checkpoint(checkpoint));
  const auto count_failure = [this](StoreDesk::Result& result) {
    if (!result) context_.note_store_failure(id_, "write a checkpoint", result.error().message);
  };
  if (statement.bytes.empty()) {
    ask_store(store::WriteCheckpoint{id_, {checkpoint.seq, encoded}}, count_failure);
  } else {
    snapshot_written_ = checkpoint.seq;
    ask_store(store::WriteSnapshot{id_, {checkpoint.seq, encoded, statement.bytes}},
              [this, seq = checkpoint.seq](StoreDesk::Result& result) {
                if (!result) return context_.note_store_failure(id_, "write a snapshot", result.error().message);
                archive_before(seq);
              });
    shelf_.keep({checkpoint, statement.bytes}, context_.now.monotonic);
  }
  const auto message = messages::checkpoint(checkpoint);
  for (auto* session : sessions_)
    if (session->is_attached()) session->offer_control(message);
}

void Room::archive_before(Seq snapshot) {
  const auto& config = context_.config;
  if (config.archive_after_records == 0) return;
  const auto distance = std::max(config.archive_after_records, config.resume_records_max);
  if (snapshot.value() <= distance) return;
  const Seq through{snapshot.value() - distance};
  // Reading back takes as long as loading the room, on this thread, so it is done for many records at once.
  if (through.value() < archived_through_.value() + config.snapshot_every_records) return;
  ask_store(store::ReadSnapshot{id_}, [this, snapshot, through](StoreDesk::Result& result) {
    // A newer one that is under way would be what stays; its own turn comes when it is written.
    if (snapshot == snapshot_written_) on_snapshot_read_back(snapshot, through, result);
  });
}

void Room::on_snapshot_read_back(Seq snapshot, Seq through, StoreDesk::Result& result) {
  constexpr std::string_view kSo = "No payloads are cut; joining from it may fail too.";
  if (!result) return context_.note_unusable_snapshot(id_, result.error().message, kSo);
  const auto loaded = load_stored_snapshot(answer_of<store::StoredSnapshot>(result), id_, context_.hub);
  if (!loaded) return context_.note_unusable_snapshot(id_, loaded.error(), kSo);
  if (loaded->checkpoint.seq != snapshot) return context_.note_unusable_snapshot(id_, "it is an older one", kSo);
  ask_store(store::Compact{id_, through}, [this, through](StoreDesk::Result& compacted) {
    if (compacted)
      archived_through_ = through;
    else
      context_.note_store_failure(id_, "archive old packets", compacted.error().message);
    // What failed half-way has cut something too.
    count_log_bytes();
  });
}

void Room::count_log_bytes() {
  ask_store(store::ReadRecords{id_, ring_.committed(), 1, 1}, [this](StoreDesk::Result& result) {
    if (!result) return context_.note_store_failure(id_, "say how large a log is", result.error().message);
    const auto& range = answer_of<store::RecordRange>(result);
    // The answer may count appends whose own answers come after it; it says through which record.
    log_bytes_ = range.log_bytes;
    for (auto seq = range.head.value() + 1; seq <= ring_.head().value(); ++seq)
      log_bytes_ += ring_.find(Seq{seq})->stored_bytes;
  });
}

void Room::save_snapshot_if_worth() {
  const auto behind = replica_.head().value() - std::min(shelf_.newest_seq(), replica_.head()).value();
  if (state_ != State::open || is_read_only_ || behind < kWorthASnapshotRecords) return;
  shelf_.capture_snapshot(replica_);
  context_.metrics.snapshots_saved.add();
  for (const auto& statement : shelf_.take_committed(ring_.committed())) publish(statement);
}

// ---- Failing ------------------------------------------------------------------------------------------------------

void Room::on_store_failure(const Failure<StoreError>& failure) {
  context_.note_store_failure(id_, "append to a room's log", failure.message);
  if (is_passing(failure.code)) {
    become_read_only(failure.message);
    refuse_uncommitted(read_only_text_, RefusalCode::room_read_only, log::retry_after_ms(probe_backoff_));
  } else {
    refuse_uncommitted("The room's log moved on without this hub: " + failure.message + ". Send this again soon.",
                       RefusalCode::hub_busy, 1000);
  }
  if (!is_passing(failure.code) && failure.code != StoreError::conflict) return die(failure);
  for (auto* session : sessions_)
    if (!session->is_attached()) session->attachment->phase = Attachment::Phase::waiting_for_room;
  load();
}

void Room::refuse_uncommitted(const std::string& text, RefusalCode code, std::uint32_t retry_after_ms) {
  // Answers to appends that were submitted after the failed one are void: they built on it.
  ++epoch_;
  for (auto seq = ring_.committed().value() + 1; seq <= ring_.head().value(); ++seq) {
    const auto* entry = ring_.find(Seq{seq});
    log_bytes_ -= entry->stored_bytes;
    if (auto* writer = writer_of(entry->author))
      refuse(*writer, make_refusal(entry->nonce, code, text, retry_after_ms));
  }
  // What was refused for good because of those records may be right now that they are gone.
  for (auto* session : sessions_)
    for (auto& held : session->attachment->held_refusals)
      if (held.rests_on > ring_.committed())
        held = {ring_.committed(), make_refusal(held.refusal.nonce, code, text, retry_after_ms)};
  ring_.drop_uncommitted();
  batch_.clear();
  shelf_.drop_captured();
  for (auto* session : sessions_) tell_held_refusals(*session);
}

void Room::become_read_only(const std::string& cause) {
  read_only_text_ = "The room is read-only because the hub's store did not write (" + cause +
                    "). Nothing that was acknowledged is lost; what is sent now is taken when the disk recovers.";
  probe_backoff_ = context_.config.probe_backoff_min;
  probe_at_ = context_.now.monotonic + probe_backoff_;
  if (is_read_only_) return;
  is_read_only_ = true;
  context_.say(LogLevel::error, "room_read_only", "A room takes no packets until the disk writes again: " + cause + ".",
               {room_field(id_), {"reason", cause}});
  notify_all(NoticeKind::room_read_only, read_only_text_);
}

void Room::probe() {
  log::Checkpoint unsigned_checkpoint{.room = id_,
                                      .seq = replica_.head(),
                                      .record_hash = replica_.record_hash(),
                                      .state_hash = replica_.state_hash(),
                                      .snapshot_hash = {},
                                      .hub = context_.hub,
                                      .signature = {}};
  const auto checkpoint = log::sign_checkpoint(unsigned_checkpoint, context_.key);
  is_probing_ = true;
  ask_store(store::WriteCheckpoint{id_, {checkpoint.seq, SharedBytes(log::encode_checkpoint(checkpoint))}},
            [this](StoreDesk::Result& result) { on_probed(result); });
}

void Room::on_probed(StoreDesk::Result& result) {
  is_probing_ = false;
  if (result) {
    is_read_only_ = false;
    context_.say(LogLevel::info, "room_writable", "The disk has recovered; a room takes packets again.",
                 {room_field(id_)});
    notify_all(NoticeKind::room_writable, "The hub's disk has recovered; the room takes packets again.");
    return;
  }
  probe_backoff_ = std::min<MonotonicClock::duration>(2 * probe_backoff_, context_.config.probe_backoff_max);
  probe_at_ = context_.now.monotonic + probe_backoff_;
}

void Room::die(const Failure<StoreError>& failure) {
  state_ = State::dead;
  const bool is_unknown = failure.code == StoreError::not_found;
  if (!is_unknown)
    context_.say_of_peers(LogLevel::error, "room_dead",
                          "A room cannot be served: " + failure.message +
                              ". Run `theta log verify` on the data folder, and restore the room from a backup.",
                          {room_field(id_), {"reason", failure.message}});
  const auto text = is_unknown
                        ? "This hub has no room " + to_base64url(id_.view()) +
                              ". Check the link, and that it names "
                              "the right hub."
                        : "The hub cannot serve this room: " + failure.message +
                              ". The hub's operator should run `theta log verify` and restore the room from a backup.";
  const auto sessions = sessions_;
  for (auto* session : sessions) {
    if (is_passing(failure.code))
      refuse_attachment(*session, RefusalCode::hub_busy,
                        "The hub cannot load this room now: " + failure.message + ". Try again soon.", kBusyRetryMs);
    else
      refuse_attachment(*session, is_unknown ? RefusalCode::no_such_room : RefusalCode::internal, text);
  }
}

// ---- Sessions -----------------------------------------------------------------------------------------------------

Session* Room::find_session(std::uint32_t number) const {
  const auto found = std::find_if(sessions_.begin(), sessions_.end(),
                                  [&](const Session* session) { return session->attachment->number == number; });
  return found == sessions_.end() ? nullptr : *found;
}

RoomUsage Room::usage() const {
  RoomUsage usage;
  usage.room = id_;
  usage.sessions = sessions_.size();
  usage.uncommitted_records = ring_.uncommitted_count();
  usage.uncommitted_bytes = ring_.uncommitted_bytes();
  usage.ring_records = ring_.size() - usage.uncommitted_records;
  usage.ring_bytes = ring_.bytes() - usage.uncommitted_bytes;
  for (const auto* session : sessions_) {
    const auto refusals = session->attachment->refusals_kept();
    usage.refusals_kept += refusals;
    usage.refusals_kept_max = std::max(usage.refusals_kept_max, refusals);
    usage.bulk_answers_max = std::max(usage.bulk_answers_max, session->attachment->bulk_outbox.size());
  }
  return usage;
}

void Room::expel_revoked() {
  members_changed_at_ = Seq{};
  const auto sessions = sessions_;
  for (auto* session : sessions) {
    const auto* member = replica_.members().find(session->author());
    // Those that still wait for a snapshot or the disk were let in before; the others are asked when the room is there.
    const auto phase = session->attachment->phase;
    const bool was_let_in =
        phase != Attachment::Phase::waiting_for_room && phase != Attachment::Phase::waiting_to_be_refused;
    const bool is_revoked = was_let_in && (member == nullptr || member->role == log::Role::none);
    if (!is_revoked) continue;
    refuse_attachment(*session, RefusalCode::forbidden,
                      "An admin has revoked this author's role in the room. Ask an admin to grant one.");
  }
}

void Room::notify_all(NoticeKind kind, const std::string& text) {
  const auto message = messages::notice(kind, text);
  for (auto* session : sessions_)
    if (session->is_attached()) session->send_control(message);
}

void Room::on_writable(Session& session) {
  session.attachment->is_blocked = false;
  send_roster(session);
  relay_.pump(session);
}

void Room::close_stalled() {
  for (auto* session : sessions_) {
    if (!session->is_attached() || session->is_closing() || !relay_.is_stalled(*session)) continue;
    context_.metrics.stalled_closes.add();
    session->close(transport::CloseReason::resource_limit,
                   "Nothing that waits for this peer has moved for " +
                       std::to_string(context_.config.stalled_timeout.count()) +
                       " ms. Connect again when it can read; it goes on from what it has.");
  }
}

void Room::want_presence_flush() {
  if (std::exchange(is_in_presence_list_, true)) return;
  context_.rooms_with_presence.push_back(this);
}

void Room::take_presence(Session& session, ByteView bytes) {
  if (presence_.take(session, bytes)) want_presence_flush();
}

bool Room::flush_presence() {
  for (auto* session : sessions_) send_roster(*session);
  presence_.flush(sessions_);
  is_in_presence_list_ = presence_.has_news();
  return is_in_presence_list_;
}

void Room::tick() {
  shelf_.expire(context_.now.monotonic, context_.config.snapshot_idle);
  close_stalled();
  if (!is_read_only_ || is_probing_ || context_.now.monotonic < probe_at_) return;
  if (state_ == State::open) return probe();
  const bool is_between_loads = state_ == State::loading && loader_ == nullptr;
  if (!is_between_loads) return;
  probe_backoff_ = std::min<MonotonicClock::duration>(2 * probe_backoff_, context_.config.probe_backoff_max);
  probe_at_ = context_.now.monotonic + probe_backoff_;
  load();
}

}  // namespace theta::hub

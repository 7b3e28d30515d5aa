#include "peer_node.h"

#include "theta/client/limits.h"
#include "theta/wire/schema.h"

namespace theta::sim {
namespace {

constexpr std::uint64_t kEpochMs = 1'700'000'000'000;
constexpr std::size_t kLostCommandsKept = 16;

const char* how_name(client::CommandSettled::How how) {
  switch (how) {
    case client::CommandSettled::How::acknowledged: return "acknowledged";
    case client::CommandSettled::How::refused: return "refused";
    case client::CommandSettled::How::coalesced: return "coalesced";
  }
  return "?";
}

const char* status_name(replica::OutcomeStatus status) {
  switch (status) {
    case replica::OutcomeStatus::applied: return "applied";
    case replica::OutcomeStatus::superseded: return "superseded";
    case replica::OutcomeStatus::rejected: return "rejected";
  }
  return "?";
}

}  // namespace

PeerNode::PeerNode(PeerSetup setup)
    : setup_(std::move(setup)), random_(setup_.random.fork(setup_.name)), room_(setup_.options.room) {
  endpoint_ = &setup_.network.add_endpoint(*this, setup_.name);
  tap_ = std::make_unique<TransportTap>(*endpoint_, [this](const Hash256& hash, ByteView message) {
    // A thief's machine writes with the author's key; the author's own processes have not sent that.
    const bool is_thief = setup_.mutant == Mutant::steal_keys && setup_.is_second_device;
    if (!is_thief)
      for (auto& checker : setup_.checkers) checker->on_packet_sent(author(), hash);
    if (setup_.overheard) setup_.overheard(message);
  });
  start();
}

Now PeerNode::now() const {
  const auto since_start = std::chrono::duration_cast<WallClock::duration>(setup_.network.now().time_since_epoch());
  return {setup_.network.now(), from_unix_ms(kEpochMs) + since_start + wall_offset_};
}

PeerView PeerNode::view() const {
  return {setup_.index, setup_.name, author(), room_, session_.get(), disk_.place(), setup_.hears_garbled};
}

// ---- The process --------------------------------------------------------------------------------------------------

void PeerNode::start() {
  if (!endpoint_->is_running()) endpoint_->restart(*this);
  auto options = setup_.options;
  if (room_ != RoomId{}) options.room = room_;
  options.random_seed = random_.next();
  if (setup_.mutant == Mutant::forget_outbox) disk_.set_forgets_journal(true);
  session_ = std::make_unique<client::Session>(options, setup_.key, *tap_, &disk_);
  session_->set_now(now());
  is_touched_ = true;
  seen_head_ = {};
  const auto restored = session_->restore();
  if (!restored) {
    setup_.keeper.violate("settlement", setup_.name + " cannot read what it kept: " + restored.error().message);
    return;
  }
  setup_.keeper.log(setup_.name, "started at record " + std::to_string(session_->confirmed_head().value()));
}

void PeerNode::end(PeerEnd how, MonotonicClock::duration delay) {
  if (!runs()) return;
  setup_.keeper.log(setup_.name, how == PeerEnd::killed       ? "killed"
                                 : how == PeerEnd::power_lost ? "loses power"
                                                              : "loses its disk");
  const auto before = view();
  session_.reset();
  endpoint_->crash();
  disk_.end_process();
  if (how == PeerEnd::power_lost) disk_.lose_power(random_);
  if (how == PeerEnd::wiped) disk_.wipe();
  // An opener whose disk is gone comes back as the member that the log knows.
  if (how == PeerEnd::wiped && room_ != RoomId{}) setup_.options.open_room.reset();
  for (auto& checker : setup_.checkers) checker->on_peer_ended(before, how, disk_.surviving());
  lost_commands_.clear();
  start_at_ = setup_.network.now() + delay;
}

void PeerNode::restart_from_rotten_disk() {
  session_->save();
  end(PeerEnd::killed, {});
  disk_.rot();
  start();
}

void PeerNode::turn() {
  if (!runs()) {
    if (setup_.network.now() >= start_at_) start();
    return;
  }
  if (session_->wants_connection(setup_.network.now())) {
    session_->connecting(endpoint_->connect(setup_.hub), now());
    is_touched_ = true;
  }
  const auto wakeup = session_->next_wakeup();
  if (!is_touched_ && !(wakeup && *wakeup <= setup_.network.now())) return;
  is_touched_ = false;
  session_->step(now());
  if (room_ == RoomId{}) room_ = session_->room();
  take_events();
  if (session_->confirmed_head() != seen_head_) {
    seen_head_ = session_->confirmed_head();
    const auto model = setup_.models.find(room_);
    if (model == setup_.models.end())
      return setup_.keeper.violate("convergence", setup_.name + " has records of a room that no store has.");
    // Behind the events of this step, so that nobody is told; nothing is predicted, so that it stays.
    const bool bends = setup_.mutant == Mutant::bend_state && setup_.index == 1 && !is_bent_ && session_->is_idle();
    if (bends && seen_head_.value() > 40) is_bent_ = bend(session_->replica().scene());
    for (auto& checker : setup_.checkers) checker->on_advanced(view(), model->second);
    model->second.promise(seen_head_);
  }
  const auto held = queues();
  for (auto& checker : setup_.checkers) checker->on_queues(held);
}

MonotonicTime PeerNode::next_wakeup() const {
  if (!runs()) return start_at_;
  if (is_touched_) return setup_.network.now();
  return session_->next_wakeup().value_or(MonotonicTime::max());
}

std::vector<QueueView> PeerNode::queues() const {
  namespace limits = client::limits;
  const auto held = session_->statistics();
  return {{"packets under way of a session", held.packets_in_flight, limits::kPacketsInFlightMax},
          {"commands queued of a session", held.queued_commands + held.commands_in_flight, limits::kOutboxCommandsMax},
          {"bytes queued of a session", held.outbox_bytes, limits::kOutboxBytesMax},
          {"dropped events of a session", held.events_dropped, 0}};
}

// ---- Events -------------------------------------------------------------------------------------------------------

void PeerNode::on_event(const transport::Event& event) {
  if (!runs()) return;
  peek_hello(event);
  if (session_->on_event(event, now())) touch();
}

void PeerNode::touch() {
  is_touched_ = true;
  take_events();
}

void PeerNode::take_events() {
  while (auto event = session_->poll_event()) {
    // Every tenth word of a change never comes to the application.
    const bool is_change = std::holds_alternative<client::Changed>(*event);
    if (setup_.mutant == Mutant::swallow_changes && is_change && ++changes_seen_ % 10 == 0) continue;
    take(*event);
  }
}

void PeerNode::peek_hello(const transport::Event& event) {
  if (event.kind != transport::Event::Kind::message || event.lane != transport::Lane::control) return;
  const wire::AlignedBytes aligned(event.message);
  const auto* message = wire::verified_message(aligned.view());
  const auto* hello = message != nullptr ? message->body_as_HubHello() : nullptr;
  if (hello == nullptr) return;
  for (auto& checker : setup_.checkers) checker->on_hello(view(), wire::from_fb<Hash256>(*hello->challenge()));
}

void PeerNode::note_submission(const Submission& submission) {
  setup_.keeper.log(setup_.name, "submits " + std::to_string(submission.handle.value()) + " " + submission.what);
  for (auto& checker : setup_.checkers) checker->on_submitted(view(), submission);
}

void PeerNode::take(const client::Event& event) {
  if (const auto* settled = std::get_if<client::CommandSettled>(&event)) {
    auto line = "command " + std::to_string(settled->handle.value()) + " is " + how_name(settled->how);
    if (settled->how == client::CommandSettled::How::acknowledged)
      line += " at " + std::to_string(settled->seq.value());
    if (settled->refusal) line += ": " + settled->refusal->text;
    setup_.keeper.log(setup_.name, line);
    setup_.keeper.count(std::string("settled.") + how_name(settled->how));
    if (settled->outcome)
      setup_.keeper.count(std::string("outcome.") + log::command_name(settled->outcome->command) + "." +
                          status_name(settled->outcome->status));
  } else if (const auto* conflict = std::get_if<client::Conflict>(&event)) {
    if (lost_commands_.size() < kLostCommandsKept) lost_commands_.push_back(conflict->command);
  } else if (const auto* gone = std::get_if<client::Disconnected>(&event)) {
    setup_.keeper.log(setup_.name, "is disconnected: " + gone->text);
    setup_.keeper.count("event.disconnected");
    last_refusal_ = gone->text;
  } else if (const auto* diverged = std::get_if<client::Diverged>(&event)) {
    setup_.keeper.log(setup_.name, "has diverged: " + diverged->text);
    setup_.keeper.count("event.diverged");
  } else if (const auto* caught_up = std::get_if<client::CaughtUp>(&event)) {
    setup_.keeper.log(setup_.name, "has caught up with " + std::to_string(caught_up->head.value()));
    setup_.keeper.count("event.caught_up");
  } else if (std::holds_alternative<client::WriterLost>(event)) {
    setup_.keeper.log(setup_.name, "is not the writer any more");
    setup_.keeper.count("event.writer_lost");
  } else if (const auto* remapped = std::get_if<client::IdsRemapped>(&event)) {
    setup_.keeper.count("event.ids_remapped", remapped->ids.size());
  } else if (std::holds_alternative<client::AssetStored>(event)) {
    setup_.keeper.count("event.asset_stored");
  } else if (std::holds_alternative<client::AssetReady>(event)) {
    setup_.keeper.count("event.asset_ready");
  } else if (std::holds_alternative<client::AssetFailed>(event)) {
    setup_.keeper.count("event.asset_failed");
  } else if (std::holds_alternative<client::PresenceChanged>(event)) {
    setup_.keeper.count("event.presence_changed");
  } else if (std::holds_alternative<client::StorageFailed>(event)) {
    setup_.keeper.count("event.storage_failed");
  } else if (const auto* notice = std::get_if<client::Notice>(&event)) {
    setup_.keeper.log(setup_.name, "is told: " + notice->text);
    setup_.keeper.count(std::string("notice.") + wire::fb::EnumNameNoticeKind(notice->kind));
  }
  for (auto& checker : setup_.checkers) checker->on_event(view(), event);
}

}  // namespace theta::sim

#include "theta/web/core.h"

#include <algorithm>

#include "core_impl.h"
#include "theta/base/hex.h"
#include "theta/json/command_json.h"
#include "theta/json/event_json.h"
#include "theta/json/presence_json.h"
#include "theta/json/scene_json.h"
#include "theta/web/limits.h"

namespace theta::web {

namespace {

namespace fb = wire::fb;

client::SessionOptions session_options(const CoreOptions& options) {
  client::SessionOptions result;
  result.room = options.room;
  result.hub = options.hub;
  result.ticket = options.ticket;
  result.display_name = options.display_name;
  result.writer = options.writer;
  result.software = "theta web";
  result.looks_for_assets = options.keeps_assets;
  result.random_seed = options.random_seed;
  return result;
}

const char* phase_name(client::SessionPhase phase) {
  switch (phase) {
    case client::SessionPhase::offline: return "offline";
    case client::SessionPhase::connecting: return "connecting";
    case client::SessionPhase::logging_in: return "logging_in";
    case client::SessionPhase::attaching: return "attaching";
    case client::SessionPhase::receiving: return "receiving";
    case client::SessionPhase::live: return "live";
    case client::SessionPhase::stopped: return "stopped";
  }
  return "offline";
}

}  // namespace

std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

// ---- The public face ----------------------------------------------------------------------------------------------

client::ClientResult<std::unique_ptr<Core>> Core::create(const CoreOptions& options, const crypto::KeyPair& author,
                                                         client::Persistence::Stored stored, Now now) {
  auto impl = std::make_unique<Impl>(options, author, std::move(stored));
  impl->now = now;
  impl->session.set_now(now);
  if (auto restored = impl->session.restore(); !restored) return tl::unexpected(restored.error());
  if (options.start_offline) impl->session.go_offline();
  return std::unique_ptr<Core>(new Core(std::move(impl)));
}

Core::Core(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Core::~Core() = default;

void Core::step(Now now) { impl_->step(now); }
Link& Core::link() { return impl_->link; }
const scene::Scene& Core::scene() const { return impl_->session.scene(); }
StorageQueue* Core::storage() { return impl_->storage ? &*impl_->storage : nullptr; }
void Core::poll() { impl_->poll(); }

std::optional<Core::Output> Core::next_output() {
  if (impl_->outputs.empty()) return std::nullopt;
  auto output = std::move(impl_->outputs.front());
  impl_->outputs.pop_front();
  return output;
}

bool Core::wants_step() const { return impl_->tasks_have_work(); }

std::optional<MonotonicTime> Core::next_wakeup() const {
  if (wants_step()) return impl_->now.monotonic;
  auto next = impl_->session.next_wakeup();
  if (impl_->storage && impl_->storage->is_broken())
    next = std::min(next.value_or(MonotonicTime::max()), impl_->storage_retry_at);
  return next;
}

void Core::storage_failed(const std::string& text) {
  if (!impl_->storage) return;
  impl_->storage->failed();
  impl_->storage_retry_at = impl_->now.monotonic + limits::kStorageRetry;
  impl_->output({{"event", "storage_failed"}, {"text", text}});
}

// ---- Driving ------------------------------------------------------------------------------------------------------

Core::Impl::Impl(const CoreOptions& given, const crypto::KeyPair& author, client::Persistence::Stored stored)
    : options(given),
      key(author),
      storage(given.keeps ? std::make_optional<StorageQueue>(std::move(stored)) : std::nullopt),
      link(given.hub, storage ? &*storage : nullptr),
      session(session_options(given), author, link, storage ? &*storage : nullptr),
      is_writer(given.writer) {}

void Core::Impl::step(Now at) {
  now = at;
  session.set_now(at);
  hand_over_events();
  if (storage && storage->is_broken() && now.monotonic >= storage_retry_at) session.save();
  advance_tasks();
  if (session.wants_connection(now.monotonic)) begin_connecting();
  session.step(now);
  hand_over_events();
  if (auto request = link.take_close_request())
    output({{"event", "disconnect"},
            {"attempt", link.peer().value()},
            {"flush", request->flush},
            {"code", static_cast<int>(request->reason)},
            {"text", request->text}});
}

void Core::Impl::hand_over_events() {
  while (auto incoming = link.take_event()) {
    incoming->event.message = incoming->message;
    session.on_event(incoming->event, now);
  }
}

void Core::Impl::begin_connecting() {
  const auto peer = link.begin();
  offer.reset();
  session.connecting(peer, now);
  output({{"event", "connect"}, {"attempt", peer.value()}});
}

// ---- Telling ------------------------------------------------------------------------------------------------------

void Core::Impl::output(Json json, SharedBytes bytes) { outputs.push_back({dump(json), std::move(bytes)}); }

void Core::Impl::poll() {
  for (std::size_t count = 0; count < limits::kEventsPerPoll; ++count) {
    const auto event = session.poll_event();
    if (!event) break;
    if (!tell_tasks(*event)) tell(*event);
  }
  tell_status();
}

void Core::Impl::tell(const client::Event& event) {
  if (const auto* changed = std::get_if<client::Changed>(&event)) {
    tell_scene(*changed);
    if (changed->members || changed->everything) tell_members();
    return;
  }
  if (const auto* presence = std::get_if<client::PresenceChanged>(&event)) return tell_presence(*presence);
  if (const auto* conflict = std::get_if<client::Conflict>(&event)) return tell_conflict(*conflict);
  if (const auto* ready = std::get_if<client::AssetReady>(&event))
    return output({{"event", "asset_ready"}, {"asset", to_hex(ready->asset.view())}, {"is_new", ready->is_new}},
                  ready->bytes);
  if (const auto* wanted = std::get_if<client::AssetWanted>(&event))
    return output({{"event", "asset_wanted"}, {"asset", to_hex(wanted->asset.view())}});
  if (const auto* progress = std::get_if<client::AssetProgress>(&event))
    return output({{"event", "asset_progress"},
                   {"asset", to_hex(progress->asset.view())},
                   {"upload", progress->upload},
                   {"done_bytes", progress->done_bytes},
                   {"total_bytes", progress->total_bytes}});
  if (const auto* told = std::get_if<client::History>(&event)) return tell_history(*told);
  if (const auto* attached = std::get_if<client::Attached>(&event)) {
    session_number = attached->session;
    if (is_writer && !session.is_writer()) is_writer = false;
    text.clear();
  }
  if (const auto* gone = std::get_if<client::Disconnected>(&event)) {
    session_number.reset();
    text = gone->text;
  }
  if (const auto* lost_it = std::get_if<client::WriterLost>(&event)) {
    is_writer = false;
    text = lost_it->text;
  }
  if (const auto* diverged = std::get_if<client::Diverged>(&event)) text = diverged->text;
  const bool concerns_people =
      std::holds_alternative<client::Attached>(event) || std::holds_alternative<client::Disconnected>(event) ||
      std::holds_alternative<client::SessionJoined>(event) || std::holds_alternative<client::SessionLeft>(event);
  if (auto line = json::event_line(event)) output(std::move(*line));
  if (concerns_people) tell_participants();
}

void Core::Impl::tell_scene(const client::Changed& changed) {
  mirror.tell(session.scene(), changed, [this](const std::string& json) {
    outputs.push_back({R"({"event":"scene",)" + json.substr(1), {}});
  });
}

void Core::Impl::tell_members() {
  Json list = Json::array();
  for (const auto& [author, member] : session.replica().members().all()) {
    Json one = {
        {"author", to_hex(author.view())}, {"name", member.display_name}, {"role", fb::EnumNameRole(member.role)}};
    if (member.slot != kNoSlot) one["slot"] = member.slot.value();
    Json selection = Json::array();
    for (const auto id : member.selection) selection.push_back(json::to_text(id));
    one["selection"] = std::move(selection);
    if (!member.tool.empty()) one["tool"] = member.tool;
    if (!member.invite.is_zero()) one["invite"] = to_hex(member.invite.view());
    list.push_back(std::move(one));
  }
  output({{"event", "members"}, {"room_name", session.replica().room_name()}, {"members", std::move(list)}});
}

void Core::Impl::tell_participants() {
  Json list = Json::array();
  for (const auto& one : session.participants())
    list.push_back({{"session", one.session.value()},
                    {"author", to_hex(one.author.view())},
                    {"self", session_number && one.session == *session_number}});
  output({{"event", "participants"}, {"participants", std::move(list)}});
}

void Core::Impl::tell_presence(const client::PresenceChanged& changed) {
  Json updates = Json::array();
  for (const auto number : changed.sessions)
    if (const auto* presence = session.presence_of(number))
      updates.push_back({{"session", number.value()}, {"presence", json::presence_json(*presence)}});
  if (!updates.empty()) output({{"event", "presence"}, {"updates", std::move(updates)}});
}

void Core::Impl::tell_conflict(const client::Conflict& conflict) {
  if (lost.size() == limits::kLostCommandsMax) lost.erase(lost.begin());
  lost[conflict.handle] = conflict.command;
  output({{"event", "conflict"},
          {"handle", conflict.handle.value()},
          {"outcome", json::outcome_json(conflict.outcome)},
          {"blocker_name", conflict.blocker_name},
          {"text", conflict.text}});
}

Json Core::Impl::status_json() {
  const auto statistics = session.statistics();
  while (!unstored.empty() && storage && storage->is_committed(unstored.front())) unstored.pop_front();
  const auto pending = statistics.queued_commands + statistics.commands_in_flight;
  Json json = {{"event", "status"},
               {"phase", phase_name(session.phase())},
               {"role", fb::EnumNameRole(session.role())},
               {"writer", is_writer},
               {"author", to_hex(session.author().view())},
               {"head", session.confirmed_head().value()},
               {"queued_commands", statistics.queued_commands},
               {"commands_in_flight", statistics.commands_in_flight},
               {"rate_limited", statistics.is_held_back},
               {"uploads", statistics.uploads},
               {"downloads", statistics.downloads},
               {"unstored_edits", storage ? unstored.size() : pending},
               {"can_undo", session.can_undo()},
               {"can_redo", session.can_redo()},
               {"text", text},
               // Asked of the end of time: whether anything but waiting is needed.
               {"will_retry", session.wants_connection(MonotonicTime::max())}};
  if (link.is_open()) json["transport_kind"] = link.kind() == transport::TransportKind::webrtc ? "webrtc" : "websocket";
  if (session_number) json["session"] = session_number->value();
  const auto rtt = link.peer_stats(link.peer()).rtt;
  if (rtt.count() > 0) json["rtt_ms"] = std::chrono::duration_cast<std::chrono::milliseconds>(rtt).count();
  return json;
}

void Core::Impl::tell_status() {
  auto status = dump(status_json());
  if (status == last_status) return;
  last_status = status;
  outputs.push_back({std::move(status), {}});
}

}  // namespace theta::web

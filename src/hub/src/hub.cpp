#include "theta/hub/hub.h"

#include <algorithm>
#include <unordered_map>

#include "admission.h"
#include "bulk_desk.h"
#include "hub_context.h"
#include "messages.h"
#include "room_directory.h"
#include "room_opener.h"
#include "session.h"
#include "theta/transport/names.h"
#include "theta/wire/text.h"

namespace theta::hub {
namespace {

namespace fb = wire::fb;
using log::RefusalCode;
using transport::CloseReason;
using transport::Event;
using transport::Lane;
using transport::PeerId;

constexpr MonotonicClock::duration kTickInterval = std::chrono::milliseconds(250);
/// A Login has about 300; what is larger is none.
constexpr std::size_t kLoginBytesMax = 1024;

/// "A connection over quic was ended by this hub, resource_limit: This peer …"
std::string ending_sentence(const Session& session, const Event& event) {
  auto sentence = std::string("A connection over ") + transport_kind_name(session.kind()) + " was ended by " +
                  (event.closed_by_peer ? "the peer" : "this hub");
  if (event.reason != CloseReason::none) sentence += std::string(", ") + close_reason_name(event.reason);
  return sentence + (event.text.empty() ? "." : ": " + event.text);
}

HubLog::Fields connection_fields(const Session& session) {
  HubLog::Fields fields{{"transport", transport_kind_name(session.kind())}, {"address", session.address()}};
  if (session.is_logged_in()) fields.push_back(author_field(session.author()));
  return fields;
}

}  // namespace

struct Hub::Impl {
  Impl(const HubConfig& config, Dependencies dependencies)
      : context(config, std::move(dependencies)),
        directory(context),
        opener(context, directory, [this](PeerId peer) { return find(peer); }),
        bulk(context, [this](PeerId peer) { return find(peer); }) {
    directory.list();
  }

  [[nodiscard]] Session* find(PeerId peer) {
    const auto found = sessions.find(peer);
    return found == sessions.end() ? nullptr : found->second.get();
  }

  void on_connected(const Event& event);
  void on_closed(const Event& event);
  void on_message(Session& session, const Event& event);
  void on_control(Session& session, ByteView bytes);
  void on_first_message(Session& session, const Event& event);
  /// False when the author asks too often, and was told so.
  [[nodiscard]] bool charge_request(Session& session, std::uint32_t request);
  void on_commands(Session& session, ByteView bytes);
  void on_bulk(Session& session, ByteView bytes);
  void attach(Session& session, const fb::Attach& request);
  void flush_rooms();
  void flush_presence();
  void tick();
  void refresh_gauges();

  HubContext context;
  RoomDirectory directory;
  RoomOpener opener;
  BulkDesk bulk;
  std::unordered_map<PeerId, std::unique_ptr<Session>> sessions;
  MonotonicTime next_tick{};
  MonotonicTime last_presence_flush{};
};

// ---- Events -------------------------------------------------------------------------------------------------------

void Hub::Impl::on_connected(const Event& event) {
  const bool is_full = sessions.size() >= context.config.sessions_max;
  auto& session =
      *sessions.emplace(event.peer, std::make_unique<Session>(context, event.peer, event.info)).first->second;
  context.say_of_peers(LogLevel::info, "connected",
                       std::string("A peer connected over ") + transport_kind_name(session.kind()) + ".",
                       connection_fields(session));
  if (context.stopping) return session.close(CloseReason::going_away, "The hub is stopping; connect again soon.");
  if (is_full) {
    context.metrics.count_over(Limit::sessions);
    return session.close(CloseReason::resource_limit, "This hub serves " + std::to_string(context.config.sessions_max) +
                                                          " sessions and has that many; try again later.");
  }
  session.greet();
}

void Hub::Impl::on_closed(const Event& event) {
  const auto found = sessions.find(event.peer);
  if (found == sessions.end()) return;
  auto& session = *found->second;
  auto fields = connection_fields(session);
  fields.emplace_back("reason", close_reason_name(event.reason));
  fields.emplace_back("by", event.closed_by_peer ? "peer" : "hub");
  context.say_of_peers(LogLevel::info, "disconnected", ending_sentence(session, event), std::move(fields));
  if (session.attachment != nullptr) session.attachment->room->detach(session);
  sessions.erase(found);
}

void Hub::Impl::on_message(Session& session, const Event& event) {
  if (!session.is_logged_in()) return on_first_message(session, event);
  switch (event.lane) {
    case Lane::control: return on_control(session, event.message);
    case Lane::commands: return on_commands(session, event.message);
    case Lane::bulk: return on_bulk(session, event.message);
    case Lane::presence:
      // Presence that overtakes an Attach, or follows a Detach, is lost like any other.
      if (session.is_attached()) return session.attachment->room->take_presence(session, event.message);
      return context.metrics.presence_misplaced_drops.add();
  }
}

void Hub::Impl::on_first_message(Session& session, const Event& event) {
  const auto refuse = [&] {
    context.metrics.messages_before_login.add();
    session.close(CloseReason::unauthenticated, "Expected Login as the first message; something else came before it.");
  };
  // Whoever has not shown a key yet does not get a megabyte verified.
  if (event.lane != Lane::control || event.message.size() > kLoginBytesMax) return refuse();
  const wire::AlignedBytes aligned(event.message);
  const auto* message = wire::verified_message(aligned.view());
  const auto* login = message != nullptr ? message->body_as_Login() : nullptr;
  if (login == nullptr) return refuse();
  session.log_in(*login);
}

void Hub::Impl::on_control(Session& session, ByteView bytes) {
  const wire::AlignedBytes aligned(bytes);
  const auto* message = wire::verified_message(aligned.view());
  if (message == nullptr)
    return session.close_malformed("Expected a well-formed message on the control lane; these bytes are none.");
  switch (message->body_type()) {
    case fb::MessageBody::Attach: {
      const auto& request = *message->body_as_Attach();
      if (charge_request(session, request.request())) attach(session, request);
      return;
    }
    case fb::MessageBody::OpenRoomRequest: {
      const auto& request = *message->body_as_OpenRoomRequest();
      if (charge_request(session, request.request())) opener.take(session, request);
      return;
    }
    case fb::MessageBody::Detach:
      // Leaving is never refused: who detaches too often is refused when attaching again.
      (void)context.charge(session.author(), AuthorLimiters::Bucket::requests, 1);
      if (session.attachment != nullptr) session.attachment->room->detach(session);
      return;
    default:
      return session.close_malformed("Expected Attach, Detach or OpenRoomRequest on the control lane; message type " +
                                     std::to_string(static_cast<int>(message->body_type())) + " came.");
  }
}

bool Hub::Impl::charge_request(Session& session, std::uint32_t request) {
  const auto wait = context.charge(session.author(), AuthorLimiters::Bucket::requests, 1);
  if (wait == wait.zero()) return true;
  context.metrics.request_rate_drops.add();
  session.put_off(request, "This author attaches, detaches or opens rooms more often than this hub allows", wait);
  return false;
}

void Hub::Impl::attach(Session& session, const fb::Attach& request) {
  auto refuse = [&](RefusalCode code, std::string text, std::uint32_t retry_after_ms = 0) {
    session.refuse(request.request(), {code, std::move(text)}, retry_after_ms);
  };
  if (session.attachment != nullptr)
    return refuse(RefusalCode::bad_request, "A session is in one room at a time; send Detach first.");
  if (context.stopping) return refuse(RefusalCode::hub_busy, "The hub is stopping; connect again soon.", 1000);
  const auto found = directory.open(wire::from_fb<RoomId>(*request.room()));
  if (found.room == nullptr) return session.refuse(request.request(), *found.refused, 0);
  if (found.room->session_count() >= context.config.sessions_per_room_max) {
    context.metrics.count_over(Limit::sessions_per_room);
    return refuse(RefusalCode::quota, "The room has " + std::to_string(context.config.sessions_per_room_max) +
                                          " sessions, which is the most it may.");
  }
  auto attachment = std::make_unique<Attachment>();
  attachment->request = request.request();
  attachment->have_seq = Seq{request.have_seq()};
  if (request.have_record_hash() != nullptr)
    attachment->have_record_hash = wire::from_fb<Hash256>(*request.have_record_hash());
  attachment->wants_to_write = request.writer();
  if (request.join() != nullptr) attachment->join.assign(request.join()->begin(), request.join()->end());
  session.attachment = std::move(attachment);
  found.room->attach(session);
}

void Hub::Impl::on_commands(Session& session, ByteView bytes) {
  const auto decoded = wire::decode_lane_message(bytes);
  if (!decoded && decoded.error().code == wire::LaneError::too_large) {
    // Its nonce is not read: whoever sends such a packet is not one of ours.
    if (auto guarded = check_guards(context, {session.author(), Nonce{}, 1, 0}))
      return session.refuse_packet(std::move(*guarded));
    return session.refuse_packet({.nonce = Nonce{},
                                  .code = RefusalCode::too_large,
                                  .retry_after_ms = 0,
                                  .expected = Nonce{},
                                  .text = decoded.error().message});
  }
  const auto* submit = decoded ? std::get_if<wire::Submit>(&decoded->message) : nullptr;
  if (submit == nullptr)
    return session.close_malformed("Expected a Submit on the commands lane; " +
                                   (decoded ? "another message came." : decoded.error().message));
  if (session.is_attached()) return session.attachment->room->submit(session, submit->packet);
  const auto claim = read_claim(session.author(), submit->packet);
  if (auto guarded = check_guards(context, claim)) return session.refuse_packet(std::move(*guarded));
  session.refuse_packet({.nonce = claim.nonce,
                         .code = RefusalCode::hub_busy,
                         .retry_after_ms = 1000,
                         .expected = Nonce{},
                         .text = "This session is in no room yet; send Attach and wait for the answer."});
}

void Hub::Impl::on_bulk(Session& session, ByteView bytes) {
  const wire::AlignedBytes aligned(bytes);
  const auto* message = wire::verified_message(aligned.view());
  if (message == nullptr)
    return session.close_malformed("Expected a well-formed message on the bulk lane; these bytes are none.");
  if (bulk.take(session, *message)) return;
  session.close_malformed("Expected a request for assets or history on the bulk lane; message type " +
                          std::to_string(static_cast<int>(message->body_type())) + " came.");
}

// ---- Turns --------------------------------------------------------------------------------------------------------

void Hub::Impl::flush_rooms() {
  // A flush can itself make a room want another one; those wait in a new list.
  const auto rooms = std::exchange(context.rooms_to_flush, {});
  for (auto* room : rooms) room->flush();
}

void Hub::Impl::flush_presence() {
  if (context.rooms_with_presence.empty()) return;
  if (context.now.monotonic < last_presence_flush + context.config.presence_flush) return;
  last_presence_flush = context.now.monotonic;
  auto rooms = std::exchange(context.rooms_with_presence, {});
  for (auto* room : rooms)
    if (room->flush_presence()) context.rooms_with_presence.push_back(room);
}

void Hub::Impl::tick() {
  if (context.now.monotonic < next_tick) return;
  next_tick = context.now.monotonic + kTickInterval;
  for (auto& [peer, session] : sessions) {
    const bool is_idle = session->is_logged_in() && !session->is_closing() && session->attachment == nullptr &&
                         session->without_room_since + context.config.roomless_timeout <= context.now.monotonic;
    if (is_idle) {
      context.metrics.roomless_timeouts.add();
      session->close(CloseReason::resource_limit, "This session was in no room for " +
                                                      std::to_string(context.config.roomless_timeout.count()) +
                                                      " ms; connect again to enter one.");
    }
    const bool is_late = !session->is_logged_in() && !session->is_closing() &&
                         session->connected_at() + context.config.login_timeout <= context.now.monotonic;
    if (!is_late) continue;
    context.metrics.login_timeouts.add();
    // Not `unauthenticated`, after which a client gives up: on a bad network an honest one can be late.
    session->close(CloseReason::idle_timeout, "No Login came in time; connect again and log in at once.");
  }
  directory.tick();
  context.author_limiters.sweep(context.now.monotonic);
}

void Hub::Impl::refresh_gauges() {
  auto& metrics = context.metrics;
  metrics.append_rate_per_sec.set(metrics.append_rate.per_second(context.now.monotonic));
  metrics.queue_depth.set(static_cast<double>(context.store.waiting()));
  metrics.sessions.set(static_cast<double>(sessions.size()));
  metrics.rooms_loaded.set(static_cast<double>(directory.loaded_count()));
  metrics.rooms_read_only.set(static_cast<double>(directory.read_only_count()));
  RoomUsage total;
  directory.for_each([&](const Room& room) {
    const auto usage = room.usage();
    total.ring_bytes += usage.ring_bytes;
    total.uncommitted_records += usage.uncommitted_records;
    total.uncommitted_bytes += usage.uncommitted_bytes;
    total.refusals_kept += usage.refusals_kept;
  });
  metrics.held.ring_bytes.set(static_cast<double>(total.ring_bytes));
  metrics.held.uncommitted_records.set(static_cast<double>(total.uncommitted_records));
  metrics.held.uncommitted_bytes.set(static_cast<double>(total.uncommitted_bytes));
  metrics.held.refusals_kept.set(static_cast<double>(total.refusals_kept));
  std::array<std::size_t, 4> kinds{};
  std::chrono::duration<double> rtt{};
  std::chrono::duration<double> jitter{};
  for (const auto& [peer, session] : sessions) {
    ++kinds[static_cast<std::size_t>(session->kind()) % kinds.size()];
    const auto stats = context.transport.peer_stats(peer);
    rtt += stats.rtt;
    jitter += stats.jitter;
  }
  const double count = sessions.empty() ? 1.0 : static_cast<double>(sessions.size());
  metrics.rtt.set(rtt.count() / count);
  metrics.jitter.set(jitter.count() / count);
  for (std::size_t kind = 0; kind < kinds.size(); ++kind)
    metrics.transport_kind[kind]->set(static_cast<double>(kinds[kind]));
}

// ---- The class ----------------------------------------------------------------------------------------------------

Hub::Hub(const HubConfig& config, Dependencies dependencies)
    : impl_(std::make_unique<Impl>(config, std::move(dependencies))) {}
Hub::~Hub() = default;

void Hub::set_now(Now now) {
  // Monotonic time that goes back is a fault of the caller's; standing still is what every timer here can bear.
  impl_->context.now.monotonic = std::max(impl_->context.now.monotonic, now.monotonic);
  impl_->context.now.wall = now.wall;
}

void Hub::on_event(const Event& event) {
  if (event.kind == Event::Kind::connected) return impl_->on_connected(event);
  if (event.kind == Event::Kind::closed) return impl_->on_closed(event);
  auto* session = impl_->find(event.peer);
  if (session == nullptr || session->is_closing()) return;
  if (event.kind == Event::Kind::message) return impl_->on_message(*session, event);
  if (session->attachment == nullptr) return;
  impl_->bulk.on_writable(*session);
  session->attachment->room->on_writable(*session);
}

void Hub::on_completions(std::span<store::Completion> completions, Now now) {
  set_now(now);
  for (auto& completion : completions) impl_->context.store.complete(completion);
}

void Hub::step(Now now) {
  set_now(now);
  impl_->flush_rooms();
  impl_->flush_presence();
  impl_->tick();
  impl_->flush_rooms();
}

MonotonicTime Hub::next_wakeup() const {
  const auto& context = impl_->context;
  if (!context.rooms_to_flush.empty()) return context.now.monotonic;
  auto result = MonotonicTime::max();
  if (!context.rooms_with_presence.empty()) result = impl_->last_presence_flush + context.config.presence_flush;
  const bool is_quiet = impl_->sessions.empty() && impl_->directory.loaded_count() == 0 &&
                        context.author_limiters.size() == 0 && impl_->directory.is_listed();
  return is_quiet ? result : std::min(result, impl_->next_tick);
}

void Hub::set_config(const HubConfig& config) { impl_->context.config = config; }
const HubConfig& Hub::config() const { return impl_->context.config; }

void Hub::set_page(std::string_view page) {
  impl_->context.page = wire::is_page_address(page) ? std::string(page) : std::string();
}

void Hub::begin_shutdown() {
  if (impl_->context.stopping) return;
  impl_->context.stopping = true;
  const auto message = messages::notice(fb::NoticeKind::going_away, "The hub is stopping; connect again soon.");
  for (auto& [peer, session] : impl_->sessions) session->send_control(message);
  impl_->directory.for_each([](Room& room) {
    room.flush();
    room.save_snapshot_if_worth();
  });
}

bool Hub::is_drained() const { return impl_->context.store.waiting() == 0 && impl_->context.rooms_to_flush.empty(); }

void Hub::close_all() {
  for (auto& [peer, session] : impl_->sessions)
    session->close(CloseReason::going_away, "The hub is stopping; connect again soon.");
}

bool Hub::is_ready() const { return impl_->directory.is_listed(); }
HubKey Hub::key() const { return impl_->context.hub; }
std::size_t Hub::session_count() const { return impl_->sessions.size(); }
std::size_t Hub::loaded_room_count() const { return impl_->directory.loaded_count(); }
telemetry::Registry& Hub::registry() { return impl_->context.registry; }
void Hub::say_of_peers(LogLevel level, std::string_view event, std::string_view text, LogFields fields) {
  impl_->context.say_of_peers(level, event, text, std::move(fields));
}

HubUsage Hub::usage() const {
  HubUsage usage;
  impl_->directory.for_each([&](const Room& room) { usage.rooms.push_back(room.usage()); });
  usage.sessions = impl_->sessions.size();
  usage.author_buckets = impl_->context.author_limiters.size();
  return usage;
}

telemetry::Snapshot Hub::metrics() {
  impl_->refresh_gauges();
  return impl_->context.registry.snapshot();
}

}  // namespace theta::hub

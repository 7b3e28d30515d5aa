#include "theta/client/session.h"

#include "session_impl.h"

namespace theta::client {

using transport::CloseReason;

Session::Session(SessionOptions options, const crypto::KeyPair& author, transport::Transport& transport,
                 Persistence* persistence)
    : impl_(std::make_unique<Impl>(std::move(options), author, transport, persistence)) {}
Session::~Session() = default;

ClientResult<void> Session::restore() { return impl_->restore(); }

// ---- Driving ------------------------------------------------------------------------------------------------------

bool Session::wants_connection(MonotonicTime now) const {
  return impl_->phase == SessionPhase::offline && impl_->wants_online && !impl_->peer && now >= impl_->retry_at;
}

void Session::connecting(transport::PeerId peer, Now now) {
  impl_->set_now(now);
  impl_->peer = peer;
  impl_->peer_info = {};
  impl_->last_heard = impl_->now.monotonic;
  impl_->phase = SessionPhase::connecting;
}

void Session::connect_failed(std::string text, Now now) {
  impl_->set_now(now);
  impl_->lose_connection(CloseReason::unreachable, text, true);
  impl_->events.push(Disconnected{CloseReason::unreachable, std::move(text), true});
}

bool Session::on_event(const transport::Event& event, Now now) { return impl_->on_event(event, now); }
void Session::step(Now now) { impl_->step(now); }
std::optional<MonotonicTime> Session::next_wakeup() const { return impl_->next_wakeup(); }
void Session::set_now(Now now) { impl_->set_now(now); }

void Session::go_offline() {
  impl_->wants_online = false;
  if (impl_->peer) impl_->disconnect(CloseReason::none, "asked to go offline", true);
}

void Session::go_online() {
  impl_->wants_online = true;
  impl_->attempts = 0;
  impl_->retry_at = MonotonicTime::min();
}

void Session::take_writer() {
  impl_->options.writer = true;
  if (impl_->peer) impl_->disconnect(CloseReason::none, "attaching again as the writer", true);
  go_online();
}

void Session::save() {
  impl_->save();
  impl_->report_storage();
}

// ---- What it shows ------------------------------------------------------------------------------------------------

SessionPhase Session::phase() const { return impl_->phase; }
bool Session::caught_up() const { return impl_->is_caught_up; }
const std::string& Session::hub_page() const { return impl_->hub_page; }
bool Session::is_writer() const { return impl_->is_writer; }
const RoomId& Session::room() const { return impl_->facts.room; }
const AuthorKey& Session::author() const { return impl_->author(); }
const replica::Replica& Session::replica() const {
  impl_->show();
  return impl_->overlay.replica();
}
const scene::Scene& Session::scene() const { return replica().scene(); }
Seq Session::confirmed_head() const { return impl_->overlay.replica().head(); }
const std::optional<SignedSnapshot>& Session::signed_snapshot() const { return impl_->signed_snapshot; }
wire::fb::Role Session::role() const { return impl_->overlay.role(); }
AuthorSlot Session::slot() const { return impl_->overlay.slot(); }

Hash256 Session::confirmed_state_hash() { return impl_->overlay.begin_base().state_hash(); }

Session::Statistics Session::statistics() const {
  auto result = impl_->counters;
  result.queued_commands = impl_->outbox.drafts().size();
  const bool is_paced = std::max(impl_->held_until, impl_->paced_until) > impl_->now.monotonic;
  result.is_held_back = result.queued_commands > 0 && (is_paced || impl_->sends_front_only);
  result.uploads = impl_->assets.upload_count();
  result.downloads = impl_->assets.download_count();
  result.packets_in_flight = impl_->outbox.in_flight().size();
  result.commands_in_flight = impl_->outbox.commands_in_flight();
  result.outbox_bytes = impl_->outbox.bytes();
  result.commands_coalesced = impl_->outbox.coalesced();
  result.presence_dropped = impl_->presence.dropped();
  result.events_dropped = impl_->events.dropped();
  return result;
}

bool Session::is_idle() const { return impl_->outbox.empty(); }

std::optional<Event> Session::poll_event() {
  impl_->show();
  return impl_->events.poll();
}

// ---- Presence, assets, history ------------------------------------------------------------------------------------

void Session::set_presence(Presence presence) {
  if (impl_->phase == SessionPhase::live) impl_->presence.set_own(std::move(presence));
}
std::vector<Session::Participant> Session::participants() const { return impl_->presence.participants(); }
const Presence* Session::presence_of(SessionNumber session) const { return impl_->presence.find(session); }

/// Answers that nobody polls are kept, so that requests must be what is bounded.
ClientResult<void> Session::Impl::check_requests() const {
  if (events.pending_answers() + assets.count() + history.size() >= limits::kAssetTransfersMax)
    return fail(ClientError::queue_full,
                "too many transfers and queries wait for the hub or for poll_event(); poll "
                "events and try again later");
  return {};
}

ClientResult<AssetId> Session::upload_asset(SharedBytes bytes) {
  if (auto ready = impl_->check_requests(); !ready) return tl::unexpected(ready.error());
  const auto asset = impl_->assets.upload(bytes);
  if (asset) impl_->journal.keep_asset(*asset, bytes);
  return asset;
}

ClientResult<void> Session::download_asset(const AssetId& asset) {
  if (auto ready = impl_->check_requests(); !ready) return ready;
  impl_->assets.download(asset);
  return {};
}

bool Session::supply_asset(const AssetId& asset, SharedBytes bytes) {
  return impl_->assets.supply(asset, std::move(bytes));
}

ClientResult<std::uint32_t> Session::query_history(Seq from, std::uint32_t count) {
  if (auto ready = impl_->check_requests(); !ready) return tl::unexpected(ready.error());
  if (impl_->history.size() >= limits::kHistoryQueriesMax)
    return fail(ClientError::queue_full, "too many history queries wait for an answer; poll events first");
  if (from == Seq{0} || count == 0)
    return fail(ClientError::bad_command, "history begins with record 1, and at least one must be asked for");
  Impl::HistoryQuery query;
  query.query = impl_->next_query++;
  query.from = from;
  query.count = std::min<std::uint32_t>(count, 4096);
  impl_->history.push_back(query);
  return query.query;
}

void Session::forget_query(std::uint32_t query) {
  auto& history = impl_->history;
  const auto found = std::find_if(history.begin(), history.end(), [&](const Impl::HistoryQuery& waiting) {
    return !waiting.internal && waiting.query == query;
  });
  if (found == history.end()) return;
  // The hub's answer must still be known for what it is.
  if (found->sent)
    found->forgotten = true;
  else
    history.erase(found);
}

}  // namespace theta::client

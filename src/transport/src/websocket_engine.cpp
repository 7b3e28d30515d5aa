#include "theta/transport/websocket_engine.h"

#include <algorithm>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "theta/base/check.h"
#include "theta/transport/source_key.h"
#include "websocket_peer.h"

namespace theta::transport {

/// The engine behind WebSocketEngine: who may connect, whose turn it is, what is due when.
class WebSocketEngine::Core final : public WebSocketHost {
 public:
  Core(const WebSocketOptions& options, const crypto::KeyPair& hub, RandomSource random, EventSink& sink)
      : options_(options), hub_(hub), random_(std::move(random)), sink_(sink) {
    SourceKeyHash hash;
    random_(hash.key);
    sources_ = SourceTable(0, hash);
    networks_ = SourceTable(0, hash);
  }

  [[nodiscard]] std::optional<Failure<WebSocketRefusal>> refusal(const SocketAddress& remote);
  [[nodiscard]] Expected<PeerId, WebSocketRefusal> accept(WebSocketLink& link, const SocketAddress& remote);
  [[nodiscard]] WebSocketPeer* find(PeerId peer) const {
    const auto found = peers_.find(peer.value());
    return found == peers_.end() ? nullptr : found->second.get();
  }
  /// Calls `drive` for the peer, if it is there, and sees to it that the next flush does.
  template <class Drive>
  void drive(PeerId peer, MonotonicTime now, Drive drive);
  void mark_dirty(PeerId peer, WebSocketPeer& entry);
  void on_timer(MonotonicTime now);
  void flush(MonotonicTime now);
  void shut_down(CloseReason reason, const std::string& text);
  [[nodiscard]] MonotonicTime next_timeout() const;
  [[nodiscard]] std::size_t count() const { return peers_.size(); }
  void set_options(const WebSocketOptions& options) { options_ = options; }
  void set_now(MonotonicTime now) { now_ = std::max(now_, now); }
  [[nodiscard]] const WebSocketStats& snapshot_stats() {
    stats_.connections = peers_.size();
    stats_.half_open = half_open_count_;
    return stats_;
  }

  // WebSocketHost.
  [[nodiscard]] const WebSocketOptions& options() const override { return options_; }
  [[nodiscard]] WebSocketStats& stats() override { return stats_; }
  [[nodiscard]] MonotonicTime now() const override { return now_; }
  [[nodiscard]] const crypto::KeyPair& hub() const override { return hub_; }
  [[nodiscard]] crypto::Seed draw_seed() override {
    crypto::Seed seed;
    random_(seed.bytes);
    return seed;
  }
  void emit(const Event& event) override { sink_.on_event(event); }
  void on_established(const SocketAddress& remote) override {
    ++stats_.handshakes_completed;
    --half_open_count_;
    note_use(remote, [](SourceUse& use) { --use.half_open; });
  }
  void end_largest_holder() override {
    const auto largest = std::max_element(peers_.begin(), peers_.end(), [](const auto& one, const auto& other) {
      return one.second->held_bytes() < other.second->held_bytes();
    });
    if (largest == peers_.end()) return;
    largest->second->give_up_unfinished();
    mark_dirty(PeerId{largest->first}, *largest->second);
  }

 private:
  struct SourceUse {
    std::size_t connections = 0;
    std::size_t half_open = 0;
  };
  using SourceTable = std::unordered_map<SourceKey, SourceUse, SourceKeyHash>;

  template <class Change>
  void note_use(const SocketAddress& address, Change change);
  [[nodiscard]] static SourceUse use_of(const SourceTable& table, const SourceKey& key);
  /// Counts a refusal; nothing when the newcomer may come in.
  [[nodiscard]] std::optional<WebSocketRefusal> refusal_of(const SocketAddress& remote);
  void flush_peer(std::uint64_t id, WebSocketPeer& peer);
  void reschedule(std::uint64_t id, WebSocketPeer& peer);
  void forget(std::uint64_t id, WebSocketPeer& peer);

  WebSocketOptions options_;
  crypto::KeyPair hub_;
  RandomSource random_;
  EventSink& sink_;
  WebSocketStats stats_;
  MonotonicTime now_{};
  bool is_driving_ = false;
  bool is_shut_down_ = false;
  std::uint64_t peer_count_ = 0;
  std::size_t half_open_count_ = 0;
  std::unordered_map<std::uint64_t, std::unique_ptr<WebSocketPeer>> peers_;
  std::set<std::pair<MonotonicTime, std::uint64_t>> timers_;
  std::vector<std::uint64_t> dirty_;
  SourceTable sources_;
  SourceTable networks_;
};

template <class Change>
void WebSocketEngine::Core::note_use(const SocketAddress& address, Change change) {
  const auto note = [&](SourceTable& table, const SourceKey& key) {
    const auto at = table.try_emplace(key).first;
    change(at->second);
    if (at->second.connections == 0) table.erase(at);
  };
  note(sources_, source_of(address));
  if (const auto network = network_of(address)) note(networks_, *network);
}

WebSocketEngine::Core::SourceUse WebSocketEngine::Core::use_of(const SourceTable& table, const SourceKey& key) {
  const auto found = table.find(key);
  return found == table.end() ? SourceUse{} : found->second;
}

std::optional<WebSocketRefusal> WebSocketEngine::Core::refusal_of(const SocketAddress& remote) {
  const auto source = use_of(sources_, source_of(remote));
  const auto network_key = network_of(remote);
  const auto network = network_key ? use_of(networks_, *network_key) : SourceUse{};
  const auto refuse = [](std::uint64_t& counter, WebSocketRefusal why) {
    ++counter;
    return why;
  };
  if (is_shut_down_) return WebSocketRefusal::not_serving;
  if (source.half_open >= options_.half_open_per_source_max || network.half_open >= options_.half_open_per_network_max)
    return refuse(stats_.refused_half_open_limit, WebSocketRefusal::of_source);
  if (half_open_count_ >= options_.half_open_max) return refuse(stats_.refused_half_open_limit, WebSocketRefusal::busy);
  if (peers_.size() >= options_.connections_max) return refuse(stats_.refused_connection_limit, WebSocketRefusal::busy);
  if (source.connections >= options_.connections_per_source_max)
    return refuse(stats_.refused_source_limit, WebSocketRefusal::of_source);
  if (network.connections >= options_.connections_per_network_max)
    return refuse(stats_.refused_network_limit, WebSocketRefusal::of_source);
  return std::nullopt;
}

std::optional<Failure<WebSocketRefusal>> WebSocketEngine::Core::refusal(const SocketAddress& remote) {
  const auto refused = refusal_of(remote);
  if (!refused) return std::nullopt;
  switch (*refused) {
    case WebSocketRefusal::of_source:
      return Failure<WebSocketRefusal>{*refused, "Too many connections from your address or network; close some."};
    case WebSocketRefusal::not_serving:
      return Failure<WebSocketRefusal>{*refused, "The hub is stopping; connect again soon."};
    case WebSocketRefusal::busy: break;
  }
  return Failure<WebSocketRefusal>{*refused, "The hub has as many connections as it takes; try again later."};
}

Expected<PeerId, WebSocketRefusal> WebSocketEngine::Core::accept(WebSocketLink& link, const SocketAddress& remote) {
  if (auto refused = refusal(remote)) return tl::unexpected(std::move(*refused));
  const auto id = make_peer_id(TransportKind::websocket, ++peer_count_);
  auto& peer = *peers_.emplace(id.value(), std::make_unique<WebSocketPeer>(*this, id, link, remote)).first->second;
  ++stats_.connections_accepted;
  ++half_open_count_;
  note_use(remote, [](SourceUse& use) {
    ++use.connections;
    ++use.half_open;
  });
  mark_dirty(id, peer);
  return id;
}

void WebSocketEngine::Core::mark_dirty(PeerId peer, WebSocketPeer& entry) {
  if (entry.is_dirty) return;
  entry.is_dirty = true;
  dirty_.push_back(peer.value());
}

template <class Drive>
void WebSocketEngine::Core::drive(PeerId peer, MonotonicTime now, Drive drive) {
  THETA_CHECK(!is_driving_);
  set_now(now);
  auto* entry = find(peer);
  if (entry == nullptr) return;
  is_driving_ = true;
  drive(*entry);
  is_driving_ = false;
  mark_dirty(peer, *entry);
}

void WebSocketEngine::Core::on_timer(MonotonicTime now) {
  THETA_CHECK(!is_driving_);
  set_now(now);
  while (!timers_.empty() && timers_.begin()->first <= now_) {
    const auto id = timers_.begin()->second;
    timers_.erase(timers_.begin());
    auto& peer = *peers_.at(id);
    peer.scheduled_at = MonotonicTime::max();
    peer.on_timer();
    mark_dirty(PeerId{id}, peer);
  }
}

void WebSocketEngine::Core::flush(MonotonicTime now) {
  // Handlers may queue more while a flush tells them things; what is left after this waits for the next flush.
  constexpr int kFlushRounds = 4;
  THETA_CHECK(!is_driving_);
  set_now(now);
  is_driving_ = true;
  for (int round = 0; round < kFlushRounds && !dirty_.empty(); ++round) {
    for (const auto id : std::exchange(dirty_, {})) {
      const auto found = peers_.find(id);
      if (found == peers_.end()) continue;
      found->second->is_dirty = false;
      flush_peer(id, *found->second);
    }
  }
  is_driving_ = false;
}

void WebSocketEngine::Core::flush_peer(std::uint64_t id, WebSocketPeer& peer) {
  peer.write();
  peer.tell_deferred();
  if (peer.is_over()) return forget(id, peer);
  reschedule(id, peer);
}

void WebSocketEngine::Core::reschedule(std::uint64_t id, WebSocketPeer& peer) {
  // A timer that is too early costs one look; moving it with every message would cost more.
  const auto due = peer.next_timeout();
  if (peer.scheduled_at <= due) return;
  if (peer.scheduled_at != MonotonicTime::max()) timers_.erase({peer.scheduled_at, id});
  peer.scheduled_at = due;
  timers_.emplace(due, id);
}

void WebSocketEngine::Core::forget(std::uint64_t id, WebSocketPeer& peer) {
  if (peer.scheduled_at != MonotonicTime::max()) timers_.erase({peer.scheduled_at, id});
  const bool was_half_open = !peer.is_established();
  if (was_half_open) {
    ++stats_.handshakes_failed;
    --half_open_count_;
  }
  note_use(peer.remote(), [was_half_open](SourceUse& use) {
    --use.connections;
    if (was_half_open) --use.half_open;
  });
  peers_.erase(id);
}

void WebSocketEngine::Core::shut_down(CloseReason reason, const std::string& text) {
  is_shut_down_ = true;
  for (auto& [id, peer] : peers_) {
    peer->request_close(reason, text);
    mark_dirty(PeerId{id}, *peer);
  }
}

MonotonicTime WebSocketEngine::Core::next_timeout() const {
  if (!dirty_.empty()) return now_;
  return timers_.empty() ? MonotonicTime::max() : timers_.begin()->first;
}

WebSocketEngine::WebSocketEngine(const WebSocketOptions& options, const crypto::KeyPair& hub, RandomSource random,
                                 EventSink& sink)
    : core_(std::make_unique<Core>(options, hub, std::move(random), sink)) {}
WebSocketEngine::~WebSocketEngine() = default;

std::optional<Failure<WebSocketRefusal>> WebSocketEngine::refusal(const SocketAddress& remote, MonotonicTime now) {
  core_->set_now(now);
  return core_->refusal(remote);
}
Expected<PeerId, WebSocketRefusal> WebSocketEngine::accept(WebSocketLink& link, const SocketAddress& remote,
                                                           MonotonicTime now) {
  core_->set_now(now);
  return core_->accept(link, remote);
}
void WebSocketEngine::on_data(PeerId peer, ByteView bytes, bool is_last, MonotonicTime now) {
  core_->drive(peer, now, [&](WebSocketPeer& entry) { entry.on_data(bytes, is_last); });
}
void WebSocketEngine::on_written(PeerId peer, MonotonicTime now) {
  core_->drive(peer, now, [](WebSocketPeer& entry) { entry.on_written(); });
}
void WebSocketEngine::on_pong(PeerId peer, std::string_view payload, MonotonicTime now) {
  core_->drive(peer, now, [&](WebSocketPeer& entry) { entry.on_pong(payload); });
}
void WebSocketEngine::on_ping(PeerId peer, MonotonicTime now) {
  core_->drive(peer, now, [](WebSocketPeer& entry) { entry.on_ping(); });
}
void WebSocketEngine::on_protocol_error(PeerId peer, const std::string& text, MonotonicTime now) {
  core_->drive(peer, now, [&](WebSocketPeer& entry) { entry.on_protocol_error(text); });
}
void WebSocketEngine::on_ended(PeerId peer, std::uint16_t code, std::string_view reason, MonotonicTime now) {
  core_->drive(peer, now, [&](WebSocketPeer& entry) { entry.on_ended(code, reason); });
}

SendResult WebSocketEngine::send(PeerId peer, Lane lane, const SharedBytes& message) {
  auto* entry = core_->find(peer);
  if (entry == nullptr) return SendResult::closed;
  const auto result = entry->send(lane, message);
  if (result == SendResult::queued) core_->mark_dirty(peer, *entry);
  return result;
}
void WebSocketEngine::close(PeerId peer, CloseReason reason, std::string text) {
  auto* entry = core_->find(peer);
  if (entry == nullptr) return;
  entry->request_close(reason, std::move(text));
  core_->mark_dirty(peer, *entry);
}
std::size_t WebSocketEngine::queued_bytes(PeerId peer, Lane lane) const {
  const auto* entry = core_->find(peer);
  return entry == nullptr ? 0 : entry->queued_bytes(lane);
}
PeerStats WebSocketEngine::peer_stats(PeerId peer) const {
  const auto* entry = core_->find(peer);
  return entry == nullptr ? PeerStats{} : entry->stats();
}
void WebSocketEngine::shut_down(CloseReason reason, const std::string& text) { core_->shut_down(reason, text); }
void WebSocketEngine::on_timer(MonotonicTime now) { core_->on_timer(now); }
void WebSocketEngine::flush(MonotonicTime now) { core_->flush(now); }
MonotonicTime WebSocketEngine::next_timeout() const { return core_->next_timeout(); }
void WebSocketEngine::set_options(const WebSocketOptions& options) { core_->set_options(options); }
const WebSocketStats& WebSocketEngine::stats() const { return core_->snapshot_stats(); }
std::size_t WebSocketEngine::connection_count() const { return core_->count(); }

}  // namespace theta::transport

#include "quic_core.h"

#include <algorithm>
#include <utility>

#include "theta/base/check.h"
#include "theta/crypto/hash.h"

namespace theta::transport {
namespace {

/// The largest burst that one system call segments, and room for the packet that ends it.
constexpr std::size_t kScratchBytes = 64 * 1024;
/// Handlers may queue more while a flush tells them things; what is left after this waits for the next flush.
constexpr int kFlushRounds = 4;

}  // namespace

bool AnswerBudget::take(MonotonicTime now) {
  const std::chrono::duration<double> elapsed = now - refilled_;
  refilled_ = now;
  tokens_ = std::min(burst_, tokens_ + elapsed.count() * per_second_);
  if (tokens_ < 1) return false;
  tokens_ -= 1;
  return true;
}

QuicCore::QuicCore(const QuicOptions& options, std::unique_ptr<TlsContext> tls, EventSink& sink, DatagramSender& output,
                   const SocketAddress& local)
    : options_(options),
      tls_(std::move(tls)),
      sink_(sink),
      output_(output),
      local_(local),
      answers_(options.stranger_answers_burst, options.stranger_answers_per_second),
      retries_(options.retries_burst, options.retries_per_second),
      scratch_(kScratchBytes) {
  SourceKeyHash source_hash;
  crypto_shorthash_keygen(source_hash.key.data());
  sources_ = SourceTable(0, source_hash);
  networks_ = SourceTable(0, source_hash);
  if (options_.hub_seed) {
    // From the hub's own secret, so that a restarted hub can still reset the connections of its former life.
    secret_ = crypto::hash256("theta quic tokens", options_.hub_seed->bytes).bytes;
  } else {
    randombytes_buf(secret_.data(), secret_.size());
  }
}

void QuicCore::set_now(MonotonicTime now) { now_ = std::max(now_, now); }

const QuicConnection* QuicCore::find(PeerId peer) const {
  const auto found = connections_.find(peer.value());
  return found == connections_.end() ? nullptr : found->second.get();
}

template <class Change>
void QuicCore::note_use(const SocketAddress& address, Change change) {
  const auto note = [&](SourceTable& table, const SourceKey& key) {
    const auto at = table.try_emplace(key).first;
    change(at->second);
    if (at->second.connections == 0 && at->second.unvalidated == 0) table.erase(at);
  };
  note(sources_, source_of(address));
  if (const auto network = network_of(address)) note(networks_, *network);
}

QuicConnection& QuicCore::adopt(std::unique_ptr<QuicConnection> connection) {
  auto& adopted = *connection;
  connections_.emplace(adopted.peer().value(), std::move(connection));
  ++live_count_;
  const std::size_t half_open = adopted.is_server() ? 1 : 0;
  half_open_count_ += half_open;
  if (adopted.began_validated()) {
    note_use(adopted.first_remote(), [half_open](SourceUse& use) {
      ++use.connections;
      use.half_open += half_open;
    });
  } else {
    ++unvalidated_count_;
    note_use(adopted.first_remote(), [](SourceUse& use) { ++use.unvalidated; });
  }
  mark_dirty(adopted);
  return adopted;
}

void QuicCore::set_options(const QuicOptions& options) {
  auto kept_seed = options_.hub_seed;
  auto kept_alpn = std::move(options_.alpn);
  options_ = options;
  options_.hub_seed = kept_seed;
  options_.alpn = std::move(kept_alpn);
  answers_.set_shape(options_.stranger_answers_burst, options_.stranger_answers_per_second);
  retries_.set_shape(options_.retries_burst, options_.retries_per_second);
}

void QuicCore::mark_dirty(QuicConnection& connection) {
  if (connection.is_dirty) return;
  connection.is_dirty = true;
  dirty_.push_back(connection.peer().value());
}

PeerId QuicCore::connect(const SocketAddress& remote, const std::optional<HubKey>& expected, MonotonicTime now) {
  set_now(now);
  const PeerId peer{++peer_count_};
  if (is_shut_down_ || live_count_ >= options_.connections_max) {
    failed_connects_.push_back({peer, CloseReason::resource_limit, "this endpoint takes no more connections"});
    return peer;
  }
  // GnuTLS verifies with keys that libsodium refuses (small order), for which anybody could sign.
  if (expected && !crypto::is_valid_public_key(expected->view())) {
    failed_connects_.push_back(
        {peer, CloseReason::unauthenticated, "the hub fingerprint is not a valid Ed25519 key; the link is damaged"});
    return peer;
  }
  auto connection = QuicConnection::start(*this, peer, local_, remote, expected);
  if (!connection) {
    failed_connects_.push_back(
        {peer, CloseReason::internal_error, "cannot begin a QUIC connection to " + remote.to_string()});
    return peer;
  }
  ++stats_.connections_started;
  adopt(std::move(connection));
  return peer;
}

SendResult QuicCore::send(PeerId peer, Lane lane, const SharedBytes& message) {
  const auto found = connections_.find(peer.value());
  if (found == connections_.end()) return SendResult::closed;
  const auto result = found->second->send(lane, message);
  if (result == SendResult::queued) mark_dirty(*found->second);
  return result;
}

void QuicCore::close(PeerId peer, CloseReason reason, std::string text) {
  const auto found = connections_.find(peer.value());
  if (found == connections_.end()) return;
  found->second->request_close(reason, std::move(text));
  mark_dirty(*found->second);
}

void QuicCore::shut_down(CloseReason reason, const std::string& text) {
  is_shut_down_ = true;
  for (auto& [id, connection] : connections_) {
    connection->request_close(reason, text);
    mark_dirty(*connection);
  }
}

void QuicCore::on_datagram(const Datagram& datagram, MonotonicTime now) {
  // The smallest packet that a peer can protect: less can't even be answered with a stateless reset.
  constexpr std::size_t kDatagramBytesMin = 21;
  THETA_CHECK(!is_driving_);
  set_now(now);
  ++stats_.datagrams_received;
  stats_.bytes_received += datagram.bytes.size();
  if (datagram.bytes.size() < kDatagramBytesMin) {
    ++stats_.dropped_short;
    return;
  }
  ngtcp2_version_cid ids{};
  const int status =
      ngtcp2_pkt_decode_version_cid(&ids, datagram.bytes.data(), datagram.bytes.size(), kConnectionIdBytes);
  if (status == NGTCP2_ERR_VERSION_NEGOTIATION) return send_version_negotiation(datagram, ids);
  if (status != 0) {
    ++stats_.dropped_malformed;
    return;
  }
  auto* const* known = ids_.find({ids.dcid, ids.dcidlen});
  if (known == nullptr) return on_stranger(datagram, ids);
  deliver(**known, datagram);
}

void QuicCore::deliver(QuicConnection& connection, const Datagram& datagram) {
  is_driving_ = true;
  connection.read(datagram);
  is_driving_ = false;
  mark_dirty(connection);
}

void QuicCore::on_timer(MonotonicTime now) {
  THETA_CHECK(!is_driving_);
  set_now(now);
  while (!timers_.empty() && timers_.begin()->first <= now_) {
    const auto id = timers_.begin()->second;
    timers_.erase(timers_.begin());
    auto& connection = *connections_.at(id);
    connection.scheduled_at = MonotonicTime::max();
    connection.on_timer();
    mark_dirty(connection);
  }
}

void QuicCore::flush(MonotonicTime now) {
  THETA_CHECK(!is_driving_);
  set_now(now);
  is_driving_ = true;
  for (auto& failed : std::exchange(failed_connects_, {})) {
    Event event;
    event.kind = Event::Kind::closed;
    event.peer = failed.peer;
    event.reason = failed.reason;
    event.text = std::move(failed.text);
    sink_.on_event(event);
  }
  for (int round = 0; round < kFlushRounds && !dirty_.empty(); ++round) {
    std::vector<std::uint64_t> held_back;
    for (const auto id : std::exchange(dirty_, {})) {
      const auto found = connections_.find(id);
      if (found == connections_.end()) continue;
      auto& connection = *found->second;
      if (!output_.can_send() && !connection.is_over()) {
        held_back.push_back(id);
        continue;
      }
      connection.is_dirty = false;
      flush_connection(connection);
    }
    const bool is_blocked = !held_back.empty();
    dirty_.insert(dirty_.end(), held_back.begin(), held_back.end());
    if (is_blocked) break;
  }
  is_driving_ = false;
}

void QuicCore::flush_connection(QuicConnection& connection) {
  connection.write(output_, scratch_);
  connection.tell_deferred();
  if (connection.is_over()) return forget(connection);
  reschedule(connection);
}

void QuicCore::reschedule(QuicConnection& connection) {
  const auto due = connection.next_timeout();
  if (due == connection.scheduled_at) return;
  const auto id = connection.peer().value();
  if (connection.scheduled_at != MonotonicTime::max()) timers_.erase({connection.scheduled_at, id});
  connection.scheduled_at = due;
  if (due != MonotonicTime::max()) timers_.emplace(due, id);
}

void QuicCore::forget(QuicConnection& connection) {
  if (connection.scheduled_at != MonotonicTime::max()) {
    timers_.erase({connection.scheduled_at, connection.peer().value()});
  }
  drop_ids(connection);
  connections_.erase(connection.peer().value());
}

void QuicCore::drop_ids(QuicConnection& connection) {
  for (const auto& id : connection.ids) ids_.erase({id.data, id.datalen});
  connection.ids.clear();
  for (const auto& token : connection.reset_tokens) reset_tokens_.erase(token);
  connection.reset_tokens.clear();
}

MonotonicTime QuicCore::next_timeout() const {
  if (!failed_connects_.empty()) return now_;
  // What is dirty is due as soon as it may leave.
  if (!dirty_.empty() && output_.can_send()) return now_;
  return timers_.empty() ? MonotonicTime::max() : timers_.begin()->first;
}

const QuicStats& QuicCore::snapshot_stats() {
  stats_.connections = live_count_;
  stats_.half_open = half_open_count_;
  return stats_;
}

void QuicCore::add_id(ByteView id, QuicConnection& connection) {
  ids_.insert(id, &connection);
  ngtcp2_cid kept{};
  ngtcp2_cid_init(&kept, id.data(), id.size());
  connection.ids.push_back(kept);
}

void QuicCore::remove_id(ByteView id, QuicConnection& connection) {
  ids_.erase(id);
  std::erase_if(connection.ids, [&](const ngtcp2_cid& kept) {
    return std::equal(id.begin(), id.end(), kept.data, kept.data + kept.datalen);
  });
}

void QuicCore::add_reset_token(ByteView token, QuicConnection& connection) {
  // A peer can't take over another connection's token: the first one stays.
  if (reset_tokens_.find(token) != nullptr) return;
  reset_tokens_.insert(token, &connection);
  std::copy(token.begin(), token.end(), connection.reset_tokens.emplace_back().begin());
}

void QuicCore::remove_reset_token(ByteView token, QuicConnection& connection) {
  const auto erased = std::erase_if(
      connection.reset_tokens, [&](const auto& kept) { return std::equal(token.begin(), token.end(), kept.begin()); });
  if (erased != 0) reset_tokens_.erase(token);
}

bool QuicCore::make_reset_token(const ngtcp2_cid& id, std::uint8_t* token) const {
  return ngtcp2_crypto_generate_stateless_reset_token(token, secret_.data(), secret_.size(), &id) == 0;
}

void QuicCore::emit(const Event& event) { sink_.on_event(event); }

void QuicCore::on_established(QuicConnection& connection) {
  ++stats_.handshakes_completed;
  note_not_half_open(connection);
}

void QuicCore::note_not_half_open(const QuicConnection& connection) {
  if (!connection.is_server()) return;
  --half_open_count_;
  if (connection.began_validated()) {
    note_use(connection.first_remote(), [](SourceUse& use) { --use.half_open; });
  } else {
    --unvalidated_count_;
    note_use(connection.first_remote(), [](SourceUse& use) {
      --use.unvalidated;
      ++use.connections;
    });
  }
}

void QuicCore::end_largest_holder() {
  const auto largest = std::max_element(
      connections_.begin(), connections_.end(),
      [](const auto& one, const auto& other) { return one.second->held_bytes() < other.second->held_bytes(); });
  if (largest == connections_.end()) return;
  largest->second->give_up_unfinished();
  mark_dirty(*largest->second);
}

void QuicCore::on_ended(QuicConnection& connection) {
  --live_count_;
  if (!connection.is_established()) {
    ++stats_.handshakes_failed;
    note_not_half_open(connection);
  }
  note_use(connection.first_remote(), [](SourceUse& use) { --use.connections; });
  // What lingers only to answer late packets is bounded too.
  if (connections_.size() > 2 * options_.connections_max) connection.forget();
}

}  // namespace theta::transport

#include "webrtc_core.h"

#include <algorithm>

#include <sodium.h>

#include "theta/base/check.h"
#include "theta/base/hex.h"

namespace theta::transport {
namespace {

// More than RFC 8839 asks for (24 and 128 bits); a check with a name that long is longer than its answer.
constexpr std::size_t kUfragRandomBytes = 12;
constexpr std::size_t kPasswordRandomBytes = 24;
/// usrsctp doesn't tell when its next timer is due. Its shortest time-outs are some hundred milliseconds.
constexpr auto kSctpTick = std::chrono::milliseconds{20};
/// What segmentation offload takes at once, with some room.
constexpr std::size_t kBurstBytesMax = 48 * 1024;
/// Handlers may queue more while a flush tells them things; what is left after this waits for the next flush.
constexpr int kFlushRounds = 4;

/// Hexadecimal, since ICE has an alphabet of its own (RFC 8839 section 5.4).
std::string random_credential(std::size_t size) {
  Bytes bytes(size);
  randombytes_buf(bytes.data(), bytes.size());
  return to_hex(bytes);
}

/// A network of IPv6; an IPv4 address stands for itself.
SourceKey network_or_source_of(const SocketAddress& address) {
  return network_of(address).value_or(source_of(address));
}

template <class Table, class Key>
typename Table::mapped_type use_of(const Table& table, const Key& key) {
  const auto found = table.find(key);
  return found == table.end() ? typename Table::mapped_type{} : found->second;
}

}  // namespace

WebRtcCore::WebRtcCore(const WebRtcOptions& options, std::unique_ptr<DtlsContext> dtls, EventSink& sink,
                       DatagramSender& output)
    : options_(options),
      dtls_(std::move(dtls)),
      sink_(sink),
      output_(output),
      late_packets_before_(SctpStack::instance().late_packets()) {}

WebRtcCore::~WebRtcCore() {
  // Their last words come through here, so they go while everything else is there.
  sessions_.clear();
  send_burst();
}

void WebRtcCore::set_now(MonotonicTime now) { now_ = std::max(now_, now); }

const WebRtcSession* WebRtcCore::find(PeerId peer) const {
  const auto found = sessions_.find(peer.value());
  return found == sessions_.end() ? nullptr : found->second.get();
}

WebRtcSession* WebRtcCore::session_of(PeerId peer) {
  const auto found = sessions_.find(peer.value());
  return found == sessions_.end() ? nullptr : found->second.get();
}

std::optional<std::string> WebRtcCore::bound_reached(const RtcOffer& offer) const {
  const auto source = use_of(sources_, source_of(offer.remote));
  const auto network = use_of(networks_, network_or_source_of(offer.remote));
  if (is_shut_down_) return "the hub is stopping; connect again in a moment";
  if (sessions_.size() >= options_.connections_max) return "the hub has as many connections as it takes; try later";
  if (pending_count_ >= options_.pending_max) return "too many browsers are connecting at once; try again in a moment";
  if (source.connections >= options_.connections_per_source_max ||
      network.connections >= options_.connections_per_network_max) {
    return "your network has as many connections as the hub allows one; close some of them";
  }
  if (source.pending >= options_.pending_per_source_max) {
    return "too many connections are beginning from your network; try again in a moment";
  }
  if (use_of(pending_of_author_, offer.author) >= options_.pending_per_author_max) {
    return "too many connections are beginning in your name; try again in a moment";
  }
  return std::nullopt;
}

TransportResult<std::string> WebRtcCore::accept_offer(const RtcOffer& offer, MonotonicTime now) {
  set_now(now);
  if (auto reached = bound_reached(offer)) {
    ++stats_.offers_refused_busy;
    return fail(TransportError::busy, std::move(*reached));
  }
  auto parsed = parse_offer(offer.sdp);
  if (!parsed) {
    ++stats_.offers_malformed;
    return tl::unexpected(std::move(parsed.error()));
  }
  WebRtcSession::Identity identity;
  identity.peer = make_peer_id(TransportKind::webrtc, ++peer_count_);
  identity.author = offer.author;
  identity.offered_from = offer.remote;
  identity.ufrag = random_credential(kUfragRandomBytes);
  identity.password = random_credential(kPasswordRandomBytes);
  SdpAnswer answer;
  answer.ice_ufrag = identity.ufrag;
  answer.ice_pwd = identity.password;
  answer.fingerprint = dtls_->fingerprint();
  answer.candidate = offer.candidate;
  randombytes_buf(&answer.session, sizeof answer.session);
  auto text = write_answer(*parsed, answer);

  auto session = std::make_unique<WebRtcSession>(*this, std::move(identity), std::move(*parsed));
  auto& adopted = *session;
  sessions_.emplace(adopted.identity().peer.value(), std::move(session));
  by_ufrag_.emplace(adopted.identity().ufrag, &adopted);
  ++pending_count_;
  ++pending_of_author_[offer.author];
  for (auto* use : {&sources_[source_of(offer.remote)], &networks_[network_or_source_of(offer.remote)]}) {
    ++use->connections;
    ++use->pending;
  }
  ++stats_.offers_accepted;
  reschedule(adopted);
  return text;
}

void WebRtcCore::note_pending_over(const WebRtcSession& session) {
  const auto& identity = session.identity();
  --pending_count_;
  --sources_[source_of(identity.offered_from)].pending;
  --networks_[network_or_source_of(identity.offered_from)].pending;
  const auto author = pending_of_author_.find(identity.author);
  if (--author->second == 0) pending_of_author_.erase(author);
}

void WebRtcCore::on_established(WebRtcSession& session) {
  ++stats_.connections_completed;
  note_pending_over(session);
}

void WebRtcCore::forget(WebRtcSession& session) {
  const auto identity = session.identity();
  if (!session.is_established()) {
    ++stats_.connections_failed;
    note_pending_over(session);
  }
  const auto leave = [](auto& table, const SourceKey& key) {
    const auto found = table.find(key);
    if (--found->second.connections == 0) table.erase(found);
  };
  leave(sources_, source_of(identity.offered_from));
  leave(networks_, network_or_source_of(identity.offered_from));
  if (session.scheduled_at != MonotonicTime::max()) timers_.erase({session.scheduled_at, identity.peer.value()});
  by_ufrag_.erase(identity.ufrag);
  sessions_.erase(identity.peer.value());
}

SendResult WebRtcCore::send(PeerId peer, Lane lane, const SharedBytes& message) {
  auto* session = session_of(peer);
  if (session == nullptr) return SendResult::closed;
  const auto result = session->send(lane, message);
  if (result == SendResult::queued) mark_dirty(*session);
  return result;
}

void WebRtcCore::close(PeerId peer, CloseReason reason, std::string text) {
  auto* session = session_of(peer);
  if (session == nullptr) return;
  session->request_close(reason, std::move(text));
  mark_dirty(*session);
}

void WebRtcCore::shut_down(CloseReason reason, const std::string& text) {
  is_shut_down_ = true;
  for (auto& [id, session] : sessions_) {
    session->request_close(reason, text);
    mark_dirty(*session);
  }
}

void WebRtcCore::end_largest_holder() {
  const auto largest = std::max_element(sessions_.begin(), sessions_.end(), [](const auto& one, const auto& other) {
    return one.second->held_bytes() < other.second->held_bytes();
  });
  if (largest != sessions_.end()) largest->second->give_up_unfinished();
}

void WebRtcCore::mark_dirty(WebRtcSession& session) {
  if (session.is_dirty) return;
  session.is_dirty = true;
  dirty_.push_back(session.identity().peer.value());
}

void WebRtcCore::send_datagram(const SocketAddress& local, const SocketAddress& remote, ByteView datagram) {
  ++stats_.datagrams_sent;
  stats_.bytes_sent += datagram.size();
  const bool has_short_end = burst_.segment_bytes != 0 && burst_.bytes.size() % burst_.segment_bytes != 0;
  const bool fits = !burst_.bytes.empty() && !has_short_end && burst_.remote == remote && burst_.local == local &&
                    datagram.size() <= burst_.segment_bytes && burst_.bytes.size() + datagram.size() <= kBurstBytesMax;
  if (!fits) {
    send_burst();
    burst_.local = local;
    burst_.remote = remote;
    burst_.segment_bytes = datagram.size();
  }
  burst_.bytes.insert(burst_.bytes.end(), datagram.begin(), datagram.end());
  // usrsctp's timers are one for all engines, so another one's turn may have caused it.
  if (!is_driving_) send_burst();
}

void WebRtcCore::send_burst() {
  if (burst_.bytes.empty()) return;
  output_.send({burst_.local, burst_.remote, 0, burst_.bytes, burst_.segment_bytes});
  burst_.bytes.clear();
}

void WebRtcCore::begin_driving(MonotonicTime now) {
  THETA_CHECK(!is_driving_);
  set_now(now);
  is_driving_ = true;
}

void WebRtcCore::end_driving() {
  send_burst();
  is_driving_ = false;
}

void WebRtcCore::add_address(const SocketAddress& remote, WebRtcSession& session) { by_address_[remote] = &session; }

void WebRtcCore::remove_address(const SocketAddress& remote, WebRtcSession& session) {
  const auto found = by_address_.find(remote);
  if (found != by_address_.end() && found->second == &session) by_address_.erase(found);
}

void WebRtcCore::on_datagram(const Datagram& datagram, MonotonicTime now) {
  begin_driving(now);
  ++stats_.datagrams_received;
  stats_.bytes_received += datagram.bytes.size();
  if (classify_datagram(datagram.bytes) == DatagramKind::stun) {
    on_stun(datagram);
  } else {
    on_dtls(datagram);
  }
  // What this causes leaves with what the next datagrams cause, by the next flush: acknowledgements of one turn are one
  // call of the system instead of one each.
  is_driving_ = false;
}

/// In the order that RFC 8489 section 9.1.3 gives: form, who, proof. What fails gets no answer, so that nobody learns
/// anything here and nobody else is answered in his name.
void WebRtcCore::on_stun(const Datagram& datagram) {
  StunRequest request;
  if (!parse_stun_request(datagram.bytes, request)) {
    ++stats_.stun_dropped_malformed;
    return;
  }
  const auto colon = request.username.find(':');
  const auto ufrag = request.username.substr(0, colon);
  const auto found = by_ufrag_.find(ufrag);
  if (colon == std::string_view::npos || found == by_ufrag_.end() ||
      request.username.substr(colon + 1) != found->second->offer().ice_ufrag) {
    ++stats_.stun_dropped_unknown_user;
    return;
  }
  auto& session = *found->second;
  const auto& password = session.identity().password;
  if (!verify_stun_request(datagram.bytes, request, password)) {
    ++stats_.stun_dropped_integrity;
    return;
  }
  if (!request.unknown.empty()) {
    return answer(datagram, write_stun_error(request, StunErrorCode::unknown_attribute, password));
  }
  // An ICE-lite endpoint is always the controlled one, so it cannot give way (RFC 8445 section 6.1.1).
  if (request.is_controlled) {
    ++stats_.role_conflicts;
    return answer(datagram, write_stun_error(request, StunErrorCode::role_conflict, password));
  }
  // Who has proved to be there keeps the address; a claim without proof keeps nobody out.
  const auto found_owner = by_address_.find(datagram.remote);
  auto* owner = found_owner == by_address_.end() || found_owner->second == &session ? nullptr : found_owner->second;
  const bool is_taken = owner != nullptr && owner->has_proved(datagram.remote);
  if (is_taken || !session.on_check(datagram, request)) {
    ++stats_.stun_dropped_address_limit;
    return;
  }
  if (owner != nullptr) owner->give_up(datagram.remote);
  ++stats_.checks_answered;
  answer(datagram, write_stun_success(request, datagram.remote, password));
  mark_dirty(session);
}

void WebRtcCore::answer(const Datagram& datagram, ByteView bytes) {
  if (bytes.size() > datagram.bytes.size()) {
    ++stats_.stun_dropped_amplifying;
    return;
  }
  send_datagram(datagram.local, datagram.remote, bytes);
}

void WebRtcCore::on_dtls(const Datagram& datagram) {
  const auto found = by_address_.find(datagram.remote);
  if (found == by_address_.end() || datagram.bytes.size() > kDtlsReceiveBytesMax) {
    ++stats_.dtls_dropped_unknown_address;
    return;
  }
  found->second->on_dtls(datagram);
}

void WebRtcCore::on_timer(MonotonicTime now) {
  begin_driving(now);
  if (now_ >= tick_at_ && !SctpStack::instance().is_idle()) {
    SctpStack::instance().advance(now_);
    tick_at_ = now_ + kSctpTick;
  }
  while (!timers_.empty() && timers_.begin()->first <= now_) {
    const auto id = timers_.begin()->second;
    timers_.erase(timers_.begin());
    auto& session = *sessions_.at(id);
    session.scheduled_at = MonotonicTime::max();
    session.on_timer();
    mark_dirty(session);
  }
  end_driving();
}

void WebRtcCore::flush(MonotonicTime now) {
  begin_driving(now);
  for (int round = 0; round < kFlushRounds && !dirty_.empty(); ++round) {
    std::vector<std::uint64_t> held_back;
    for (const auto id : std::exchange(dirty_, {})) {
      const auto found = sessions_.find(id);
      if (found == sessions_.end()) continue;
      auto& session = *found->second;
      if (!output_.can_send() && !session.is_over()) {
        held_back.push_back(id);
        continue;
      }
      session.is_dirty = false;
      session.flush();
      if (session.is_over()) {
        forget(session);
      } else {
        reschedule(session);
      }
    }
    dirty_.insert(dirty_.end(), held_back.begin(), held_back.end());
    if (!held_back.empty()) break;
  }
  end_driving();
}

void WebRtcCore::reschedule(WebRtcSession& session) {
  const auto due = session.next_timeout();
  if (due == session.scheduled_at) return;
  const auto id = session.identity().peer.value();
  if (session.scheduled_at != MonotonicTime::max()) timers_.erase({session.scheduled_at, id});
  session.scheduled_at = due;
  if (due != MonotonicTime::max()) timers_.emplace(due, id);
}

MonotonicTime WebRtcCore::next_timeout() const {
  if (!burst_.bytes.empty() || (!dirty_.empty() && output_.can_send())) return now_;
  auto next = timers_.empty() ? MonotonicTime::max() : timers_.begin()->first;
  if (!sessions_.empty() && !SctpStack::instance().is_idle()) next = std::min(next, std::max(tick_at_, now_));
  return next;
}

const WebRtcStats& WebRtcCore::snapshot_stats() {
  stats_.connections = sessions_.size();
  stats_.pending = pending_count_;
  stats_.sctp_dropped_late = SctpStack::instance().late_packets() - late_packets_before_;
  return stats_;
}

}  // namespace theta::transport

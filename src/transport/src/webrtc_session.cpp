#include "webrtc_session.h"

#include <algorithm>
#include <utility>

#include <sodium.h>

#include "theta/base/check.h"

namespace theta::transport {
namespace {

/// Addresses that a browser speaks from at a time: one or two a network it is on.
constexpr std::size_t kPathsMax = 8;
constexpr auto kFlightResendFirst = std::chrono::milliseconds{400};
constexpr auto kFlightResendMax = std::chrono::seconds{4};
/// What an answered check took of an address's credit, at most.
constexpr std::size_t kStunAnswerBytesMax = 80;
/// Our first flight: hello, certificate, key exchange, certificate request.
constexpr std::size_t kFirstFlightBytes = 1000;
/// How often the round trip is measured.
constexpr auto kProbeInterval = std::chrono::seconds{5};

/// A ClientHello's first piece: an unencrypted handshake record with a message of type 1 and offset 0.
bool begins_client_hello(ByteView datagram) {
  constexpr std::size_t kRecordHeaderBytes = 13;
  constexpr std::size_t kHandshakeHeaderBytes = 12;
  if (datagram.size() < kRecordHeaderBytes + kHandshakeHeaderBytes) return false;
  constexpr std::uint8_t kHandshakeRecord = 22;
  constexpr std::uint8_t kClientHello = 1;
  const auto message = datagram.subspan(kRecordHeaderBytes);
  return datagram[0] == kHandshakeRecord && message[0] == kClientHello && message[6] == 0 && message[7] == 0 &&
         message[8] == 0;
}

Bytes bytes_of(const SocketAddress& address) {
  Bytes bytes(address.ip.begin(), address.ip.end());
  bytes.push_back(static_cast<std::uint8_t>(address.port >> 8));
  bytes.push_back(static_cast<std::uint8_t>(address.port & 0xff));
  return bytes;
}

HeartbeatNonce random_nonce() {
  HeartbeatNonce nonce;
  randombytes_buf(nonce.bytes.data(), nonce.bytes.size());
  return nonce;
}

}  // namespace

WebRtcSession::WebRtcSession(WebRtcHost& host, Identity identity, SdpOffer offer)
    : host_(host), identity_(std::move(identity)), offer_(std::move(offer)), began_at_(host.now()) {
  progress_at_ = began_at_;
}

WebRtcSession::~WebRtcSession() {
  for (const auto& channel : channels_) host_.stats().unfinished_bytes -= channel.receiver.held_bytes();
}

WebRtcSession::Path* WebRtcSession::find_path(const SocketAddress& remote) {
  const auto found =
      std::find_if(paths_.begin(), paths_.end(), [&](const Path& path) { return path.remote == remote; });
  return found == paths_.end() ? nullptr : &*found;
}

const WebRtcSession::Path* WebRtcSession::find_path(const SocketAddress& remote) const {
  return const_cast<WebRtcSession*>(this)->find_path(remote);
}

bool WebRtcSession::has_proved(const SocketAddress& remote) const {
  const auto* path = find_path(remote);
  return path != nullptr && path->is_proven && host_.now() < path->checked_at + host_.options().consent_timeout;
}

void WebRtcSession::give_up(const SocketAddress& remote) {
  // Consent for the address in use ends when it would have ended, else a session without one would live for ever.
  if (const auto* path = find_path(remote); path != nullptr && has_remote_ && remote == remote_) {
    checked_at_when_lost_ = path->checked_at;
  }
  std::erase_if(paths_, [&](const Path& path) { return path.remote == remote; });
  host_.remove_address(remote, *this);
}

void WebRtcSession::select(const Path& path) {
  if (has_remote_ && path.remote != remote_) ++host_.stats().address_changes;
  remote_ = path.remote;
  has_remote_ = true;
}

bool WebRtcSession::on_check(const Datagram& datagram, const StunRequest& request) {
  if (phase_ == Phase::over) return false;
  auto* path = find_path(datagram.remote);
  if (path == nullptr) {
    forget_old_paths();
    if (paths_.size() >= kPathsMax) return false;
    path = &paths_.emplace_back();
    path->remote = datagram.remote;
    host_.add_address(datagram.remote, *this);
  }
  path->local = datagram.local;
  path->checked_at = host_.now();
  path->is_nominated = path->is_nominated || request.use_candidate;
  path->credit += datagram.bytes.size() - std::min(datagram.bytes.size(), kStunAnswerBytesMax);
  if (request.use_candidate && has_remote_ && path->remote != remote_) challenge(*path);
  return true;
}

void WebRtcSession::forget_old_paths() {
  const auto limit = host_.now() - host_.options().consent_timeout;
  std::erase_if(paths_, [&](const Path& path) {
    const bool is_old = path.checked_at <= limit && !(has_remote_ && path.remote == remote_);
    if (is_old) host_.remove_address(path.remote, *this);
    return is_old;
  });
}

MonotonicTime WebRtcSession::consent_until() const {
  if (!has_remote_) return MonotonicTime::max();
  const auto* path = find_path(remote_);
  return (path == nullptr ? checked_at_when_lost_ : path->checked_at) + host_.options().consent_timeout;
}

/// The browser wants to be spoken to at another address. Its check alone proves nothing: whoever saw one may have sent
/// it again from anywhere. So what comes back from there must be something that was only sent there, under DTLS.
void WebRtcSession::challenge(Path& path) {
  if (!sctp_ || phase_ == Phase::pending) return;
  if (!path.challenge) path.challenge = random_nonce();
  send_heartbeat(path, *path.challenge);
}

void WebRtcSession::send_heartbeat(Path& path, const HeartbeatNonce& nonce) {
  const auto packet = sctp_->make_heartbeat(nonce);
  if (packet.empty()) return;
  writing_to_ = path.remote;
  (void)dtls_->send(packet);
  writing_to_.reset();
}

void WebRtcSession::on_heartbeat_ack(const HeartbeatNonce& nonce) {
  if (probe_ && probe_->nonce == nonce) {
    const auto sample = host_.now() - probe_->sent_at;
    // It was sent to nobody else, and nobody else could have read it.
    if (auto* path = reading_from_ == probe_->to ? find_path(probe_->to) : nullptr) path->is_proven = true;
    probe_.reset();
    // RFC 6298 section 2.
    const auto difference = sample > rtt_ ? sample - rtt_ : rtt_ - sample;
    const bool is_first = rtt_ == MonotonicClock::duration::zero();
    rtt_deviation_ = is_first ? sample / 2 : (3 * rtt_deviation_ + difference) / 4;
    rtt_ = is_first ? sample : (7 * rtt_ + sample) / 8;
    return;
  }
  auto* path = reading_from_ ? find_path(*reading_from_) : nullptr;
  if (path == nullptr || path->challenge != nonce) return;
  path->challenge.reset();
  path->is_proven = true;
  select(*path);
}

void WebRtcSession::send_probe() {
  probe_at_ = host_.now() + kProbeInterval;
  auto* path = find_path(remote_);
  if (!sctp_ || path == nullptr) return;
  probe_ = Probe{random_nonce(), remote_, host_.now()};
  send_heartbeat(*path, probe_->nonce);
}

/// False while there is none yet. A hello that is shorter than what it asks for must show first that its sender is
/// where it seems to be.
bool WebRtcSession::begin_dtls(Path& path, ByteView datagram) {
  if (!begins_client_hello(datagram)) {
    early_.assign(datagram.begin(), datagram.end());
    return false;
  }
  gnutls_dtls_prestate_st prestate{};
  const auto address = bytes_of(path.remote);
  const bool has_cookie = verify_cookie(host_.dtls(), address, datagram, prestate);
  if (!has_cookie && path.credit < kFirstFlightBytes) {
    const auto request = write_cookie_request(host_.dtls(), address, prestate);
    if (request.size() <= datagram.size()) send_on(path, request);
    return false;
  }
  dtls_ = DtlsSession::create(host_.dtls(), DtlsSession::Side::server, offer_.fingerprint, *this);
  if (!dtls_) {
    fail(CloseReason::internal_error, "the hub has no memory for another DTLS session");
    return false;
  }
  path.is_proven = has_cookie;
  if (has_cookie) dtls_->begin_behind_cookie(prestate);
  resend_after_ = kFlightResendFirst;
  return true;
}

void WebRtcSession::on_dtls(const Datagram& datagram) {
  if (phase_ == Phase::over) return;
  auto* path = find_path(datagram.remote);
  THETA_CHECK(path != nullptr);
  ++packets_received_;
  path->credit += datagram.bytes.size();
  if (!dtls_) {
    if (!begin_dtls(*path, datagram.bytes)) return;
    select(*path);
    read_dtls(datagram.bytes);
    if (const auto early = std::exchange(early_, {}); !early.empty()) read_dtls(early);
  } else {
    // Until the handshake is done, answers go where its datagrams come from: browsers begin before they nominate.
    if (dtls_->state() == DtlsSession::State::handshake) select(*path);
    reading_from_ = path->remote;
    read_dtls(datagram.bytes);
    reading_from_.reset();
  }
  check_dtls();
  process_sctp();
  host_.mark_dirty(*this);
}

void WebRtcSession::read_dtls(ByteView datagram) {
  (void)dtls_->receive(datagram);
  const auto discarded = dtls_->discarded_records();
  host_.stats().dtls_dropped_records += discarded - std::exchange(discarded_seen_, discarded);
}

void WebRtcSession::check_dtls() {
  if (ending_ || !dtls_) return;
  switch (dtls_->state()) {
    case DtlsSession::State::handshake:
      if (resend_at_ == MonotonicTime::max()) resend_at_ = host_.now() + resend_after_;
      return;
    case DtlsSession::State::open:
      resend_at_ = MonotonicTime::max();
      if (sctp_) return;
      // Who answers from where all of the handshake went has received it there. Else it may have been received at one
      // place and answered in the name of another, which has to show by itself that it listens.
      if (auto* path = find_path(remote_)) path->is_proven = path->is_proven || handshake_to_ == remote_;
      sctp_ = SctpAssociation::connect(*this, offer_.sctp_port);
      if (!sctp_) fail(CloseReason::internal_error, "the hub has no memory for another SCTP association");
      return;
    case DtlsSession::State::closed: return end({CloseReason::none, true, "the other side closed the connection"});
    case DtlsSession::State::failed: break;
  }
  auto& stats = host_.stats();
  ++stats.dtls_failures;
  stats.fingerprint_mismatches += dtls_->is_fingerprint_mismatch() ? 1 : 0;
  stats.renegotiations_refused += dtls_->is_renegotiation_refused() ? 1 : 0;
  const bool is_mismatch = dtls_->is_fingerprint_mismatch();
  fail(is_mismatch ? CloseReason::unauthenticated : CloseReason::protocol_error, dtls_->failure());
}

void WebRtcSession::on_dtls_output(ByteView datagram) {
  if (auto* path = find_path(writing_to_.value_or(remote_))) send_on(*path, datagram);
}

void WebRtcSession::send_on(Path& path, ByteView datagram) {
  if (!path.is_proven) {
    if (path.credit < datagram.size()) {
      ++host_.stats().dtls_held_unproven;
      return;
    }
    path.credit -= datagram.size();
  }
  if (dtls_ && dtls_->state() == DtlsSession::State::handshake) note_handshake_to(path.remote);
  ++packets_sent_;
  host_.send_datagram(path.local, path.remote, datagram);
}

void WebRtcSession::note_handshake_to(const SocketAddress& remote) {
  is_handshake_spread_ = is_handshake_spread_ || (handshake_to_ && handshake_to_ != remote);
  handshake_to_ = is_handshake_spread_ ? std::nullopt : std::optional(remote);
}

void WebRtcSession::on_dtls_data(ByteView bytes) {
  if (ending_ && phase_ != Phase::lingering && phase_ != Phase::closing) return;
  check_dtls();
  if (!sctp_) return;
  if (!sctp_guard_.admit(bytes)) {
    ++host_.stats().sctp_dropped_resets;
    return fail(CloseReason::protocol_error,
                "more requests to reset streams came, or more data behind them, than any browser sends");
  }
  for (const auto& nonce : find_heartbeat_acks(bytes)) on_heartbeat_ack(nonce);
  sctp_->receive(bytes);
}

void WebRtcSession::on_sctp_output(ByteView packet) {
  if (dtls_ && phase_ != Phase::over) (void)dtls_->send(packet);
}

void WebRtcSession::on_sctp_pending() { host_.mark_dirty(*this); }

void WebRtcSession::process_sctp() {
  if (!sctp_) return;
  for (const auto& event : sctp_->take()) on_sctp_event(event);
}

void WebRtcSession::on_sctp_event(const SctpEvent& event) {
  if (phase_ == Phase::over) return;
  switch (event.kind) {
    case SctpEvent::Kind::up: return send_probe();
    case SctpEvent::Kind::dry: progress_at_ = host_.now(); return;
    case SctpEvent::Kind::lost:
      return end({ending_ ? ending_->reason : CloseReason::none, true, "the other side closed the connection"});
    case SctpEvent::Kind::stream_reset: return on_stream_reset(event.stream);
    case SctpEvent::Kind::message: return on_message(event);
  }
}

void WebRtcSession::on_timer() {
  const auto now = host_.now();
  const auto& options = host_.options();
  if (phase_ == Phase::over) return;
  if (phase_ == Phase::pending && now >= began_at_ + options.connect_timeout) {
    ++host_.stats().connect_timeouts;
    return end({CloseReason::unreachable, false, "the browser did not open its channels in time"});
  }
  if (now >= consent_until()) {
    ++host_.stats().consent_expired;
    return end({CloseReason::idle_timeout, false, "nothing was heard of the browser for a while"});
  }
  if (now >= resend_at_ && dtls_) {
    dtls_->send_flight();
    resend_after_ = std::min<MonotonicClock::duration>(2 * resend_after_, kFlightResendMax);
    resend_at_ = now + resend_after_;
  }
  if (now >= probe_at_) send_probe();
  if (phase_ == Phase::open && is_waiting() && now >= progress_at_ + options.stall_timeout) {
    ++host_.stats().stalled_closes;
    fail(CloseReason::resource_limit, "nothing of what waits was acknowledged for too long");
  }
}

MonotonicTime WebRtcSession::next_timeout() const {
  if (phase_ == Phase::over) return MonotonicTime::max();
  auto next = std::min({consent_until(), resend_at_, linger_until_, probe_at_});
  if (phase_ == Phase::pending) next = std::min(next, began_at_ + host_.options().connect_timeout);
  if (phase_ == Phase::open && is_waiting()) next = std::min(next, progress_at_ + host_.options().stall_timeout);
  return next;
}

void WebRtcSession::request_close(CloseReason reason, std::string text) {
  if (ending_) return;
  if (!flushes_before_close(reason)) {
    for (auto& lane : lanes_) lane = {};
  }
  ending_ = Ending{reason, false, std::move(text)};
  wants_close_ = true;
}

/// This side's own finding: the peer is told why.
void WebRtcSession::fail(CloseReason reason, std::string text) {
  if (ending_) return;
  if (reason == CloseReason::protocol_error && was_established_) ++host_.stats().protocol_errors;
  request_close(reason, std::move(text));
  host_.mark_dirty(*this);
}

/// Nobody is left to be told.
void WebRtcSession::end(Ending ending) {
  if (phase_ == Phase::over) return;
  if (!ending_) ending_ = std::move(ending);
  phase_ = Phase::over;
  host_.mark_dirty(*this);
}

/// Goes from lingering over closing to its end, as far as the peer has acknowledged things.
void WebRtcSession::pump_close() {
  if (std::exchange(wants_close_, false)) {
    auto* control = channel_of(Lane::control);
    if (!sctp_ || control == nullptr) {
      if (dtls_) dtls_->close();
      return end(*ending_);
    }
    linger_until_ = host_.now() + host_.options().linger;
    phase_ = Phase::lingering;
  }
  if (phase_ == Phase::lingering) {
    const bool is_sent = queued_bytes() == 0 && sctp_->unacknowledged_bytes() == 0;
    const bool must_hurry = !flushes_before_close(ending_->reason) || host_.now() >= linger_until_;
    if (!is_sent && !must_hurry) return;
    const auto fragment = write_close_fragment(ending_->reason, ending_->text);
    const auto* control = channel_of(Lane::control);
    (void)sctp_->send({control->stream, static_cast<std::uint32_t>(Ppid::binary), false, fragment});
    linger_until_ = host_.now() + host_.options().linger;
    phase_ = Phase::closing;
  }
  if (phase_ != Phase::closing) return;
  if (sctp_->unacknowledged_bytes() != 0 && host_.now() < linger_until_) return;
  finish();
}

void WebRtcSession::finish() {
  sctp_.reset();  // its ABORT still leaves through DTLS
  if (dtls_) dtls_->close();
  end(*ending_);
}

void WebRtcSession::flush() {
  process_sctp();
  if (sctp_ && sctp_->unacknowledged_bytes() < unacknowledged_before_) progress_at_ = host_.now();
  if (phase_ == Phase::open || phase_ == Phase::lingering) pump();
  unacknowledged_before_ = sctp_ ? sctp_->unacknowledged_bytes() : 0;
  if (wants_close_ || phase_ == Phase::lingering || phase_ == Phase::closing) pump_close();
  if (phase_ == Phase::open && !ending_) tell_writable();
  if (phase_ != Phase::over || std::exchange(is_close_told_, true)) return;
  // Who was killed or cut off is told anyway; it may still listen.
  sctp_.reset();
  if (dtls_) dtls_->close();
  for (const auto& path : paths_) host_.remove_address(path.remote, *this);
  paths_.clear();
  if (!was_established_) return;
  Event event;
  event.kind = Event::Kind::closed;
  event.peer = identity_.peer;
  event.reason = ending_->reason;
  event.closed_by_peer = ending_->by_peer;
  event.text = ending_->text;
  host_.emit(event);
}

PeerStats WebRtcSession::stats() const {
  PeerStats result;
  result.packets_sent = packets_sent_;
  result.packets_received = packets_received_;
  result.rtt = rtt_;
  result.jitter = rtt_deviation_;
  return result;
}

}  // namespace theta::transport

#include "quic_connection.h"

#include <algorithm>
#include <utility>

#include <sodium.h>

#include "quic_callbacks.h"
#include "socket_address_native.h"
#include "theta/base/check.h"

// Beginning, reading, timers and ending; quic_write.cpp writes packets.

namespace theta::transport {
namespace {

constexpr std::uint64_t kAlertNoApplicationProtocol = 120;  // RFC 7301
constexpr std::size_t kLaneStreams = 3;
constexpr std::chrono::milliseconds kTimerGranularity{1};  // RFC 9002, section 6.1.2
constexpr std::size_t kReasonBytesMax = 512;
/// Bounds messages without bytes.
constexpr std::size_t kPresenceMessagesMax = 1024;
/// Room for the frame's own header around the largest presence message.
constexpr std::size_t kDatagramFrameBytesMax = limits::kPresenceBytesMax + 16;

constexpr std::uint64_t code_of(CloseReason reason) { return static_cast<std::uint64_t>(reason); }

/// A peer's words are shown to people and written into JSON: printable ASCII only.
std::string readable(const std::uint8_t* bytes, std::size_t size) {
  std::string text(reinterpret_cast<const char*>(bytes), std::min(size, kReasonBytesMax));
  for (auto& character : text) {
    if (character < 0x20 || character > 0x7e) character = '?';
  }
  return text;
}

struct NativePath {
  NativeAddress local;
  NativeAddress remote;
  ngtcp2_path path{};

  NativePath(const SocketAddress& from, const SocketAddress& to)
      : local(to_native(from, false)), remote(to_native(to, false)) {
    path.local = {local.get(), local.size};
    path.remote = {remote.get(), remote.size};
  }
  NativePath(const NativePath&) = delete;
  NativePath& operator=(const NativePath&) = delete;
};

}  // namespace

ngtcp2_tstamp to_timestamp(MonotonicTime time) {
  return static_cast<ngtcp2_tstamp>(std::max<std::int64_t>(time.time_since_epoch().count(), 0));
}

MonotonicTime from_timestamp(ngtcp2_tstamp timestamp) {
  if (timestamp >= static_cast<ngtcp2_tstamp>(MonotonicClock::duration::max().count())) return MonotonicTime::max();
  return MonotonicTime{MonotonicClock::duration{static_cast<std::int64_t>(timestamp)}};
}

ngtcp2_cid random_connection_id(std::size_t size) {
  ngtcp2_cid id{};
  id.datalen = size;
  randombytes_buf(id.data, size);
  return id;
}

QuicConnection::QuicConnection(QuicHost& host, PeerId peer, bool is_server, const SocketAddress& local,
                               const SocketAddress& remote)
    : host_(host),
      peer_(peer),
      is_server_(is_server),
      local_(local),
      first_remote_(remote),
      lanes_{ReliableLane(Lane::control, is_server), ReliableLane(Lane::commands, is_server),
             ReliableLane(Lane::bulk, is_server)} {}

QuicConnection::~QuicConnection() = default;

std::unique_ptr<QuicConnection> QuicConnection::start(QuicHost& host, PeerId peer, const SocketAddress& local,
                                                      const SocketAddress& remote,
                                                      const std::optional<HubKey>& expected) {
  std::unique_ptr<QuicConnection> connection(new QuicConnection(host, peer, false, local, remote));
  return connection->create_client(expected) ? std::move(connection) : nullptr;
}

std::unique_ptr<QuicConnection> QuicConnection::accept(QuicHost& host, PeerId peer, const Datagram& first,
                                                       const Newcomer& newcomer) {
  std::unique_ptr<QuicConnection> connection(new QuicConnection(host, peer, true, first.local, first.remote));
  return connection->create_server(newcomer) ? std::move(connection) : nullptr;
}

void QuicConnection::fill_settings(ngtcp2_settings& settings) const {
  ngtcp2_settings_default(&settings);
  settings.initial_ts = to_timestamp(host_.now());
  settings.handshake_timeout = static_cast<ngtcp2_duration>(host_.options().handshake_timeout.count());
}

void QuicConnection::fill_parameters(ngtcp2_transport_params& parameters) const {
  const auto& options = host_.options();
  ngtcp2_transport_params_default(&parameters);
  parameters.initial_max_stream_data_bidi_local = options.lane_window_bytes;
  parameters.initial_max_stream_data_bidi_remote = options.lane_window_bytes;
  parameters.initial_max_data = options.connection_window_bytes;
  parameters.initial_max_streams_bidi = is_server_ ? kLaneStreams : 0;
  parameters.max_idle_timeout = static_cast<ngtcp2_duration>(options.idle_timeout.count());
  parameters.max_datagram_frame_size = kDatagramFrameBytesMax;
  // The demultiplexer needs the fixed bit (RFC 9443 section 2).
  parameters.grease_quic_bit = 0;
}

void QuicConnection::attach_session(TlsSession session) {
  session_ = std::move(session);
  ngtcp2_conn_set_tls_native_handle(conn_.get(), session_.get());
}

bool QuicConnection::create_client(const std::optional<HubKey>& expected) {
  constexpr std::size_t kFirstDestinationBytes = 18;
  pin_.expected = expected;
  ngtcp2_settings settings;
  ngtcp2_transport_params parameters;
  fill_settings(settings);
  fill_parameters(parameters);
  const auto source = random_connection_id(kConnectionIdBytes);
  const auto destination = random_connection_id(kFirstDestinationBytes);
  NativePath path(local_, first_remote_);
  ngtcp2_conn* raw = nullptr;
  const int status = ngtcp2_conn_client_new(&raw, &destination, &source, &path.path, NGTCP2_PROTO_VER_V1,
                                            &quic_callbacks(false), &settings, &parameters, nullptr, this);
  if (status != 0) return false;
  conn_.reset(raw);
  session_reference_ = {connection_of_session, static_cast<TlsOwner*>(this)};
  auto session = host_.tls().make_client_session(session_reference_);
  if (!session) return false;
  attach_session(std::move(session));
  for (const auto lane : {Lane::control, Lane::commands, Lane::bulk})
    reliable(lane).sender.push_preface(lane_preface(lane));
  const auto keep_alive = host_.options().keep_alive.count();
  if (keep_alive > 0) ngtcp2_conn_set_keep_alive_timeout(raw, static_cast<ngtcp2_duration>(keep_alive));
  host_.add_id({source.data, source.datalen}, *this);
  return true;
}

bool QuicConnection::create_server(const Newcomer& newcomer) {
  const auto& header = newcomer.header;
  began_validated_ = newcomer.has_retry_token;
  ngtcp2_settings settings;
  ngtcp2_transport_params parameters;
  fill_settings(settings);
  fill_parameters(parameters);
  const auto source = random_connection_id(kConnectionIdBytes);
  parameters.original_dcid = newcomer.has_retry_token ? newcomer.original_dcid : header.dcid;
  parameters.original_dcid_present = 1;
  if (newcomer.has_retry_token) {
    parameters.retry_scid = header.dcid;
    parameters.retry_scid_present = 1;
    settings.token = header.token;
    settings.tokenlen = header.tokenlen;
    settings.token_type = NGTCP2_TOKEN_TYPE_RETRY;
  }
  if (!host_.make_reset_token(source, parameters.stateless_reset_token)) return false;
  parameters.stateless_reset_token_present = 1;
  NativePath path(local_, first_remote_);
  ngtcp2_conn* raw = nullptr;
  const int status = ngtcp2_conn_server_new(&raw, &header.scid, &source, &path.path, header.version,
                                            &quic_callbacks(true), &settings, &parameters, nullptr, this);
  if (status != 0) return false;
  conn_.reset(raw);
  session_reference_ = {connection_of_session, static_cast<TlsOwner*>(this)};
  auto session = host_.tls().make_server_session(session_reference_);
  if (!session) return false;
  attach_session(std::move(session));
  host_.add_id({source.data, source.datalen}, *this);
  // Until the client has our id it goes on using the one it made up.
  host_.add_id({header.dcid.data, header.dcid.datalen}, *this);
  return true;
}

void QuicConnection::read(const Datagram& datagram) {
  ++packets_received_;
  if (phase_ == Phase::closing) {
    ++packets_since_close_;
    return;
  }
  if (!conn_ || wants_close_packet_) return;
  // A client keeps the address it started from: its socket may be a wildcard, and a server does not move.
  NativePath path(is_server_ ? datagram.local : local_, datagram.remote);
  ngtcp2_pkt_info info{};
  info.ecn = datagram.ecn;
  on_read_result(ngtcp2_conn_read_pkt(conn_.get(), &path.path, &info, datagram.bytes.data(), datagram.bytes.size(),
                                      to_timestamp(host_.now())));
  if (may_drop_session_ && session_ && conn_) {
    // Its work is done (key updates need no TLS), and it is the larger half of an idle connection's memory.
    ngtcp2_conn_set_tls_native_handle(conn_.get(), nullptr);
    session_.reset();
  }
}

void QuicConnection::on_read_result(int status) {
  switch (status) {
    case 0: return;
    case NGTCP2_ERR_DRAINING: return on_draining();
    case NGTCP2_ERR_DROP_CONN:
    case NGTCP2_ERR_RETRY:
    case NGTCP2_ERR_CLOSING:
      return end_silently({CloseReason::protocol_error, false, "the handshake made no sense"}, Phase::over);
    case NGTCP2_ERR_RECV_VERSION_NEGOTIATION:
      return end_silently({CloseReason::version_mismatch, true, "the peer does not speak QUIC version 1"}, Phase::over);
    default: return fail(status);
  }
}

void QuicConnection::on_draining() {
  auto ending = ending_of_peer();
  if (was_reset_) {
    ending = {CloseReason::unreachable, true,
              "the other side no longer knows this connection (it restarted); connect again"};
  }
  end_silently(std::move(ending), Phase::draining);
}

QuicConnection::Ending QuicConnection::ending_of_peer() const {
  const auto& error = *ngtcp2_conn_get_ccerr(conn_.get());
  Ending ending;
  ending.by_peer = true;
  if (error.reason != nullptr) ending.text = readable(error.reason, error.reasonlen);
  if (error.type == NGTCP2_CCERR_TYPE_APPLICATION) {
    const bool is_known = error.error_code <= code_of(CloseReason::internal_error);
    ending.reason = is_known ? static_cast<CloseReason>(error.error_code) : CloseReason::protocol_error;
    return ending;
  }
  std::string meaning = "the peer reported QUIC error " + std::to_string(error.error_code);
  ending.reason = CloseReason::protocol_error;
  if (error.error_code == NGTCP2_CONNECTION_REFUSED) {
    ending.reason = CloseReason::resource_limit;
    meaning = "the hub takes no more connections now; try again later";
  } else if (error.error_code == (NGTCP2_CRYPTO_ERROR | kAlertNoApplicationProtocol)) {
    ending.reason = CloseReason::version_mismatch;
    meaning = "the peer does not speak " + host_.options().alpn;
    ending.text.clear();
  } else if (error.error_code == NGTCP2_NO_ERROR) {
    ending.reason = CloseReason::none;
    meaning.clear();
  }
  if (ending.text.empty()) ending.text = std::move(meaning);
  return ending;
}

void QuicConnection::fail(int status) {
  if (wants_close_packet_) return;  // a callback has said more than ngtcp2 can
  const auto* what = ngtcp2_strerror(status);
  std::uint64_t code = ngtcp2_err_infer_quic_transport_error_code(status);
  Ending ending{CloseReason::protocol_error, false, std::string("the peer broke the QUIC protocol: ") + what};
  if (status == NGTCP2_ERR_CRYPTO) {
    const auto alert = ngtcp2_conn_get_tls_alert(conn_.get());
    code = NGTCP2_CRYPTO_ERROR | alert;
    ending.text = std::string("the TLS handshake failed: ") +
                  gnutls_alert_get_name(static_cast<gnutls_alert_description_t>(alert));
    if (alert == kAlertNoApplicationProtocol) {
      ++host_.stats().alpn_mismatches;
      ending = {CloseReason::version_mismatch, false, "the peer does not speak " + host_.options().alpn};
    }
    if (pin_.is_mismatch) {
      ++host_.stats().hub_key_mismatches;
      ending = {CloseReason::unauthenticated, false, pin_.text};
    }
  } else if (status == NGTCP2_ERR_NOMEM || status == NGTCP2_ERR_INTERNAL) {
    ending = {CloseReason::internal_error, false, std::string("QUIC failed here: ") + what};
  }
  if (was_established_) ++host_.stats().protocol_errors;
  end_with_close(std::move(ending), code, false);
}

void QuicConnection::end_with_close(Ending ending, std::uint64_t code, bool is_application) {
  if (wants_close_packet_ || has_ended()) return;
  // After `close`, the first reason is the one that counts.
  if (!ending_) ending_ = std::move(ending);
  wants_close_packet_ = true;
  close_code_ = code;
  is_application_close_ = is_application;
}

void QuicConnection::end_silently(Ending ending, Phase phase) {
  if (!ending_) ending_ = std::move(ending);
  if (phase == Phase::draining && conn_) {
    forget_at_ =
        host_.now() + 3 * MonotonicClock::duration{static_cast<std::int64_t>(ngtcp2_conn_get_pto(conn_.get()))};
  }
  phase_ = phase;
  release();
}

void QuicConnection::release() {
  host_.on_ended(*this);
  conn_.reset();
  session_.reset();
  for (const auto& lane : lanes_) host_.stats().unfinished_bytes -= lane.receiver.held_bytes();
  lanes_ = {ReliableLane(Lane::control, is_server_), ReliableLane(Lane::commands, is_server_),
            ReliableLane(Lane::bulk, is_server_)};
  presence_ = {};
  presence_bytes_ = 0;
}

void QuicConnection::forget() { phase_ = Phase::over; }

void QuicConnection::request_close(CloseReason reason, std::string text) {
  if (ending_ || has_ended()) return;
  ending_ = Ending{reason, false, std::move(text)};
  close_code_ = code_of(reason);
  is_application_close_ = true;
  if (phase_ == Phase::open && flushes_before_close(reason)) {
    phase_ = Phase::lingering;
  } else {
    wants_close_packet_ = true;
  }
}

void QuicConnection::on_timer() {
  const auto now = host_.now();
  if (has_ended()) {
    if (forget_at_ <= now) phase_ = Phase::over;
    return;
  }
  if (linger_deadline_ <= now) wants_close_packet_ = true;
  if (!conn_ || wants_close_packet_) return;
  if (from_timestamp(ngtcp2_conn_get_expiry(conn_.get())) > now) return;
  const int status = ngtcp2_conn_handle_expiry(conn_.get(), to_timestamp(now));
  if (status == NGTCP2_ERR_IDLE_CLOSE || status == NGTCP2_ERR_HANDSHAKE_TIMEOUT) return end_by_timeout(status);
  if (status != 0) fail(status);
}

void QuicConnection::end_by_timeout(int status) {
  const auto address = first_remote_.to_string();
  if (status == NGTCP2_ERR_IDLE_CLOSE && was_established_) {
    ++host_.stats().idle_timeouts;
    return end_silently({CloseReason::idle_timeout, false, "nothing was heard from " + address + " for too long"},
                        Phase::over);
  }
  end_silently({CloseReason::unreachable, false,
                "no answer from " + address + "; is the hub running, and is its UDP port reachable?"},
               Phase::over);
}

MonotonicTime QuicConnection::next_timeout() const {
  if (has_ended()) return forget_at_;
  if (!conn_) return MonotonicTime::max();
  auto due = from_timestamp(ngtcp2_conn_get_expiry(conn_.get()));
  // ngtcp2 counts the pacing of the next packet among its timers, also when there is none to send: each packet would
  // cost a turn for nothing right after it.
  if (!has_unsent()) due = std::max(due, written_at_ + kTimerGranularity);
  return std::min(due, linger_deadline_);
}

bool QuicConnection::has_unsent() const {
  return !presence_.empty() || std::any_of(lanes_.begin(), lanes_.end(), [](const ReliableLane& lane) {
    return lane.is_open && lane.sender.has_unsent();
  });
}

int QuicConnection::on_handshake_completed() {
  if (!host_.tls().has_our_alpn(session_.get())) {
    ++host_.stats().alpn_mismatches;
    end_with_close({CloseReason::version_mismatch, false, "the peer does not speak " + host_.tls().alpn()},
                   NGTCP2_CRYPTO_ERROR | kAlertNoApplicationProtocol, false);
    return NGTCP2_ERR_CALLBACK_FAILURE;
  }
  const auto binding = export_channel_binding(session_.get());
  if (!binding || (!is_server_ && !open_lanes())) {
    end_with_close({CloseReason::protocol_error, false, "the peer offers no lanes"},
                   code_of(CloseReason::protocol_error), true);
    return NGTCP2_ERR_CALLBACK_FAILURE;
  }
  was_established_ = true;
  if (is_server_) may_drop_session_ = true;
  host_.on_established(*this);
  if (ending_) return 0;  // closed meanwhile: nobody needs to hear of it
  phase_ = Phase::open;
  Event event;
  event.kind = Event::Kind::connected;
  event.peer = peer_;
  event.info.kind = TransportKind::quic;
  event.info.binding = *binding;
  event.info.address = first_remote_.to_string();
  host_.emit(event);
  return 0;
}

bool QuicConnection::open_lanes() {
  for (std::size_t at = 0; at < lanes_.size(); ++at) {
    std::int64_t stream = -1;
    if (ngtcp2_conn_open_bidi_stream(conn_.get(), &stream, nullptr) != 0) return false;
    if (stream != static_cast<std::int64_t>(at * 4)) return false;
    lanes_[at].is_open = true;
  }
  return true;
}

QuicConnection::ReliableLane* QuicConnection::lane_of(std::int64_t stream) {
  // Only the client opens streams, so their ids are 0, 4 and 8 (RFC 9000 section 2.1).
  const bool is_lane = stream >= 0 && stream % 4 == 0 && static_cast<std::size_t>(stream / 4) < lanes_.size();
  return is_lane ? &lanes_[static_cast<std::size_t>(stream / 4)] : nullptr;
}

int QuicConnection::refuse_lane_data(CloseReason reason, const char* text) {
  end_with_close({reason, false, text}, code_of(reason), true);
  return NGTCP2_ERR_CALLBACK_FAILURE;
}

int QuicConnection::on_lane_data(std::int64_t stream, ByteView data, bool is_end) {
  auto* lane = lane_of(stream);
  const auto broken = [&](const char* text) {
    ++host_.stats().protocol_errors;
    return refuse_lane_data(CloseReason::protocol_error, text);
  };
  if (lane == nullptr) return broken("the peer opened a stream that is no lane");
  auto& unfinished = host_.stats().unfinished_bytes;
  unfinished -= lane->receiver.held_bytes();
  auto status = LaneReceiver::Status::message;
  while (status == LaneReceiver::Status::message) {
    ByteView message;
    status = lane->receiver.next(data, message);
    if (status == LaneReceiver::Status::message) deliver(static_cast<Lane>(stream / 4), message);
  }
  unfinished += lane->receiver.held_bytes();
  switch (status) {
    case LaneReceiver::Status::too_large: return broken("a message is larger than its lane allows");
    case LaneReceiver::Status::malformed: return broken("a lane's bytes are not messages of this protocol");
    case LaneReceiver::Status::message:
    case LaneReceiver::Status::need_more: break;
  }
  if (is_end) return broken("the peer ended a lane, which must stay open");
  if (unfinished <= host_.options().unfinished_bytes_max) return 0;
  host_.end_largest_holder();
  return wants_close_packet_ ? NGTCP2_ERR_CALLBACK_FAILURE : 0;
}

std::size_t QuicConnection::held_bytes() const {
  std::size_t sum = 0;
  for (const auto& lane : lanes_) sum += lane.receiver.held_bytes();
  return wants_close_packet_ ? 0 : sum;
}

void QuicConnection::give_up_unfinished() {
  auto& stats = host_.stats();
  ++stats.unfinished_limit_closes;
  for (auto& lane : lanes_) {
    stats.unfinished_bytes -= lane.receiver.held_bytes();
    lane.receiver.give_up();
  }
  end_with_close({CloseReason::resource_limit, false, "the hub holds as many unfinished messages as it can; try again"},
                 code_of(CloseReason::resource_limit), true);
}

void QuicConnection::deliver(Lane lane, ByteView message) {
  if (phase_ != Phase::open || ending_) return;
  ++host_.stats().messages_received;
  Event event;
  event.kind = Event::Kind::message;
  event.peer = peer_;
  event.lane = lane;
  event.message = message;
  host_.emit(event);
}

void QuicConnection::tell_deferred() {
  if (phase_ == Phase::open && !ending_) {
    for (std::size_t at = 0; at < lanes_.size(); ++at) {
      auto& lane = lanes_[at];
      if (!lane.wants_writable) continue;
      if (lane.sender.held_bytes() > host_.options().lane_bounds.of(static_cast<Lane>(at)) / 2) continue;
      lane.wants_writable = false;
      Event event;
      event.kind = Event::Kind::writable;
      event.peer = peer_;
      event.lane = static_cast<Lane>(at);
      host_.emit(event);
    }
  }
  if (!has_ended() || is_close_told_) return;
  is_close_told_ = true;
  // A server tells nothing of attempts that never completed.
  if (is_server_ && !was_established_) return;
  Event event;
  event.kind = Event::Kind::closed;
  event.peer = peer_;
  event.reason = ending_->reason;
  event.closed_by_peer = ending_->by_peer;
  event.text = ending_->text;
  host_.emit(event);
}

SendResult QuicConnection::send(Lane lane, const SharedBytes& message) {
  if (ending_ || has_ended()) return SendResult::closed;
  if (message.size() > message_bytes_max(lane)) return SendResult::too_large;
  const auto bound = host_.options().lane_bounds.of(lane);
  if (lane == Lane::presence) {
    while (!presence_.empty() &&
           (presence_bytes_ + message.size() > bound || presence_.size() >= kPresenceMessagesMax)) {
      presence_bytes_ -= presence_.front().size();
      presence_.pop_front();
      ++host_.stats().presence_dropped;
    }
    presence_.push_back(message);
    presence_bytes_ += message.size();
    ++host_.stats().messages_sent;
    return SendResult::queued;
  }
  auto& sending = reliable(lane);
  if (sending.sender.held_messages() != 0 && sending.sender.held_bytes() + message.size() > bound) {
    sending.wants_writable = true;
    ++host_.stats().sends_full;
    return SendResult::full;
  }
  sending.sender.push_message(message);
  ++host_.stats().messages_sent;
  return SendResult::queued;
}

std::size_t QuicConnection::queued_bytes(Lane lane) const {
  if (lane == Lane::presence) return presence_bytes_;
  return lanes_[static_cast<std::size_t>(lane)].sender.unsent_bytes();
}

PeerStats QuicConnection::stats() const {
  PeerStats result;
  result.packets_sent = packets_sent_;
  result.packets_received = packets_received_;
  if (!conn_) return result;
  ngtcp2_conn_info info{};
  ngtcp2_conn_get_conn_info(conn_.get(), &info);
  result.rtt = MonotonicClock::duration{static_cast<std::int64_t>(info.smoothed_rtt)};
  result.jitter = MonotonicClock::duration{static_cast<std::int64_t>(info.rttvar)};
  return result;
}

}  // namespace theta::transport

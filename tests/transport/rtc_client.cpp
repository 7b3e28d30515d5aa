#include "transport/rtc_client.h"

#include <chrono>

#include "theta/base/check.h"
#include "transport/stun_request.h"

namespace theta::transport::testing {
namespace {

constexpr std::uint16_t kPort = 5000;

/// The value of "a=NAME:VALUE".
std::string value_of(const std::string& sdp, const std::string& name) {
  const auto key = "a=" + name + ":";
  const auto at = sdp.find(key);
  if (at == std::string::npos) return {};
  const auto begin = at + key.size();
  return sdp.substr(begin, sdp.find("\r\n", begin) - begin);
}

}  // namespace

RtcClient::RtcClient(RtcPath& path, const SocketAddress& where) : address(where), path_(path) {
  auto made = DtlsContext::create();
  THETA_CHECK(made.has_value());
  context = std::move(*made);
}

std::string RtcClient::offer() const {
  return "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\na=msid-semantic: WMS\r\n"
         "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:" +
         ufrag + "\r\na=ice-pwd:" + password + "\r\na=ice-options:trickle\r\na=fingerprint:sha-256 " +
         to_sdp_text(claimed_fingerprint.value_or(context->fingerprint())) +
         "\r\na=setup:actpass\r\na=mid:0\r\na=sctp-port:5000\r\na=max-message-size:262144\r\n";
}

void RtcClient::accept(const std::string& answer) {
  hub_ufrag_ = value_of(answer, "ice-ufrag");
  hub_password_ = value_of(answer, "ice-pwd");
  const auto fingerprint = find_fingerprint(answer);
  THETA_CHECK(fingerprint.has_value());
  hub_fingerprint_ = *fingerprint;
  is_accepted_ = true;
  next_check_ = path_.now();
}

void RtcClient::transmit(ByteView bytes) {
  path_.transmit({address, path_.hub_address(), Bytes(bytes.begin(), bytes.end())});
}

void RtcClient::send_check(bool use_candidate) { transmit(stun_check(username(), hub_password_, use_candidate)); }

void RtcClient::on_time(MonotonicTime now) {
  if (!is_accepted_ || now < next_check_) return;
  // Until it is connected a browser checks often, later every few seconds.
  next_check_ = now + (dtls && dtls->state() != DtlsSession::State::handshake
                           ? MonotonicClock::duration{std::chrono::seconds{4}}
                           : MonotonicClock::duration{std::chrono::milliseconds{200}});
  if (sends_checks) send_check(nominates);
  if (!dtls || dtls->state() != DtlsSession::State::handshake || now < resend_at_) return;
  dtls->send_flight();
  resend_at_ = now + std::chrono::milliseconds{400};
}

void RtcClient::on_datagram(const RtcPacket& packet) {
  if (packet.bytes.empty() || !is_accepted_) return;
  if (packet.bytes.front() <= 3) {
    const bool is_success = packet.bytes[0] == 1 && packet.bytes[1] == 1;
    stun_answers += is_success ? 1 : 0;
    if (!is_success) stun_errors.push_back(static_cast<std::uint16_t>(packet.bytes[26] * 100 + packet.bytes[27]));
    if (!is_success || dtls || !begins_dtls) return;
    dtls = DtlsSession::create(*context, DtlsSession::Side::client, hub_fingerprint_, *this);
    dtls->send_flight();
    resend_at_ = path_.now() + std::chrono::milliseconds{400};
    return;
  }
  if (!dtls) return;
  (void)dtls->receive(packet.bytes);
  process();
}

void RtcClient::on_dtls_output(ByteView datagram) { transmit(datagram); }

void RtcClient::on_dtls_data(ByteView bytes) {
  if (!sctp) sctp = SctpAssociation::connect(*this, kPort, streams);
  sctp->receive(bytes);
}

void RtcClient::on_sctp_output(ByteView packet) {
  if (watch_sctp) watch_sctp(packet);
  (void)dtls->send(packet);
}

void RtcClient::process() {
  if (dtls->state() == DtlsSession::State::open && !sctp) sctp = SctpAssociation::connect(*this, kPort, streams);
  if (!sctp) return;
  for (const auto& event : sctp->take()) {
    switch (event.kind) {
      case SctpEvent::Kind::up:
        if (!opens_channels || std::exchange(has_channels_, true)) break;
        for (std::size_t at = 0; at < kLaneCount; ++at) {
          open_channel(static_cast<Lane>(at), static_cast<std::uint16_t>(2 * at));
        }
        break;
      case SctpEvent::Kind::lost: is_lost = true; break;
      case SctpEvent::Kind::stream_reset: resets.push_back(event.stream); break;
      case SctpEvent::Kind::message: on_message(event); break;
      case SctpEvent::Kind::dry: break;
    }
  }
}

void RtcClient::on_message(const SctpEvent& event) {
  auto bytes = std::move(partial_[event.stream]);
  bytes.insert(bytes.end(), event.bytes.begin(), event.bytes.end());
  partial_.erase(event.stream);
  if (event.ppid == static_cast<std::uint32_t>(Ppid::dcep)) {
    acknowledged += bytes == Bytes{kChannelAck} ? 1 : 0;
    return;
  }
  THETA_CHECK(!bytes.empty());
  const auto lane = event.stream / 2;
  if (bytes[0] == static_cast<std::uint8_t>(FragmentKind::close)) {
    closed.emplace(static_cast<CloseReason>(bytes[1] | bytes[2] << 8), std::string(bytes.begin() + 3, bytes.end()));
    return;
  }
  auto& received = messages[lane];
  const bool goes_on = !received.empty() && partial_.contains(static_cast<std::uint16_t>(1000 + lane));
  if (!goes_on) received.emplace_back();
  received.back().insert(received.back().end(), bytes.begin() + 1, bytes.end());
  const auto marker = static_cast<std::uint16_t>(1000 + lane);
  if (bytes[0] == static_cast<std::uint8_t>(FragmentKind::more)) {
    partial_[marker] = {};
  } else {
    partial_.erase(marker);
  }
}

void RtcClient::send_on_stream(std::uint16_t stream, std::uint32_t ppid, ByteView bytes) {
  const auto sent = sctp->send({stream, ppid, false, bytes});
  THETA_CHECK(sent == SctpAssociation::SendResult::sent);
}

void RtcClient::open_channel(Lane lane, std::uint16_t stream) {
  send_on_stream(stream, static_cast<std::uint32_t>(Ppid::dcep), write_channel_open(lane));
}

void RtcClient::send_fragment(Lane lane, ByteView fragment) {
  const auto stream = static_cast<std::uint16_t>(2 * static_cast<int>(lane));
  const bool is_presence = lane == Lane::presence;
  const auto sent = sctp->send({stream, static_cast<std::uint32_t>(Ppid::binary), is_presence, fragment});
  THETA_CHECK(sent == SctpAssociation::SendResult::sent);
}

void RtcClient::send(Lane lane, std::string_view text) {
  std::size_t offset = 0;
  do {
    const FragmentSender sender(as_bytes(text), offset);
    Bytes fragment;
    sender.write(fragment);
    send_fragment(lane, fragment);
    offset += sender.piece_bytes();
  } while (offset < text.size());
}

std::vector<std::string> RtcClient::texts(Lane lane) const {
  std::vector<std::string> result;
  for (const auto& message : messages[static_cast<std::size_t>(lane)])
    result.emplace_back(message.begin(), message.end());
  return result;
}

std::size_t RtcClient::received_bytes(Lane lane) const {
  std::size_t result = 0;
  for (const auto& message : messages[static_cast<std::size_t>(lane)]) result += message.size();
  return result;
}

}  // namespace theta::transport::testing

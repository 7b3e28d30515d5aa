#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rtc_channels.h"
#include "rtc_dtls.h"
#include "rtc_sctp.h"
#include "theta/transport/webrtc_engine.h"
#include "transport/recording_sink.h"

namespace theta::transport::testing {

class RtcWire;

/// One datagram on its way.
struct RtcPacket {
  SocketAddress from;
  SocketAddress to;
  Bytes bytes;
};

/// The browser's side of a connection, in the same process and on the same usrsctp: full ICE as far as one candidate
/// needs it, DTLS client, four channels. Every layer can be made to misbehave.
class RtcClient final : public DtlsHandler, public SctpHandler {
 public:
  RtcClient(RtcWire& wire, const SocketAddress& address);

  [[nodiscard]] std::string offer() const;
  /// Takes the answer; the checks and the handshake begin with the next turn.
  void accept(const std::string& answer);
  void on_datagram(const RtcPacket& packet);
  void on_time(MonotonicTime now);
  [[nodiscard]] MonotonicTime next_timeout() const { return next_check_; }

  void send_check(bool use_candidate = true);
  /// Of the owner's choice, from the client's address.
  void transmit(ByteView bytes);
  void open_channel(Lane lane, std::uint16_t stream);
  void send_fragment(Lane lane, ByteView fragment);
  void send(Lane lane, std::string_view text);
  void send_on_stream(std::uint16_t stream, std::uint32_t ppid, ByteView bytes);
  [[nodiscard]] bool is_open() const { return acknowledged == kLaneCount; }
  [[nodiscard]] std::vector<std::string> texts(Lane lane) const;
  /// Bytes that came on a lane, unfinished messages included.
  [[nodiscard]] std::size_t received_bytes(Lane lane) const;
  [[nodiscard]] const std::string& hub_ufrag() const { return hub_ufrag_; }
  [[nodiscard]] const std::string& hub_password() const { return hub_password_; }
  [[nodiscard]] std::string username() const { return hub_ufrag_ + ":" + ufrag; }

  void on_dtls_output(ByteView datagram) override;
  void on_dtls_data(ByteView bytes) override;
  void on_sctp_output(ByteView packet) override;
  void on_sctp_pending() override {}

  SocketAddress address;
  std::string ufrag = "browserUfrag";
  std::string password = "browserPasswordOf24Chars";
  /// What the offer names, when that is not the certificate that is shown.
  std::optional<CertificateFingerprint> claimed_fingerprint;
  std::uint16_t streams = kSctpStreamsMax;
  bool sends_checks = true;
  bool nominates = true;
  bool opens_channels = true;
  bool begins_dtls = true;

  std::unique_ptr<DtlsContext> context;
  std::unique_ptr<DtlsSession> dtls;
  std::unique_ptr<SctpAssociation> sctp;
  /// Sees every packet that `sctp` sends.
  std::function<void(ByteView)> watch_sctp;
  std::size_t acknowledged = 0;
  std::size_t stun_answers = 0;
  std::vector<std::uint16_t> stun_errors;
  std::vector<std::uint16_t> resets;
  bool is_lost = false;
  std::optional<std::pair<CloseReason, std::string>> closed;
  std::array<std::vector<Bytes>, kLaneCount> messages;

 private:
  void process();
  void on_message(const SctpEvent& event);

  RtcWire& wire_;
  std::string hub_ufrag_;
  std::string hub_password_;
  CertificateFingerprint hub_fingerprint_;
  bool is_accepted_ = false;
  bool has_channels_ = false;
  MonotonicTime next_check_ = MonotonicTime::max();
  MonotonicTime resend_at_ = MonotonicTime::max();
  std::map<std::uint16_t, Bytes> partial_;
};

/// A hub's engine and its clients, joined in memory in virtual time. Everything on the wire can be seen, changed, kept
/// or thrown away.
class RtcWire final : public DatagramSender {
 public:
  explicit RtcWire(const WebRtcOptions& options = {});
  ~RtcWire() override;

  RtcClient& add_client(std::uint16_t port = 2001);
  void remove(RtcClient& client);
  /// Offer, answer, and four open channels.
  [[nodiscard]] bool connect(RtcClient& client);
  [[nodiscard]] TransportResult<std::string> offer(const RtcClient& client, const std::string& sdp);
  /// The hub's name of the client that connected last.
  [[nodiscard]] PeerId last_peer() const;

  void send(const DatagramBurst& burst) override;
  [[nodiscard]] bool can_send() const override { return !is_blocked; }
  void transmit(RtcPacket packet);
  /// Past `on_transmit`, to arrive after `time`.
  void inject(RtcPacket packet, MonotonicClock::duration time) { in_flight_.emplace(now_ + time, std::move(packet)); }
  void deliver(const RtcPacket& packet);
  void run_for(MonotonicClock::duration time);
  /// False when the condition did not come true within an hour of virtual time.
  [[nodiscard]] bool run_until(const std::function<bool()>& condition);
  [[nodiscard]] MonotonicTime now() const { return now_; }

  RecordingSink sink;
  SocketAddress hub_address = SocketAddress::ipv4({127, 0, 0, 1}, 4433);
  std::unique_ptr<WebRtcEngine> engine;
  bool is_blocked = false;
  AuthorKey author;
  MonotonicClock::duration delay = std::chrono::milliseconds{5};
  /// Sees every datagram when it is sent; false drops it. May change it, and may ask for another delay.
  std::function<bool(RtcPacket&, MonotonicClock::duration&)> on_transmit;

 private:
  bool step(MonotonicTime until);

  MonotonicTime now_{std::chrono::hours{1}};
  std::multimap<MonotonicTime, RtcPacket> in_flight_;
  std::vector<std::unique_ptr<RtcClient>> clients_;
};

}  // namespace theta::transport::testing

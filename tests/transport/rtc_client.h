#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rtc_channels.h"
#include "rtc_dtls.h"
#include "rtc_sctp.h"
#include "theta/transport/socket_address.h"

namespace theta::transport::testing {

/// One datagram on its way.
struct RtcPacket {
  SocketAddress from;
  SocketAddress to;
  Bytes bytes;
};

/// What lies between a client and the hub, and the time there.
class RtcPath {
 public:
  virtual ~RtcPath() = default;
  virtual void transmit(RtcPacket packet) = 0;
  [[nodiscard]] virtual MonotonicTime now() const = 0;
  [[nodiscard]] virtual SocketAddress hub_address() const = 0;
};

/// The browser's side of a connection: full ICE as far as one candidate needs it, DTLS client, four channels. Every
/// layer can be made to misbehave. usrsctp, which is one for the process, is driven by its owner.
class RtcClient final : public DtlsHandler, public SctpHandler {
 public:
  RtcClient(RtcPath& path, const SocketAddress& address);

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

  RtcPath& path_;
  std::string hub_ufrag_;
  std::string hub_password_;
  CertificateFingerprint hub_fingerprint_;
  bool is_accepted_ = false;
  bool has_channels_ = false;
  MonotonicTime next_check_ = MonotonicTime::max();
  MonotonicTime resend_at_ = MonotonicTime::max();
  std::map<std::uint16_t, Bytes> partial_;
};

}  // namespace theta::transport::testing

#pragma once

#include <memory>
#include <string>

#include <gnutls/dtls.h>
#include <gnutls/gnutls.h>

#include "theta/transport/rtc_signalling.h"

namespace theta::transport {

/// A UDP datagram of ours, DTLS included, is no longer than this: it passes every path of the internet that IPv6 does.
inline constexpr std::size_t kDtlsDatagramBytesMax = 1200;
/// What DTLS adds to a record: header 13, explicit nonce 8, tag 16.
inline constexpr std::size_t kDtlsOverheadBytes = 37;
/// Longer datagrams are none that a browser sends.
inline constexpr std::size_t kDtlsReceiveBytesMax = 2048;

/// What all sessions of an engine share: ciphers and a self-signed ECDSA P-256 certificate made on the spot (browsers
/// take no Ed25519 there).
class DtlsContext {
 public:
  [[nodiscard]] static TransportResult<std::unique_ptr<DtlsContext>> create();
  ~DtlsContext();
  DtlsContext(const DtlsContext&) = delete;
  DtlsContext& operator=(const DtlsContext&) = delete;

  [[nodiscard]] const CertificateFingerprint& fingerprint() const { return fingerprint_; }
  /// Of the cookies that prove an address.
  [[nodiscard]] ByteView cookie_secret() const { return {cookie_secret_.data, cookie_secret_.size}; }
  /// Null when GnuTLS refuses (out of memory).
  [[nodiscard]] gnutls_session_t make_session(unsigned side) const;

 private:
  DtlsContext() = default;
  [[nodiscard]] TransportResult<void> make_certificate();

  CertificateFingerprint fingerprint_;
  gnutls_datum_t cookie_secret_{};
  gnutls_priority_t priority_ = nullptr;
  gnutls_certificate_credentials_t credentials_ = nullptr;
};

/// Whether `hello`, a datagram, is a ClientHello that sends back the cookie made for `address` (RFC 6347
/// section 4.2.1): then its sender receives what is sent there. `prestate` is what the session must begin with.
[[nodiscard]] bool verify_cookie(const DtlsContext& context, ByteView address, ByteView hello,
                                 gnutls_dtls_prestate_st& prestate);
/// The HelloVerifyRequest with that cookie: about 60 bytes.
[[nodiscard]] Bytes write_cookie_request(const DtlsContext& context, ByteView address,
                                         gnutls_dtls_prestate_st& prestate);

/// Where a session's datagrams and what they carried go.
class DtlsHandler {
 public:
  virtual ~DtlsHandler() = default;
  virtual void on_dtls_output(ByteView datagram) = 0;
  /// Decrypted, and from the owner of the certificate that was expected.
  virtual void on_dtls_data(ByteView bytes) = 0;
};

/// One DTLS 1.2 association (RFC 6347) without a clock: flights are sent again when the owner says so.
class DtlsSession {
 public:
  enum class State : std::uint8_t {
    handshake,
    open,
    closed,  // the peer's close_notify
    failed,
  };
  enum class Side : std::uint8_t { server, client };

  /// `peer`: the only certificate that is accepted. Null when memory fails. `context` and `handler` must outlive it.
  [[nodiscard]] static std::unique_ptr<DtlsSession> create(const DtlsContext& context, Side side,
                                                           const CertificateFingerprint& peer, DtlsHandler& handler);
  ~DtlsSession();
  /// Before anything else: the cookie exchange took the first messages.
  void begin_behind_cookie(const gnutls_dtls_prestate_st& prestate);
  DtlsSession(const DtlsSession&) = delete;
  DtlsSession& operator=(const DtlsSession&) = delete;

  /// A client's first flight; later, while the handshake goes on, the last flight once more. Calls the handler back.
  void send_flight() { advance(); }
  /// Returns whether anything of the datagram verified, once open.
  bool receive(ByteView datagram);
  /// One record. False when it is longer than a datagram of ours can carry, or the session is not open.
  bool send(ByteView bytes);
  /// Tells the peer that nothing more comes.
  void close();

  [[nodiscard]] State state() const { return state_; }
  /// Why it failed, for people.
  [[nodiscard]] const std::string& failure() const { return failure_; }
  [[nodiscard]] bool is_fingerprint_mismatch() const { return is_mismatch_; }
  [[nodiscard]] bool is_renegotiation_refused() const { return is_renegotiation_; }
  /// For tests that misuse it.
  [[nodiscard]] gnutls_session_t native() { return session_.get(); }
  /// Records that did not verify or came again.
  [[nodiscard]] unsigned discarded_records() const;

 private:
  DtlsSession(const CertificateFingerprint& peer, DtlsHandler& handler) : peer_(peer), handler_(handler) {}
  void advance();
  void read_records(bool& verified);
  void fail(int status);

  static ssize_t push(gnutls_transport_ptr_t self, const void* bytes, std::size_t size);
  static ssize_t pull(gnutls_transport_ptr_t self, void* bytes, std::size_t size);
  static int pull_timeout(gnutls_transport_ptr_t self, unsigned milliseconds);
  static int verify(gnutls_session_t session);

  struct SessionDeleter {
    void operator()(gnutls_session_t session) const { gnutls_deinit(session); }
  };

  CertificateFingerprint peer_;
  DtlsHandler& handler_;
  State state_ = State::handshake;
  bool is_verified_ = false;
  bool is_mismatch_ = false;
  bool is_renegotiation_ = false;
  std::unique_ptr<gnutls_session_int, SessionDeleter> session_;
  ByteView incoming_;
  bool has_incoming_ = false;
  std::string failure_;
};

}  // namespace theta::transport

#include "rtc_dtls.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/dtls.h>
#include <gnutls/x509.h>

#include "theta/base/check.h"
#include "theta/crypto/hash.h"

namespace theta::transport {
namespace {

/// DTLS 1.2 only, AEADs, forward secrecy always, and ECDSA, which every WebRTC implementation has (RFC 8827
/// section 6.5). RSA is left out: the other side chooses the size of its key, and with it how long each of its
/// signatures keeps the hub busy (seconds, for what fits a handshake message).
constexpr const char* kPriority =
    "NORMAL:-VERS-ALL:+VERS-DTLS1.2:-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305:-MAC-ALL:+AEAD:-KX-ALL:"
    "+ECDHE-ECDSA:-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:-SIGN-ALL:+SIGN-ECDSA-SHA256:+SIGN-ECDSA-SHA384";
// GnuTLS goes by the system's clock. With a time-out of nothing it sends its flight again whenever it is called without
// anything new, so that the caller's clock decides; and it never gives up by itself.
constexpr unsigned kRetransmitMs = 0;
constexpr unsigned kGiveUpMs = 1000U * 3600 * 24;
/// A handshake message; certificates of browsers have 300 to 1000 bytes.
constexpr std::size_t kHandshakeMessageBytesMax = 8 * 1024;

// Browsers look at the fingerprint only; dates and names mean nothing.
constexpr time_t kValidFrom = 1577836800;   // 2020-01-01
constexpr time_t kValidUntil = 4102444800;  // 2100-01-01

struct PrivateKeyDeleter {
  void operator()(gnutls_x509_privkey_t key) const { gnutls_x509_privkey_deinit(key); }
};
struct CertificateDeleter {
  void operator()(gnutls_x509_crt_t certificate) const { gnutls_x509_crt_deinit(certificate); }
};

tl::unexpected<Failure<TransportError>> dtls_failure(std::string_view what, int status) {
  return fail(TransportError::system, "DTLS: cannot " + std::string(what) + ": " + gnutls_strerror(status));
}

gnutls_datum_t datum(ByteView bytes) {
  return {const_cast<std::uint8_t*>(bytes.data()), static_cast<unsigned>(bytes.size())};
}

CertificateFingerprint fingerprint_of(const gnutls_datum_t& der) {
  CertificateFingerprint result;
  const int status = gnutls_hash_fast(GNUTLS_DIG_SHA256, der.data, der.size, result.bytes.data());
  THETA_CHECK(status == 0);
  return result;
}

}  // namespace

DtlsContext::~DtlsContext() {
  if (credentials_ != nullptr) gnutls_certificate_free_credentials(credentials_);
  if (priority_ != nullptr) gnutls_priority_deinit(priority_);
  gnutls_free(cookie_secret_.data);
}

TransportResult<std::unique_ptr<DtlsContext>> DtlsContext::create() {
  std::unique_ptr<DtlsContext> context(new DtlsContext);
  if (const int status = gnutls_priority_init(&context->priority_, kPriority, nullptr); status != 0) {
    return dtls_failure("set its ciphers", status);
  }
  if (const int status = gnutls_certificate_allocate_credentials(&context->credentials_); status != 0) {
    return dtls_failure("allocate credentials", status);
  }
  if (const int status = gnutls_key_generate(&context->cookie_secret_, GNUTLS_COOKIE_KEY_SIZE); status != 0) {
    return dtls_failure("draw a secret", status);
  }
  if (auto made = context->make_certificate(); !made) return tl::unexpected(std::move(made.error()));
  return context;
}

TransportResult<void> DtlsContext::make_certificate() {
  gnutls_x509_privkey_t raw_key = nullptr;
  gnutls_x509_crt_t raw_certificate = nullptr;
  if (gnutls_x509_privkey_init(&raw_key) != 0) return dtls_failure("allocate a key", GNUTLS_E_MEMORY_ERROR);
  const std::unique_ptr<gnutls_x509_privkey_int, PrivateKeyDeleter> key(raw_key);
  if (gnutls_x509_crt_init(&raw_certificate) != 0) {
    return dtls_failure("allocate a certificate", GNUTLS_E_MEMORY_ERROR);
  }
  const std::unique_ptr<gnutls_x509_crt_int, CertificateDeleter> certificate(raw_certificate);

  constexpr const char* kName = "CN=theta";
  constexpr std::uint8_t kSerial = 1;
  const char* error_at = nullptr;
  int status = 0;
  const auto check = [&status](int result) { status = status == 0 ? result : status; };
  check(gnutls_x509_privkey_generate(raw_key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0));
  check(gnutls_x509_crt_set_version(raw_certificate, 3));
  check(gnutls_x509_crt_set_serial(raw_certificate, &kSerial, sizeof kSerial));
  check(gnutls_x509_crt_set_dn(raw_certificate, kName, &error_at));
  check(gnutls_x509_crt_set_activation_time(raw_certificate, kValidFrom));
  check(gnutls_x509_crt_set_expiration_time(raw_certificate, kValidUntil));
  check(gnutls_x509_crt_set_key(raw_certificate, raw_key));
  check(gnutls_x509_crt_sign2(raw_certificate, raw_certificate, raw_key, GNUTLS_DIG_SHA256, 0));
  check(gnutls_certificate_set_x509_key(credentials_, &raw_certificate, 1, raw_key));
  gnutls_datum_t der{};
  check(gnutls_x509_crt_export2(raw_certificate, GNUTLS_X509_FMT_DER, &der));
  if (status != 0) return dtls_failure("make a certificate", status);
  fingerprint_ = fingerprint_of(der);
  gnutls_free(der.data);
  return {};
}

gnutls_session_t DtlsContext::make_session(unsigned side) const {
  gnutls_session_t raw = nullptr;
  // No tickets and no cache, so nothing is ever resumed past the certificate.
  if (gnutls_init(&raw, side | GNUTLS_DATAGRAM | GNUTLS_NONBLOCK | GNUTLS_NO_TICKETS) != 0) return nullptr;
  const bool is_ready = gnutls_priority_set(raw, priority_) == 0 &&
                        gnutls_credentials_set(raw, GNUTLS_CRD_CERTIFICATE, credentials_) == 0;
  if (is_ready) return raw;
  gnutls_deinit(raw);
  return nullptr;
}

bool verify_cookie(const DtlsContext& context, ByteView address, ByteView hello, gnutls_dtls_prestate_st& prestate) {
  prestate = {};
  auto key = datum(context.cookie_secret());
  auto client = datum(address);
  // GnuTLS only reads both, whatever its types say.
  return gnutls_dtls_cookie_verify(&key, client.data, client.size, const_cast<std::uint8_t*>(hello.data()),
                                   hello.size(), &prestate) >= 0;
}

Bytes write_cookie_request(const DtlsContext& context, ByteView address, gnutls_dtls_prestate_st& prestate) {
  Bytes request;
  const auto push = [](gnutls_transport_ptr_t to, const void* bytes, std::size_t size) {
    const auto* begin = static_cast<const std::uint8_t*>(bytes);
    static_cast<Bytes*>(to)->assign(begin, begin + size);
    return static_cast<ssize_t>(size);
  };
  auto key = datum(context.cookie_secret());
  auto client = datum(address);
  if (gnutls_dtls_cookie_send(&key, client.data, client.size, &prestate, &request, push) < 0) return {};
  return request;
}

std::unique_ptr<DtlsSession> DtlsSession::create(const DtlsContext& context, Side side,
                                                 const CertificateFingerprint& peer, DtlsHandler& handler) {
  std::unique_ptr<DtlsSession> result(new DtlsSession(peer, handler));
  const bool is_server = side == Side::server;
  result->session_.reset(context.make_session(is_server ? GNUTLS_SERVER : GNUTLS_CLIENT));
  auto* session = result->session_.get();
  if (session == nullptr) return nullptr;
  gnutls_session_set_ptr(session, result.get());
  gnutls_session_set_verify_function(session, verify);
  if (is_server) gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUIRE);
  gnutls_handshake_set_max_packet_length(session, kHandshakeMessageBytesMax);
  gnutls_dtls_set_mtu(session, kDtlsDatagramBytesMax);
  gnutls_dtls_set_timeouts(session, kRetransmitMs, kGiveUpMs);
  gnutls_transport_set_ptr(session, result.get());
  gnutls_transport_set_push_function(session, push);
  gnutls_transport_set_pull_function(session, pull);
  gnutls_transport_set_pull_timeout_function(session, pull_timeout);
  return result;
}

DtlsSession::~DtlsSession() = default;

void DtlsSession::begin_behind_cookie(const gnutls_dtls_prestate_st& prestate) {
  auto copy = prestate;
  gnutls_dtls_prestate_set(session_.get(), &copy);
}

ssize_t DtlsSession::push(gnutls_transport_ptr_t self, const void* bytes, std::size_t size) {
  auto& session = *static_cast<DtlsSession*>(self);
  const ByteView datagram(static_cast<const std::uint8_t*>(bytes), size);
  session.handler_.on_dtls_output(datagram);
  return static_cast<ssize_t>(size);
}

ssize_t DtlsSession::pull(gnutls_transport_ptr_t self, void* bytes, std::size_t size) {
  auto& session = *static_cast<DtlsSession*>(self);
  if (!std::exchange(session.has_incoming_, false)) {
    gnutls_transport_set_errno(session.session_.get(), EAGAIN);
    return -1;
  }
  const auto taken = std::min(size, session.incoming_.size());
  std::memcpy(bytes, session.incoming_.data(), taken);
  return static_cast<ssize_t>(taken);
}

int DtlsSession::pull_timeout(gnutls_transport_ptr_t self, unsigned) {
  return static_cast<DtlsSession*>(self)->has_incoming_ ? 1 : 0;
}

/// GnuTLS itself checks that the peer owns the certificate's key: its signature covers the handshake.
int DtlsSession::verify(gnutls_session_t session) {
  auto& self = *static_cast<DtlsSession*>(gnutls_session_get_ptr(session));
  unsigned count = 0;
  const auto* list = gnutls_certificate_get_peers(session, &count);
  if (list != nullptr && count != 0) {
    const auto shown = fingerprint_of(list[0]);
    self.is_verified_ = crypto::equal_constant_time(shown.view(), self.peer_.view());
  }
  self.is_mismatch_ = !self.is_verified_;
  return self.is_verified_ ? 0 : GNUTLS_E_CERTIFICATE_ERROR;
}

void DtlsSession::fail(int status) {
  state_ = State::failed;
  failure_ = is_mismatch_ ? "the certificate is not the one that the session description named"
                          : std::string("DTLS failed: ") + gnutls_strerror(status);
}

void DtlsSession::advance() {
  if (state_ != State::handshake) return;
  int status = 0;
  do {
    status = gnutls_handshake(session_.get());
  } while (status < 0 && gnutls_error_is_fatal(status) == 0 && status != GNUTLS_E_AGAIN &&
           status != GNUTLS_E_INTERRUPTED);
  if (status == GNUTLS_E_AGAIN || status == GNUTLS_E_INTERRUPTED) return;
  // The verify function must have run: without it there would be nobody at the other end in particular.
  if (status != 0 || !is_verified_) {
    if (status != 0 && status != GNUTLS_E_FATAL_ALERT_RECEIVED) {
      (void)gnutls_alert_send_appropriate(session_.get(), status);
    }
    return fail(status != 0 ? status : GNUTLS_E_CERTIFICATE_REQUIRED);
  }
  state_ = State::open;
}

bool DtlsSession::receive(ByteView datagram) {
  if (state_ == State::closed || state_ == State::failed || datagram.empty()) return false;
  incoming_ = datagram;
  has_incoming_ = true;
  bool verified = false;
  if (state_ == State::handshake) advance();
  // Several handshake messages may lie in one datagram, and data may follow them.
  if (state_ == State::open) read_records(verified);
  has_incoming_ = false;
  incoming_ = {};
  return verified;
}

void DtlsSession::read_records(bool& verified) {
  std::array<std::uint8_t, kDtlsReceiveBytesMax> buffer;
  while (state_ == State::open) {
    const auto size = gnutls_record_recv(session_.get(), buffer.data(), buffer.size());
    if (size > 0) {
      verified = true;
      handler_.on_dtls_data({buffer.data(), static_cast<std::size_t>(size)});
      continue;
    }
    if (size == 0) {
      state_ = State::closed;
      return;
    }
    if (size == GNUTLS_E_AGAIN || size == GNUTLS_E_INTERRUPTED) return;
    if (size == GNUTLS_E_REHANDSHAKE) {
      is_renegotiation_ = true;
      return fail(static_cast<int>(size));
    }
    if (gnutls_error_is_fatal(static_cast<int>(size)) != 0) return fail(static_cast<int>(size));
  }
}

bool DtlsSession::send(ByteView bytes) {
  if (state_ != State::open || bytes.size() + kDtlsOverheadBytes > kDtlsDatagramBytesMax) return false;
  return gnutls_record_send(session_.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
}

void DtlsSession::close() {
  if (state_ != State::open) return;
  (void)gnutls_bye(session_.get(), GNUTLS_SHUT_WR);
  state_ = State::closed;
}

unsigned DtlsSession::discarded_records() const { return gnutls_record_get_discarded(session_.get()); }

}  // namespace theta::transport

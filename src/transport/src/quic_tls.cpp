#include "quic_tls.h"

#include <cstring>
#include <string_view>
#include <utility>

#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <ngtcp2/ngtcp2_crypto_gnutls.h>

#include "theta/base/hex.h"

namespace theta::transport {
namespace {

/// TLS 1.3 only, AEADs that QUIC has, forward secrecy always, Ed25519 for the hub's certificate.
constexpr const char* kPriority =
    "%DISABLE_TLS13_COMPAT_MODE:NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:"
    "+CHACHA20-POLY1305:-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:-SIGN-ALL:+SIGN-EDDSA-ED25519";
constexpr std::string_view kBindingLabel = "EXPORTER-theta-channel-binding";

// The certificate only carries the key, which is what clients check; its dates and names mean nothing.
constexpr time_t kValidFrom = 1577836800;   // 2020-01-01
constexpr time_t kValidUntil = 4102444800;  // 2100-01-01

struct PrivateKeyDeleter {
  void operator()(gnutls_x509_privkey_t key) const { gnutls_x509_privkey_deinit(key); }
};
using PrivateKey = std::unique_ptr<gnutls_x509_privkey_int, PrivateKeyDeleter>;
struct CertificateDeleter {
  void operator()(gnutls_x509_crt_t certificate) const { gnutls_x509_crt_deinit(certificate); }
};
using Certificate = std::unique_ptr<gnutls_x509_crt_int, CertificateDeleter>;

tl::unexpected<Failure<TransportError>> tls_failure(std::string_view what, int status) {
  return fail(TransportError::system, "TLS: cannot " + std::string(what) + ": " + gnutls_strerror(status));
}

gnutls_datum_t datum(ByteView bytes) {
  return {const_cast<std::uint8_t*>(bytes.data()), static_cast<unsigned>(bytes.size())};
}

Certificate new_certificate() {
  gnutls_x509_crt_t raw = nullptr;
  return Certificate(gnutls_x509_crt_init(&raw) == 0 ? raw : nullptr);
}

/// The Ed25519 key of the certificate that the peer presented; empty for any other kind.
std::optional<HubKey> key_of_peer(gnutls_session_t session) {
  unsigned count = 0;
  const auto* list = gnutls_certificate_get_peers(session, &count);
  const auto certificate = new_certificate();
  if (list == nullptr || count == 0 || !certificate) return std::nullopt;
  if (gnutls_x509_crt_import(certificate.get(), &list[0], GNUTLS_X509_FMT_DER) != 0) return std::nullopt;
  gnutls_ecc_curve_t curve = GNUTLS_ECC_CURVE_INVALID;
  gnutls_datum_t x{};
  if (gnutls_x509_crt_get_pk_ecc_raw(certificate.get(), &curve, &x, nullptr) != 0) return std::nullopt;
  std::optional<HubKey> result;
  if (curve == GNUTLS_ECC_CURVE_ED25519 && x.size == HubKey::kSize) result = HubKey::from({x.data, x.size});
  gnutls_free(x.data);
  return result;
}

/// Runs on clients only. GnuTLS itself checks that the peer owns the key: its signature covers the handshake.
int verify_hub(gnutls_session_t session) {
  auto* reference = static_cast<ngtcp2_crypto_conn_ref*>(gnutls_session_get_ptr(session));
  auto* pin = static_cast<TlsOwner*>(reference->user_data)->hub_pin();
  if (pin == nullptr) return GNUTLS_E_CERTIFICATE_ERROR;
  const auto key = key_of_peer(session);
  const bool is_acceptable = key && (!pin->expected || *key == *pin->expected);
  if (is_acceptable) return 0;
  pin->is_mismatch = true;
  pin->text = "expected hub fingerprint " +
              (pin->expected ? to_base64url(pin->expected->view()) : "of an Ed25519 key") + ", got " +
              (key ? to_base64url(key->view()) : "a certificate without an Ed25519 key") +
              ": this is another hub, or somebody stands between; ask the room's owner for a fresh link";
  return GNUTLS_E_CERTIFICATE_ERROR;
}

}  // namespace

TlsContext::~TlsContext() {
  if (credentials_ != nullptr) gnutls_certificate_free_credentials(credentials_);
  if (priority_ != nullptr) gnutls_priority_deinit(priority_);
}

TransportResult<std::unique_ptr<TlsContext>> TlsContext::create(const std::optional<crypto::Seed>& hub_seed,
                                                                std::string alpn) {
  std::unique_ptr<TlsContext> context(new TlsContext(std::move(alpn)));
  if (const int status = gnutls_priority_init(&context->priority_, kPriority, nullptr); status != 0) {
    return tls_failure("set its ciphers", status);
  }
  if (const int status = gnutls_certificate_allocate_credentials(&context->credentials_); status != 0) {
    return tls_failure("allocate credentials", status);
  }
  gnutls_certificate_set_verify_function(context->credentials_, verify_hub);
  if (hub_seed) {
    if (auto loaded = context->load_hub_identity(*hub_seed); !loaded) return tl::unexpected(std::move(loaded.error()));
  }
  return context;
}

TransportResult<void> TlsContext::load_hub_identity(const crypto::Seed& seed) {
  const auto public_key = crypto::KeyPair::from_seed(seed).public_key<HubKey>();
  gnutls_x509_privkey_t raw_key = nullptr;
  if (const int status = gnutls_x509_privkey_init(&raw_key); status != 0) return tls_failure("allocate a key", status);
  const PrivateKey key(raw_key);
  const auto x = datum(public_key.view());
  const auto k = datum(seed.bytes);
  int status = gnutls_x509_privkey_import_ecc_raw(key.get(), GNUTLS_ECC_CURVE_ED25519, &x, nullptr, &k);
  if (status != 0) return tls_failure("use the hub's key", status);

  const auto certificate = new_certificate();
  if (!certificate) return tls_failure("allocate a certificate", GNUTLS_E_MEMORY_ERROR);
  constexpr std::string_view kName = "CN=theta hub";
  constexpr std::uint8_t kSerial = 1;
  const char* error_at = nullptr;
  const auto check = [&](int result) { status = status == 0 ? result : status; };
  check(gnutls_x509_crt_set_version(certificate.get(), 3));
  check(gnutls_x509_crt_set_serial(certificate.get(), &kSerial, sizeof kSerial));
  check(gnutls_x509_crt_set_dn(certificate.get(), kName.data(), &error_at));
  check(gnutls_x509_crt_set_activation_time(certificate.get(), kValidFrom));
  check(gnutls_x509_crt_set_expiration_time(certificate.get(), kValidUntil));
  check(gnutls_x509_crt_set_key(certificate.get(), key.get()));
  check(gnutls_x509_crt_sign2(certificate.get(), certificate.get(), key.get(), GNUTLS_DIG_SHA512, 0));
  auto* list = certificate.get();
  check(gnutls_certificate_set_x509_key(credentials_, &list, 1, key.get()));
  if (status != 0) return tls_failure("make the hub's certificate", status);
  hub_key_ = public_key;
  return {};
}

TlsSession TlsContext::make_session(unsigned flags, ngtcp2_crypto_conn_ref& reference) const {
  gnutls_session_t raw = nullptr;
  if (gnutls_init(&raw, flags) != 0) return nullptr;
  TlsSession session(raw);
  const auto name = datum(as_bytes(alpn_));
  const bool is_ready = gnutls_priority_set(raw, priority_) == 0 &&
                        gnutls_credentials_set(raw, GNUTLS_CRD_CERTIFICATE, credentials_) == 0 &&
                        gnutls_alpn_set_protocols(raw, &name, 1, GNUTLS_ALPN_MANDATORY) == 0;
  if (!is_ready) return nullptr;
  gnutls_session_set_ptr(raw, &reference);
  return session;
}

TlsSession TlsContext::make_server_session(ngtcp2_crypto_conn_ref& reference) const {
  // No tickets: without resumption there is no 0-RTT, and no replay of a first command.
  auto session = make_session(
      GNUTLS_SERVER | GNUTLS_NO_TICKETS | GNUTLS_NO_AUTO_SEND_TICKET | GNUTLS_NO_END_OF_EARLY_DATA, reference);
  if (session && ngtcp2_crypto_gnutls_configure_server_session(session.get()) != 0) session.reset();
  return session;
}

TlsSession TlsContext::make_client_session(ngtcp2_crypto_conn_ref& reference) const {
  auto session = make_session(GNUTLS_CLIENT | GNUTLS_NO_TICKETS | GNUTLS_NO_END_OF_EARLY_DATA, reference);
  if (session && ngtcp2_crypto_gnutls_configure_client_session(session.get()) != 0) session.reset();
  return session;
}

bool TlsContext::has_our_alpn(gnutls_session_t session) const {
  gnutls_datum_t selected{};
  if (gnutls_alpn_get_selected_protocol(session, &selected) != 0) return false;
  return std::string_view(reinterpret_cast<const char*>(selected.data), selected.size) == alpn_;
}

std::optional<ChannelBinding> export_channel_binding(gnutls_session_t session) {
  ChannelBinding binding;
  const int status = gnutls_prf_rfc5705(session, kBindingLabel.size(), kBindingLabel.data(), 0, nullptr,
                                        binding.bytes.size(), reinterpret_cast<char*>(binding.bytes.data()));
  if (status != 0) return std::nullopt;
  return binding;
}

}  // namespace theta::transport

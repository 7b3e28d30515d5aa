#pragma once

#include <memory>
#include <optional>
#include <string>

#include <gnutls/gnutls.h>
#include <ngtcp2/ngtcp2_crypto.h>

#include "theta/crypto/keys.h"
#include "theta/transport/error.h"
#include "theta/transport/transport.h"

namespace theta::transport {

struct TlsSessionDeleter {
  void operator()(gnutls_session_t session) const { gnutls_deinit(session); }
};
using TlsSession = std::unique_ptr<gnutls_session_int, TlsSessionDeleter>;

/// A client's expectation of its hub, and what came of it. The session's verify function finds it through the
/// connection.
struct HubPin {
  std::optional<HubKey> expected;
  bool is_mismatch = false;
  std::string text;  // a sentence, when it is a mismatch
};

/// Implemented by whoever owns a session: `ngtcp2_crypto_conn_ref::user_data` points to it.
class TlsOwner {
 public:
  virtual ~TlsOwner() = default;
  virtual HubPin* hub_pin() = 0;
};

/// What all sessions of an endpoint share: cipher priorities, the hub's self-signed Ed25519 certificate, the pin check.
class TlsContext {
 public:
  [[nodiscard]] static TransportResult<std::unique_ptr<TlsContext>> create(const std::optional<crypto::Seed>& hub_seed,
                                                                           std::string alpn);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  /// Null when GnuTLS refuses (out of memory). `reference` must outlive the session.
  [[nodiscard]] TlsSession make_server_session(ngtcp2_crypto_conn_ref& reference) const;
  [[nodiscard]] TlsSession make_client_session(ngtcp2_crypto_conn_ref& reference) const;
  /// GnuTLS connects with a wrong protocol name or none, so this is asked after every handshake.
  [[nodiscard]] bool has_our_alpn(gnutls_session_t session) const;

  [[nodiscard]] bool can_serve() const { return hub_key_.has_value(); }
  [[nodiscard]] const std::optional<HubKey>& hub_key() const { return hub_key_; }
  [[nodiscard]] const std::string& alpn() const { return alpn_; }

 private:
  explicit TlsContext(std::string alpn) : alpn_(std::move(alpn)) {}
  [[nodiscard]] TransportResult<void> load_hub_identity(const crypto::Seed& seed);
  [[nodiscard]] TlsSession make_session(unsigned flags, ngtcp2_crypto_conn_ref& reference) const;

  std::string alpn_;
  std::optional<HubKey> hub_key_;
  gnutls_priority_t priority_ = nullptr;
  gnutls_certificate_credentials_t credentials_ = nullptr;
};

/// The exporter of RFC 5705 and RFC 8446 section 7.5; empty before the handshake is complete.
[[nodiscard]] std::optional<ChannelBinding> export_channel_binding(gnutls_session_t session);

}  // namespace theta::transport

#pragma once

#include <cerrno>
#include <cstring>
#include <deque>
#include <functional>

#include <gnutls/dtls.h>
#include <gnutls/gnutls.h>

#include "theta/base/bytes.h"

namespace theta::transport::testing {

/// A bare DTLS client of GnuTLS for what ours cannot do: no certificate, small datagrams, a second handshake.
class RawDtlsClient {
 public:
  explicit RawDtlsClient(std::function<void(ByteView)> output, unsigned mtu = 1200) : output_(std::move(output)) {
    gnutls_certificate_allocate_credentials(&credentials_);
    gnutls_init(&session_, GNUTLS_CLIENT | GNUTLS_DATAGRAM | GNUTLS_NONBLOCK);
    gnutls_priority_set_direct(session_, "NORMAL:-VERS-ALL:+VERS-DTLS1.2:%UNSAFE_RENEGOTIATION", nullptr);
    gnutls_credentials_set(session_, GNUTLS_CRD_CERTIFICATE, credentials_);
    gnutls_session_set_verify_function(session_, [](gnutls_session_t) { return 0; });
    gnutls_dtls_set_mtu(session_, mtu);
    gnutls_dtls_set_timeouts(session_, 0, 1000 * 1000);
    gnutls_transport_set_ptr(session_, this);
    gnutls_transport_set_push_function(session_, [](gnutls_transport_ptr_t self, const void* bytes, std::size_t size) {
      static_cast<RawDtlsClient*>(self)->output_({static_cast<const std::uint8_t*>(bytes), size});
      return static_cast<ssize_t>(size);
    });
    gnutls_transport_set_pull_function(session_, [](gnutls_transport_ptr_t self, void* bytes, std::size_t size) {
      auto& client = *static_cast<RawDtlsClient*>(self);
      if (client.incoming_.empty()) {
        gnutls_transport_set_errno(client.session_, EAGAIN);
        return static_cast<ssize_t>(-1);
      }
      const auto datagram = std::move(client.incoming_.front());
      client.incoming_.pop_front();
      std::memcpy(bytes, datagram.data(), std::min(size, datagram.size()));
      return static_cast<ssize_t>(datagram.size());
    });
    gnutls_transport_set_pull_timeout_function(session_, [](gnutls_transport_ptr_t self, unsigned) {
      return static_cast<RawDtlsClient*>(self)->incoming_.empty() ? 0 : 1;
    });
  }
  ~RawDtlsClient() {
    gnutls_deinit(session_);
    gnutls_certificate_free_credentials(credentials_);
  }
  RawDtlsClient(const RawDtlsClient&) = delete;
  RawDtlsClient& operator=(const RawDtlsClient&) = delete;

  void receive(ByteView datagram) { incoming_.emplace_back(datagram.begin(), datagram.end()); }
  /// What GnuTLS says after having read all that came: 0 when the handshake is done.
  int handshake() {
    const int status = gnutls_handshake(session_);
    return status;
  }

 private:
  std::function<void(ByteView)> output_;
  gnutls_certificate_credentials_t credentials_ = nullptr;
  gnutls_session_t session_ = nullptr;
  std::deque<Bytes> incoming_;
};

}  // namespace theta::transport::testing

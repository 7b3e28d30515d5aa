#pragma once

#include <ngtcp2/ngtcp2.h>
#include <ngtcp2/ngtcp2_crypto.h>

namespace theta::transport {

/// The functions that ngtcp2 calls on a connection; its `user_data` is the QuicConnection.
[[nodiscard]] const ngtcp2_callbacks& quic_callbacks(bool is_server);

/// `ngtcp2_crypto_conn_ref::get_conn`.
[[nodiscard]] ngtcp2_conn* connection_of_session(ngtcp2_crypto_conn_ref* reference);

}  // namespace theta::transport

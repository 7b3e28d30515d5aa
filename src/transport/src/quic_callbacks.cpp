#include "quic_callbacks.h"

#include <ngtcp2/ngtcp2_crypto.h>
#include <sodium.h>

#include "quic_connection.h"

namespace theta::transport {

/// A friend of QuicConnection, so that its interface need not show what only ngtcp2 calls.
struct QuicCallbacks {
  static QuicConnection& self(void* user_data) { return *static_cast<QuicConnection*>(user_data); }

  static int receive_crypto(ngtcp2_conn* conn, ngtcp2_encryption_level level, std::uint64_t offset,
                            const std::uint8_t* data, std::size_t size, void* user_data) {
    // The TLS session is freed once it has done its work. What a peer still says to it are session tickets, which we
    // do not use.
    if (!self(user_data).session_) return 0;
    return ngtcp2_crypto_recv_crypto_data_cb(conn, level, offset, data, size, user_data);
  }

  static int handshake_completed(ngtcp2_conn*, void* user_data) { return self(user_data).on_handshake_completed(); }

  static int handshake_confirmed(ngtcp2_conn*, void* user_data) {
    self(user_data).may_drop_session_ = true;
    return 0;
  }

  static int receive_stream(ngtcp2_conn* conn, std::uint32_t flags, std::int64_t stream, std::uint64_t,
                            const std::uint8_t* data, std::size_t size, void* user_data, void*) {
    const int status = self(user_data).on_lane_data(stream, {data, size}, (flags & NGTCP2_STREAM_DATA_FLAG_FIN) != 0);
    if (status != 0) return status;
    // The sink has returned, so these bytes are consumed; only now may the peer send as many more.
    if (ngtcp2_conn_extend_max_stream_offset(conn, stream, size) != 0) return NGTCP2_ERR_CALLBACK_FAILURE;
    ngtcp2_conn_extend_max_offset(conn, size);
    return 0;
  }

  static int acknowledged(ngtcp2_conn*, std::int64_t stream, std::uint64_t offset, std::uint64_t size, void* user_data,
                          void*) {
    if (auto* lane = self(user_data).lane_of(stream)) lane->sender.mark_acknowledged(offset + size);
    return 0;
  }

  static int stream_open(ngtcp2_conn*, std::int64_t stream, void* user_data) {
    if (auto* lane = self(user_data).lane_of(stream)) lane->is_open = true;
    return 0;
  }

  static int lane_ended(void* user_data) {
    self(user_data).end_with_close({CloseReason::protocol_error, false, "the peer ended a lane, which must stay open"},
                                   static_cast<std::uint64_t>(CloseReason::protocol_error), true);
    return NGTCP2_ERR_CALLBACK_FAILURE;
  }
  static int stream_close(ngtcp2_conn*, std::uint32_t, std::int64_t, std::uint64_t, void* user_data, void*) {
    return lane_ended(user_data);
  }
  static int stream_reset(ngtcp2_conn*, std::int64_t, std::uint64_t, std::uint64_t, void* user_data, void*) {
    return lane_ended(user_data);
  }
  static int stop_sending(ngtcp2_conn*, std::int64_t, std::uint64_t, void* user_data, void*) {
    return lane_ended(user_data);
  }

  static int receive_datagram(ngtcp2_conn*, std::uint32_t, const std::uint8_t* data, std::size_t size,
                              void* user_data) {
    if (size <= limits::kPresenceBytesMax) self(user_data).deliver(Lane::presence, {data, size});
    return 0;
  }

  static int stateless_reset(ngtcp2_conn*, const ngtcp2_pkt_stateless_reset*, void* user_data) {
    auto& connection = self(user_data);
    connection.was_reset_ = true;
    ++connection.host_.stats().stateless_resets_received;
    return 0;
  }

  static void random(std::uint8_t* bytes, std::size_t size, const ngtcp2_rand_ctx*) { randombytes_buf(bytes, size); }

  static int new_connection_id(ngtcp2_conn*, ngtcp2_cid* id, std::uint8_t* token, std::size_t size, void* user_data) {
    auto& connection = self(user_data);
    *id = random_connection_id(size);
    if (!connection.host_.make_reset_token(*id, token)) return NGTCP2_ERR_CALLBACK_FAILURE;
    connection.host_.add_id({id->data, id->datalen}, connection);
    return 0;
  }

  static int remove_connection_id(ngtcp2_conn*, const ngtcp2_cid* id, void* user_data) {
    auto& connection = self(user_data);
    connection.host_.remove_id({id->data, id->datalen}, connection);
    return 0;
  }

  static int peer_id_status(ngtcp2_conn*, ngtcp2_connection_id_status_type type, std::uint64_t, const ngtcp2_cid*,
                            const std::uint8_t* token, void* user_data) {
    if (token == nullptr) return 0;
    auto& connection = self(user_data);
    const ByteView bytes(token, NGTCP2_STATELESS_RESET_TOKENLEN);
    if (type == NGTCP2_CONNECTION_ID_STATUS_TYPE_ACTIVATE) {
      connection.host_.add_reset_token(bytes, connection);
    } else {
      connection.host_.remove_reset_token(bytes, connection);
    }
    return 0;
  }

  static ngtcp2_callbacks table(bool is_server) {
    ngtcp2_callbacks callbacks{};
    if (is_server) {
      callbacks.recv_client_initial = ngtcp2_crypto_recv_client_initial_cb;
    } else {
      callbacks.client_initial = ngtcp2_crypto_client_initial_cb;
      callbacks.recv_retry = ngtcp2_crypto_recv_retry_cb;
    }
    callbacks.recv_crypto_data = receive_crypto;
    callbacks.handshake_completed = handshake_completed;
    callbacks.handshake_confirmed = handshake_confirmed;
    callbacks.encrypt = ngtcp2_crypto_encrypt_cb;
    callbacks.decrypt = ngtcp2_crypto_decrypt_cb;
    callbacks.hp_mask = ngtcp2_crypto_hp_mask_cb;
    callbacks.recv_stream_data = receive_stream;
    callbacks.acked_stream_data_offset = acknowledged;
    callbacks.stream_open = stream_open;
    callbacks.stream_close = stream_close;
    callbacks.stream_reset = stream_reset;
    callbacks.stream_stop_sending = stop_sending;
    callbacks.recv_datagram = receive_datagram;
    callbacks.recv_stateless_reset = stateless_reset;
    callbacks.rand = random;
    callbacks.get_new_connection_id = new_connection_id;
    callbacks.remove_connection_id = remove_connection_id;
    callbacks.dcid_status = peer_id_status;
    callbacks.update_key = ngtcp2_crypto_update_key_cb;
    callbacks.delete_crypto_aead_ctx = ngtcp2_crypto_delete_crypto_aead_ctx_cb;
    callbacks.delete_crypto_cipher_ctx = ngtcp2_crypto_delete_crypto_cipher_ctx_cb;
    callbacks.get_path_challenge_data = ngtcp2_crypto_get_path_challenge_data_cb;
    callbacks.version_negotiation = ngtcp2_crypto_version_negotiation_cb;
    return callbacks;
  }
};

const ngtcp2_callbacks& quic_callbacks(bool is_server) {
  static const ngtcp2_callbacks client = QuicCallbacks::table(false);
  static const ngtcp2_callbacks server = QuicCallbacks::table(true);
  return is_server ? server : client;
}

ngtcp2_conn* connection_of_session(ngtcp2_crypto_conn_ref* reference) {
  auto* owner = static_cast<TlsOwner*>(reference->user_data);
  return static_cast<QuicConnection*>(owner)->native();
}

}  // namespace theta::transport

#include <algorithm>
#include <array>
#include <string_view>

#include <ngtcp2/ngtcp2_crypto.h>

#include "quic_core.h"
#include "socket_address_native.h"

// Datagrams that belong to no connection: newcomers, those who lost their way, and those who mean no good.

namespace theta::transport {
namespace {

constexpr std::size_t kAnswerBytesMax = 1280;
/// A client sends no smaller datagram before it is known (RFC 9000 section 14.1).
constexpr std::size_t kInitialDatagramBytesMin = 1200;
/// Handshakes under way in the name of one source that may lack proof of it; whoever comes next gets a Retry.
constexpr std::size_t kUnvalidatedPerSourceMax = 4;
constexpr auto kRetryTokenLifetime = std::chrono::seconds{10};

}  // namespace

QuicCore::SourceUse QuicCore::use_of(const SourceTable& table, const SourceKey& key) {
  const auto found = table.find(key);
  return found == table.end() ? SourceUse{} : found->second;
}

bool QuicCore::may_answer(AnswerBudget& budget) {
  if (budget.take(now_)) return true;
  ++stats_.dropped_answer_budget;
  return false;
}

void QuicCore::answer(const Datagram& datagram, ByteView bytes) {
  output_.send({datagram.local, datagram.remote, 0, bytes, bytes.size()});
}

void QuicCore::on_stranger(const Datagram& datagram, const ngtcp2_version_cid& ids) {
  const bool is_long_header = (datagram.bytes.front() & 0x80) != 0;
  if (!is_long_header) {
    // A reset names a connection by its last bytes only (RFC 9000 section 10.3.1).
    auto* const* reset = reset_tokens_.find(datagram.bytes.last(NGTCP2_STATELESS_RESET_TOKENLEN));
    if (reset != nullptr) return deliver(**reset, datagram);
    return send_stateless_reset(datagram, ids);
  }
  ngtcp2_pkt_hd header{};
  if (ngtcp2_accept(&header, datagram.bytes.data(), datagram.bytes.size()) != 0) {
    // Late handshake packets of connections that are over look the same.
    ++stats_.dropped_unknown_connection;
    return;
  }
  if (!tls_->can_serve() || is_shut_down_) {
    ++stats_.dropped_not_serving;
    return;
  }
  accept(datagram, header);
}

void QuicCore::accept(const Datagram& datagram, const ngtcp2_pkt_hd& header) {
  QuicConnection::Newcomer newcomer;
  newcomer.header = header;
  if (header.tokenlen != 0 && !check_token(datagram, newcomer)) return;
  if (!newcomer.has_retry_token && must_prove_address(datagram.remote)) return send_retry(datagram, header);
  if (!is_within_limits(datagram, header)) return;
  auto connection = QuicConnection::accept(*this, PeerId{++peer_count_}, datagram, newcomer);
  if (!connection) return;
  ++stats_.connections_accepted;
  deliver(adopt(std::move(connection)), datagram);
}

bool QuicCore::check_token(const Datagram& datagram, QuicConnection::Newcomer& newcomer) {
  const auto& header = newcomer.header;
  // Tokens of another kind are not ours; RFC 9000 section 8.1.3 lets a server ignore them.
  if (header.token[0] != NGTCP2_CRYPTO_TOKEN_MAGIC_RETRY2) return true;
  auto remote = to_native(datagram.remote, false);
  const int status =
      ngtcp2_crypto_verify_retry_token2(&newcomer.original_dcid, header.token, header.tokenlen, secret_.data(),
                                        secret_.size(), header.version, remote.get(), remote.size, &header.dcid,
                                        std::chrono::nanoseconds(kRetryTokenLifetime).count(), to_timestamp(now_));
  if (status == 0) {
    newcomer.has_retry_token = true;
    return true;
  }
  ++stats_.dropped_bad_token;
  send_refusal(datagram, header, NGTCP2_INVALID_TOKEN, "the Retry token is stale or not yours; connect again");
  return false;
}

bool QuicCore::must_prove_address(const SocketAddress& address) const {
  return unvalidated_count_ >= options_.half_open_before_retry ||
         use_of(sources_, source_of(address)).unvalidated >= kUnvalidatedPerSourceMax;
}

bool QuicCore::is_within_limits(const Datagram& datagram, const ngtcp2_pkt_hd& header) {
  const auto source = use_of(sources_, source_of(datagram.remote));
  const auto network_key = network_of(datagram.remote);
  const auto network = network_key ? use_of(networks_, *network_key) : SourceUse{};
  // Only what proved its address counts, or those who forge addresses could use up the places of others.
  const auto half_open = half_open_count_ - unvalidated_count_;
  const auto connections = live_count_ - unvalidated_count_;
  if (source.half_open >= options_.half_open_per_source_max ||
      network.half_open >= options_.half_open_per_network_max || half_open >= options_.half_open_max) {
    ++stats_.dropped_half_open_limit;
    return false;
  }
  if (connections >= options_.connections_max) {
    ++stats_.dropped_connection_limit;
    send_refusal(datagram, header, NGTCP2_CONNECTION_REFUSED,
                 "the hub has as many connections as it takes; try again later");
    return false;
  }
  if (source.connections >= options_.connections_per_source_max) {
    ++stats_.dropped_source_limit;
    send_refusal(datagram, header, NGTCP2_CONNECTION_REFUSED, "too many connections from your address; close some");
    return false;
  }
  if (network.connections >= options_.connections_per_network_max) {
    ++stats_.dropped_network_limit;
    send_refusal(datagram, header, NGTCP2_CONNECTION_REFUSED, "too many connections from your network; close some");
    return false;
  }
  return true;
}

void QuicCore::send_retry(const Datagram& datagram, const ngtcp2_pkt_hd& header) {
  if (!may_answer(retries_)) return;
  auto remote = to_native(datagram.remote, false);
  const auto source = random_connection_id(kConnectionIdBytes);
  std::array<std::uint8_t, NGTCP2_CRYPTO_MAX_RETRY_TOKENLEN2> token;
  const auto token_size =
      ngtcp2_crypto_generate_retry_token2(token.data(), secret_.data(), secret_.size(), header.version, remote.get(),
                                          remote.size, &source, &header.dcid, to_timestamp(now_));
  if (token_size < 0) return;
  std::array<std::uint8_t, kAnswerBytesMax> packet;
  const auto size = ngtcp2_crypto_write_retry(packet.data(), packet.size(), header.version, &header.scid, &source,
                                              &header.dcid, token.data(), static_cast<std::size_t>(token_size));
  if (size <= 0) return;
  ++stats_.retries_sent;
  answer(datagram, {packet.data(), static_cast<std::size_t>(size)});
}

void QuicCore::send_refusal(const Datagram& datagram, const ngtcp2_pkt_hd& header, std::uint64_t code,
                            std::string_view text) {
  if (!may_answer(answers_)) return;
  std::array<std::uint8_t, kAnswerBytesMax> packet;
  const auto reason = as_bytes(text);
  const auto size = ngtcp2_crypto_write_connection_close(packet.data(), packet.size(), header.version, &header.scid,
                                                         &header.dcid, code, reason.data(), reason.size());
  if (size > 0) answer(datagram, {packet.data(), static_cast<std::size_t>(size)});
}

void QuicCore::send_version_negotiation(const Datagram& datagram, const ngtcp2_version_cid& ids) {
  const bool is_too_small = datagram.bytes.size() < kInitialDatagramBytesMin;
  if (is_too_small || !tls_->can_serve()) {
    ++stats_.dropped_malformed;
    return;
  }
  if (!may_answer(answers_)) return;
  constexpr std::array<std::uint32_t, 1> kVersions{NGTCP2_PROTO_VER_V1};
  std::uint8_t unused = 0;
  randombytes_buf(&unused, 1);
  std::array<std::uint8_t, kAnswerBytesMax> packet;
  const auto size = ngtcp2_pkt_write_version_negotiation(packet.data(), packet.size(), unused, ids.scid, ids.scidlen,
                                                         ids.dcid, ids.dcidlen, kVersions.data(), kVersions.size());
  if (size <= 0) return;
  ++stats_.version_negotiations_sent;
  answer(datagram, {packet.data(), static_cast<std::size_t>(size)});
}

void QuicCore::send_stateless_reset(const Datagram& datagram, const ngtcp2_version_cid& ids) {
  ++stats_.dropped_unknown_connection;
  // Always shorter than what caused it, so that two who know nothing of each other fall silent (RFC 9000 section
  // 10.3.3), and never longer than an ordinary small packet.
  constexpr std::size_t kResetBytesMax = 43;
  const auto size = std::min(datagram.bytes.size() - 1, kResetBytesMax);
  if (size < NGTCP2_MIN_STATELESS_RESET_RANDLEN + NGTCP2_STATELESS_RESET_TOKENLEN) return;
  if (!may_answer(answers_)) return;
  ngtcp2_cid id{};
  ngtcp2_cid_init(&id, ids.dcid, ids.dcidlen);
  std::array<std::uint8_t, NGTCP2_STATELESS_RESET_TOKENLEN> token;
  if (!make_reset_token(id, token.data())) return;
  std::array<std::uint8_t, kResetBytesMax> noise;
  randombytes_buf(noise.data(), noise.size());
  std::array<std::uint8_t, kResetBytesMax> packet;
  const auto written = ngtcp2_pkt_write_stateless_reset(packet.data(), size, token.data(), noise.data(),
                                                        size - NGTCP2_STATELESS_RESET_TOKENLEN);
  if (written <= 0) return;
  ++stats_.stateless_resets_sent;
  answer(datagram, {packet.data(), static_cast<std::size_t>(written)});
}

}  // namespace theta::transport

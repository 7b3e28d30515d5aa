#include <algorithm>
#include <array>
#include <bit>
#include <string>

#include "quic_connection.h"
#include "socket_address_native.h"

// How a connection's packets are filled and sent in bursts.

namespace theta::transport {
namespace {

constexpr std::size_t kPartsMax = 16;

/// Which sources were found unable to add to the packet at hand.
class Exhausted {
 public:
  [[nodiscard]] bool contains(Lane lane) const { return (bits_ & bit(lane)) != 0; }
  void insert(Lane lane) { bits_ |= bit(lane); }

 private:
  [[nodiscard]] static unsigned bit(Lane lane) { return 1U << static_cast<unsigned>(lane); }
  unsigned bits_ = 0;
};

SocketAddress address_of(const ngtcp2_addr& address) { return from_native(address.addr); }

}  // namespace

/// Collects packets that can leave in one system call: one path, one marking, equal sizes but for the last.
class QuicConnection::BurstBuilder {
 public:
  BurstBuilder(DatagramSender& output, std::span<std::uint8_t> scratch) : output_(output), scratch_(scratch) {}

  [[nodiscard]] std::size_t used() const { return used_; }
  [[nodiscard]] std::span<std::uint8_t> space() const { return scratch_.subspan(used_); }

  /// The packet lies at the start of `space()`.
  void add(const PacketWrite& packet) {
    const auto size = static_cast<std::size_t>(packet.result);
    const bool has_burst = used_ > begin_;
    const bool fits = has_burst && packet.remote == remote_ && packet.local == local_ && packet.ecn == ecn_ &&
                      size <= segment_ && !is_last_short_;
    if (!fits) {
      send();
      remote_ = packet.remote;
      local_ = packet.local;
      ecn_ = packet.ecn;
      segment_ = size;
      is_last_short_ = false;
    }
    used_ += size;
    if (size < segment_) is_last_short_ = true;
  }

  void send() {
    if (used_ > begin_) {
      output_.send({local_, remote_, ecn_, scratch_.subspan(begin_, used_ - begin_), segment_});
    }
    begin_ = used_;
  }

 private:
  DatagramSender& output_;
  std::span<std::uint8_t> scratch_;
  std::size_t begin_ = 0;
  std::size_t used_ = 0;
  SocketAddress local_;
  SocketAddress remote_;
  std::uint8_t ecn_ = 0;
  std::size_t segment_ = 0;
  bool is_last_short_ = false;
};

void QuicConnection::write(DatagramSender& output, std::span<std::uint8_t> scratch) {
  if (phase_ == Phase::closing) {
    // Answer late packets ever more rarely, so that two closed ends do not keep each other busy.
    if (packets_since_close_ == 0 || !std::has_single_bit(packets_since_close_) || close_packet_.empty()) return;
    output.send({local_, close_to_, 0, close_packet_, close_packet_.size()});
    return;
  }
  if (!conn_) return;
  if (phase_ == Phase::lingering) {
    // Counted from the first flush, because `close` knows no time.
    if (linger_deadline_ == MonotonicTime::max()) linger_deadline_ = host_.now() + host_.options().linger;
    if (is_drained()) wants_close_packet_ = true;
  }
  if (!wants_close_packet_) write_packets(output, scratch);
  if (wants_close_packet_ && conn_) write_close(output, scratch);
}

bool QuicConnection::is_drained() const {
  return std::all_of(lanes_.begin(), lanes_.end(),
                     [](const ReliableLane& lane) { return lane.sender.held_messages() == 0; });
}

void QuicConnection::write_packets(DatagramSender& output, std::span<std::uint8_t> scratch) {
  const auto packet_max = ngtcp2_conn_get_max_tx_udp_payload_size(conn_.get());
  const auto quantum = std::min(ngtcp2_conn_get_send_quantum(conn_.get()), scratch.size() - packet_max);
  BurstBuilder burst(output, scratch);
  while (burst.used() == 0 || burst.used() < quantum) {
    const auto packet = write_packet(burst.space().first(packet_max));
    if (packet.result < 0) {
      fail(static_cast<int>(packet.result));
      break;
    }
    if (packet.result == 0) break;
    ++packets_sent_;
    burst.add(packet);
  }
  if (burst.used() > 0) written_at_ = host_.now();
  burst.send();
  ngtcp2_conn_update_pkt_tx_time(conn_.get(), to_timestamp(host_.now()));
}

QuicConnection::PacketWrite QuicConnection::write_packet(std::span<std::uint8_t> buffer) {
  PacketWrite packet;
  ngtcp2_path_storage path;
  ngtcp2_path_storage_zero(&path);
  ngtcp2_pkt_info info{};
  packet.result = fill_packet(&path.path, info, buffer);
  if (packet.result <= 0) return packet;
  packet.local = address_of(path.path.local);
  packet.remote = address_of(path.path.remote);
  packet.ecn = info.ecn;
  return packet;
}

/// Packs what there is into one packet, the urgent first: control, presence, commands, bulk.
ngtcp2_ssize QuicConnection::fill_packet(ngtcp2_path* path, ngtcp2_pkt_info& info, std::span<std::uint8_t> buffer) {
  const auto timestamp = to_timestamp(host_.now());
  Exhausted exhausted;
  const auto next_lane = [&]() -> std::optional<Lane> {
    for (const auto lane : {Lane::control, Lane::presence, Lane::commands, Lane::bulk}) {
      if (exhausted.contains(lane)) continue;
      if (lane == Lane::presence ? was_established_ && !presence_.empty()
                                 : reliable(lane).is_open && reliable(lane).sender.has_unsent()) {
        return lane;
      }
    }
    return std::nullopt;
  };
  for (auto lane = next_lane(); lane; lane = next_lane()) {
    ngtcp2_ssize written = 0;
    if (*lane == Lane::presence) {
      int is_accepted = 0;
      const auto message = presence_.front().view();
      const ngtcp2_vec part{const_cast<std::uint8_t*>(message.data()), message.size()};
      // ngtcp2 aborts on a part without bytes.
      const std::size_t parts_count = message.empty() ? 0 : 1;
      written = ngtcp2_conn_writev_datagram(conn_.get(), path, &info, buffer.data(), buffer.size(), &is_accepted,
                                            NGTCP2_WRITE_DATAGRAM_FLAG_MORE, 0, &part, parts_count, timestamp);
      const bool is_refused = written == NGTCP2_ERR_INVALID_STATE || written == NGTCP2_ERR_INVALID_ARGUMENT;
      if (is_refused) ++host_.stats().presence_dropped;
      if (is_accepted != 0 || is_refused) {
        presence_bytes_ -= message.size();
        presence_.pop_front();
      }
      if (is_refused) continue;
    } else {
      auto& sender = reliable(*lane).sender;
      std::array<ngtcp2_vec, kPartsMax> parts;
      const auto count = sender.peek(parts);
      ngtcp2_ssize taken = -1;
      written = ngtcp2_conn_writev_stream(conn_.get(), path, &info, buffer.data(), buffer.size(), &taken,
                                          NGTCP2_WRITE_STREAM_FLAG_MORE, static_cast<std::int64_t>(*lane) * 4,
                                          parts.data(), count, timestamp);
      if (taken > 0) sender.mark_sent(static_cast<std::size_t>(taken));
      const bool is_blocked = written == NGTCP2_ERR_STREAM_DATA_BLOCKED || written == NGTCP2_ERR_STREAM_SHUT_WR ||
                              written == NGTCP2_ERR_STREAM_NOT_FOUND;
      if (is_blocked) exhausted.insert(*lane);
      if (is_blocked) continue;
      // Taking nothing although there is room would go round for ever.
      if (written == NGTCP2_ERR_WRITE_MORE && taken <= 0) exhausted.insert(*lane);
    }
    if (written != NGTCP2_ERR_WRITE_MORE) return written;
  }
  return ngtcp2_conn_writev_stream(conn_.get(), path, &info, buffer.data(), buffer.size(), nullptr,
                                   NGTCP2_WRITE_STREAM_FLAG_NONE, -1, nullptr, 0, timestamp);
}

void QuicConnection::write_close(DatagramSender& output, std::span<std::uint8_t> scratch) {
  const auto timestamp = to_timestamp(host_.now());
  ngtcp2_ccerr error;
  ngtcp2_ccerr_default(&error);
  constexpr std::size_t kReasonBytesMax = 512;
  const auto* reason = reinterpret_cast<const std::uint8_t*>(ending_->text.data());
  const auto reason_bytes = std::min(ending_->text.size(), kReasonBytesMax);
  if (is_application_close_) {
    ngtcp2_ccerr_set_application_error(&error, close_code_, reason, reason_bytes);
  } else {
    ngtcp2_ccerr_set_transport_error(&error, close_code_, reason, reason_bytes);
  }
  ngtcp2_path_storage path;
  ngtcp2_path_storage_zero(&path);
  ngtcp2_pkt_info info{};
  const auto packet_max = ngtcp2_conn_get_max_tx_udp_payload_size(conn_.get());
  const auto written =
      ngtcp2_conn_write_connection_close(conn_.get(), &path.path, &info, scratch.data(), packet_max, &error, timestamp);
  const auto probe_timeout = MonotonicClock::duration{static_cast<std::int64_t>(ngtcp2_conn_get_pto(conn_.get()))};
  if (written > 0) {
    ++packets_sent_;
    close_packet_.assign(scratch.begin(), scratch.begin() + written);
    local_ = address_of(path.path.local);
    close_to_ = address_of(path.path.remote);
    output.send({local_, close_to_, info.ecn, close_packet_, close_packet_.size()});
  }
  // Where nothing can be written yet (a client that heard no answer), there is nobody to tell.
  phase_ = written > 0 ? Phase::closing : Phase::over;
  forget_at_ = host_.now() + 3 * probe_timeout;
  release();
}

}  // namespace theta::transport

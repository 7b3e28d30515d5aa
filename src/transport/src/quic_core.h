#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "connection_ids.h"
#include "quic_connection.h"
#include "theta/transport/source_key.h"

namespace theta::transport {

/// A token bucket over time as an argument.
class AnswerBudget {
 public:
  AnswerBudget(std::size_t burst, std::size_t per_second)
      : burst_(static_cast<double>(burst)), per_second_(static_cast<double>(per_second)), tokens_(burst_) {}
  [[nodiscard]] bool take(MonotonicTime now);
  /// What is left of the old burst stays, as far as the new one allows.
  void set_shape(std::size_t burst, std::size_t per_second) {
    burst_ = static_cast<double>(burst);
    per_second_ = static_cast<double>(per_second);
    tokens_ = std::min(tokens_, burst_);
  }

 private:
  double burst_;
  double per_second_;
  double tokens_;
  MonotonicTime refilled_{};
};

/// The engine behind QuicEngine: which datagram is whose, who may connect, when what is due. quic_strangers.cpp deals
/// with datagrams that belong to no connection.
class QuicCore final : public QuicHost {
 public:
  QuicCore(const QuicOptions& options, std::unique_ptr<TlsContext> tls, EventSink& sink, DatagramSender& output,
           const SocketAddress& local);

  PeerId connect(const SocketAddress& remote, const std::optional<HubKey>& expected, MonotonicTime now);
  [[nodiscard]] SendResult send(PeerId peer, Lane lane, const SharedBytes& message);
  void close(PeerId peer, CloseReason reason, std::string text);
  void shut_down(CloseReason reason, const std::string& text);
  [[nodiscard]] const QuicConnection* find(PeerId peer) const;

  void on_datagram(const Datagram& datagram, MonotonicTime now);
  void on_timer(MonotonicTime now);
  void flush(MonotonicTime now);
  [[nodiscard]] MonotonicTime next_timeout() const;
  [[nodiscard]] std::size_t live_count() const { return live_count_; }
  [[nodiscard]] const QuicStats& snapshot_stats();

  // QuicHost.
  [[nodiscard]] const QuicOptions& options() const override { return options_; }
  void set_options(const QuicOptions& options);
  [[nodiscard]] const TlsContext& tls() const override { return *tls_; }
  [[nodiscard]] QuicStats& stats() override { return stats_; }
  [[nodiscard]] MonotonicTime now() const override { return now_; }
  void add_id(ByteView id, QuicConnection& connection) override;
  void remove_id(ByteView id, QuicConnection& connection) override;
  void add_reset_token(ByteView token, QuicConnection& connection) override;
  void remove_reset_token(ByteView token, QuicConnection& connection) override;
  [[nodiscard]] bool make_reset_token(const ngtcp2_cid& id, std::uint8_t* token) const override;
  void emit(const Event& event) override;
  void on_established(QuicConnection& connection) override;
  void on_ended(QuicConnection& connection) override;
  void end_largest_holder() override;

 private:
  /// A failed attempt to connect: told by the next flush, like everything else.
  struct FailedConnect {
    PeerId peer;
    CloseReason reason;
    std::string text;
  };

  void set_now(MonotonicTime now);
  QuicConnection& adopt(std::unique_ptr<QuicConnection> connection);
  void mark_dirty(QuicConnection& connection);
  void deliver(QuicConnection& connection, const Datagram& datagram);
  void reschedule(QuicConnection& connection);
  void flush_connection(QuicConnection& connection);
  void forget(QuicConnection& connection);
  void drop_ids(QuicConnection& connection);

  // Strangers.
  void on_stranger(const Datagram& datagram, const ngtcp2_version_cid& ids);
  void accept(const Datagram& datagram, const ngtcp2_pkt_hd& header);
  [[nodiscard]] bool check_token(const Datagram& datagram, QuicConnection::Newcomer& newcomer);
  [[nodiscard]] bool must_prove_address(const SocketAddress& address) const;
  [[nodiscard]] bool is_within_limits(const Datagram& datagram, const ngtcp2_pkt_hd& header);
  void send_retry(const Datagram& datagram, const ngtcp2_pkt_hd& header);
  void send_refusal(const Datagram& datagram, const ngtcp2_pkt_hd& header, std::uint64_t code, std::string_view text);
  void send_version_negotiation(const Datagram& datagram, const ngtcp2_version_cid& ids);
  void send_stateless_reset(const Datagram& datagram, const ngtcp2_version_cid& ids);
  [[nodiscard]] bool may_answer(AnswerBudget& budget);
  void answer(const Datagram& datagram, ByteView bytes);
  /// What one source or network has here. Handshakes whose address is not proved are counted apart: anybody could have
  /// begun them in the source's name.
  struct SourceUse {
    std::size_t connections = 0;
    std::size_t half_open = 0;
    std::size_t unvalidated = 0;
  };
  using SourceTable = std::unordered_map<SourceKey, SourceUse, SourceKeyHash>;
  [[nodiscard]] static SourceUse use_of(const SourceTable& table, const SourceKey& key);
  /// Changes what is noted of the source and of the network of `address`.
  template <class Change>
  void note_use(const SocketAddress& address, Change change);
  /// A handshake has completed or failed. What was not proved counts as a connection of its source from then on.
  void note_not_half_open(const QuicConnection& connection);

  QuicOptions options_;
  std::unique_ptr<TlsContext> tls_;
  EventSink& sink_;
  DatagramSender& output_;
  SocketAddress local_;
  QuicStats stats_;
  MonotonicTime now_{};
  bool is_driving_ = false;
  bool is_shut_down_ = false;

  std::uint64_t peer_count_ = 0;
  std::unordered_map<std::uint64_t, std::unique_ptr<QuicConnection>> connections_;  // by peer id
  ConnectionIds<QuicConnection*> ids_;
  ConnectionIds<QuicConnection*> reset_tokens_;
  std::set<std::pair<MonotonicTime, std::uint64_t>> timers_;
  std::vector<std::uint64_t> dirty_;
  std::vector<FailedConnect> failed_connects_;
  SourceTable sources_;
  SourceTable networks_;
  std::size_t live_count_ = 0;
  std::size_t half_open_count_ = 0;
  std::size_t unvalidated_count_ = 0;  // of those half open
  AnswerBudget answers_;
  AnswerBudget retries_;
  std::array<std::uint8_t, 32> secret_{};  // of reset and Retry tokens
  std::vector<std::uint8_t> scratch_;
};

}  // namespace theta::transport

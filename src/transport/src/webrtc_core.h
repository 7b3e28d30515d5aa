#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "theta/transport/source_key.h"
#include "webrtc_session.h"

namespace theta::transport {

/// The engine behind WebRtcEngine: whose datagram is whose, who may begin, when what is due.
class WebRtcCore final : public WebRtcHost {
 public:
  WebRtcCore(const WebRtcOptions& options, std::unique_ptr<DtlsContext> dtls, EventSink& sink, DatagramSender& output);
  ~WebRtcCore() override;
  WebRtcCore(const WebRtcCore&) = delete;
  WebRtcCore& operator=(const WebRtcCore&) = delete;

  [[nodiscard]] TransportResult<std::string> accept_offer(const RtcOffer& offer, MonotonicTime now);
  [[nodiscard]] SendResult send(PeerId peer, Lane lane, const SharedBytes& message);
  void close(PeerId peer, CloseReason reason, std::string text);
  void shut_down(CloseReason reason, const std::string& text);
  [[nodiscard]] const WebRtcSession* find(PeerId peer) const;

  void on_datagram(const Datagram& datagram, MonotonicTime now);
  void on_timer(MonotonicTime now);
  void flush(MonotonicTime now);
  [[nodiscard]] MonotonicTime next_timeout() const;
  void set_options(const WebRtcOptions& options) { options_ = options; }
  [[nodiscard]] std::size_t live_count() const { return sessions_.size(); }
  [[nodiscard]] const WebRtcStats& snapshot_stats();

  // WebRtcHost.
  [[nodiscard]] const WebRtcOptions& options() const override { return options_; }
  [[nodiscard]] WebRtcStats& stats() override { return stats_; }
  [[nodiscard]] const DtlsContext& dtls() const override { return *dtls_; }
  [[nodiscard]] MonotonicTime now() const override { return now_; }
  void send_datagram(const SocketAddress& local, const SocketAddress& remote, ByteView datagram) override;
  [[nodiscard]] bool can_send() const override { return output_.can_send(); }
  void emit(const Event& event) override { sink_.on_event(event); }
  void mark_dirty(WebRtcSession& session) override;
  void add_address(const SocketAddress& remote, WebRtcSession& session) override;
  void remove_address(const SocketAddress& remote, WebRtcSession& session) override;
  void on_established(WebRtcSession& session) override;
  void end_largest_holder() override;

 private:
  struct Use {
    std::size_t connections = 0;
    std::size_t pending = 0;
  };

  /// Datagrams that can leave in one system call: to one address, equal in size but for the last.
  struct Burst {
    SocketAddress local;
    SocketAddress remote;
    Bytes bytes;
    std::size_t segment_bytes = 0;
  };

  void set_now(MonotonicTime now);
  void begin_driving(MonotonicTime now);
  void end_driving();
  void send_burst();
  void on_stun(const Datagram& datagram);
  void on_dtls(const Datagram& datagram);
  void answer(const Datagram& datagram, ByteView bytes);
  [[nodiscard]] WebRtcSession* session_of(PeerId peer);
  [[nodiscard]] std::optional<std::string> bound_reached(const RtcOffer& offer) const;
  void note_pending_over(const WebRtcSession& session);
  void reschedule(WebRtcSession& session);
  void forget(WebRtcSession& session);

  WebRtcOptions options_;
  std::unique_ptr<DtlsContext> dtls_;
  EventSink& sink_;
  DatagramSender& output_;
  WebRtcStats stats_;
  MonotonicTime now_{};
  bool is_driving_ = false;
  bool is_shut_down_ = false;

  std::uint64_t peer_count_ = 0;
  std::unordered_map<std::uint64_t, std::unique_ptr<WebRtcSession>> sessions_;  // by peer id
  // Ordered, because others choose what they are asked for.
  std::map<std::string, WebRtcSession*, std::less<>> by_ufrag_;
  std::map<SocketAddress, WebRtcSession*> by_address_;
  std::map<SourceKey, Use> sources_;
  std::map<SourceKey, Use> networks_;
  std::map<AuthorKey, std::size_t> pending_of_author_;
  std::set<std::pair<MonotonicTime, std::uint64_t>> timers_;
  std::vector<std::uint64_t> dirty_;
  Burst burst_;
  MonotonicTime tick_at_{};  // of SCTP's timers
  std::size_t pending_count_ = 0;
  std::uint64_t late_packets_before_ = 0;
};

}  // namespace theta::transport

#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "checker.h"
#include "random.h"
#include "theta/log/invite.h"
#include "theta/transport/sim_network.h"
#include "theta/wire/commands_lane.h"
#include "transport_tap.h"

namespace theta::sim {

struct HostileSetup {
  std::string name;
  crypto::KeyPair key;
  RoomId room;
  HubKey hub_key;
  std::optional<log::RoomLink::Ticket> ticket;  // a member turned bad; empty: a stranger
  Random random;
  RecordKeeper& keeper;
  Checkers& checkers;
  transport::SimNetwork& network;
  transport::SimEndpoint& hub;
  const std::vector<Bytes>& overheard;
};

/// Speaks the protocol as far as it helps, and then breaks it: random and mutated bytes, replays, forgeries, floods,
/// two packets with one nonce. Bounded: what it sends in one turn is what a fast attacker could.
class HostilePeer final : public transport::EventSink {
 public:
  explicit HostilePeer(HostileSetup setup);

  void turn();
  [[nodiscard]] MonotonicTime next_wakeup() const { return is_active_ ? next_at_ : MonotonicTime::max(); }
  /// No more attacks; the connection is closed.
  void stop();

  void on_event(const transport::Event& event) override;

 private:
  enum class Attack : std::uint8_t {
    random_bytes,
    mutated_message,
    replayed_message,
    forged_author,
    wrong_login,
    oversized,
    presence_flood,
    packet_flood,
    equivocation,
    endless_requests,
    honest_edit,
    hang_up,
  };

  void attack(Attack attack);
  void connect();
  void log_in(const wire::fb::HubHello& hello);
  void attach();
  void on_message(const transport::Event& event);
  void on_records(const wire::Records& records);
  void send(transport::Lane lane, Bytes message);
  [[nodiscard]] Bytes random_bytes(std::size_t size_max);
  [[nodiscard]] log::CommandPacket make_packet(const std::string& text, Nonce nonce, const Hash256& prev) const;
  void submit(const log::CommandPacket& packet);
  [[nodiscard]] std::optional<std::pair<Nonce, Hash256>> chain() const;
  [[nodiscard]] Bytes join_packet() const;

  HostileSetup setup_;
  Random random_;
  transport::SimEndpoint* endpoint_ = nullptr;
  std::unique_ptr<TransportTap> tap_;
  std::optional<transport::PeerId> hub_;
  transport::PeerInfo info_;
  bool is_connected_ = false;
  bool is_logged_in_ = false;
  bool is_active_ = true;
  replica::Replica replica_;
  bool is_following_ = true;
  std::vector<Bytes> seen_;
  MonotonicTime next_at_{};
  std::uint32_t counter_ = 0;
};

}  // namespace theta::sim

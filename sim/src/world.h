#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "checker.h"
#include "hostile_peer.h"
#include "hub_node.h"
#include "peer_node.h"
#include "profile.h"

namespace theta::sim {

/// A hub, its peers and its attackers over one network, and the time that they share.
class World {
 public:
  World(const Profile& profile, std::uint64_t seed, Mutant mutant, RecordKeeper& keeper);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // ---- Time --------------------------------------------------------------------------------------------------------

  [[nodiscard]] MonotonicTime now() const { return network_.now(); }
  /// Calls `action` when `delay` has passed.
  void after(MonotonicClock::duration delay, std::function<void()> action);
  /// Lets time pass until `done`; false when it was not within `limit`, or a checker found something.
  bool run_until(const std::function<bool()>& done, MonotonicClock::duration limit);
  void run_for(MonotonicClock::duration time);

  // ---- Who there is ------------------------------------------------------------------------------------------------

  [[nodiscard]] HubNode& hub() { return *hub_; }
  [[nodiscard]] std::vector<std::unique_ptr<PeerNode>>& peers() { return peers_; }
  [[nodiscard]] std::vector<std::unique_ptr<HostilePeer>>& hostiles() { return hostiles_; }
  [[nodiscard]] transport::SimNetwork& network() { return network_; }
  [[nodiscard]] const RoomModels& models() const { return models_; }
  [[nodiscard]] Checkers& checkers() { return checkers_; }
  [[nodiscard]] Mutant mutant() const { return mutant_; }
  [[nodiscard]] const Profile& profile() const { return profile_; }
  [[nodiscard]] RecordKeeper& keeper() { return keeper_; }
  /// A running peer that has been in its room; null when there is none.
  [[nodiscard]] PeerNode* random_ready_peer(Random& random);
  [[nodiscard]] PeerNode* find_admin(const RoomId& room);

  /// The room's opener, who comes to be its admin.
  PeerNode& add_opener(const std::string& room_name);
  struct NewPeer {
    RoomId room;
    std::optional<log::RoomLink::Ticket> ticket;
    std::optional<crypto::KeyPair> key;  // empty: a new author
    bool may_fail = false;
  };
  PeerNode& add_peer(NewPeer fields);
  /// With an invite of `admin`.
  [[nodiscard]] std::optional<log::RoomLink::Ticket> invite(PeerNode& admin, log::InviteTerms terms);
  HostilePeer& add_hostile(const RoomId& room, bool is_member);

  /// Messages that carried packets, whoever sent them; for attackers.
  [[nodiscard]] const std::vector<Bytes>& overheard() const { return overheard_; }

 private:
  PeerNode& start_peer(client::SessionOptions options, const crypto::KeyPair& key, bool is_second_device);
  void turn();
  [[nodiscard]] MonotonicTime next_time() const;
  [[nodiscard]] crypto::KeyPair new_key();

  Profile profile_;
  Random random_;
  Mutant mutant_;
  RecordKeeper& keeper_;
  Checkers checkers_;
  RoomModels models_;
  transport::SimNetwork network_;
  std::unique_ptr<HubNode> hub_;
  std::vector<std::unique_ptr<PeerNode>> peers_;
  std::vector<std::unique_ptr<HostilePeer>> hostiles_;
  std::multimap<MonotonicTime, std::function<void()>> timeline_;
  std::vector<Bytes> overheard_;
};

}  // namespace theta::sim

#pragma once

#include <string>
#include <vector>

#include "random.h"
#include "world.h"

namespace theta::sim {

/// What people do: one step at a time, by a random peer, on what that peer sees.
class Workload {
 public:
  Workload(World& world, std::uint64_t seed) : world_(world), random_(Random(seed).fork("workload")) {}

  /// False when no peer was ready to do anything.
  bool step();

 private:
  using Targets = std::vector<ObjectId>;

  void act(PeerNode& peer, Action action);
  void create(PeerNode& peer, std::size_t count);
  void edit_hierarchy(PeerNode& peer, Action action);
  void edit_values(PeerNode& peer, Action action);
  void edit_components(PeerNode& peer, Action action);
  void show_others(PeerNode& peer, Action action);
  void govern(PeerNode& peer, Action action);
  void go_back(PeerNode& peer, Action action);
  void move_assets(PeerNode& peer, Action action);
  void send_nonsense(PeerNode& peer);
  void send_presence(PeerNode& peer);
  void large_step(PeerNode& peer);
  void invite(PeerNode& peer);

  [[nodiscard]] const Targets& entities_of(PeerNode& peer);
  [[nodiscard]] ObjectId target(PeerNode& peer);
  [[nodiscard]] Targets targets(PeerNode& peer, std::size_t count_max);
  /// A text that no other command holds.
  [[nodiscard]] std::string marker();
  [[nodiscard]] scene::Transform transform();
  [[nodiscard]] float number(float bound);
  [[nodiscard]] client::NewEntity new_entity(PeerNode& peer);
  [[nodiscard]] PeerNode& somebody(const RoomId& room);

  void submit(PeerNode& peer, Action action, const client::Command& command, std::string marker = {});
  void note(PeerNode& peer, Action action, const client::ClientResult<client::CommandHandle>& handle,
            std::string marker);

  World& world_;
  Random random_;
  std::uint64_t markers_ = 0;
  Targets entities_;
  std::vector<AssetId> assets_;
  std::vector<client::CommandHandle> recent_;
  std::vector<InviteKey> invites_;
};

}  // namespace theta::sim

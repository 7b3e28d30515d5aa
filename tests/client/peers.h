#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "fake_hub.h"
#include "theta/client/session.h"
#include "theta/transport/sim_network.h"

namespace theta::client::testing {

/// Keeps what a process that dies would have left on its disk.
class MemoryPersistence final : public Persistence {
 public:
  ClientResult<Stored> load() override { return stored; }
  ClientResult<void> replace(ByteView state) override {
    if (fails) return fail(ClientError::storage, "no space left on the device");
    stored.state.assign(state.begin(), state.end());
    stored.journal.clear();
    return {};
  }
  ClientResult<void> append(ByteView entries) override {
    if (fails) return fail(ClientError::storage, "no space left on the device");
    stored.journal.insert(stored.journal.end(), entries.begin(), entries.end());
    return {};
  }
  ClientResult<void> sync() override { return {}; }
  ClientResult<void> keep_asset(const AssetId& asset, const SharedBytes& bytes) override {
    if (fails) return fail(ClientError::storage, "no space left on the device");
    if (kept.emplace(asset, bytes).second) stored.assets.push_back(bytes);
    return {};
  }
  ClientResult<void> forget_asset(const AssetId& asset) override {
    kept.erase(asset);
    stored.assets.clear();
    for (const auto& [id, bytes] : kept) stored.assets.push_back(bytes);
    return {};
  }

  Stored stored;
  std::map<AssetId, SharedBytes> kept;
  bool fails = false;
};

[[nodiscard]] inline crypto::KeyPair author_key(std::uint8_t number) {
  crypto::Seed seed;
  seed.bytes.fill(number);
  return crypto::KeyPair::from_seed(seed);
}

/// One process with a session on the simulated network; events are kept as they are polled.
class TestPeer final : public transport::EventSink {
 public:
  TestPeer(transport::SimEndpoint& (*add)(transport::SimNetwork&, TestPeer&, std::string),
           transport::SimNetwork& network, std::string name)
      : endpoint_(add(network, *this, std::move(name))), network_(network) {}

  void start(SessionOptions options, const crypto::KeyPair& key) {
    session_ = std::make_unique<Session>(std::move(options), key, endpoint_, &disk);
    restored = session_->restore();
  }
  /// The process dies; `start` begins it anew from its disk.
  void crash() {
    session_.reset();
    endpoint_.crash();
    endpoint_.restart(*this);
    events.clear();
  }
  void on_event(const transport::Event& event) override {
    if (session_) session_->on_event(event, now());
  }
  void turn(transport::SimEndpoint& hub) {
    if (!session_) return;
    if (session_->wants_connection(network_.now())) session_->connecting(endpoint_.connect(hub), now());
    session_->step(now());
    if (!polls) return;
    while (auto event = session_->poll_event()) events.push_back(std::move(*event));
  }
  [[nodiscard]] Now now() const { return {network_.now(), wall_of(network_.now())}; }
  [[nodiscard]] static WallTime wall_of(MonotonicTime time) {
    return from_unix_ms(1'700'000'000'000) + std::chrono::duration_cast<WallClock::duration>(time.time_since_epoch());
  }
  [[nodiscard]] Session& operator*() { return *session_; }
  [[nodiscard]] Session* operator->() { return session_.get(); }
  [[nodiscard]] bool runs() const { return session_ != nullptr; }
  [[nodiscard]] transport::SimEndpoint& endpoint() { return endpoint_; }

  template <class Kind>
  [[nodiscard]] std::vector<Kind> all() const {
    std::vector<Kind> result;
    for (const auto& event : events)
      if (const auto* found = std::get_if<Kind>(&event)) result.push_back(*found);
    return result;
  }
  [[nodiscard]] std::size_t settled(CommandSettled::How how) const {
    std::size_t count = 0;
    for (const auto& event : all<CommandSettled>()) count += event.how == how ? 1 : 0;
    return count;
  }

  std::vector<Event> events;
  bool polls = true;
  MemoryPersistence disk;
  ClientResult<void> restored{};

 private:
  transport::SimEndpoint& endpoint_;
  transport::SimNetwork& network_;
  std::unique_ptr<Session> session_;
};

[[nodiscard]] inline scene::Transform at(float x) {
  scene::Transform transform;
  transform.position.x = x;
  return transform;
}

/// Makes one entity under the root.
inline ObjectId create_one(Session& session, const std::string& name) {
  const auto created = session.create_entities({NewEntity{.name = name}});
  EXPECT_TRUE(created.has_value()) << (created ? "" : created.error().message);
  return created ? created->ids.front() : kNoObject;
}

/// A fake hub and peers in virtual time.
class World {
 public:
  explicit World(std::uint64_t seed = 1, const transport::SimOptions& options = {}) : network(options, seed) {
    hub_endpoint = &network.add_endpoint(hub, "hub");
    hub.use(*hub_endpoint);
  }

  TestPeer& add_peer(const std::string& name) {
    peers.push_back(std::make_unique<TestPeer>(
        [](transport::SimNetwork& net, TestPeer& sink, std::string peer_name) -> transport::SimEndpoint& {
          return net.add_endpoint(sink, std::move(peer_name));
        },
        network, name));
    return *peers.back();
  }
  /// Opens the room as author 1.
  TestPeer& add_admin() {
    auto& admin = add_peer("admin");
    admin.start(admin_options(), author_key(1));
    EXPECT_TRUE(run_until([&] { return admin->caught_up(); }));
    return admin;
  }
  [[nodiscard]] SessionOptions admin_options() const {
    SessionOptions options;
    options.hub = hub.key();
    options.room = hub.room();
    options.display_name = "Ada";
    if (options.room.is_zero()) options.open_room = SessionOptions::OpenRoom{"Atelier", {1, 2, 3}};
    return options;
  }
  [[nodiscard]] SessionOptions member_options(TestPeer& admin, const std::string& name,
                                              wire::fb::Role role = wire::fb::Role::editor) {
    SessionOptions options;
    options.hub = hub.key();
    options.room = hub.room();
    options.display_name = name;
    crypto::Seed secret;
    secret.bytes.fill(static_cast<std::uint8_t>(100 + peers.size()));
    options.ticket = *admin->make_invite({role, {}, 0}, secret);
    return options;
  }
  TestPeer& add_member(TestPeer& admin, const std::string& name, std::uint8_t number,
                       wire::fb::Role role = wire::fb::Role::editor) {
    auto& peer = add_peer(name);
    peer.start(member_options(admin, name, role), author_key(number));
    EXPECT_TRUE(run_until([&] { return peer->caught_up(); }));
    return peer;
  }

  void turn() {
    hub.wall = TestPeer::wall_of(network.now());
    for (auto& peer : peers) peer->turn(*hub_endpoint);
  }
  /// Lets virtual time go on until `done`, at most `limit`.
  bool run_until(const std::function<bool()>& done, MonotonicClock::duration limit = std::chrono::minutes{10}) {
    const auto end = network.now() + limit;
    for (;;) {
      turn();
      if (done()) return true;
      auto next = network.next_event_time().value_or(end);
      for (auto& peer : peers)
        if (peer->runs())
          if (const auto wakeup = (*peer)->next_wakeup()) next = std::min(next, *wakeup);
      // A wake-up in the past still means another turn, so time moves by a little at least.
      next = std::max(next, network.now() + std::chrono::microseconds{100});
      if (next > end) return false;
      network.advance_to(next);
    }
  }
  void run_for(MonotonicClock::duration time) {
    const auto end = network.now() + time;
    static_cast<void>(run_until([] { return false; }, time));
    network.advance_to(end);
    turn();
  }
  [[nodiscard]] bool all_equal() {
    for (auto& peer : peers)
      if (peer->runs() && (*peer)->confirmed_state_hash() != hub.replica().state_hash()) return false;
    return true;
  }

  FakeHub hub;
  transport::SimNetwork network;
  transport::SimEndpoint* hub_endpoint = nullptr;
  std::vector<std::unique_ptr<TestPeer>> peers;
};

/// A packet of this author's made by another process, on top of the log as it is.
inline log::CommandPacket packet_from_elsewhere(const World& world, const Command& command, std::uint8_t author) {
  const auto key = author_key(author);
  const auto* member = world.hub.replica().members().find(key.public_key<AuthorKey>());
  log::PacketHeader header;
  header.protocol_version = wire::kProtocolVersion;
  header.command_count = 1;
  header.room = world.hub.room();
  header.author = member->key;
  header.nonce = Nonce{member->nonce.value() + 1};
  header.prev = member->head;
  header.stamp = Stamp{member->stamp.value() + 1};
  return log::sign_packet(header, Bytes(command.payload().begin(), command.payload().end()), key);
}

}  // namespace theta::client::testing

#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "child_process.h"
#include "theta/client/client.h"
#include "theta/transport/quic_endpoint.h"

namespace theta::bench {

/// Settings of a hub as its environment would give them: THETA_SECTION_KEY and a value.
using HubSettings = std::map<std::string, std::string>;

/// The real hub in a process of its own, on loopback, its data in a scratch folder on disk.
class HubProcess {
 public:
  HubProcess(const std::string& work_folder, const HubSettings& settings);

  [[nodiscard]] const ChildProcess& process() const { return process_; }
  ChildProcess& process() { return process_; }
  /// Names the hub; the room is still to be chosen.
  [[nodiscard]] const log::RoomLink& link() const { return link_; }
  [[nodiscard]] const Bytes& admin_token() const { return admin_token_; }

 private:
  ScratchFolder folder_;
  ChildProcess process_;
  log::RoomLink link_;
  Bytes admin_token_;
};

/// Numbers are keys that are the same in every run.
[[nodiscard]] crypto::KeyPair bench_key(std::uint32_t number);

/// Begins to open a room on the hub.
[[nodiscard]] std::unique_ptr<client::Client> begin_room(const HubProcess& hub, std::uint32_t key_number);
/// Opens a room; returns when it is there.
[[nodiscard]] std::unique_ptr<client::Client> open_room(const HubProcess& hub);
/// A link with which any number of others can join as editors.
[[nodiscard]] log::RoomLink invite_from(client::Client& admin);
/// Begins to join; nothing is kept on disk.
[[nodiscard]] std::unique_ptr<client::Client> join(const log::RoomLink& link, std::uint32_t key_number);

/// Makes `count` entities; returns when they are acknowledged.
[[nodiscard]] std::vector<ObjectId> make_entities(client::Client& client, std::size_t count);
/// Forgets the events that wait.
void drain_events(client::Client& client);

/// Many clients on one thread.
class Crowd {
 public:
  std::vector<std::unique_ptr<client::Client>> clients;

  /// Waits for the network or a timer of any client, at most `timeout`, and drives those that have something to do.
  /// `after(index)` is called for each of these.
  void run_once(std::chrono::milliseconds timeout, const std::function<void(std::size_t)>& after = {});
  /// False if not every client was there in time.
  [[nodiscard]] bool wait_until_all_caught_up(std::chrono::seconds limit);
};

/// A QUIC endpoint with its loop, for what needs no hub.
class BareEndpoint final : public transport::EventSink {
 public:
  using Handler = std::function<void(const transport::Event&)>;
  /// With a seed it serves on a port of the system's choice, else it only connects.
  explicit BareEndpoint(std::optional<crypto::Seed> hub_seed);

  void on_event(const transport::Event& event) override;
  /// Waits for the network or a timer, at most `timeout`.
  void turn(std::chrono::milliseconds timeout);
  void run_until(const std::function<bool()>& done);
  /// Returns when the peer is connected.
  transport::PeerId connect(const transport::SocketAddress& remote, const HubKey& key);

  Handler handler;
  std::unique_ptr<transport::QuicEndpoint> endpoint;

 private:
  std::size_t connected_ = 0;
};

/// Of this process and no other, in seconds.
[[nodiscard]] double own_cpu_seconds();
[[nodiscard]] MonotonicTime steady_now();
[[nodiscard]] double seconds_between(MonotonicTime from, MonotonicTime to);

}  // namespace theta::bench

#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "checker.h"
#include "mutants.h"
#include "peer_disk.h"
#include "random.h"
#include "theta/client/session.h"
#include "theta/transport/sim_network.h"
#include "transport_tap.h"

namespace theta::sim {

struct PeerSetup {
  std::size_t index = 0;
  std::string name;
  client::SessionOptions options;
  bool hears_garbled = false;
  crypto::KeyPair key;
  bool is_second_device = false;
  Mutant mutant = Mutant::none;
  Random random;
  RecordKeeper& keeper;
  Checkers& checkers;
  RoomModels& models;
  transport::SimNetwork& network;
  transport::SimEndpoint& hub;
  /// Told every packet that goes out, whole, for attackers to collect.
  std::function<void(ByteView message)> overheard;
};

/// One person's machine: its disk, its process with a session, its end of the network.
class PeerNode final : public transport::EventSink {
 public:
  explicit PeerNode(PeerSetup setup);

  void turn();
  [[nodiscard]] MonotonicTime next_wakeup() const;
  [[nodiscard]] bool runs() const { return session_ != nullptr; }
  /// Precondition: runs.
  [[nodiscard]] client::Session& session() { return *session_; }
  /// The session was called from outside: it wants a step.
  void touch();
  /// Notes a command that the session took.
  void note_submission(const Submission& submission);

  void end(PeerEnd how, MonotonicClock::duration delay);
  /// For a fault on purpose, at the very end: it begins again, alone, from a state that has changed on its disk.
  void restart_from_rotten_disk();
  void set_disk_full(bool full) { disk_.set_full(full); }
  void jump_clock(WallClock::duration by) { wall_offset_ += by; }
  [[nodiscard]] Now now() const;
  [[nodiscard]] PeerView view() const;

  [[nodiscard]] transport::SimEndpoint& endpoint() { return *endpoint_; }
  [[nodiscard]] const std::string& name() const { return setup_.name; }
  [[nodiscard]] const RoomId& room() const { return room_; }
  [[nodiscard]] AuthorKey author() const { return setup_.key.public_key<AuthorKey>(); }
  [[nodiscard]] const crypto::KeyPair& key() const { return setup_.key; }
  [[nodiscard]] const client::SessionOptions& options() const { return setup_.options; }
  /// Lost conflicts, for doing them again.
  [[nodiscard]] std::vector<client::Command>& lost_commands() { return lost_commands_; }
  /// Why it is not in the room, when that is the log's own decision.
  [[nodiscard]] const std::string& last_refusal() const { return last_refusal_; }
  /// It was let in with an invite that need not hold, or its hub's words may come garbled.
  bool may_fail = false;

  void on_event(const transport::Event& event) override;

 private:
  void start();
  /// Events are taken at once: one that waits would die with the process, and what it told would not be told again.
  void take_events();
  void take(const client::Event& event);
  void peek_hello(const transport::Event& event);
  [[nodiscard]] std::vector<QueueView> queues() const;

  PeerSetup setup_;
  Random random_;
  PeerDisk disk_;
  transport::SimEndpoint* endpoint_ = nullptr;
  std::unique_ptr<TransportTap> tap_;
  std::unique_ptr<client::Session> session_;
  RoomId room_;
  WallClock::duration wall_offset_{};
  MonotonicTime start_at_{};
  Seq seen_head_;
  std::uint64_t changes_seen_ = 0;
  bool is_touched_ = true;
  bool is_bent_ = false;
  std::vector<client::Command> lost_commands_;
  std::string last_refusal_;
};

}  // namespace theta::sim

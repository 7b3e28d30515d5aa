#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "checker.h"
#include "lane_watch.h"
#include "mutants.h"
#include "random.h"
#include "store_tap.h"
#include "theta/hub/hub.h"
#include "theta/store/inline_engine.h"
#include "theta/store/sim_disk.h"
#include "theta/transport/sim_network.h"

namespace theta::sim {

/// What the hub's process needs from the world around it.
struct HubSetup {
  hub::HubConfig config;
  transport::LaneBounds lanes;
  crypto::KeyPair key;
  Bytes admin_token;
  Mutant mutant = Mutant::none;
  Random random;
  RecordKeeper& keeper;
  Checkers& checkers;
  RoomModels& models;
  transport::SimNetwork& network;
};

/// How a disk misbehaves, until told otherwise.
enum class DiskTrouble : std::uint8_t { none, full, errors };

/// The hub's machine: its disk, its process, and its end of the network. The process ends and begins again; the disk
/// stays.
class HubNode final : public transport::EventSink, public hub::HubObserver {
 public:
  explicit HubNode(HubSetup setup);
  ~HubNode() override;

  /// One turn of the process's loop, when there is something to do.
  void turn();
  [[nodiscard]] MonotonicTime next_wakeup() const;
  [[nodiscard]] bool runs() const { return hub_ != nullptr; }
  /// Nothing is under way between the hub and its store.
  [[nodiscard]] bool is_quiet() const { return runs() && engine_->pending() == 0; }

  // What may happen to it.
  enum class End : std::uint8_t { killed, power_lost, stopped };
  /// The process begins again after `delay`.
  void end(End how, MonotonicClock::duration delay);
  /// The power goes in the middle of one of the next writes.
  void cut_power_in_write(std::uint64_t operation, MonotonicClock::duration restart_delay);
  void set_trouble(DiskTrouble trouble);
  void set_disk_latency(MonotonicClock::duration latency) { disk_latency_ = latency; }
  void jump_clock(WallClock::duration by) { wall_offset_ += by; }
  /// As an operator does it, while the hub runs.
  void set_command_limit(const log::RateLimit& limit);
  /// Cuts what the room's newest snapshot covers, as an operator would.
  void compact(const RoomId& room);

  /// Everything off, and every room's log read from the disk.
  [[nodiscard]] std::vector<DiskLog> read_at_end();

  [[nodiscard]] transport::SimEndpoint& endpoint() { return *endpoint_; }
  [[nodiscard]] HubKey key() const { return setup_.key.public_key<HubKey>(); }
  [[nodiscard]] const Bytes& admin_token() const { return setup_.admin_token; }
  [[nodiscard]] Now now() const;
  /// What its queues hold; `peers` are its connections.
  [[nodiscard]] std::vector<QueueView> queues();
  [[nodiscard]] hub::Hub* hub() { return hub_.get(); }
  /// Adds the hub's own counters to the run's; they die with the process.
  void harvest_metrics();

  void on_event(const transport::Event& event) override;
  void on_committed(const Committed& committed) override;
  void on_refused(const Refused& refused) override;

 private:
  void start();
  [[nodiscard]] store::StoreResult<std::unique_ptr<store::InlineEngine>> open_engine();
  [[nodiscard]] bool read_disk(std::vector<DiskLog>& logs);
  [[nodiscard]] std::optional<DiskLog> read_room(const store::RoomInfo& info);
  [[nodiscard]] std::optional<Bytes> read_asset(const RoomId& room, const AssetId& asset);
  [[nodiscard]] std::optional<store::Answer> ask_at_once(store::Request request);
  void follow(const DiskLog& log);
  void poll_store();
  void take_down(End how);
  void show_usage();
  [[nodiscard]] hub::HubConfig config_of_hub() const;
  [[nodiscard]] bool is_starved(const transport::Event& event);
  [[nodiscard]] std::optional<SharedBytes> make_false_refusal(const transport::Event& event);

  HubSetup setup_;
  Random random_;
  store::SimDisk disk_;
  transport::SimEndpoint* endpoint_ = nullptr;
  std::unique_ptr<store::InlineEngine> inline_engine_;
  std::unique_ptr<store::LogEngine> mutant_engine_;
  std::unique_ptr<StoreTap> engine_;
  std::unique_ptr<store::LogEngine> mutant_sequencer_;
  std::unique_ptr<transport::Transport> mutant_transport_;
  std::unique_ptr<hub::Hub> hub_;
  std::unique_ptr<LaneWatch> lanes_;
  std::map<transport::PeerId, std::string> connections_;  // by the peer's name

  WallClock::duration wall_offset_{};
  MonotonicClock::duration disk_latency_ = std::chrono::microseconds(300);
  MonotonicTime start_at_{};
  std::optional<MonotonicTime> poll_at_;
  MonotonicClock::duration restart_delay_{};
  DiskTrouble trouble_ = DiskTrouble::none;
  std::uint64_t submits_seen_ = 0;
  bool has_events_ = false;
  bool is_stopping_ = false;
};

}  // namespace theta::sim

#include "hub_node.h"

#include <algorithm>

#include "theta/log/record.h"

namespace theta::sim {
namespace {

constexpr std::uint64_t kEpochMs = 1'700'000'000'000;
constexpr MonotonicClock::duration kRetryOpening = std::chrono::seconds(1);

}  // namespace

HubNode::HubNode(HubSetup setup) : setup_(std::move(setup)), random_(setup_.random.fork("hub")) {
  endpoint_ = &setup_.network.add_endpoint(*this, "hub");
  if (setup_.mutant == Mutant::lying_sync)
    disk_.set_fault_hook([](store::DiskOperation, const std::string&) { return store::DiskFault::lie; });
  start();
}

HubNode::~HubNode() {
  hub_.reset();
  mutant_sequencer_.reset();
  engine_.reset();
  mutant_engine_.reset();
  inline_engine_.reset();
}

Now HubNode::now() const {
  const auto since_start = std::chrono::duration_cast<WallClock::duration>(setup_.network.now().time_since_epoch());
  return {setup_.network.now(), from_unix_ms(kEpochMs) + since_start + wall_offset_};
}

// ---- The process --------------------------------------------------------------------------------------------------

store::StoreResult<std::unique_ptr<store::InlineEngine>> HubNode::open_engine() {
  disk_.set_time(now().wall);
  store::InlineEngine::Options options;
  options.database_path = "data/theta.db";
  options.database.vfs = disk_.vfs_name();
  options.database.exclusive_locking = true;
  options.database.strip_payload = log::archive_record;
  options.files = disk_.file_system("data");
  return store::InlineEngine::open(std::move(options));
}

void HubNode::start() {
  auto opened = open_engine();
  std::vector<DiskLog> logs;
  if (opened) inline_engine_ = std::move(*opened);
  if (!opened || !read_disk(logs)) {
    setup_.keeper.log("hub", "could not open its data folder" + (opened ? "" : ": " + opened.error().message));
    inline_engine_.reset();
    // With no fault on the disk this must not happen; then no retry helps.
    if (trouble_ == DiskTrouble::none && disk_.has_power())
      setup_.keeper.violate("durability", "The hub's data folder cannot be opened after a restart" +
                                              (opened ? std::string(".") : ": " + opened.error().message));
    if (!disk_.has_power()) disk_.lose_power([this] { return random_.next(); });
    start_at_ = setup_.network.now() + kRetryOpening;
    return;
  }
  for (const auto& log : logs) follow(log);
  if (!endpoint_->is_running()) endpoint_->restart(*this);
  mutant_engine_ = make_mutant_engine(setup_.mutant, *inline_engine_);
  auto& below = mutant_engine_ ? *mutant_engine_ : static_cast<store::LogEngine&>(*inline_engine_);
  const auto durable = [this](const RoomId& room, const store::StoredRecord& record) {
    for (auto& checker : setup_.checkers) checker->on_durable(room, record);
    if (auto wrong = setup_.models[room].append(record, true)) setup_.keeper.violate("chain", std::move(*wrong));
  };
  const auto failed = [this](const RoomId& room) {
    for (auto& checker : setup_.checkers) checker->on_write_failed(room);
  };
  engine_ = std::make_unique<StoreTap>(below, durable, failed);
  mutant_sequencer_ = make_mutant_sequencer(setup_.mutant, *engine_);
  auto& store = mutant_sequencer_ ? *mutant_sequencer_ : static_cast<store::LogEngine&>(*engine_);
  const auto is_victim = [this](transport::PeerId peer) { return connections_[peer] == "sim:peer1"; };
  // The watch counts what the hub sends, so this one mutant plays the hub and stands above it.
  const bool floods = setup_.mutant == Mutant::flood_presence;
  if (!floods) mutant_transport_ = make_mutant_transport(setup_.mutant, *endpoint_, is_victim);
  auto& transport = mutant_transport_ ? *mutant_transport_ : static_cast<transport::Transport&>(*endpoint_);
  lanes_ = std::make_unique<LaneWatch>(transport, setup_.lanes, setup_.network, setup_.config.presence_flush);
  if (floods) mutant_transport_ = make_mutant_transport(setup_.mutant, *lanes_, is_victim);
  const bool repeats = setup_.mutant == Mutant::repeat_challenges;
  hub_ = std::make_unique<hub::Hub>(config_of_hub(),
                                    hub::Hub::Dependencies{.key = setup_.key,
                                                           .admin_token = setup_.admin_token,
                                                           .transport = floods ? *mutant_transport_ : *lanes_,
                                                           .store = store,
                                                           .random =
                                                               [this, repeats](std::span<std::uint8_t> bytes) {
                                                                 random_.fill(bytes);
                                                                 if (repeats) std::fill(bytes.begin(), bytes.end(), 7);
                                                               },
                                                           .observer = this});
  hub_->set_now(now());
  has_events_ = true;
  setup_.keeper.log("hub", "started");
}

hub::HubConfig HubNode::config_of_hub() const {
  auto config = setup_.config;
  if (setup_.mutant == Mutant::endless_ring) config.ring_records_max = config.ring_bytes_max = ~std::size_t{0};
  return config;
}

void HubNode::set_command_limit(const log::RateLimit& limit) {
  setup_.config.log.commands = limit;
  if (runs()) hub_->set_config(config_of_hub());
}

void HubNode::take_down(End how) {
  harvest_metrics();
  if (endpoint_->is_running()) endpoint_->crash();
  hub_.reset();
  mutant_sequencer_.reset();
  engine_.reset();
  mutant_engine_.reset();
  lanes_.reset();
  mutant_transport_.reset();
  inline_engine_.reset();
  connections_.clear();
  poll_at_.reset();
  is_stopping_ = false;
  if (how == End::power_lost) {
    disk_.lose_power([this] { return random_.next(); });
  } else {
    disk_.end_process();
  }
}

void HubNode::end(End how, MonotonicClock::duration delay) {
  if (!runs() || is_stopping_) return;
  restart_delay_ = delay;
  if (how == End::stopped) {
    setup_.keeper.log("hub", "is asked to stop");
    hub_->set_now(now());
    hub_->begin_shutdown();
    is_stopping_ = has_events_ = true;
    return;
  }
  setup_.keeper.log("hub", how == End::killed ? "killed" : "loses power");
  take_down(how);
  start_at_ = setup_.network.now() + delay;
}

void HubNode::cut_power_in_write(std::uint64_t operation, MonotonicClock::duration restart_delay) {
  restart_delay_ = restart_delay;
  disk_.cut_power_at(operation);
}

void HubNode::set_trouble(DiskTrouble trouble) {
  trouble_ = trouble;
  disk_.set_capacity(trouble == DiskTrouble::full ? disk_.used_bytes() + random_.below(32 * 1024) : ~std::uint64_t{0});
  if (setup_.mutant == Mutant::lying_sync) return;
  if (trouble != DiskTrouble::errors) return disk_.set_fault_hook(nullptr);
  disk_.set_fault_hook([this](store::DiskOperation operation, const std::string&) {
    const bool fails = operation != store::DiskOperation::read && random_.chance(0.2);
    return fails ? store::DiskFault::io : store::DiskFault::none;
  });
}

// ---- Turns --------------------------------------------------------------------------------------------------------

void HubNode::turn() {
  if (!runs()) {
    if (setup_.network.now() >= start_at_) start();
    return;
  }
  if (has_events_ || hub_->next_wakeup() <= setup_.network.now()) {
    has_events_ = false;
    // Before the turn ends, too: what it sequenced goes to the store at its end.
    show_usage();
    hub_->step(now());
    show_usage();
  }
  if (engine_->pending() > 0 && !poll_at_) {
    const auto spread = static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(disk_latency_.count()) + 1));
    poll_at_ = setup_.network.now() + disk_latency_ / 2 + std::chrono::nanoseconds(spread);
  }
  if (poll_at_ && setup_.network.now() >= *poll_at_) poll_store();
  if (!runs() || !is_stopping_ || !hub_->is_drained()) return;
  hub_->close_all();
  setup_.keeper.log("hub", "stopped");
  take_down(End::killed);
  start_at_ = setup_.network.now() + restart_delay_;
}

void HubNode::show_usage() {
  const auto usage = hub_->usage();
  for (auto& checker : setup_.checkers) checker->on_hub_usage(usage, setup_.config);
}

void HubNode::poll_store() {
  poll_at_.reset();
  disk_.set_time(now().wall);
  std::vector<store::Completion> completions;
  engine_->poll(completions);
  if (!disk_.has_power()) {
    setup_.keeper.log("hub", "loses power in the middle of a write");
    setup_.keeper.count("fault.power_cut_hit");
    take_down(End::power_lost);
    start_at_ = setup_.network.now() + restart_delay_;
    return;
  }
  hub_->on_completions(completions, now());
  has_events_ = true;
}

MonotonicTime HubNode::next_wakeup() const {
  if (!runs()) return start_at_;
  if (has_events_) return setup_.network.now();
  auto next = hub_->next_wakeup();
  if (poll_at_) next = std::min(next, *poll_at_);
  return next;
}

void HubNode::on_event(const transport::Event& event) {
  if (!runs()) return;
  has_events_ = true;
  if (event.kind == transport::Event::Kind::connected) connections_[event.peer] = event.info.address;
  if (event.kind == transport::Event::Kind::closed) {
    connections_.erase(event.peer);
    lanes_->forget(event.peer);
  }
  hub_->set_now(now());
  if (is_starved(event)) return;
  if (const auto refusal = make_false_refusal(event)) {
    static_cast<void>(lanes_->send(event.peer, transport::Lane::commands, *refusal));
    return;
  }
  hub_->on_event(event);
}

bool HubNode::is_starved(const transport::Event& event) {
  const bool is_command = event.kind == transport::Event::Kind::message && event.lane == transport::Lane::commands;
  const bool is_meant = setup_.mutant == Mutant::starve_victim && connections_[event.peer] == "sim:peer1";
  return is_meant && is_command && ++submits_seen_ % 6 == 0;
}

std::optional<SharedBytes> HubNode::make_false_refusal(const transport::Event& event) {
  if (setup_.mutant != Mutant::refuse_for_role || event.kind != transport::Event::Kind::message) return std::nullopt;
  const auto refusal = refuse_for_role(event.lane, event.message);
  // Every ninth, so that peers get on with their work in between.
  return refusal && ++submits_seen_ % 9 == 0 ? refusal : std::nullopt;
}

void HubNode::on_committed(const Committed& committed) {
  for (auto& checker : setup_.checkers) checker->on_committed(committed);
}

void HubNode::on_refused(const Refused& refused) {
  setup_.keeper.count(std::string("refusal.") + log::refusal_name(refused.code));
  for (auto& checker : setup_.checkers) checker->on_refused(refused);
}

std::vector<QueueView> HubNode::queues() {
  std::vector<QueueView> result;
  if (!runs()) return result;
  // Each room has at most an append a turn, and each session a few requests under way.
  result.push_back({"requests to the store", engine_->pending(), 64 + 8 * connections_.size()});
  result.push_back({"sessions", hub_->session_count(), setup_.config.sessions_max});
  for (const auto& [peer, name] : connections_) {
    result.push_back({"presence datagrams to a session within one flush", lanes_->presence_sent(peer),
                      setup_.config.presence_datagrams_per_flush});
    for (std::size_t index = 0; index < transport::kLaneCount; ++index) {
      const auto lane = static_cast<transport::Lane>(index);
      result.push_back(
          {"bytes queued on a lane of the hub", lanes_->queued_bytes(peer, lane), lanes_->bound(peer, lane)});
    }
  }
  return result;
}

void HubNode::harvest_metrics() {
  if (!runs()) return;
  for (const auto& sample : hub_->metrics().samples) {
    if (sample.kind != telemetry::Snapshot::Kind::counter || sample.value <= 0) continue;
    const auto label = sample.label_value.empty() ? "" : "." + sample.label_value;
    setup_.keeper.count("hub." + sample.name + label, static_cast<std::uint64_t>(sample.value));
  }
}

void HubNode::compact(const RoomId& room) {
  const auto model = setup_.models.find(room);
  if (!runs() || model == setup_.models.end()) return;
  // Through the newest snapshot or before it; the store refuses what no snapshot covers.
  const Seq through{model->second.promised().value() * 3 / 4};
  if (through.value() == 0) return;
  setup_.keeper.log("hub", "compacts through " + std::to_string(through.value()));
  static_cast<void>(engine_->submit(store::Compact{room, through}));
}

// ---- Reading the disk ---------------------------------------------------------------------------------------------

std::optional<store::Answer> HubNode::ask_at_once(store::Request request) {
  const auto ticket = inline_engine_->submit(std::move(request));
  std::vector<store::Completion> completions;
  inline_engine_->poll(completions);
  for (auto& completion : completions)
    if (completion.ticket == ticket && completion.result) return std::move(*completion.result);
  return std::nullopt;
}

std::optional<DiskLog> HubNode::read_room(const store::RoomInfo& info) {
  DiskLog log{info.room, info.head, info.archived_through, {}};
  log.read_asset = [this, room = info.room](const AssetId& asset) { return read_asset(room, asset); };
  while (log.records.size() < info.head.value()) {
    const Seq from{log.records.size() + 1};
    auto answer = ask_at_once(store::ReadRecords{info.room, from});
    if (!answer) return std::nullopt;
    auto& range = std::get<store::RecordRange>(*answer);
    if (range.records.empty()) break;
    for (auto& record : range.records) log.records.push_back(std::move(record));
  }
  return log;
}

std::optional<Bytes> HubNode::read_asset(const RoomId& room, const AssetId& asset) {
  Bytes bytes;
  for (;;) {
    auto answer = ask_at_once(store::ReadAssetChunk{room, asset, bytes.size()});
    const auto* chunk = answer ? std::get_if<store::AssetChunk>(&*answer) : nullptr;
    if (chunk == nullptr) return std::nullopt;
    bytes.insert(bytes.end(), chunk->bytes.view().begin(), chunk->bytes.view().end());
    if (bytes.size() >= chunk->total_bytes || chunk->bytes.view().empty()) return bytes;
  }
}

bool HubNode::read_disk(std::vector<DiskLog>& logs) {
  const auto answer = ask_at_once(store::ListRooms{});
  if (!answer) return false;
  for (const auto& info : std::get<store::RoomList>(*answer).rooms) {
    auto log = read_room(info);
    if (!log) return false;
    logs.push_back(std::move(*log));
  }
  // A room that was promised and is not there has an empty log.
  for (const auto& [room, model] : setup_.models) {
    const bool is_there = std::any_of(logs.begin(), logs.end(), [&](const DiskLog& log) { return log.room == room; });
    if (!is_there) logs.push_back(DiskLog{room, {}, {}, {}, {}});
  }
  return true;
}

void HubNode::follow(const DiskLog& log) {
  const auto found = setup_.models.find(log.room);
  for (auto& checker : setup_.checkers)
    checker->on_disk_read(log, found == setup_.models.end() ? nullptr : &found->second);
  if (setup_.keeper.has_violation()) return;
  auto& model = setup_.models[log.room];
  if (log.head < model.head()) {
    setup_.keeper.count("disk.unpromised_records_lost", model.head().value() - log.head.value());
    model.roll_back(log.head);
  }
  while (model.head() < log.head) {
    setup_.keeper.count("disk.unanswered_records_found");
    if (auto wrong = model.append(log.records[model.head().value()], false))
      return setup_.keeper.violate("chain", std::move(*wrong));
  }
}

std::vector<DiskLog> HubNode::read_at_end() {
  set_trouble(DiskTrouble::none);
  disk_.cut_power_at(0);
  if (runs()) take_down(End::power_lost);
  std::vector<DiskLog> logs;
  auto opened = open_engine();
  if (opened) inline_engine_ = std::move(*opened);
  if (!opened || !read_disk(logs))
    setup_.keeper.violate("durability", "The hub's data folder cannot be read at the end.");
  if (setup_.mutant == Mutant::reorder_records)
    for (auto& log : logs) reorder(log.records);
  return logs;
}

}  // namespace theta::sim

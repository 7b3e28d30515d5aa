#pragma once

#include <vector>

#include "author_limiters.h"
#include "hub_log.h"
#include "hub_metrics.h"
#include "store_desk.h"
#include "theta/hub/config.h"
#include "theta/hub/hub.h"

namespace theta::hub {

class Room;

/// What all parts of one hub share. One thread.
struct HubContext {
  HubContext(const HubConfig& config_, Hub::Dependencies dependencies)
      : config(config_),
        key(dependencies.key),
        hub(key.public_key<HubKey>()),
        admin_token(std::move(dependencies.admin_token)),
        transport(dependencies.transport),
        store(dependencies.store),
        random(std::move(dependencies.random)),
        stopwatch(std::move(dependencies.stopwatch)),
        observer(dependencies.observer),
        hub_log(std::move(dependencies.log)),
        metrics(registry) {}

  /// Measures into `histogram` when there is a clock to measure with.
  template <class Work>
  auto measure(telemetry::Histogram& histogram, Work&& work) {
    if (!stopwatch) return work();
    const auto begin = stopwatch();
    auto result = work();
    histogram.record(stopwatch() - begin);
    return result;
  }

  /// Zero when the author may; else how long to wait.
  [[nodiscard]] std::chrono::nanoseconds charge(const AuthorKey& author, AuthorLimiters::Bucket bucket, double cost) {
    return author_limiters.charge(author, bucket, cost, config, now.monotonic);
  }

  void say(LogLevel level, std::string_view event, std::string_view text, HubLog::Fields fields = {}) {
    hub_log.say(level, now, event, text, std::move(fields));
  }
  void say_of_peers(LogLevel level, std::string_view event, std::string_view text, HubLog::Fields fields = {}) {
    hub_log.say_of_peers(level, now, event, text, std::move(fields));
    metrics.log_lines_left_out.add(hub_log.left_out() - metrics.log_lines_left_out.value());
  }
  /// Counts and logs a request to the store that failed; `what` was to be done.
  void note_store_failure(const RoomId& room, std::string_view what, const std::string& reason) {
    metrics.store_failures.add();
    say_of_peers(LogLevel::error, "store_failed", "The store could not " + std::string(what) + ": " + reason + ".",
                 {room_field(room), {"reason", reason}});
  }

  /// Counts and logs a stored snapshot that is of no use; `so` says what is done instead.
  void note_unusable_snapshot(const RoomId& room, const std::string& reason, std::string_view so) {
    metrics.snapshots_unusable.add();
    say_of_peers(LogLevel::error, "snapshot_unusable",
                 "The room's stored snapshot is of no use: " + reason + ". " + std::string(so),
                 {room_field(room), {"reason", reason}});
  }

  HubConfig config;
  Now now;
  crypto::KeyPair key;
  HubKey hub;
  Bytes admin_token;
  std::string page;  // see `Hub::set_page`
  transport::Transport& transport;
  StoreDesk store;
  RandomSource random;
  Stopwatch stopwatch;
  HubObserver* observer;
  HubLog hub_log;
  telemetry::Registry registry;
  HubMetrics metrics;
  AuthorLimiters author_limiters;
  /// Rooms with records to hand to the store at the end of this turn.
  std::vector<Room*> rooms_to_flush;
  /// Rooms with presence to send at the next flush.
  std::vector<Room*> rooms_with_presence;
  bool stopping = false;
};

}  // namespace theta::hub

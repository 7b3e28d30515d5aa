#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "theta/base/bytes.h"
#include "theta/base/ids.h"
#include "theta/base/time.h"
#include "theta/crypto/keys.h"
#include "theta/hub/config.h"
#include "theta/hub/log_event.h"
#include "theta/hub/usage.h"
#include "theta/log/command_rules.h"
#include "theta/store/log_engine.h"
#include "theta/telemetry/metrics.h"
#include "theta/transport/transport.h"

namespace theta::hub {

/// Sees what the hub decides, for checkers that stand outside of it. Called synchronously; must not call the hub.
class HubObserver {
 public:
  struct Committed {
    RoomId room;
    Seq seq;
    AuthorKey author;
    Nonce nonce;
    Hash256 header_hash;
    Hash256 record_hash;
  };
  struct Refused {
    RoomId room;
    AuthorKey author;
    Nonce nonce;
    log::RefusalCode code = log::RefusalCode::none;
  };

  virtual ~HubObserver() = default;
  /// The record is on disk; nobody has been told yet.
  virtual void on_committed(const Committed&) {}
  /// The packet got no place in the log, and its author is told so.
  virtual void on_refused(const Refused&) {}
};

/// Fills the span with unpredictable bytes (predictable ones in a simulation).
using RandomSource = std::function<void(std::span<std::uint8_t>)>;
/// Reads a clock for measurements only; nothing the hub decides depends on it. May be empty.
using Stopwatch = std::function<MonotonicTime()>;

/// The hub's protocol engine: authenticates peers, admits packets, gives them their place in a room's log, and relays
/// them once they are on disk. Pure: time, messages and the store's completions come in through calls; messages go out
/// through `Transport::send`, requests through `LogEngine::submit`. One thread.
///
/// A turn of the owner's loop: `set_now`, deliver events (`on_event`) and completions (`on_completions`), then `step`,
/// which hands everything sequenced in this turn to the store at once (group commit).
class Hub final : public transport::EventSink {
 public:
  struct Dependencies {
    crypto::KeyPair key;
    /// Who shows it may open rooms. Compared in constant time; never sent.
    Bytes admin_token;
    /// Both are borrowed and outlive the hub.
    transport::Transport& transport;
    store::LogEngine& store;
    RandomSource random;
    Stopwatch stopwatch = {};
    HubObserver* observer = nullptr;
    LogSink log = {};
  };

  /// Submits the first request (the list of rooms) to the store at once.
  Hub(const HubConfig& config, Dependencies dependencies);
  ~Hub() override;
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  /// The time of everything until the next call.
  void set_now(Now now);
  void on_event(const transport::Event& event) override;
  /// Takes what `LogEngine::poll` gave, in order. Completions of other submitters are ignored.
  void on_completions(std::span<store::Completion> completions, Now now);
  /// Ends a loop turn: submits batched appends, flushes presence, runs timers.
  void step(Now now);
  /// When `step` has something to do at the latest; MonotonicTime::max() when only an event can change anything.
  [[nodiscard]] MonotonicTime next_wakeup() const;

  void set_config(const HubConfig& config);
  [[nodiscard]] const HubConfig& config() const;

  /// Where browsers find this hub's editor; told to every peer that logs in from now on. The host "[::]" stands for the
  /// one by which the peer reached this hub. What is no page's address (`wire::is_page_address`) is told to nobody, and
  /// neither is an empty one.
  void set_page(std::string_view page);

  /// Tells every session `going_away` and takes no more packets. What was sequenced is still committed and relayed;
  /// call `step` and `on_completions` until `is_drained`, then `close_all`.
  void begin_shutdown();
  [[nodiscard]] bool is_drained() const;
  void close_all();

  /// True once the store has answered: rooms are known and can be served.
  [[nodiscard]] bool is_ready() const;
  [[nodiscard]] HubKey key() const;
  [[nodiscard]] std::size_t session_count() const;
  [[nodiscard]] std::size_t loaded_room_count() const;
  /// What is held in memory at this moment. O(sessions).
  [[nodiscard]] HubUsage usage() const;
  /// All counters as values; refreshes gauges first.
  [[nodiscard]] telemetry::Snapshot metrics();
  /// For the owner's own metrics, exported with the hub's.
  [[nodiscard]] telemetry::Registry& registry();
  /// For what the owner has to log of peers: bounded together with what the hub itself says of them, and counted when
  /// it is left out.
  void say_of_peers(LogLevel level, std::string_view event, std::string_view text, LogFields fields);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace theta::hub

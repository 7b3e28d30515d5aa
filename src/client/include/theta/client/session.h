#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "theta/base/ids.h"
#include "theta/base/time.h"
#include "theta/client/command.h"
#include "theta/client/error.h"
#include "theta/client/events.h"
#include "theta/client/persistence.h"
#include "theta/crypto/keys.h"
#include "theta/log/checkpoint.h"
#include "theta/log/config.h"
#include "theta/log/invite.h"
#include "theta/replica/replica.h"
#include "theta/transport/transport.h"

namespace theta::client {

struct SessionOptions {
  /// All zero together with `open_room`: the room's id follows from the packet that opens it.
  RoomId room = {};
  /// Who the hub must be.
  HubKey hub = {};
  /// For authors who are not members yet; ignored by the hub for those who are.
  std::optional<log::RoomLink::Ticket> ticket = {};
  struct OpenRoom {
    std::string name;
    Bytes admin_token;
  };
  std::optional<OpenRoom> open_room = {};
  /// What others see; told once, when the author joins the room or opens it.
  std::string display_name = {};
  /// False: only reads; another session of the same author keeps writing.
  bool writer = true;
  std::string software = "theta";
  /// Before the hub is asked for an asset, `AssetWanted` asks the application for it, which may have kept it.
  bool looks_for_assets = false;
  /// Keeps what `Session::signed_snapshot` tells, for somebody who verifies the log.
  bool keep_signed_snapshot = false;

  /// Signed packets under way at once, at most limits::kPacketsInFlightMax.
  std::size_t packets_in_flight_max = 32;
  /// Slower than the hub allows, for tools that must be; a burst of 0 leaves it to the hub, whose limit holds anyway.
  log::RateLimit command_pace = {};
  double presence_per_second = 30;
  MonotonicClock::duration reconnect_delay_min = std::chrono::milliseconds{250};
  MonotonicClock::duration reconnect_delay_max = std::chrono::seconds{30};
  /// From connecting to Welcome, and without an answer to anything asked for later.
  MonotonicClock::duration answer_timeout = std::chrono::seconds{20};
  /// Seeds the jitter of reconnects. Not a secret.
  std::uint64_t random_seed = 0;
};

/// A state, and the hub's signature under it, which was checked.
struct SignedSnapshot {
  log::Checkpoint checkpoint;
  Bytes bytes;
};

/// Where a session stands with its hub.
enum class SessionPhase : std::uint8_t {
  offline,     // waits for its next attempt, or was told to stay so
  connecting,  // the transport works on it
  logging_in,
  attaching,
  receiving,  // a snapshot, or the records up to the head at attaching
  live,
  stopped,  // for good: diverged, or refused in a way that no retry helps
};

/// The pure engine of one peer in one room: handshake, outbox, optimistic overlay, resume, presence, assets. Has no
/// clock, socket, thread or file; whoever drives it (`Client`, the browser's glue, the simulation) connects when
/// `wants_connection`, hands in what the transport tells, and calls `step` after that and at `next_wakeup`.
///
/// One thread. Calls made before the room was first attached fail with `not_ready`; from then on everything works
/// offline too, for any length of time.
class Session {
 public:
  /// `transport` and `persistence` (null: nothing is kept) must outlive the session.
  Session(SessionOptions options, const crypto::KeyPair& author, transport::Transport& transport,
          Persistence* persistence);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Once, first: reads what `persistence` holds. On failure (`storage`) nothing was changed or deleted.
  [[nodiscard]] ClientResult<void> restore();

  // ---- Driving -----------------------------------------------------------------------------------------------------

  /// True when it is time to open a connection to the hub.
  [[nodiscard]] bool wants_connection(MonotonicTime now) const;
  /// The driver has begun to connect; the session listens to this peer from now on.
  void connecting(transport::PeerId peer, Now now);
  /// The driver could not even begin.
  void connect_failed(std::string text, Now now);
  /// False: not about this session's connection.
  bool on_event(const transport::Event& event, Now now);
  /// Sends what may be sent, writes the local state.
  void step(Now now);
  /// When `step` has something to do even if nothing arrives.
  [[nodiscard]] std::optional<MonotonicTime> next_wakeup() const;
  /// Only tells the time, which stamps and pacing of the calls below use.
  void set_now(Now now);

  /// Closes the connection and stays offline; the outbox is kept.
  void go_offline();
  void go_online();
  /// Becomes the author's writing session (again), on a new connection.
  void take_writer();
  /// Folds the journal into a new state; call before a clean exit, so that the next start is quick.
  void save();

  // ---- What it shows -----------------------------------------------------------------------------------------------

  [[nodiscard]] SessionPhase phase() const;
  [[nodiscard]] bool caught_up() const;
  [[nodiscard]] bool is_writer() const;
  /// Where the hub says that browsers find its editor ("https://hub.example:4480"); empty: nothing was said. The host
  /// "[::]" stands for the one by which this peer reached the hub.
  [[nodiscard]] const std::string& hub_page() const;
  [[nodiscard]] const RoomId& room() const;
  [[nodiscard]] const AuthorKey& author() const;
  /// The room as this peer should show it: the log so far and its own commands on top. These are put on again when
  /// somebody asks here or polls events, at a cost of all that waits for the hub; so ask once for what came together,
  /// and ask anew after `on_event` and `step`: what was returned before shows the log alone until then. For the same
  /// reason it must not be asked for its `state_hash()` or encoded, which end the program while a command waits
  /// (`replica::Replica::has_predictions`); `confirmed_state_hash()` below is what peers and checkpoints compare.
  [[nodiscard]] const replica::Replica& replica() const;
  [[nodiscard]] const scene::Scene& scene() const;
  /// Of the log so far, without own commands on top. Takes predictions back: for checks, not for frames.
  [[nodiscard]] Hash256 confirmed_state_hash();
  [[nodiscard]] Seq confirmed_head() const;
  /// The newest that the hub sent, with `SessionOptions::keep_signed_snapshot`; a peer that comes without a state of
  /// its own gets one.
  [[nodiscard]] const std::optional<SignedSnapshot>& signed_snapshot() const;
  /// The author's role and slot as the log says so far.
  [[nodiscard]] wire::fb::Role role() const;
  [[nodiscard]] AuthorSlot slot() const;

  struct Statistics {
    std::size_t queued_commands = 0;  // not signed yet
    bool is_held_back = false;        // queued commands wait for the pace that the hub allows
    std::size_t uploads = 0;          // assets that the hub does not have yet; commands that name them wait
    std::size_t downloads = 0;        // assets that were asked for and that only the hub can give
    std::size_t packets_in_flight = 0;
    std::size_t commands_in_flight = 0;
    std::size_t outbox_bytes = 0;
    std::uint64_t records_applied = 0;
    std::uint64_t packets_sent = 0;  // resends included
    std::uint64_t packets_resent = 0;
    std::uint64_t commands_coalesced = 0;
    std::uint64_t refusals = 0;          // retryable ones included
    std::uint64_t presence_dropped = 0;  // came late or malformed
    std::uint64_t events_dropped = 0;    // see limits::kDroppableEventsMax
    std::uint64_t reconnects = 0;
    std::uint64_t messages_refused = 0;  // malformed or unexpected
  };
  [[nodiscard]] Statistics statistics() const;
  /// True when every command submitted so far is settled.
  [[nodiscard]] bool is_idle() const;

  /// Oldest first; changes and presence are merged while nobody polls.
  [[nodiscard]] std::optional<Event> poll_event();

  // ---- Editing -----------------------------------------------------------------------------------------------------

  /// Shows the command at once and queues it. Fails with a sentence when it is malformed, when the role is too low, or
  /// when it could not work on the scene as shown; then nothing has changed.
  [[nodiscard]] ClientResult<CommandHandle> submit(const Command& command);

  struct Created {
    CommandHandle handle;
    std::vector<ObjectId> ids;  // duplicates: the whole block, copies in depth-first order
  };
  [[nodiscard]] ClientResult<Created> create_entities(std::vector<NewEntity> entities);
  /// With their subtrees.
  [[nodiscard]] ClientResult<Created> duplicate(std::span<const ObjectId> targets);
  /// New ids for `NewEntity::id`; to be used in ascending order, each once.
  [[nodiscard]] ClientResult<std::vector<ObjectId>> mint_ids(std::size_t count);

  /// The author's newest command that can be taken back, wherever it was made. One whose work somebody has changed
  /// since is passed over; when that is true of all, the failure names who changed the newest.
  [[nodiscard]] ClientResult<CommandHandle> undo();
  [[nodiscard]] ClientResult<CommandHandle> redo();
  /// Whether `undo` and `redo` find something in the scene as it is shown; others may stand in the way all the same.
  [[nodiscard]] bool can_undo() const;
  [[nodiscard]] bool can_redo() const;
  /// The command that an `undo()` or `redo()` of this session took; empty when it is from an earlier session.
  [[nodiscard]] std::optional<CommandHandle> meant_by(CommandHandle step) const;
  /// A command of this session that is still under way, or any by its place in the author's chain.
  [[nodiscard]] ClientResult<CommandHandle> undo(CommandHandle command);
  [[nodiscard]] ClientResult<CommandHandle> undo(replica::Replica::CommandSpan first,
                                                 replica::Replica::CommandSpan last);

  /// A lost command once more, on top of what is there now; entities it makes get new ids.
  [[nodiscard]] ClientResult<CommandHandle> submit_again(const Command& command);

  /// An invite's link secret is `secret_seed`, from the caller's random source. Admins only; works offline.
  [[nodiscard]] ClientResult<log::RoomLink::Ticket> make_invite(const log::InviteTerms& terms,
                                                                const crypto::Seed& secret_seed) const;

  // ---- Presence ----------------------------------------------------------------------------------------------------

  /// Sent at the capped rate, latest wins; nothing is kept while offline.
  void set_presence(Presence presence);
  struct Participant {
    SessionNumber session;
    AuthorKey author;
    AuthorSlot slot = kNoSlot;
  };
  /// Who is connected, this session included.
  [[nodiscard]] std::vector<Participant> participants() const;
  /// Null: nothing heard yet, or gone. Valid until the next `on_event`.
  [[nodiscard]] const Presence* presence_of(SessionNumber session) const;

  // ---- Assets and history ------------------------------------------------------------------------------------------

  /// Queues an upload; answered by AssetStored or AssetFailed. Goes on after reconnects where it stopped, and after a
  /// restart, like the outbox. From now on commands may name it: they show at once, wait until the hub has it, and
  /// `download_asset` finds it here.
  [[nodiscard]] ClientResult<AssetId> upload_asset(SharedBytes bytes);
  /// Queues a download; answered by AssetReady (hash checked) or AssetFailed.
  [[nodiscard]] ClientResult<void> download_asset(const AssetId& asset);
  /// Answers AssetWanted; without bytes, and when their hash is another, the hub is asked. Returns false for those,
  /// which are not worth keeping.
  bool supply_asset(const AssetId& asset, SharedBytes bytes);
  /// Asks for `count` records from `from` on, at most 4096; answered by History with the returned number.
  [[nodiscard]] ClientResult<std::uint32_t> query_history(Seq from, std::uint32_t count);
  /// Nobody waits for the answer any more: it is not told, unless it waits for `poll_event` already, and the query no
  /// longer counts among those that may wait.
  void forget_query(std::uint32_t query);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace theta::client

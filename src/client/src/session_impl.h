#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "asset_transfers.h"
#include "checkpoint_watch.h"
#include "event_queue.h"
#include "local_state.h"
#include "outbox.h"
#include "overlay.h"
#include "pacer.h"
#include "presence_board.h"
#include "snapshot_receiver.h"
#include "theta/base/check.h"
#include "theta/client/limits.h"
#include "theta/client/session.h"
#include "theta/log/stamp.h"
#include "theta/wire/commands_lane.h"

namespace theta::client {

/// The parts of a session are classes of their own; here they meet. The functions stand in files by what they are
/// about: session_drive (connection and time), session_handshake (control and bulk lanes), session_records (what comes
/// down the commands lane), session_send (what goes up), session_edit (the application's calls), session_state
/// (restarts).
struct Session::Impl {
  Impl(SessionOptions given, const crypto::KeyPair& author_key, transport::Transport& the_transport,
       Persistence* the_persistence);

  // ---- session_drive.cpp ----
  bool on_event(const transport::Event& event, Now at);
  void step(Now at);
  [[nodiscard]] std::optional<MonotonicTime> next_wakeup() const;
  void set_now(Now at);
  /// Ends the connection from this side, or takes note that it ended. `retry`: another attempt makes sense.
  void disconnect(transport::CloseReason reason, const std::string& text, bool retry,
                  log::RefusalCode refusal = log::RefusalCode::none);
  void lose_connection(transport::CloseReason reason, const std::string& text, bool retry,
                       log::RefusalCode refusal = log::RefusalCode::none);
  /// The hub sent what no honest hub sends; a few times in a row means that it is not to be believed.
  void strike(const std::string& text);
  void diverge(const std::string& text);
  void check_timeouts();
  [[nodiscard]] std::optional<MonotonicTime> answer_deadline() const;
  void send_control(const SharedBytes& message);
  [[nodiscard]] double random_fraction();

  // ---- session_handshake.cpp ----
  void on_message(transport::Lane lane, ByteView bytes);
  void on_control(const wire::fb::Message& message);
  void on_bulk(const wire::fb::Message& message);
  void on_hello(const wire::fb::HubHello& hello);
  void on_welcome(const wire::fb::Welcome& welcome);
  void begin_attach();
  void send_open_room();
  void sign_first_packet(wire::fb::CommandUnion command);
  void on_attached(const wire::fb::Attached& attached);
  /// Keeps a message until what must come before it is there.
  void hold(transport::Lane lane, ByteView bytes);
  void deliver_held();
  void on_request_refused(const wire::fb::RequestRefused& refused);
  void on_attach_refused(const log::Refused& refusal, std::uint32_t retry_after_ms);
  void on_revoked(const log::Refused& refusal);
  void on_notice(const wire::fb::Notice& notice);
  void on_checkpoint(const wire::fb::Checkpoint& checkpoint);
  void on_snapshot_chunk(const wire::fb::SnapshotChunk& chunk);
  void on_log_range(const wire::fb::LogRange& range);

  // ---- session_records.cpp ----
  void on_lane_message(ByteView bytes);
  void on_records(const wire::Records& records);
  /// False: the record was not believed.
  [[nodiscard]] replica::Trust trust_in(const log::Record& record) const;
  bool take_record(const log::Record& record, replica::Trust trust);
  void on_own_record(const log::Record& record, const std::vector<replica::Outcome>* outcomes);
  void settle_acknowledged(SignedPacket packet, Seq seq, const std::vector<replica::Outcome>* outcomes);
  /// Settles the packets in flight up to the one with this header, which stands at `seq` or in a snapshot of it; false:
  /// there is none.
  bool settle_through(const Hash256& header_hash, Seq seq);
  void report_conflict(const Draft& draft, const replica::Outcome& outcome);
  void on_refusal(const wire::Refusal& refusal);
  void resolve_rejection();
  /// The disk holds the refused commands as waiting, and cannot be told better.
  [[nodiscard]] bool rejection_waits_for_disk() const;
  void on_caught_up_if_so();
  /// After everything that the log holds is applied: what is in flight is in it, or is sent again, or signed anew.
  void reconcile();
  void search_history();
  void on_searched(const std::vector<log::Record>& records);
  /// Somebody else continued this author's chain: nothing that is in flight can be valid any more.
  void sign_anew();
  void remap_taken_ids();

  // ---- session_send.cpp ----
  void pump_packets();
  void sign_what_fits();
  void send_signed();
  [[nodiscard]] bool may_send() const;
  /// Something waits for nothing but time.
  [[nodiscard]] bool has_sendable() const;
  /// A restart would find the packet's commands, and not that they were signed: sent now, they could be sent twice.
  [[nodiscard]] bool waits_for_disk(const SignedPacket& packet) const;
  /// Drafts from the front, at most a packet's worth, that name no asset which the hub does not have yet: whoever sees
  /// a command asks for its assets at once.
  [[nodiscard]] std::size_t signable_drafts() const;
  void hold_until(MonotonicTime time);

  // ---- session_edit.cpp ----
  [[nodiscard]] ClientResult<CommandHandle> submit(ByteView payload, CommandHandle refers_first = {},
                                                   CommandHandle refers_last = {});
  [[nodiscard]] ClientResult<void> check_command(const wire::fb::CommandPayload& payload) const;
  [[nodiscard]] ClientResult<void> check_ready() const;
  [[nodiscard]] ClientResult<void> check_requests() const;
  [[nodiscard]] ClientResult<std::uint64_t> check_minted(ByteView payload) const;
  /// Takes the first command that an undo, or a redo, works on now.
  [[nodiscard]] ClientResult<CommandHandle> step_through_history(wire::fb::Command type);
  /// The command of this session at a place in the author's chain, as far as it is remembered.
  [[nodiscard]] std::optional<CommandHandle> handle_at(CommandPlace place) const;
  [[nodiscard]] ClientResult<CommandHandle> submit_history_step(wire::fb::Command type,
                                                                replica::Replica::CommandSpan first,
                                                                replica::Replica::CommandSpan last);
  void refuse_drafts(std::vector<Draft> drafts, const log::Refused& refusal);
  [[nodiscard]] std::string name_of(AuthorSlot slot) const;
  [[nodiscard]] Stamp next_stamp();
  void show();
  void show_afresh();

  // ---- session_state.cpp ----
  [[nodiscard]] ClientResult<void> restore();
  ClientResult<void> begin_state();
  [[nodiscard]] ClientResult<void> check_state_fits(const LocalFacts& kept) const;
  bool replay(const JournalEntry& entry);
  void note_minted();
  void save();
  void report_storage();
  [[nodiscard]] const AuthorKey& author() const { return facts.author; }

  // What it was made with.
  SessionOptions options;
  crypto::KeyPair key;
  transport::Transport& transport;
  Persistence* persistence;

  // Its parts.
  EventQueue events;
  Overlay overlay;
  Outbox outbox;
  Pacer pacer;
  PresenceBoard presence;
  AssetTransfers assets;
  CheckpointWatch checkpoints;
  LocalFacts facts;
  Journal journal;
  log::HybridClock clock;
  std::uint64_t last_used_counter = 0;  // of ids in commands that were submitted

  // The connection.
  SessionPhase phase = SessionPhase::offline;
  Now now;
  WallClock::duration clock_offset{};  // the hub's clock minus ours
  std::optional<transport::PeerId> peer;
  transport::PeerInfo peer_info;
  bool wants_online = true;
  bool is_writer = false;
  std::string hub_page;
  // Where commands of this session are in the log, and which of them its undos and redos took; as many as a journal
  // has.
  std::deque<std::pair<CommandHandle, CommandPlace>> settled_places;
  std::deque<std::pair<CommandHandle, CommandHandle>> history_steps;
  unsigned attempts = 0;  // without reaching `live`
  unsigned strikes = 0;   // without a valid record between
  MonotonicTime retry_at = MonotonicTime::min();
  MonotonicTime last_heard{};
  std::uint64_t random_state;
  std::uint32_t next_request = 1;

  // Opening and attaching.
  std::uint32_t attach_request = 0;
  std::uint32_t open_request = 0;
  bool open_was_tried = false;  // over this connection
  /// The hub has refused packets for coming too fast, and until it takes the front one, only that is sent: each behind
  /// it would be refused for the gap and use up what the front one waits for.
  bool sends_front_only = false;
  SessionNumber session;
  Seq head_at_attach;  // what the hub had
  std::optional<SnapshotReceiver> snapshot;
  std::optional<SignedSnapshot> signed_snapshot;
  struct HeldMessage {
    transport::Lane lane;
    Bytes bytes;
  };
  std::vector<HeldMessage> held;  // came before Attached, or records before the snapshot was complete
  std::size_t held_bytes = 0;
  bool is_caught_up = false;
  bool was_live = false;

  // Sending.
  MonotonicTime held_until = MonotonicTime::min();
  MonotonicTime paced_until = MonotonicTime::min();
  bool lane_full = false;
  struct Rejection {
    Nonce nonce;
    log::Refused refusal;
  };
  std::optional<Rejection> rejection;  // of a packet in flight, to be resolved when the hub owes no more answers

  // History.
  struct HistoryQuery {
    std::uint32_t query = 0;
    Seq from;
    std::uint32_t count = 0;
    bool internal = false;
    bool sent = false;
    bool forgotten = false;  // nobody waits for the answer
    std::uint32_t request = 0;
  };
  void pump_history();
  std::deque<HistoryQuery> history;
  std::uint32_t next_query = 1;
  bool is_searching = false;

  Statistics counters;
  MonotonicTime storage_retry_at = MonotonicTime::min();
};

}  // namespace theta::client

#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "presence_board.h"
#include "record_ring.h"
#include "relay.h"
#include "room_loader.h"
#include "session.h"
#include "snapshot_shelf.h"
#include "theta/hub/usage.h"
#include "theta/replica/replica.h"

namespace theta::hub {

/// One room in memory: its replica, the order of its log, and the sessions in it.
///
/// The replica runs ahead of the disk: a packet is validated and sequenced against what was sequenced before it. What
/// the disk has not confirmed is known to nobody outside, not even by a refusal for good. When the disk refuses,
/// everything unconfirmed is forgotten: its authors are told "not yet", and so are those who were to be refused because
/// of it; the room is loaded again from the store.
class Room {
 public:
  Room(HubContext& context, const RoomId& id);
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;

  /// Begins; sessions may attach at once and wait.
  void load();

  [[nodiscard]] const RoomId& id() const { return id_; }
  [[nodiscard]] bool is_open() const { return state_ == State::open; }
  /// The store does not have it, or what it has is damaged: to be taken out of memory.
  [[nodiscard]] bool is_dead() const { return state_ == State::dead; }
  [[nodiscard]] bool is_read_only() const { return is_read_only_; }
  [[nodiscard]] std::size_t session_count() const { return sessions_.size(); }
  [[nodiscard]] RoomUsage usage() const;
  /// Nobody is in it and the store owes it nothing.
  [[nodiscard]] bool is_idle() const { return sessions_.empty() && store_requests_ == 0 && batch_.empty(); }
  [[nodiscard]] MonotonicTime idle_since() const { return idle_since_; }
  /// Before it leaves memory: stores a snapshot when loading without it would be slow. What is not on disk yet is
  /// waited for.
  void save_snapshot_if_worth();

  // Sessions. `session.attachment` says what was asked for; the answer comes now or after the store's.

  void attach(Session& session);
  void detach(Session& session);
  void submit(Session& session, ByteView compact);
  void take_presence(Session& session, ByteView bytes);
  void on_writable(Session& session);

  // The hub's turn.

  /// Hands what this turn sequenced to the store, as one append.
  void flush();
  /// False when everything new was sent; else the room wants the next flush too.
  [[nodiscard]] bool flush_presence();
  /// Probes a disk that failed, frees what nobody uses.
  void tick();
  void notify_all(wire::fb::NoticeKind kind, const std::string& text);

  // For requests beside the log.

  [[nodiscard]] const replica::Replica& replica() const { return replica_; }
  [[nodiscard]] Seq committed() const { return ring_.committed(); }
  void ask_store(store::Request request, StoreDesk::Answered answered);
  [[nodiscard]] Session* find_session(std::uint32_t number) const;

 private:
  enum class State : std::uint8_t { loading, open, dead };

  // room.cpp: loading, committing, failing.
  void on_loaded(RoomLoader::Result result);
  void on_appended(std::uint64_t epoch, Seq last, StoreDesk::Result& result);
  void commit(Seq last);
  void publish(const SnapshotShelf::Statement& statement);
  /// Cuts old payloads, once the snapshot that stands for them was read back and loaded.
  void archive_before(Seq snapshot);
  void on_snapshot_read_back(Seq snapshot, Seq through, StoreDesk::Result& result);
  /// Asks the store how large the log is: archiving has cut bytes that this room counted.
  void count_log_bytes();
  void expel_revoked();
  void close_stalled();
  void want_presence_flush();
  void on_store_failure(const Failure<store::StoreError>& failure);
  void refuse_uncommitted(const std::string& text, log::RefusalCode code, std::uint32_t retry_after_ms);
  void become_read_only(const std::string& cause);
  void probe();
  void on_probed(StoreDesk::Result& result);
  void die(const Failure<store::StoreError>& failure);

  // room_packets.cpp: one packet's way to its place in the log.
  [[nodiscard]] std::optional<wire::Refusal> check_takes_packets(Nonce nonce) const;
  [[nodiscard]] std::optional<wire::Refusal> check_session(const Session& session, Nonce nonce) const;
  void submit_in_order(Session& session, ByteView compact, Nonce nonce);
  [[nodiscard]] std::optional<wire::Refusal> charge_room(const log::CommandPacket& packet);
  /// A refusal for good is told when everything it may rest on is on disk: before that the hub may still forget what
  /// made the packet wrong, and the author would have given it up for nothing.
  void refuse(Session& session, wire::Refusal refusal);
  void tell_refusal(Session& session, wire::Refusal refusal);
  void tell_held_refusals(Session& session);
  void sequence(replica::ValidPacket valid);
  void take_repeated(Session& session, ByteView compact, Nonce nonce, Nonce expected);
  /// For a nonce that was used before the room's memory begins: the store is asked.
  void search_repeated(Session& session, ByteView compact, Nonce nonce, Nonce expected);
  /// True when what the store has proves an equivocation, which is dealt with then.
  [[nodiscard]] bool take_found(Session& session, ByteView compact, const store::RecordRange& range);
  void refuse_repeated(Session& session, Nonce nonce, Nonce expected);
  [[nodiscard]] bool is_equivocation(const Hash256& known_header, const log::CommandPacket& other) const;
  /// Refuses the packet and suspends its author; false when that had happened before.
  [[nodiscard]] bool suspend(Session& session, const log::CommandPacket& other);
  void prove(Seq first, const log::CommandPacket& second);
  void store_proof(log::CommandPacket first, log::CommandPacket second);
  [[nodiscard]] Session* writer_of(const AuthorKey& author) const;

  // room_attach.cpp: from an Attach to Attached, and who is told of it.
  /// Ends the author's oldest sessions until one more is within the bound.
  void make_place_for(const AuthorKey& author);
  /// Notes for everybody attached that a session came or went; the next flush tells them.
  void tell_roster(const messages::SessionInfoFields& info);
  void send_roster(Session& session);
  void admit_attachment(Session& session);
  /// Like `refuse`, of an attachment.
  void refuse_admission(Session& session, log::RefusalCode code, std::string text, std::uint32_t retry_after_ms = 0);
  /// True when the packet was sequenced; else the session was refused, or waits to be.
  [[nodiscard]] bool submit_join(Session& session);
  void check_history(Session& session);
  void on_history_read(Session& session, StoreDesk::Result& result);
  void compare_history(Session& session, const Hash256& record_hash);
  void join_with_snapshot(Session& session);
  void send_snapshot(Session& session, const KeptSnapshot& snapshot);
  void finish_attachment(Session& session, Seq from, const KeptSnapshot* snapshot);
  void advance_attachments();
  void refuse_attachment(Session& session, log::RefusalCode code, std::string text, std::uint32_t retry_after_ms = 0);
  [[nodiscard]] Nonce committed_mark(const AuthorKey& author) const;

  HubContext& context_;
  RoomId id_;
  State state_ = State::loading;
  std::unique_ptr<RoomLoader> loader_;
  replica::Replica replica_;
  RecordRing ring_;
  Relay relay_;
  SnapshotShelf shelf_;
  PresenceBoard presence_;
  std::vector<Session*> sessions_;
  std::uint32_t last_session_number_ = 0;
  std::set<AuthorKey> suspended_;
  /// On disk and under way to it.
  std::uint64_t log_bytes_ = 0;

  /// Sequenced in this turn, not yet handed to the store; `batch_base_` is the seq before the first.
  std::vector<store::StoredRecord> batch_;
  Seq batch_base_;
  /// Counts reloads: answers to appends of an earlier life are void.
  std::uint64_t epoch_ = 0;
  std::size_t store_requests_ = 0;
  /// The newest snapshot that was given to the store, and up to where payloads were cut for one.
  Seq snapshot_written_;
  Seq archived_through_;
  /// Newest record that changed members; sessions are looked through when it is committed.
  Seq members_changed_at_;

  log::RateLimiter commands_;
  log::RateLimiter joins_;

  bool is_in_presence_list_ = false;

  bool is_read_only_ = false;
  bool is_probing_ = false;
  std::string read_only_text_;
  MonotonicTime probe_at_{};
  MonotonicClock::duration probe_backoff_{};
  MonotonicTime idle_since_{};
};

}  // namespace theta::hub

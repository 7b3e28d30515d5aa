#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "hub_context.h"
#include "messages.h"
#include "theta/log/checkpoint.h"
#include "theta/log/command_rules.h"
#include "theta/wire/commands_lane.h"

namespace theta::hub {

class Room;

/// A snapshot on its way to one session, chunk by chunk.
struct SnapshotStream {
  Seq seq;
  SharedBytes bytes;
  std::size_t offset = 0;
};

/// What a session asked for with Attach, and how far that went.
struct Attachment {
  /// In order; a reload of the room begins again.
  enum class Phase : std::uint8_t {
    waiting_for_room,       // the room is being loaded
    waiting_to_be_refused,  // for good, once what that rests on is on disk
    waiting_for_commit,     // of what it was admitted on: its JoinRoom, or others' records
    checking_history,       // the store is asked for a record's hash
    waiting_for_snapshot,
    attached,
  };
  Phase phase = Phase::waiting_for_room;

  // The request.
  std::uint32_t request = 0;
  Seq have_seq;
  Hash256 have_record_hash;
  bool wants_to_write = false;
  Bytes join;

  Room* room = nullptr;
  std::uint32_t number = 0;  // of the session in its room, never reused while the room is loaded
  Seq ready_at;              // waiting for the disk: when this record is there
  log::Refused refused;      // waiting_to_be_refused: what to say then
  bool is_writer = false;

  // Relay: `next` is the first record that the lane has not taken yet.
  Seq next;
  bool is_reading_store = false;
  /// A lane was full: nothing more is made for this session until the transport says that there is room again.
  bool is_blocked = false;
  MonotonicTime moved_at{};      // blocked: when what is queued last became less
  std::size_t queued_bytes = 0;  // and how much it was then
  std::optional<SnapshotStream> snapshot;
  /// Refusals that the commands lane had no room for; they go before further records.
  std::deque<wire::Refusal> refusals;
  /// Refusals for good that rest on records which are not on disk yet, and what else is refused after them: told when
  /// `rests_on` is there, in the order of the packets.
  struct HeldRefusal {
    Seq rests_on;
    wire::Refusal refusal;
  };
  std::deque<HeldRefusal> held_refusals;
  [[nodiscard]] std::size_t refusals_kept() const { return refusals.size() + held_refusals.size(); }

  /// Who entered or left, as far as this session was not told yet: the latest of each session in the room.
  std::map<std::uint32_t, messages::SessionInfoFields> roster_due;

  // Presence: the latest only.
  Bytes presence;
  std::uint32_t presence_counter = 0;
  bool has_presence = false;
  bool presence_is_new = false;

  /// Bulk answers that the lane had no room for.
  std::deque<SharedBytes> bulk_outbox;
};

/// One connection. Owned by the hub from `connected` to `closed`.
class Session {
 public:
  Session(HubContext& context, transport::PeerId peer, const transport::PeerInfo& info);

  [[nodiscard]] transport::PeerId peer() const { return peer_; }
  [[nodiscard]] const std::string& address() const { return address_; }
  [[nodiscard]] transport::TransportKind kind() const { return kind_; }
  [[nodiscard]] bool is_logged_in() const { return is_logged_in_; }
  [[nodiscard]] bool is_closing() const { return is_closing_; }
  [[nodiscard]] const AuthorKey& author() const { return author_; }
  [[nodiscard]] MonotonicTime connected_at() const { return connected_at_; }

  /// Sends HubHello with this session's challenge.
  void greet();
  /// True when the signature proves the key on this very connection; else the session is refused and closed.
  bool log_in(const wire::fb::Login& login);

  /// What the peer must get: a control lane that is full means that it does not read, and ends the session.
  void send_control(const SharedBytes& message);
  /// What may be left out when the lane is full.
  void offer_control(const SharedBytes& message);
  /// Answers a request (not a packet).
  void refuse(std::uint32_t request, const log::Refused& refused, std::uint32_t retry_after_ms = 0);
  /// Refuses as `rate_limited`; `sentence` says what is over its rate, and how long to wait is added.
  void put_off(std::uint32_t request, std::string sentence, std::chrono::nanoseconds wait);
  /// Refuses one packet on the commands lane.
  void refuse_packet(wire::Refusal refusal);
  /// Refuses one packet when this record is on disk; see `Attachment::held_refusals`.
  void hold_refusal(Seq rests_on, wire::Refusal refusal);
  void close(transport::CloseReason reason, std::string text);
  /// Counts and closes: `text` says what was expected and what came.
  void close_malformed(std::string text);

  /// Null when no room was asked for.
  std::unique_ptr<Attachment> attachment;
  [[nodiscard]] bool is_attached() const {
    return attachment != nullptr && attachment->phase == Attachment::Phase::attached;
  }
  /// When it was last in a room, or logged in.
  MonotonicTime without_room_since{};
  /// Bulk requests that the store has not answered, of this attachment and of earlier ones.
  std::size_t bulk_requests = 0;
  /// Sends what `refuse_packet` had to keep back. False when the lane is still full.
  bool flush_refusals();

 private:
  void refuse_login(log::RefusalCode code, transport::CloseReason reason, const std::string& text);
  /// Closes the session when it has as many refusals as it may.
  [[nodiscard]] bool has_place_for_refusal();

  HubContext& context_;
  transport::PeerId peer_;
  transport::TransportKind kind_;
  transport::ChannelBinding binding_;
  std::string address_;
  MonotonicTime connected_at_;
  Hash256 challenge_;
  AuthorKey author_;
  bool is_logged_in_ = false;
  bool is_closing_ = false;
};

}  // namespace theta::hub

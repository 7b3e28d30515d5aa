#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <vector>

#include "draft.h"
#include "theta/base/byte_codec.h"
#include "theta/crypto/keys.h"
#include "theta/log/packet.h"

namespace theta::client {

/// Where the next packet of an author goes.
struct ChainEnd {
  Nonce nonce;   // of the last packet
  Hash256 head;  // its header's hash
  Stamp stamp;   // its stamp
};

/// A packet that was signed and may have been sent: kept byte for byte until the log or a refusal settles it.
struct SignedPacket {
  log::CommandPacket packet;
  Hash256 header_hash;
  std::vector<Draft> drafts;  // one a command, in order
  SharedBytes message;        // as it goes on the commands lane
  enum class Sent : std::uint8_t {
    no,       // not on this connection, or refused for now
    waiting,  // the hub owes an answer: a record or a refusal
    in_log,   // the hub says it has it; the record will come
  } sent = Sent::no;
  bool sent_before = false;
  /// A restart finds it signed like this.
  bool is_written = false;
};

/// Commands on their way to the log, in order: first the signed packets, then the drafts. Pure data; the session
/// decides when to sign and send.
class Outbox {
 public:
  // ---- Drafts ----

  /// Queues a draft. An older one that it replaces is taken out if nothing between depends on it; then returns the
  /// older's handle.
  std::optional<CommandHandle> add(Draft draft);
  [[nodiscard]] const std::deque<Draft>& drafts() const { return drafts_; }
  [[nodiscard]] std::deque<Draft>& drafts() { return drafts_; }
  [[nodiscard]] const Draft* find_draft(CommandHandle handle) const;
  /// Removes a draft, and those that undo or redo it, which mean nothing without it; returns all, the draft first.
  std::vector<Draft> remove_draft(CommandHandle handle);

  /// How many drafts from the front the next packet takes, at most `commands_max`; 0: none queued.
  [[nodiscard]] std::size_t plan_packet(std::size_t commands_max) const;
  /// Signs the first `count` drafts (from `plan_packet`) as the packet after `end()` or after `log_end` when none is in
  /// flight.
  const SignedPacket& sign(std::size_t count, const RoomId& room, const ChainEnd& log_end,
                           const crypto::KeyPair& author);

  // ---- Packets in flight ----

  [[nodiscard]] const std::deque<SignedPacket>& in_flight() const { return in_flight_; }
  [[nodiscard]] std::deque<SignedPacket>& in_flight() { return in_flight_; }
  [[nodiscard]] SignedPacket* find(Nonce nonce);
  /// The oldest packet is in the log.
  SignedPacket acknowledge_front();
  /// How many packets in flight are in the log if the one with this header is: it and all before it, for each names the
  /// one before. 0: there is none with this header.
  [[nodiscard]] std::size_t count_through(const Hash256& header_hash) const;
  /// Takes back every packet from `nonce` on: their drafts go to the front of the queue, to be signed anew.
  void unsign_from(Nonce nonce);
  /// Nothing is on the connection any more.
  void forget_sending();
  /// All packets in flight are on disk.
  void note_written();
  [[nodiscard]] bool is_waiting_for_answers() const;
  /// The first drafts, out of the queue: what a packet of the journal was signed from.
  [[nodiscard]] std::vector<Draft> take_front(std::size_t count);
  /// Whether a packet of a file holds what the outbox signs: a payload that passes all checks.
  [[nodiscard]] static bool can_restore(const log::CommandPacket& packet);
  /// Restores a packet from the journal or a state, which `can_restore`: `drafts` as they were when it was signed.
  void restore_packet(log::CommandPacket packet, std::vector<Draft> drafts);

  // ---- All of it ----

  /// An undo or redo names pending commands by their place: the one in their packets, or the one that the overlay
  /// shows.
  enum class Places : std::uint8_t { signed_packets, overlay };
  [[nodiscard]] bool empty() const { return drafts_.empty() && in_flight_.empty(); }
  [[nodiscard]] std::size_t command_count() const { return drafts_.size() + commands_in_flight_; }
  [[nodiscard]] std::size_t commands_in_flight() const { return commands_in_flight_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] std::uint64_t coalesced() const { return coalesced_; }

  /// Where the overlay shows a pending command.
  [[nodiscard]] std::optional<CommandPlace> shown_place_of(CommandHandle handle) const {
    return place_of(handle, Places::overlay);
  }
  /// The pending command that the overlay shows at a place.
  [[nodiscard]] std::optional<CommandHandle> command_shown_at(CommandPlace place) const;
  /// The command has its place for good: undos and redos that mean it name it from now on.
  void fix_references(CommandHandle settled, CommandPlace place);
  [[nodiscard]] Bytes resolved_payload(const Draft& draft, Places places) const;

  /// Gives every entity id in the drafts a new name; packets must have been unsigned before.
  void map_draft_ids(const std::function<ObjectId(ObjectId)>& map);

  void encode(ByteWriter& out) const;
  /// False: not what `encode` wrote.
  [[nodiscard]] bool decode(ByteReader& in);

 private:
  [[nodiscard]] std::optional<CommandPlace> place_of(CommandHandle handle, Places places) const;
  void push_packet(log::CommandPacket packet, std::vector<Draft> drafts);

  std::deque<SignedPacket> in_flight_;
  std::deque<Draft> drafts_;
  std::size_t commands_in_flight_ = 0;
  std::size_t bytes_ = 0;
  std::uint64_t coalesced_ = 0;
};

}  // namespace theta::client

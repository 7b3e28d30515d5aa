#pragma once

#include <optional>

#include "theta/log/record.h"

namespace theta::log {

/// Packets and records on the wire leave out what both ends know: room, author key (named by slot), `prev`, payload
/// size and hash. The receiver rebuilds the header exactly; if it guessed wrong, the signature fails.

/// What the receiver knows about a packet's author before it.
struct AuthorContext {
  RoomId room;
  AuthorKey author;
  Hash256 prev;  // hash of the author's last header
};

[[nodiscard]] Bytes compact_packet(const CommandPacket& packet);
/// The nonce, before anything is rebuilt (for replays, gaps and refusals); empty when malformed.
[[nodiscard]] std::optional<Nonce> peek_nonce(ByteView compact);
/// The command count that the sender claims, signed later; for the rate limiter.
[[nodiscard]] std::optional<std::uint16_t> peek_command_count(ByteView compact);
[[nodiscard]] Expected<CommandPacket, PacketError> expand_packet(ByteView compact, const AuthorContext& context);

/// Finds what is known of a record's author: by slot, or by key for authors who have none.
class AuthorDirectory {
 public:
  virtual ~AuthorDirectory() = default;
  [[nodiscard]] virtual std::optional<AuthorContext> by_slot(AuthorSlot slot) const = 0;
  /// A key that is not a member yet has a zero `prev`.
  [[nodiscard]] virtual AuthorContext by_key(const AuthorKey& key) const = 0;
};

/// `slot`: the author's slot before the record is applied, kNoSlot for none (then the key travels).
[[nodiscard]] Bytes compact_record(const Record& record, AuthorSlot slot);
/// `seq` and `previous` (the record hash before) come from the stream.
[[nodiscard]] Expected<Record, PacketError> expand_record(ByteView compact, Seq seq, const Hash256& previous,
                                                          const AuthorDirectory& authors);

}  // namespace theta::log

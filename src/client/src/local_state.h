#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "outbox.h"
#include "theta/client/persistence.h"
#include "theta/log/record.h"

namespace theta::client {

/// What of a session survives a restart, beside the outbox and the replica.
struct LocalFacts {
  RoomId room;
  AuthorKey author;
  HubKey hub;
  CommandHandle next_handle{1};
  std::uint64_t next_object_counter = 1;
  Stamp last_stamp;
  /// Records that snapshots skipped while packets were in flight; 0: none. Which of those packets are among them, the
  /// chain's end may tell, or else the history; until it is known, nothing may be signed in their place.
  Seq skipped_first;
  Seq skipped_last;
  Bytes first_packet;  // stored form: the OpenRoom or JoinRoom, kept so that it is never signed twice
};

/// A state as bytes: facts, outbox, snapshot of the replica; closed by a hash.
[[nodiscard]] Bytes encode_state(const LocalFacts& facts, const Outbox& outbox, ByteView snapshot);
struct DecodedState {
  LocalFacts facts;
  Outbox outbox;
  Bytes snapshot;
};
[[nodiscard]] ClientResult<DecodedState> decode_state(ByteView bytes);

/// One step that the journal tells again.
struct JournalEntry {
  enum class Kind : std::uint8_t {
    queued = 1,     // draft, and the handle that it replaced (0: none)
    removed = 2,    // handle: refused
    signed_ = 3,    // packet in stored form, made from the first command_count drafts
    unsigned_ = 4,  // nonce: all packets from it on are drafts again; `alone`: its own must not share a packet any more
    record = 5,     // stored form
  };
  Kind kind = Kind::queued;
  Draft draft;
  CommandHandle handle;
  Nonce nonce;
  bool alone = false;
  ByteView bytes;  // packet or record; borrows from the journal
};

/// Writes the journal of what happens to the outbox and the log, so that a restart finds both as they were. Entries are
/// handed to the persistence at once; `sync` makes them survive the machine.
class Journal {
 public:
  explicit Journal(Persistence* persistence) : persistence_(persistence) {}

  void queued(const Draft& draft, std::optional<CommandHandle> replaced);
  void removed(CommandHandle handle);
  void signed_packet(const log::CommandPacket& packet);
  void unsigned_from(Nonce nonce, bool alone);
  void record(const log::Record& record);
  void sync();
  /// Kept beside the journal; commands that are queued after this may rely on it.
  void keep_asset(const AssetId& asset, const SharedBytes& bytes);
  void forget_asset(const AssetId& asset);
  /// Empties the journal.
  void replace(ByteView state);

  /// Bytes since the last state.
  [[nodiscard]] std::size_t size() const { return size_; }
  /// A sentence, once for every failure: the journal has a gap until `replace` succeeds.
  [[nodiscard]] std::optional<std::string> take_failure();
  [[nodiscard]] bool is_broken() const { return broken_; }
  /// The newest command that a restart may find waiting.
  [[nodiscard]] CommandHandle newest_kept() const { return newest_kept_; }
  void note_kept(CommandHandle newest) { newest_kept_ = std::max(newest_kept_, newest); }
  void set_size(std::size_t size) { size_ = size; }

  struct Replayed {
    std::size_t bytes = 0;    // that were read
    bool is_damaged = false;  // an entry is all there and not what was written; a torn one is no damage
  };
  /// Tells every whole entry of `journal`, in order, until one is torn, damaged or refused by `apply`.
  [[nodiscard]] static Replayed replay(ByteView journal, const std::function<bool(const JournalEntry&)>& apply);

 private:
  void append(JournalEntry::Kind kind, const Bytes& body);
  void note(const ClientResult<void>& result);

  Persistence* persistence_;
  std::size_t size_ = 0;
  bool broken_ = false;
  bool unsynced_ = false;
  CommandHandle newest_kept_;
  std::optional<std::string> failure_;
};

}  // namespace theta::client

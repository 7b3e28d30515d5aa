#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "theta/base/bytes.h"
#include "theta/base/ids.h"
#include "theta/base/result.h"
#include "theta/base/time.h"

namespace theta::store {

/// What the caller must do about a failed request.
enum class StoreError : std::uint8_t {
  conflict,   // the room's head is not where the append expected it: reload the room, somebody else wrote
  not_found,  // no such room, record, snapshot or asset
  quota,      // refused by a quota: tell the author
  busy,       // the engine's queue is full and nothing was tried: ask again when completions have come
  no_space,   // the disk is full: the room is read-only until a later write succeeds
  io,         // the disk failed: the room is read-only until a later write succeeds
  corrupt,    // what was read is not what was written: stop serving the room, restore from a backup
  invalid,    // the request itself is wrong (an asset whose bytes do not hash to its id)
};
template <class T>
using StoreResult = Expected<T, StoreError>;

/// A sequenced record in its stored form (`log/record.h`); the other fields are its index.
struct StoredRecord {
  Seq seq;
  AuthorKey author;
  Nonce nonce;
  Hash256 header_hash;
  Hash256 record_hash;
  SharedBytes bytes;
};

struct RoomInfo {
  RoomId room;
  std::string name;
  Seq head;
  Hash256 record_hash;
  Seq archived_through;  // packets up to here may be cut; 0: none
  std::uint64_t log_bytes = 0;
  std::uint64_t asset_bytes = 0;
};

/// A hub's signed statement about a room (`log/checkpoint.h`), as stored.
struct StoredCheckpoint {
  Seq seq;
  SharedBytes bytes;
};

struct StoredSnapshot {
  Seq seq;
  SharedBytes checkpoint;
  SharedBytes bytes;
};

// Requests. Each gets one completion with its ticket. Completions of one room come in submission order within each of
// three kinds, which do not wait for each other: the log (everything not named next), long work (`WriteSnapshot`,
// `Compact`) and assets. A read in the log kind sees all writes submitted before it, and may see later ones.

struct ListRooms {};
/// Makes the room with its first record; `conflict` when it exists.
struct CreateRoom {
  RoomId room;
  std::string name;
  StoredRecord genesis;
};
/// All or nothing. `expected_head` is the seq before the first record; another head is `conflict`. This is the one
/// place where order becomes durable; a cluster engine maps `expected_head` to its stream's expected last sequence.
struct Append {
  RoomId room;
  Seq expected_head;
  std::vector<StoredRecord> records;
};
/// Records from `from` on, as many as fit both bounds (at least one if there is one).
struct ReadRecords {
  RoomId room;
  Seq from;
  std::uint32_t count_max = 1024;
  std::uint32_t bytes_max = 1024 * 1024;
};
/// The author's packet with this nonce, as a range of one record; `not_found` when there is none.
struct ReadPacket {
  RoomId room;
  AuthorKey author;
  Nonce nonce;
};
/// The newest snapshot, or `not_found`.
struct ReadSnapshot {
  RoomId room;
};
/// The newest two snapshots of a room are kept. Nothing of it is visible before it is complete.
struct WriteSnapshot {
  RoomId room;
  StoredSnapshot snapshot;
};
struct WriteCheckpoint {
  RoomId room;
  StoredCheckpoint checkpoint;
};
/// Cuts payloads of packets at or below `through` (headers, signatures and hashes stay, so chains still verify) and
/// all snapshots but the newest. Refused as `invalid` unless a snapshot at or after `through` exists.
struct Compact {
  RoomId room;
  Seq through;
};
/// A proof that `author` signed two bodies with one nonce; the author is suspended in the room from then on. The first
/// proof is kept, a further one changes nothing.
struct WriteEquivocation {
  RoomId room;
  AuthorKey author;
  SharedBytes proof;
};
struct ReadEquivocations {
  RoomId room;
};
/// Every author's high-water mark in the room, as of the head.
struct ReadMarks {
  RoomId room;
};
/// Checkpoints at or after `from`, in order of seq.
struct ReadCheckpoints {
  RoomId room;
  Seq from;
  std::uint32_t count_max = 1024;
};

/// How much of an asset is there: uploads resume at `received_bytes`.
struct AssetStatus {
  RoomId room;
  AssetId asset;
};
/// Appends a chunk at `offset`, which must equal what was received so far. The last chunk (`offset + size ==
/// total_bytes`) checks the hash, syncs and renames the file to its address before it completes; wrong bytes are
/// `invalid` and thrown away. `room_quota_bytes` bounds what the room may hold. Answers `AssetState`; a chunk of an
/// asset that the room holds already changes nothing and answers that it is complete.
struct WriteAssetChunk {
  RoomId room;
  AssetId asset;
  std::uint64_t total_bytes = 0;
  std::uint64_t offset = 0;
  SharedBytes bytes;
  std::uint64_t room_quota_bytes = 0;
};
struct ReadAssetChunk {
  RoomId room;
  AssetId asset;
  std::uint64_t offset = 0;
  std::uint32_t bytes_max = 256 * 1024;
};

using Request = std::variant<ListRooms, CreateRoom, Append, ReadRecords, ReadPacket, ReadSnapshot, WriteSnapshot,
                             WriteCheckpoint, Compact, WriteEquivocation, ReadEquivocations, ReadMarks, ReadCheckpoints,
                             AssetStatus, WriteAssetChunk, ReadAssetChunk>;

// Answers.

struct RoomList {
  std::vector<RoomInfo> rooms;
};
struct Done {};
struct RecordRange {
  // The room's head and size of its log, both at the time of reading.
  Seq head;
  std::uint64_t log_bytes = 0;
  std::vector<StoredRecord> records;
};
struct Equivocations {
  std::vector<std::pair<AuthorKey, SharedBytes>> proofs;
};
struct AuthorMark {
  AuthorKey author;
  Nonce nonce;
  Hash256 header_hash;
};
struct Marks {
  std::vector<AuthorMark> marks;
};
struct Checkpoints {
  std::vector<StoredCheckpoint> checkpoints;
};
struct AssetState {
  std::uint64_t total_bytes = 0;     // 0: nothing known yet
  std::uint64_t received_bytes = 0;  // complete when equal to total_bytes
};
struct AssetChunk {
  std::uint64_t total_bytes = 0;
  std::uint64_t offset = 0;
  SharedBytes bytes;
};

using Answer = std::variant<Done, RoomList, RecordRange, StoredSnapshot, Equivocations, Marks, Checkpoints, AssetState,
                            AssetChunk>;

/// What a request weighs in an engine's queue: the bytes that it carries, and those of the largest answer that it may
/// get.
[[nodiscard]] std::size_t queue_bytes_of(const Request& request);
/// Requests that a room cannot go on without. They still find room in a queue that is full for all others.
[[nodiscard]] bool is_essential(const Request& request);

using Ticket = Id<struct TicketTag, std::uint64_t>;

struct Completion {
  Ticket ticket;
  StoreResult<Answer> result;
};

/// The sequencer's durable side: holds each room's order, its snapshots and its assets. Asynchronous, so that the loop
/// never waits for a disk; a completed write is on disk. Writes submitted between two polls share one transaction
/// (group commit). Used from one thread. What waits is bounded in number and bytes, answers that nobody polled
/// included; a request beyond completes with `busy`. Essential requests have as much room again to themselves.
class LogEngine {
 public:
  virtual ~LogEngine() = default;
  virtual Ticket submit(Request request) = 0;
  /// Moves what has completed to the end of `completions`.
  virtual void poll(std::vector<Completion>& completions) = 0;
  /// Requests submitted and not yet polled.
  [[nodiscard]] virtual std::size_t pending() const = 0;
};

}  // namespace theta::store

#pragma once

#include <deque>
#include <optional>

#include "theta/base/bytes.h"
#include "theta/base/ids.h"
#include "theta/base/time.h"

namespace theta::hub {

/// A record as the room keeps it for readers, replays and the acknowledgement.
struct RingEntry {
  Bytes compact;  // log/compact.h
  AuthorKey author;
  Nonce nonce;
  Hash256 prev;  // of the packet's header
  Hash256 header_hash;
  Hash256 record_hash;
  std::size_t stored_bytes = 0;  // what it takes of the room's log
  MonotonicTime received{};
};

/// The newest records of a room, the ones not yet on disk included. Entries are numbered without gaps:
/// first() .. head(); what lies above committed() is known to nobody outside the hub.
class RecordRing {
 public:
  /// Empty, at this place of the log.
  void reset(Seq head, const Hash256& record_hash);
  /// The next record; its seq is head() + 1.
  void push(RingEntry entry);
  void commit(Seq through);
  /// Forgets what is not committed.
  void drop_uncommitted();
  /// Drops the oldest committed entries until both bounds hold.
  void trim(std::size_t records_max, std::size_t bytes_max);

  [[nodiscard]] Seq first() const { return Seq{base_.value() + 1}; }
  [[nodiscard]] Seq head() const { return Seq{base_.value() + entries_.size()}; }
  [[nodiscard]] Seq committed() const { return committed_; }
  [[nodiscard]] std::size_t uncommitted_count() const { return head().value() - committed_.value(); }
  [[nodiscard]] std::size_t uncommitted_bytes() const { return uncommitted_bytes_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

  /// Null when it is not here (any more).
  [[nodiscard]] const RingEntry* find(Seq seq) const;
  /// The newest with this nonce, and its seq.
  struct Found {
    Seq seq;
    const RingEntry* entry = nullptr;
  };
  [[nodiscard]] std::optional<Found> find(const AuthorKey& author, Nonce nonce) const;
  /// Also known for the record before first().
  [[nodiscard]] std::optional<Hash256> record_hash(Seq seq) const;

 private:
  [[nodiscard]] static std::size_t cost(const RingEntry& entry) { return entry.compact.size() + sizeof(RingEntry); }

  std::deque<RingEntry> entries_;
  Seq base_;  // the seq before the first entry
  Hash256 base_hash_;
  Seq committed_;
  std::size_t bytes_ = 0;
  std::size_t uncommitted_bytes_ = 0;
};

}  // namespace theta::hub

#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "theta/base/byte_codec.h"
#include "theta/base/ids.h"
#include "theta/scene/components.h"
#include "theta/scene/scene.h"

namespace theta::replica {

/// A command's place in its author's chain.
struct CommandPlace {
  Nonce nonce;
  std::uint16_t index = 0;
  friend auto operator<=>(const CommandPlace&, const CommandPlace&) = default;
};

/// What it takes to go back over one applied command, and forward again. Undo and redo toggle an entry: what the scene
/// holds and what the entry holds change places.
struct JournalEntry {
  enum class Kind : std::uint8_t { write, create, destroy };

  struct Cell {
    scene::RegisterKey key;
    scene::ComponentValue other;  // what the register gets when the entry is toggled
    scene::Version held;          // the register's version when the entry wrote it last
    // What toggling asks of a register that has another version by now (`ToggleIndex`), from protocol version 2 on;
    // both 0 before.
    std::uint64_t own_writer = 0;     // the command's write
    std::uint64_t writer_before = 0;  // the write whose content it replaced
  };

  CommandPlace place;
  Kind kind = Kind::write;
  bool undone = false;
  std::vector<Cell> cells;                        // write
  std::vector<ObjectId> roots;                    // create, destroy: tops of the subtrees
  std::vector<scene::Scene::EntityImage> images;  // create when undone, destroy when not: parents first
  Seq toggled_at;                                 // seq of the last undo or redo; 0: never
  CommandPlace toggled_by;                        // and its place

  // Kept by RoomState. An entry that comes and goes between two looks at the state hash is never hashed.
  std::size_t bytes = 0;
  std::optional<Hash256> element;
};

/// What an entry counts for in a journal's bounds; about its size in memory and on the wire.
[[nodiscard]] std::size_t weight_of(const JournalEntry& entry);
[[nodiscard]] std::size_t weight_of(const JournalEntry::Cell& cell);
[[nodiscard]] std::size_t weight_of(const scene::Scene::EntityImage& image);
[[nodiscard]] std::size_t weight_of(const scene::ComponentValue& value);

/// Fixed binary form (docs/format.md), for hashing and snapshots.
void append_entry(const JournalEntry& entry, Bytes& out);
/// Reads hostile bytes; empty when malformed or out of bounds.
[[nodiscard]] std::optional<JournalEntry> read_entry(ByteReader& reader);

/// The undo journal of one author: bounded in entries and bytes, oldest out first.
class Journal {
 public:
  [[nodiscard]] const std::deque<JournalEntry>& entries() const { return entries_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  /// Index of the first entry at or after `place`.
  [[nodiscard]] std::size_t lower_bound(CommandPlace place) const;

  void push_back(JournalEntry entry);
  JournalEntry pop_back();
  void push_front(JournalEntry entry);
  JournalEntry pop_front();
  [[nodiscard]] JournalEntry& at(std::size_t index) { return entries_[index]; }
  /// Returns what stood there.
  JournalEntry replace(std::size_t index, JournalEntry entry);

 private:
  std::deque<JournalEntry> entries_;
  std::size_t bytes_ = 0;
};

}  // namespace theta::replica

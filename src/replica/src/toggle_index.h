#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>

#include "journal.h"

namespace theta::replica {

/// Whose content stands in a register. Undo and redo write old content with a new version, so that it wins everywhere;
/// this leads from such a version back to the write that the content came with. Writes are named by their version's
/// `raw_writer`, 0 for a register that was never written. Knows one author's journal, entries of packets of protocol
/// version 2 and up.
class ToggleIndex {
 public:
  /// As the entry was left by its last undo or redo; nothing when there was none. What was added before stays true.
  /// Returns how many registers that was.
  std::size_t add(const JournalEntry& entry);

  /// The write whose content `writer` has put there: itself, unless it was an undo or redo that is known here.
  [[nodiscard]] std::uint64_t content_of(const scene::RegisterKey& key, std::uint64_t writer) const;

 private:
  std::map<std::pair<scene::RegisterKey, std::uint64_t>, std::uint64_t> contents_;
};

}  // namespace theta::replica

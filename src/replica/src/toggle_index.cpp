#include "toggle_index.h"

namespace theta::replica {

std::size_t ToggleIndex::add(const JournalEntry& entry) {
  if (entry.toggled_at == Seq{0}) return 0;
  std::size_t added = 0;
  for (const auto& cell : entry.cells) {
    if (cell.own_writer == 0) continue;
    contents_.insert_or_assign({cell.key, cell.held.raw_writer()}, entry.undone ? cell.writer_before : cell.own_writer);
    ++added;
  }
  return added;
}

std::uint64_t ToggleIndex::content_of(const scene::RegisterKey& key, std::uint64_t writer) const {
  const auto found = contents_.find({key, writer});
  return found == contents_.end() ? writer : found->second;
}

}  // namespace theta::replica

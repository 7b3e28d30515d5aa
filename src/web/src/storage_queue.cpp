#include "theta/web/storage_queue.h"

#include <algorithm>
#include <utility>

namespace theta::web {

client::ClientResult<client::Persistence::Stored> StorageQueue::load() { return std::exchange(stored_, {}); }

client::ClientResult<void> StorageQueue::replace(ByteView state) {
  broken_ = false;
  waiting_.clear();
  waiting_.push_back({++newest_, true, Bytes(state.begin(), state.end())});
  return {};
}

client::ClientResult<void> StorageQueue::append(ByteView entries) {
  ++newest_;
  if (broken_) return {};
  if (waiting_.empty() || waiting_.back().replaces) waiting_.push_back({0, false, {}});
  auto& last = waiting_.back();
  last.number = newest_;
  last.bytes.insert(last.bytes.end(), entries.begin(), entries.end());
  return {};
}

std::optional<StorageQueue::Write> StorageQueue::take() {
  if (waiting_.empty()) return std::nullopt;
  auto write = std::move(waiting_.front());
  waiting_.pop_front();
  return write;
}

void StorageQueue::committed(std::uint64_t number) { committed_ = std::max(committed_, number); }

void StorageQueue::failed() {
  broken_ = true;
  waiting_.clear();
}

}  // namespace theta::web

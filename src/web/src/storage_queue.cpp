#include "theta/web/storage_queue.h"

#include <algorithm>
#include <utility>

namespace theta::web {

client::ClientResult<client::Persistence::Stored> StorageQueue::load() { return std::exchange(stored_, {}); }

void StorageQueue::close_addition() {
  if (addition_.empty()) return;
  waiting_.push_back({newest_, Kind::addition, {}, SharedBytes(std::exchange(addition_, {}))});
}

void StorageQueue::drop_all_but_assets() {
  addition_.clear();
  std::erase_if(waiting_, [](const Write& write) { return write.kind == Kind::addition || write.kind == Kind::state; });
  // Their numbers stood for what was dropped as well.
  for (auto& write : waiting_) write.number = 0;
}

client::ClientResult<void> StorageQueue::replace(ByteView state) {
  broken_ = false;
  drop_all_but_assets();
  waiting_.push_back({++newest_, Kind::state, {}, SharedBytes(Bytes(state.begin(), state.end()))});
  return {};
}

client::ClientResult<void> StorageQueue::append(ByteView entries) {
  ++newest_;
  if (!broken_) addition_.insert(addition_.end(), entries.begin(), entries.end());
  return {};
}

client::ClientResult<void> StorageQueue::keep_asset(const AssetId& asset, const SharedBytes& bytes) {
  close_addition();
  waiting_.push_back({++newest_, Kind::asset, asset, bytes});
  return {};
}

client::ClientResult<void> StorageQueue::forget_asset(const AssetId& asset) {
  close_addition();
  waiting_.push_back({++newest_, Kind::forget, asset, {}});
  return {};
}

std::optional<StorageQueue::Write> StorageQueue::take() {
  if (broken_) return std::nullopt;
  if (waiting_.empty()) close_addition();
  if (waiting_.empty()) return std::nullopt;
  auto write = std::move(waiting_.front());
  waiting_.pop_front();
  if (write.kind == Kind::asset) taken_.push_back(write);
  return write;
}

void StorageQueue::committed(std::uint64_t number) {
  committed_ = std::max(committed_, number);
  while (!taken_.empty() && taken_.front().number <= number) taken_.pop_front();
}

void StorageQueue::failed() {
  broken_ = true;
  waiting_.insert(waiting_.begin(), taken_.begin(), taken_.end());
  taken_.clear();
  drop_all_but_assets();
}

}  // namespace theta::web

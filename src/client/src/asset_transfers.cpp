#include "asset_transfers.h"

#include <algorithm>
#include <chrono>

#include "messages.h"
#include "theta/client/limits.h"
#include "theta/crypto/hash.h"

namespace theta::client {
namespace {

namespace fb = wire::fb;
using transport::Lane;
using transport::SendResult;

}  // namespace

ClientResult<AssetId> AssetTransfers::upload(SharedBytes bytes) {
  if (bytes.empty() || bytes.size() > limits::kAssetBytesMax)
    return fail(ClientError::bad_command, "expected an asset of 1 to " + std::to_string(limits::kAssetBytesMax) +
                                              " bytes, got " + std::to_string(bytes.size()));
  Transfer transfer;
  transfer.asset = AssetId::from(crypto::hash256(bytes.view()).view());
  transfer.is_upload = true;
  transfer.total = bytes.size();
  transfer.source = std::move(bytes);
  const auto asset = transfer.asset;
  // The front may be under way, and stays.
  const auto second = queue_.begin() + (queue_.empty() ? 0 : 1);
  const auto place = std::find_if(second, queue_.end(), [](const Transfer& other) { return !other.is_upload; });
  queue_.insert(place, std::move(transfer));
  return asset;
}

const AssetTransfers::Transfer* AssetTransfers::find_upload(const AssetId& asset) const {
  const auto found = std::find_if(queue_.begin(), queue_.end(), [&](const Transfer& transfer) {
    return transfer.is_upload && transfer.asset == asset;
  });
  return found == queue_.end() ? nullptr : &*found;
}

std::size_t AssetTransfers::upload_count() const {
  const auto is_upload = [](const Transfer& transfer) { return transfer.is_upload; };
  return static_cast<std::size_t>(std::count_if(queue_.begin(), queue_.end(), is_upload));
}

void AssetTransfers::each_upload(const std::function<void(const AssetId&, const SharedBytes&)>& tell) const {
  for (const auto& transfer : queue_)
    if (transfer.is_upload) tell(transfer.asset, transfer.source);
}

void AssetTransfers::download(const AssetId& asset) {
  if (const auto* upload = find_upload(asset)) {
    events_.push(AssetReady{asset, upload->source});
    return;
  }
  if (!looks_first_) return ask_hub(asset);
  if (wanted_.insert(asset).second) events_.push(AssetWanted{asset});
}

bool AssetTransfers::supply(const AssetId& asset, SharedBytes bytes) {
  if (wanted_.erase(asset) == 0) return true;
  if (!bytes.empty() && AssetId::from(crypto::hash256(bytes.view()).view()) == asset) {
    events_.push(AssetReady{asset, std::move(bytes)});
    return true;
  }
  ask_hub(asset);
  return bytes.empty();
}

void AssetTransfers::ask_hub(const AssetId& asset) {
  Transfer transfer;
  transfer.asset = asset;
  queue_.push_back(std::move(transfer));
}

std::optional<SharedBytes> AssetTransfers::next_message(std::uint32_t request) {
  auto& transfer = queue_.front();
  if (!transfer.is_upload) {
    // The total comes with the first chunk; until then one request at a time.
    if (transfer.total == 0 ? !requests_.empty() : transfer.requested >= transfer.total) return std::nullopt;
    fb::AssetGetT get;
    get.request = request;
    get.asset = owned_fb32(transfer.asset);
    get.offset = transfer.requested;
    return encode_message(std::move(get));
  }
  if (!transfer.queried) {
    if (!requests_.empty()) return std::nullopt;
    fb::AssetQueryT query;
    query.request = request;
    query.asset = owned_fb32(transfer.asset);
    return encode_message(std::move(query));
  }
  if (transfer.requested >= transfer.total) return std::nullopt;
  const auto size = std::min<std::uint64_t>(theta::limits::kAssetChunkBytes, transfer.total - transfer.requested);
  fb::AssetPutT put;
  put.request = request;
  put.asset = owned_fb32(transfer.asset);
  put.total_bytes = transfer.total;
  put.offset = transfer.requested;
  const auto bytes = transfer.source.view().subspan(transfer.requested, size);
  put.bytes.assign(bytes.begin(), bytes.end());
  return encode_message(std::move(put));
}

void AssetTransfers::pump(transport::Transport& transport, transport::PeerId peer, std::uint32_t& next_request,
                          MonotonicTime now) {
  if (queue_.empty() || now < hold_until_) return;
  if (blocked_) {
    if (!requests_.empty()) return;
    rewind();
  }
  while (!queue_.empty() && requests_.size() < limits::kAssetChunksInFlightMax) {
    const auto message = next_message(next_request);
    if (!message || transport.send(peer, Lane::bulk, *message) != SendResult::queued) return;
    if (requests_.empty()) last_answer_ = now;
    requests_.push_back(next_request++);
    auto& transfer = queue_.front();
    const bool moves_bytes = transfer.is_upload ? transfer.queried : true;
    if (moves_bytes) {
      const auto rest = transfer.total == 0 ? theta::limits::kAssetChunkBytes : transfer.total - transfer.requested;
      transfer.requested += std::min<std::uint64_t>(theta::limits::kAssetChunkBytes, rest);
    }
  }
}

std::optional<MonotonicTime> AssetTransfers::next_attempt() const {
  if (!blocked_ || !requests_.empty()) return std::nullopt;
  return hold_until_;
}

std::optional<MonotonicTime> AssetTransfers::waiting_since() const {
  if (requests_.empty()) return std::nullopt;
  return last_answer_;
}

void AssetTransfers::rewind() {
  blocked_ = false;
  requests_.clear();
  if (queue_.empty()) return;
  auto& transfer = queue_.front();
  transfer.queried = false;
  transfer.requested = transfer.is_upload ? 0 : transfer.received.size();
}

void AssetTransfers::on_disconnected() {
  rewind();
  hold_until_ = MonotonicTime::min();
}

void AssetTransfers::report_progress() {
  const auto& transfer = queue_.front();
  events_.push(AssetProgress{transfer.asset, transfer.is_upload, transfer.confirmed, transfer.total});
}

void AssetTransfers::complete_front() {
  const bool was_upload = queue_.front().is_upload;
  const auto asset = queue_.front().asset;
  queue_.pop_front();
  if (was_upload && !is_uploading(asset)) finished_uploads_.push_back(asset);
  requests_.clear();
  blocked_ = false;
}

void AssetTransfers::fail_front(log::Refused refusal) {
  const auto asset = queue_.front().asset;
  complete_front();
  events_.push(AssetFailed{asset, std::move(refusal)});
}

void AssetTransfers::on_state(const fb::AssetState& state, MonotonicTime now) {
  if (requests_.empty() || requests_.front() != state.request()) return;  // of a transfer that is over
  requests_.pop_front();
  last_answer_ = now;
  auto& transfer = queue_.front();
  if (!transfer.is_upload || blocked_) return;
  if (state.received_bytes() > transfer.total)
    return fail_front({log::RefusalCode::internal, "the hub claims to have more bytes of the asset than it has"});
  transfer.confirmed = state.received_bytes();
  if (!transfer.queried) {
    transfer.queried = true;
    transfer.requested = transfer.confirmed;
  }
  report_progress();
  if (transfer.confirmed < transfer.total) return;
  const auto asset = transfer.asset;
  complete_front();
  events_.push(AssetStored{asset});
}

void AssetTransfers::on_chunk(const fb::AssetChunk& chunk, MonotonicTime now) {
  if (requests_.empty() || requests_.front() != chunk.request()) return;
  requests_.pop_front();
  last_answer_ = now;
  auto& transfer = queue_.front();
  if (transfer.is_upload || blocked_) return;
  const auto* bytes = chunk.bytes();
  const bool first = transfer.total == 0;
  if (first) transfer.total = chunk.total_bytes();
  const bool fits = chunk.offset() == transfer.received.size() && chunk.total_bytes() == transfer.total &&
                    bytes->size() > 0 && bytes->size() <= transfer.total - transfer.received.size() &&
                    transfer.total <= limits::kAssetBytesMax;
  if (!fits)
    return fail_front({log::RefusalCode::internal, "the hub sent a piece of the asset that was not asked for"});
  transfer.received.insert(transfer.received.end(), bytes->begin(), bytes->end());
  transfer.confirmed = transfer.received.size();
  if (requests_.empty()) transfer.requested = transfer.received.size();
  report_progress();
  if (transfer.confirmed == transfer.total) finish_download();
}

void AssetTransfers::finish_download() {
  auto& transfer = queue_.front();
  if (AssetId::from(crypto::hash256(transfer.received).view()) == transfer.asset) {
    AssetReady ready{transfer.asset, SharedBytes(std::move(transfer.received)), true};
    complete_front();
    events_.push(std::move(ready));
    return;
  }
  // A reconnect may have joined pieces of two hubs' answers; once more from the start tells.
  if (transfer.restarted)
    return fail_front({log::RefusalCode::internal, "the hub's bytes are not the asset: their hash is another"});
  transfer.restarted = true;
  transfer.received.clear();
  transfer.total = transfer.confirmed = 0;
  rewind();
}

bool AssetTransfers::on_refused(std::uint32_t request, const log::Refused& refusal, std::uint32_t retry_after_ms,
                                MonotonicTime now) {
  const auto found = std::find(requests_.begin(), requests_.end(), request);
  if (found == requests_.end()) return false;
  requests_.erase(found);
  last_answer_ = now;
  if (log::is_retryable(refusal.code)) {
    blocked_ = true;
    hold_until_ = now + std::chrono::milliseconds(std::max<std::uint32_t>(retry_after_ms, 10));
    return true;
  }
  if (!blocked_) fail_front(refusal);
  return true;
}

}  // namespace theta::client

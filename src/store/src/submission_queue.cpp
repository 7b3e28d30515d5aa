#include "submission_queue.h"

#include <algorithm>
#include <string>

#include "theta/store/limits.h"

namespace theta::store {
namespace {

/// What any request and its answer take beside their bytes.
constexpr std::size_t kOverheadBytes = 512;

std::size_t payload_of(const Append& append) {
  std::size_t bytes = 0;
  for (const auto& record : append.records) bytes += record.bytes.size() + kOverheadBytes;
  return bytes;
}
std::size_t payload_of(const CreateRoom& create) { return create.genesis.bytes.size(); }
std::size_t payload_of(const WriteSnapshot& write) { return write.snapshot.bytes.size(); }
std::size_t payload_of(const WriteEquivocation& write) { return write.proof.size(); }
std::size_t payload_of(const WriteAssetChunk& chunk) { return chunk.bytes.size(); }
std::size_t payload_of(const ReadAssetChunk& read) { return read.bytes_max; }
std::size_t payload_of(const ReadRecords& read) {
  const auto records = static_cast<std::size_t>(read.count_max) * limits::kRecordBytesMax;
  return std::min({records, static_cast<std::size_t>(read.bytes_max), static_cast<std::size_t>(limits::kReadBytesMax)});
}
std::size_t payload_of(const ReadPacket&) { return limits::kRecordBytesMax; }
/// Of the others nothing is known before, or it is little.
template <class Other>
std::size_t payload_of(const Other&) {
  return 0;
}

}  // namespace

std::size_t queue_bytes_of(const Request& request) {
  return kOverheadBytes + std::visit([](const auto& alternative) { return payload_of(alternative); }, request);
}

bool is_essential(const Request& request) {
  return std::holds_alternative<ListRooms>(request) || std::holds_alternative<CreateRoom>(request) ||
         std::holds_alternative<Append>(request) || std::holds_alternative<WriteCheckpoint>(request) ||
         std::holds_alternative<WriteEquivocation>(request);
}

SubmissionQueue::Entered SubmissionQueue::enter(const Request& request) {
  const Ticket ticket{++last_ticket_};
  const std::size_t share = is_essential(request) ? 2 : 1;
  auto bytes = queue_bytes_of(request);
  std::optional<Failure<StoreError>> refused;
  // A queue without bytes takes any request, so that a small bound cannot block a large one for ever.
  const bool is_full = size() >= share * bounds_.requests || (bytes_ > 0 && bytes_ + bytes > share * bounds_.bytes);
  if (is_full) {
    refused = Failure<StoreError>{StoreError::busy, "the store's queue is full: " + std::to_string(size()) +
                                                        " requests of " + std::to_string(bytes_) +
                                                        " bytes wait; ask again when some are answered"};
    bytes = 0;
  }
  bytes_of_.emplace(ticket, bytes);
  bytes_ += bytes;
  return {ticket, std::move(refused)};
}

void SubmissionQueue::leave(Ticket ticket) {
  const auto found = bytes_of_.find(ticket);
  if (found == bytes_of_.end()) return;
  bytes_ -= found->second;
  bytes_of_.erase(found);
}

}  // namespace theta::store

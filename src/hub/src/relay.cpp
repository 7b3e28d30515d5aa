#include "relay.h"

#include <algorithm>

#include "messages.h"
#include "theta/log/compact.h"
#include "theta/log/record.h"

namespace theta::hub {
namespace {

using transport::CloseReason;
using transport::Lane;
using transport::SendResult;

constexpr std::size_t kRecordsMessageBytes = 64 * 1024;
constexpr std::uint32_t kStoreReadRecords = 1024;
constexpr std::uint32_t kStoreReadBytes = 512 * 1024;

}  // namespace

Relay::Relay(HubContext& context, const RoomId& room, const RecordRing& ring, AskStore ask, FindSession find)
    : context_(context), room_(room), ring_(ring), ask_(std::move(ask)), find_(std::move(find)) {}

void Relay::pump(Session& session) {
  if (!session.is_attached() || session.is_closing() || session.attachment->is_blocked) return;
  if (!session.flush_refusals()) return block(session);
  if (pump_snapshot(session)) pump_records(session);
}

void Relay::block(Session& session) const {
  auto& attachment = *session.attachment;
  attachment.is_blocked = true;
  attachment.moved_at = context_.now.monotonic;
  attachment.queued_bytes = queued_bytes(session);
}

std::size_t Relay::queued_bytes(const Session& session) const {
  return context_.transport.queued_bytes(session.peer(), Lane::commands) +
         context_.transport.queued_bytes(session.peer(), Lane::bulk);
}

bool Relay::send(Session& session, Lane lane, const SharedBytes& message) const {
  const auto sent = context_.transport.send(session.peer(), lane, message);
  if (sent == SendResult::full) block(session);
  return sent == SendResult::queued;
}

bool Relay::is_stalled(Session& session) const {
  auto& attachment = *session.attachment;
  if (!attachment.is_blocked) return false;
  const auto queued = queued_bytes(session);
  if (queued < attachment.queued_bytes) attachment.moved_at = context_.now.monotonic;
  attachment.queued_bytes = queued;
  return attachment.moved_at + context_.config.stalled_timeout <= context_.now.monotonic;
}

bool Relay::pump_snapshot(Session& session) {
  auto& stream = session.attachment->snapshot;
  while (stream) {
    const auto size = std::min(limits::kAssetChunkBytes, stream->bytes.size() - stream->offset);
    const auto chunk =
        messages::snapshot_chunk(stream->seq, stream->offset, stream->bytes.view().subspan(stream->offset, size));
    if (!send(session, Lane::bulk, chunk)) return false;
    stream->offset += size;
    if (stream->offset == stream->bytes.size()) stream.reset();
  }
  return true;
}

void Relay::pump_records(Session& session) {
  auto& attachment = *session.attachment;
  while (attachment.next <= ring_.committed()) {
    if (attachment.next < ring_.first()) {
      read_store(session);
      return;
    }
    const auto& message = message_from(attachment.next);
    if (!send(session, Lane::commands, message.bytes)) return;
    context_.metrics.records_relayed.add(message.end.value() - message.first.value());
    attachment.next = message.end;
  }
}

const Relay::Message& Relay::message_from(Seq first) {
  wire::Records records{first, {}};
  std::size_t bytes = 0;
  auto seq = first;
  for (; seq <= ring_.committed(); seq = Seq{seq.value() + 1}) {
    const auto& compact = ring_.find(seq)->compact;
    if (!records.records.empty() && bytes + compact.size() > kRecordsMessageBytes) break;
    records.records.emplace_back(compact);
    bytes += compact.size();
  }
  if (last_.first != first || last_.end != seq) last_ = {first, seq, encode(records)};
  return last_;
}

SharedBytes Relay::encode(const wire::Records& records) {
  auto bytes = context_.measure(context_.metrics.compress_latency, [&] { return wire::encode(records); });
  std::size_t before = 0;
  for (const auto record : records.records) before += record.size();
  if (!bytes.empty()) context_.metrics.compression_ratio.record(before * 1000 / bytes.size());
  return SharedBytes(std::move(bytes));
}

void Relay::read_store(Session& session) {
  auto& attachment = *session.attachment;
  if (attachment.is_reading_store) return;
  attachment.is_reading_store = true;
  context_.metrics.store_catch_ups.add();
  ask_(store::ReadRecords{room_, attachment.next, kStoreReadRecords, kStoreReadBytes},
       [this, number = attachment.number](StoreDesk::Result& result) {
         auto* found = find_(number);
         if (found == nullptr) return;
         found->attachment->is_reading_store = false;
         if (!found->is_attached() || found->is_closing()) return;
         if (!result) {
           context_.note_store_failure(room_, "read records for a session", result.error().message);
           found->close(CloseReason::internal_error,
                        "The hub could not read the room's log: " + result.error().message + ". Connect again later.");
           return;
         }
         send_stored(*found, answer_of<store::RecordRange>(result).records);
       });
}

void Relay::send_stored(Session& session, const std::vector<store::StoredRecord>& stored) {
  auto& attachment = *session.attachment;
  std::size_t at = 0;
  while (at < stored.size() && stored[at].seq < attachment.next) ++at;
  bool has_progress = false;
  bool is_archived = false;
  while (at < stored.size() && stored[at].seq <= ring_.committed()) {
    std::vector<Bytes> compacts;
    std::size_t bytes = 0;
    for (; at < stored.size() && stored[at].seq <= ring_.committed() && bytes < kRecordsMessageBytes; ++at) {
      const auto record = log::decode_record(stored[at].bytes.view());
      const auto expected = attachment.next.value() + compacts.size();
      if (!record || record->seq.value() != expected) break;
      if (record->packet.archived) {
        is_archived = true;
        break;
      }
      // By key rather than by slot: what slot the author had back then is not known here, and a key always does.
      compacts.push_back(log::compact_record(*record, kNoSlot));
      bytes += compacts.back().size();
    }
    if (compacts.empty()) break;
    const wire::Records records{attachment.next, {compacts.begin(), compacts.end()}};
    if (!send(session, Lane::commands, encode(records))) return;
    context_.metrics.records_relayed.add(compacts.size());
    attachment.next = Seq{attachment.next.value() + compacts.size()};
    has_progress = true;
  }
  if (is_archived) {
    session.close(CloseReason::resource_limit,
                  "This peer fell so far behind that what it lacks was archived. Connect again for a snapshot.");
    return;
  }
  if (has_progress) {
    pump_records(session);
    return;
  }
  context_.note_store_failure(room_, "read records for a session",
                              "there is no readable record " + std::to_string(attachment.next.value()));
  session.close(CloseReason::internal_error,
                "The room's log has no readable record " + std::to_string(attachment.next.value()) +
                    " on the hub's disk. Ask the hub's operator to run `theta log verify`.");
}

}  // namespace theta::hub

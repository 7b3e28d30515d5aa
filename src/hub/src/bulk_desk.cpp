#include "bulk_desk.h"

#include <algorithm>

#include "messages.h"
#include "theta/base/byte_codec.h"

namespace theta::hub {
namespace {

namespace fb = wire::fb;
using log::RefusalCode;
using store::StoreError;
using transport::Lane;
using transport::SendResult;

/// What a request costs its session beside the bytes that it moves.
constexpr double kRequestCostBytes = 1024;
constexpr std::uint32_t kBusyRetryMs = 50;
constexpr std::uint32_t kLogQueryRecordsMax = 1024;
constexpr std::uint32_t kLogQueryBytesMax = 512 * 1024;

RefusalCode code_of(StoreError error) {
  switch (error) {
    case StoreError::not_found: return RefusalCode::no_such_asset;
    case StoreError::quota: return RefusalCode::quota;
    case StoreError::busy: return RefusalCode::hub_busy;
    case StoreError::no_space:
    case StoreError::io: return RefusalCode::room_read_only;
    case StoreError::invalid: return RefusalCode::bad_request;
    case StoreError::conflict:
    case StoreError::corrupt: break;
  }
  return RefusalCode::internal;
}

std::string sentence(const Failure<StoreError>& failure) {
  auto text = "The hub refused this: " + failure.message;
  if (failure.code == StoreError::no_space || failure.code == StoreError::io)
    text += ". The hub's disk fails; try again later";
  return text + ".";
}

bool is_editor(const Room& room, const AuthorKey& author) {
  const auto* member = room.replica().members().find(author);
  return member != nullptr && member->role >= log::Role::editor;
}

}  // namespace

bool BulkDesk::take(Session& session, const fb::Message& message) {
  if (!session.is_attached()) {
    if (charge(session, 0, 0))
      session.refuse(0, {RefusalCode::bad_request, "Bulk requests need a room; send Attach first."});
    return true;
  }
  switch (message.body_type()) {
    case fb::MessageBody::AssetQuery: take_query(session, *message.body_as_AssetQuery()); return true;
    case fb::MessageBody::AssetPut: take_put(session, *message.body_as_AssetPut()); return true;
    case fb::MessageBody::AssetGet: take_get(session, *message.body_as_AssetGet()); return true;
    case fb::MessageBody::LogQuery: take_log_query(session, *message.body_as_LogQuery()); return true;
    default: return false;
  }
}

bool BulkDesk::charge(Session& session, std::uint32_t request, double cost_bytes) {
  const auto wait = context_.charge(session.author(), AuthorLimiters::Bucket::bulk, kRequestCostBytes + cost_bytes);
  if (wait == wait.zero()) return true;
  context_.metrics.bulk_rate_drops.add();
  session.put_off(request, "Assets and history move faster than this hub allows an author", wait);
  return false;
}

bool BulkDesk::begin(Session& session, std::uint32_t request, double cost_bytes) {
  if (!charge(session, request, cost_bytes)) return false;
  const auto under_way = session.bulk_requests + session.attachment->bulk_outbox.size();
  if (under_way >= context_.config.bulk_requests_per_session_max) {
    context_.metrics.count_over(Limit::bulk_requests);
    session.refuse(request,
                   {RefusalCode::hub_busy, "At most " + std::to_string(context_.config.bulk_requests_per_session_max) +
                                               " bulk requests of a session may be under way; wait for an answer."},
                   kBusyRetryMs);
    return false;
  }
  return true;
}

void BulkDesk::ask(Session& session, std::uint32_t request, store::Request what, MakeAnswer make_answer) {
  auto* room = session.attachment->room;
  ++session.bulk_requests;
  room->ask_store(std::move(what), [this, room, request, peer = session.peer(), number = session.attachment->number,
                                    make_answer = std::move(make_answer)](StoreDesk::Result& result) {
    // Counted down for the connection, also when it has left the room or entered it again meanwhile.
    if (auto* connected = find_(peer)) --connected->bulk_requests;
    auto* found = room->find_session(number);
    if (found == nullptr) return;
    if (result) return answer(*found, make_answer(*room, *result));
    if (result.error().code == StoreError::quota) context_.metrics.count_over(Limit::asset_bytes_per_room);
    found->refuse(request, {code_of(result.error().code), sentence(result.error())});
  });
}

void BulkDesk::answer(Session& session, SharedBytes message) {
  session.attachment->bulk_outbox.push_back(std::move(message));
  on_writable(session);
}

void BulkDesk::on_writable(Session& session) {
  if (session.attachment == nullptr || session.is_closing()) return;
  auto& outbox = session.attachment->bulk_outbox;
  while (!outbox.empty()) {
    if (context_.transport.send(session.peer(), Lane::bulk, outbox.front()) == SendResult::full) return;
    outbox.pop_front();
  }
}

void BulkDesk::take_query(Session& session, const fb::AssetQuery& query) {
  if (!begin(session, query.request(), 0)) return;
  const auto asset = wire::from_fb<AssetId>(*query.asset());
  ask(session, query.request(), store::AssetStatus{session.attachment->room->id(), asset},
      [request = query.request(), asset](Room&, store::Answer& answer) {
        const auto& state = std::get<store::AssetState>(answer);
        return messages::asset_state({request, asset, state.total_bytes, state.received_bytes});
      });
}

void BulkDesk::take_put(Session& session, const fb::AssetPut& put) {
  const auto& room = *session.attachment->room;
  const auto request = put.request();
  const ByteView bytes(put.bytes()->data(), put.bytes()->size());
  if (!begin(session, request, static_cast<double>(bytes.size()))) return;
  auto refuse = [&](RefusalCode code, std::string text) { session.refuse(request, {code, std::move(text)}); };
  if (context_.stopping) return refuse(RefusalCode::hub_busy, "The hub is stopping. Connect again and go on then.");
  if (!is_editor(room, session.author())) {
    // What is not on disk yet may be lost, and the asset would have been given up for nothing.
    if (room.committed() < room.replica().head())
      return session.refuse(request,
                            {RefusalCode::hub_busy, "Changes in this room wait for the hub's disk; ask again soon."},
                            kBusyRetryMs);
    return refuse(RefusalCode::role_too_low, "Only editors and admins may add assets; this author is a viewer.");
  }
  const auto total = put.total_bytes();
  if (total > context_.config.log.asset_bytes_max) {
    context_.metrics.count_over(Limit::asset_bytes);
    return refuse(RefusalCode::quota, "An asset may have at most " +
                                          std::to_string(context_.config.log.asset_bytes_max) +
                                          " bytes on this hub; this one has " + std::to_string(total) + ".");
  }
  const bool fits = !bytes.empty() && bytes.size() <= limits::kAssetChunkBytes && put.offset() < total &&
                    bytes.size() <= total - put.offset();
  if (!fits)
    return refuse(RefusalCode::bad_request, "Expected a chunk of 1 to " + std::to_string(limits::kAssetChunkBytes) +
                                                " bytes within the asset; got " + std::to_string(bytes.size()) +
                                                " bytes at offset " + std::to_string(put.offset()) + " of " +
                                                std::to_string(total) + ".");
  context_.metrics.asset_bytes_received.add(bytes.size());
  const auto asset = wire::from_fb<AssetId>(*put.asset());
  store::WriteAssetChunk chunk{room.id(),
                               asset,
                               total,
                               put.offset(),
                               SharedBytes(Bytes(bytes.begin(), bytes.end())),
                               context_.config.log.asset_bytes_per_room_max};
  ask(session, request, std::move(chunk), [request, asset](Room&, store::Answer& answer) {
    const auto& state = std::get<store::AssetState>(answer);
    return messages::asset_state({request, asset, state.total_bytes, state.received_bytes});
  });
}

void BulkDesk::take_get(Session& session, const fb::AssetGet& get) {
  if (!begin(session, get.request(), limits::kAssetChunkBytes)) return;
  const auto asset = wire::from_fb<AssetId>(*get.asset());
  store::ReadAssetChunk read{session.attachment->room->id(), asset, get.offset(),
                             static_cast<std::uint32_t>(limits::kAssetChunkBytes)};
  ask(session, get.request(), read, [this, request = get.request(), asset](Room&, store::Answer& answer) {
    const auto& chunk = std::get<store::AssetChunk>(answer);
    context_.metrics.asset_bytes_sent.add(chunk.bytes.size());
    return messages::asset_chunk({request, asset, chunk.total_bytes, chunk.offset}, chunk.bytes.view());
  });
}

void BulkDesk::take_log_query(Session& session, const fb::LogQuery& query) {
  if (!begin(session, query.request(), kLogQueryBytesMax)) return;
  const store::ReadRecords read{session.attachment->room->id(), Seq{std::max<std::uint64_t>(query.from_seq(), 1)},
                                std::clamp<std::uint32_t>(query.count_max(), 1, kLogQueryRecordsMax),
                                kLogQueryBytesMax};
  ask(session, query.request(), read, [request = query.request()](Room& room, store::Answer& answer) {
    Bytes records;
    ByteWriter writer(records);
    for (const auto& record : std::get<store::RecordRange>(answer).records) {
      if (record.seq > room.committed()) break;
      writer.put_varint(record.bytes.size());
      writer.put_bytes(record.bytes.view());
    }
    return messages::log_range(request, room.committed(), records);
  });
}

}  // namespace theta::hub

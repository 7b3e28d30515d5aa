#include "room_opener.h"

#include "admission.h"
#include "messages.h"
#include "theta/crypto/hash.h"

namespace theta::hub {
namespace {

namespace fb = wire::fb;
using log::RefusalCode;

/// The key of the hub that the packet says shall order the room.
std::optional<HubKey> named_hub(const log::CommandPacket& packet) {
  const auto* payload = wire::verified_payload(packet.payload.view());
  if (payload == nullptr || payload->commands_type()->size() == 0) return std::nullopt;
  if (payload->commands_type()->GetEnum<fb::Command>(0) != fb::Command::OpenRoom) return std::nullopt;
  return wire::from_fb<HubKey>(*payload->commands()->GetAs<fb::OpenRoom>(0)->hub());
}

}  // namespace

void RoomOpener::take(Session& session, const fb::OpenRoomRequest& request) {
  auto refuse = [&](const wire::Refusal& refusal) {
    session.refuse(request.request(), {refusal.code, refusal.text}, refusal.retry_after_ms);
  };
  auto packet = check(session, request);
  if (!packet) return refuse(packet.error());
  auto valid = admit_packet(context_, replica::Replica(), 0, std::move(*packet));
  if (!valid) return refuse(valid.error());
  const auto hub = named_hub(valid->packet());
  if (hub != context_.hub)
    return refuse(make_refusal(Nonce{1}, RefusalCode::bad_value,
                               "The OpenRoom command names another hub than this one; sign one with this hub's key."));
  create(session, request.request(), std::move(*valid));
}

tl::expected<log::CommandPacket, wire::Refusal> RoomOpener::check(const Session& session,
                                                                  const fb::OpenRoomRequest& request) {
  auto refuse = [](RefusalCode code, std::string text, std::uint32_t retry_after_ms = 0) {
    return tl::unexpected(make_refusal(Nonce{1}, code, std::move(text), retry_after_ms));
  };
  const ByteView token(request.admin_token()->data(), request.admin_token()->size());
  const ByteView stored(request.packet()->data(), request.packet()->size());
  if (auto guarded = check_guards(context_, {session.author(), Nonce{1}, 1, stored.size()}))
    return tl::unexpected(std::move(*guarded));
  if (context_.admin_token.empty() || !crypto::equal_constant_time(token, context_.admin_token)) {
    context_.metrics.admin_token_rejections.add();
    context_.say_of_peers(LogLevel::warning, "admin_token_refused",
                          "Somebody wanted to open a room with a wrong admin token.",
                          {author_field(session.author()), {"address", session.address()}});
    return refuse(RefusalCode::forbidden,
                  "Opening a room needs this hub's admin token, and the one that came is another. It lies in the hub's "
                  "data folder, in the file admin.token.");
  }
  if (context_.stopping) return refuse(RefusalCode::hub_busy, "The hub is stopping. Try again soon.", 1000);
  if (directory_.known_count() >= context_.config.rooms_max) {
    context_.metrics.count_over(Limit::rooms);
    return refuse(RefusalCode::quota,
                  "This hub may hold " + std::to_string(context_.config.rooms_max) + " rooms, and has that many.");
  }
  auto packet = log::decode_packet(stored);
  if (!packet) return refuse(RefusalCode::malformed, "Expected an OpenRoom packet: " + packet.error().message);
  if (packet->header.author != session.author())
    return refuse(RefusalCode::forbidden,
                  "The OpenRoom packet is another author's; send one signed by the key that logged in.");
  return std::move(*packet);
}

void RoomOpener::create(const Session& session, std::uint32_t request, replica::ValidPacket valid) {
  replica::Replica room;
  const auto applied = room.sequence(std::move(valid));
  const auto& record = applied.record;
  const auto& header = record.packet.header;
  const SharedBytes bytes(log::encode_record(record));
  store::CreateRoom create{room.room(),
                           room.room_name(),
                           {record.seq, header.author, header.nonce, record.header_hash, record.record_hash, bytes}};
  const HubObserver::Committed committed{room.room(),  record.seq,         header.author,
                                         header.nonce, record.header_hash, record.record_hash};
  context_.store.submit(
      std::move(create), [this, peer = session.peer(), request, committed](StoreDesk::Result& result) {
        // A room is named by its first packet, so one that exists already was opened by these very bytes.
        const bool exists = !result && result.error().code == store::StoreError::conflict;
        if (result) {
          directory_.note_created(committed.room);
          context_.say(LogLevel::info, "room_created", "A room was made.",
                       {room_field(committed.room), author_field(committed.author)});
          context_.metrics.total_appended.add();
          context_.metrics.append_rate.add(1, context_.now.monotonic);
          if (context_.observer != nullptr) context_.observer->on_committed(committed);
        } else if (!exists) {
          context_.note_store_failure(committed.room, "make a room", result.error().message);
        }
        auto* found = find_(peer);
        if (found == nullptr) return;
        if (result || exists) return found->send_control(messages::room_opened(committed.room));
        found->refuse(request,
                      {RefusalCode::room_read_only, "The hub could not store the room: " + result.error().message +
                                                        ". Try again when its disk has recovered."},
                      log::retry_after_ms(context_.config.probe_backoff_min));
      });
}

}  // namespace theta::hub

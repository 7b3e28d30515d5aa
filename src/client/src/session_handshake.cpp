#include "messages.h"
#include "session_impl.h"
#include "theta/crypto/hash.h"
#include "theta/log/checkpoint.h"
#include "theta/log/record.h"
#include "theta/wire/text.h"

namespace theta::client {
namespace {

namespace fb = wire::fb;
using log::RefusalCode;
using transport::CloseReason;
using transport::Lane;

constexpr const char* kLoginDomain = "theta/login/v1";
// Between two questions about the history that the session itself must ask.
constexpr std::uint32_t kSearchRetryMsMin = 1'000;

wire::PeerVersion version_of(const fb::HubHello& hello) {
  return {hello.protocol_version(), hello.schema_revision(), wire::from_fb<Hash256>(*hello.schema_hash())};
}

}  // namespace

void Session::Impl::on_message(Lane lane, ByteView bytes) {
  // Lanes overtake each other: what follows Attached may be here before it.
  if (phase == SessionPhase::attaching && (lane == Lane::commands || lane == Lane::bulk)) return hold(lane, bytes);
  if (lane == Lane::commands) return on_lane_message(bytes);
  const wire::AlignedBytes aligned(bytes);
  const auto* message = wire::verified_message(aligned.view());
  if (lane == Lane::presence) {
    // Lossy and unsigned: what is wrong with it costs nobody the connection.
    const auto* bundle = message ? message->body_as_PresenceBundle() : nullptr;
    if (bundle != nullptr) presence.on_bundle(*bundle);
    if (bundle == nullptr) ++counters.messages_refused;
    return;
  }
  if (message == nullptr) return strike("the hub sent a malformed message");
  if (lane == Lane::control) return on_control(*message);
  on_bulk(*message);
}

void Session::Impl::on_control(const fb::Message& message) {
  const bool logged_in = phase != SessionPhase::connecting && phase != SessionPhase::logging_in;
  switch (message.body_type()) {
    case fb::MessageBody::HubHello:
      if (phase == SessionPhase::logging_in) return on_hello(*message.body_as_HubHello());
      break;
    case fb::MessageBody::Welcome:
      if (phase == SessionPhase::logging_in) return on_welcome(*message.body_as_Welcome());
      break;
    case fb::MessageBody::RequestRefused: return on_request_refused(*message.body_as_RequestRefused());
    case fb::MessageBody::Attached:
      if (phase == SessionPhase::attaching) return on_attached(*message.body_as_Attached());
      break;
    case fb::MessageBody::RoomOpened:
      if (phase == SessionPhase::attaching &&
          wire::from_fb<RoomId>(*message.body_as_RoomOpened()->room()) == facts.room)
        return begin_attach();
      break;
    case fb::MessageBody::Notice:
      if (logged_in) return on_notice(*message.body_as_Notice());
      break;
    case fb::MessageBody::SessionInfo:
      if (logged_in) return presence.on_session_info(*message.body_as_SessionInfo());
      break;
    case fb::MessageBody::Checkpoint:
      if (logged_in) return on_checkpoint(*message.body_as_Checkpoint());
      break;
    default: break;
  }
  strike("the hub sent a control message that does not belong here");
}

void Session::Impl::on_bulk(const fb::Message& message) {
  switch (message.body_type()) {
    case fb::MessageBody::SnapshotChunk: return on_snapshot_chunk(*message.body_as_SnapshotChunk());
    case fb::MessageBody::AssetState: return assets.on_state(*message.body_as_AssetState(), now.monotonic);
    case fb::MessageBody::AssetChunk: return assets.on_chunk(*message.body_as_AssetChunk(), now.monotonic);
    case fb::MessageBody::LogRange: return on_log_range(*message.body_as_LogRange());
    case fb::MessageBody::RequestRefused: return on_request_refused(*message.body_as_RequestRefused());
    default: break;
  }
  strike("the hub sent a bulk message that does not belong here");
}

void Session::Impl::on_hello(const fb::HubHello& hello) {
  if (const auto mismatch = wire::version_mismatch(wire::own_version(), version_of(hello)))
    return disconnect(CloseReason::version_mismatch, *mismatch, false);
  if (wire::from_fb<HubKey>(*hello.hub()) != facts.hub)
    return disconnect(CloseReason::unauthenticated,
                      "the hub has another key than the link names; ask whoever sent the link for a new one", false);
  Bytes signed_bytes;
  ByteWriter out(signed_bytes);
  out.put_bytes(peer_info.binding.view());
  out.put_bytes(facts.hub.view());
  out.put_bytes(ByteView(hello.challenge()->bytes()->Data(), 32));
  const auto own = wire::own_version();
  fb::LoginT login;
  login.protocol_version = own.protocol_version;
  login.schema_revision = own.schema_revision;
  login.schema_hash = owned_fb32(own.schema_hash);
  login.author = owned_fb32(author());
  login.signature = std::make_unique<fb::Bytes64>(wire::signature_to_fb(key.sign(kLoginDomain, signed_bytes)));
  login.software = options.software;
  send_control(encode_message(std::move(login)));
}

void Session::Impl::on_welcome(const fb::Welcome& welcome) {
  if (welcome.hub_time_ms() > log::kHubTimeMsMax)
    return strike("the hub's clock shows a time that no stamp can hold: " + std::to_string(welcome.hub_time_ms()) +
                  " milliseconds since 1970; whoever runs the hub must set its clock");
  // Forward only: a stamp can not be taken back, and a clock that lags far behind is the hub's own damage.
  clock_offset = std::min<WallClock::duration>(from_unix_ms(welcome.hub_time_ms()) - now.wall, limits::kClockAheadMax);
  double presence_rate = options.presence_per_second;
  if (welcome.presence_hz_max() > 0) presence_rate = std::min<double>(presence_rate, welcome.presence_hz_max());
  presence.set_rate(presence_rate);
  if (welcome.commands_burst() >= 1 && welcome.commands_per_second() > 0)
    pacer.set_limit(stricter(options.command_pace, {welcome.commands_burst(), welcome.commands_per_second()}));
  const auto page = welcome.page() == nullptr ? std::string_view() : welcome.page()->string_view();
  hub_page = wire::is_page_address(page) ? std::string(page) : std::string();
  events.push(Connected{peer_info.address, peer_info.kind});
  phase = SessionPhase::attaching;
  begin_attach();
}

/// Signed once and written down before it is sent: signing another one with the same nonce would be equivocation.
void Session::Impl::sign_first_packet(fb::CommandUnion command) {
  const Command payload(std::move(command));
  log::PacketHeader header;
  header.protocol_version = wire::kProtocolVersion;
  header.command_count = 1;
  header.room = facts.room;
  header.author = author();
  header.nonce = Nonce{1};
  header.stamp = next_stamp();
  const auto packet = log::sign_packet(header, Bytes(payload.payload().begin(), payload.payload().end()), key);
  if (facts.room.is_zero()) facts.room = RoomId::from(log::hash_header(packet.header).view());
  facts.first_packet = log::encode_packet(packet);
  save();
  report_storage();
}

void Session::Impl::send_open_room() {
  fb::OpenRoomRequestT request;
  request.request = open_request = next_request++;
  request.admin_token = options.open_room->admin_token;
  request.packet = facts.first_packet;
  open_was_tried = true;
  send_control(encode_message(std::move(request)));
}

void Session::Impl::begin_attach() {
  const bool unknown = overlay.replica().head() == Seq{0};
  if (unknown && options.open_room && facts.first_packet.empty()) {
    fb::OpenRoomT open;
    open.name = options.open_room->name;
    open.hub = owned_fb32(facts.hub);
    open.display_name = options.display_name;
    fb::CommandUnion command;
    command.Set(std::move(open));
    sign_first_packet(std::move(command));
    return send_open_room();
  }
  if (unknown && options.ticket && facts.first_packet.empty()) {
    fb::JoinRoomT join;
    const auto& invite = options.ticket->invite;
    join.display_name = options.display_name;
    join.invite = std::make_unique<fb::InviteT>();
    join.invite->key = owned_fb32(invite.key);
    join.invite->role = invite.role;
    join.invite->expires_at_ms = to_unix_ms(invite.expires_at);
    join.invite->uses_max = invite.uses_max;
    join.invite->issuer = owned_fb32(invite.issuer);
    join.invite->signature = std::make_unique<fb::Bytes64>(wire::signature_to_fb(invite.signature));
    join.proof = std::make_unique<fb::Bytes64>(
        wire::signature_to_fb(log::prove_invite(facts.room, author(), options.ticket->secret)));
    fb::CommandUnion command;
    command.Set(std::move(join));
    sign_first_packet(std::move(command));
  }
  fb::AttachT attach;
  attach.request = attach_request = next_request++;
  attach.room = owned_fb32(facts.room);
  attach.have_seq = overlay.replica().head().value();
  attach.have_record_hash = owned_fb32(overlay.replica().record_hash());
  attach.writer = options.writer;
  if (unknown && !options.open_room) attach.join = facts.first_packet;
  send_control(encode_message(std::move(attach)));
}

void Session::Impl::on_attached(const fb::Attached& attached) {
  const Seq head = overlay.replica().head();
  const Seq from{attached.from_seq()};
  if (wire::from_fb<RoomId>(*attached.room()) != facts.room) return strike("the hub attached another room");
  head_at_attach = Seq{attached.head_seq()};
  if (const auto* announced = attached.snapshot()) {
    const auto checkpoint = checkpoint_from_fb(*announced);
    if (const auto fault =
            SnapshotReceiver::check_announcement(checkpoint, attached.snapshot_bytes(), facts.room, facts.hub))
      return strike(*fault);
    if (from.value() != checkpoint.seq.value() + 1 || checkpoint.seq < head)
      return strike("the hub announced a snapshot that is older than what it has sent before");
    snapshot.emplace(checkpoint, attached.snapshot_bytes());
  } else if (from.value() != head.value() + 1) {
    return strike("the hub attached at record " + std::to_string(from.value()) + " after we had " +
                  std::to_string(head.value()));
  }
  session = SessionNumber{attached.session()};
  is_writer = options.writer;
  phase = SessionPhase::receiving;
  presence.add_own({session, author(), AuthorSlot{attached.slot()}});
  events.push(Attached{facts.room, attached.role(), AuthorSlot{attached.slot()}, session});
  deliver_held();
}

void Session::Impl::hold(Lane lane, ByteView bytes) {
  held_bytes += bytes.size() + sizeof(HeldMessage);
  if (held_bytes > limits::kHeldMessageBytesMax)
    return disconnect(CloseReason::resource_limit,
                      "the hub sent more than " + std::to_string(limits::kHeldMessageBytesMax) +
                          " bytes ahead of what must come before them; connecting again",
                      true);
  held.push_back({lane, Bytes(bytes.begin(), bytes.end())});
}

void Session::Impl::deliver_held() {
  auto waiting = std::exchange(held, {});
  held_bytes = 0;
  // Records that still have to wait, for the snapshot, are held again. Each message may end the connection.
  for (const auto& message : waiting)
    if (peer) on_message(message.lane, message.bytes);
  if (peer) on_caught_up_if_so();
}

void Session::Impl::on_request_refused(const fb::RequestRefused& refused) {
  const log::Refused refusal{refused.code(), refused.text() ? refused.text()->str() : std::string()};
  ++counters.refusals;
  if (phase == SessionPhase::logging_in) {
    const bool is_version =
        refusal.code == RefusalCode::version_mismatch || refusal.code == RefusalCode::schema_mismatch;
    return disconnect(is_version ? CloseReason::version_mismatch : CloseReason::unauthenticated, refusal.text,
                      log::is_retryable(refusal.code), refusal.code);
  }
  // Of an attachment that stands already, too: that is how the hub puts out a member that an admin has revoked.
  const bool is_attach = phase != SessionPhase::connecting && refused.request() == attach_request;
  const bool is_opening = phase == SessionPhase::attaching && refused.request() == open_request;
  if (is_attach && refusal.code == RefusalCode::forbidden) return on_revoked(refusal);
  if (is_attach || is_opening) return on_attach_refused(refusal, refused.retry_after_ms());
  if (assets.on_refused(refused.request(), refusal, refused.retry_after_ms(), now.monotonic)) return;
  for (auto query = history.begin(); query != history.end(); ++query) {
    if (!query->sent || query->request != refused.request()) continue;
    // What a session must know it asks for until it is told: to guess would be to lose commands, or to send them twice.
    if (query->forgotten) {
      history.erase(query);
    } else if (query->internal || log::is_retryable(refusal.code)) {
      query->sent = false;
      const auto wait = std::max(refused.retry_after_ms(), query->internal ? kSearchRetryMsMin : 0U);
      hold_until(now.monotonic + std::chrono::milliseconds(wait));
    } else {
      events.push(History{query->query, {}, {}, refusal});
      history.erase(query);
    }
    return;
  }
  // The answer to a request of an earlier attempt, or of a transfer that is over.
}

void Session::Impl::on_attach_refused(const log::Refused& refusal, std::uint32_t retry_after_ms) {
  const bool retry = log::is_retryable(refusal.code) || refusal.code == RefusalCode::internal;
  if (refusal.code == RefusalCode::no_such_room && options.open_room && !open_was_tried && !facts.first_packet.empty())
    return send_open_room();
  if (refusal.code == RefusalCode::bad_reference && overlay.replica().head() != Seq{0}) return diverge(refusal.text);
  // A join that the hub does not take is in no log, so another may stand in its place: with a fresh stamp when the
  // clock ran ahead, with the next link's invite when this one lets nobody in.
  const bool is_join = overlay.replica().head() == Seq{0} && !options.open_room;
  if (is_join && (!retry || refusal.code == RefusalCode::clock_skew) && !facts.first_packet.empty()) {
    facts.first_packet.clear();
    save();
    report_storage();
  }
  disconnect(CloseReason::none, refusal.text, retry, refusal.code);
  retry_at = std::max(retry_at, now.monotonic + std::chrono::milliseconds(retry_after_ms));
}

/// An admin may grant a role again at any time, and only asking tells; what waits in the outbox is sent then.
void Session::Impl::on_revoked(const log::Refused& refusal) {
  disconnect(CloseReason::none, refusal.text, true, refusal.code);
  retry_at = std::max(retry_at, now.monotonic + options.reconnect_delay_max);
}

void Session::Impl::on_notice(const fb::Notice& notice) {
  const std::string text = notice.text() ? notice.text()->str() : std::string();
  switch (notice.kind()) {
    case fb::NoticeKind::room_writable: held_until = now.monotonic; break;
    case fb::NoticeKind::superseded:
      is_writer = false;
      // Asking again would take the role back from the session that has it, and so on for ever.
      options.writer = false;
      events.push(WriterLost{text});
      break;
    default: break;
  }
  events.push(Notice{notice.kind(), text});
}

void Session::Impl::on_checkpoint(const fb::Checkpoint& message) {
  const auto checkpoint = checkpoint_from_fb(message);
  if (checkpoint.room != facts.room || checkpoint.hub != facts.hub || !log::verify_checkpoint(checkpoint))
    return strike("the hub sent a checkpoint that its own key did not sign");
  if (const auto difference = checkpoints.on_checkpoint(checkpoint, overlay.replica().head())) diverge(*difference);
}

void Session::Impl::on_snapshot_chunk(const fb::SnapshotChunk& chunk) {
  if (!snapshot) return strike("the hub sent a snapshot that it did not announce");
  if (const auto added = snapshot->add(chunk); !added) return strike(added.error().message);
  if (!snapshot->is_complete()) return;
  auto loaded = snapshot->finish();
  const auto checkpoint = snapshot->checkpoint();
  if (loaded && options.keep_signed_snapshot)
    signed_snapshot = SignedSnapshot{snapshot->checkpoint(), snapshot->take_bytes()};
  snapshot.reset();
  // Not at once for good: a broken network could have done it, and the next attempt tells.
  if (!loaded) return strike(loaded.error().message);
  if (const auto difference = contradiction(overlay.begin_base(), *loaded)) return diverge(*difference);
  if (const auto difference = checkpoints.on_snapshot(checkpoint)) return diverge(*difference);
  if (!outbox.in_flight().empty()) {
    if (facts.skipped_first == Seq{}) facts.skipped_first = Seq{overlay.replica().head().value() + 1};
    facts.skipped_last = loaded->head();
  }
  overlay.replace(std::move(*loaded));
  clock.observe(overlay.replica().latest_stamp());
  save();
  deliver_held();
}

}  // namespace theta::client

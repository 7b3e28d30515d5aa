#include "session.h"

#include "messages.h"
#include "theta/crypto/keys.h"
#include "theta/hub/limits.h"

namespace theta::hub {
namespace {

namespace fb = wire::fb;
using transport::CloseReason;
using transport::Lane;
using transport::SendResult;

constexpr const char* kLoginDomain = "theta/login/v1";

wire::PeerVersion version_of(const fb::Login& login) {
  return {login.protocol_version(), login.schema_revision(), wire::from_fb<Hash256>(*login.schema_hash())};
}

}  // namespace

Session::Session(HubContext& context, transport::PeerId peer, const transport::PeerInfo& info)
    : context_(context),
      peer_(peer),
      kind_(info.kind),
      binding_(info.binding),
      address_(info.address),
      connected_at_(context.now.monotonic) {
  context_.random(challenge_.bytes);
}

void Session::greet() { send_control(messages::hub_hello(context_.hub, challenge_)); }

bool Session::log_in(const fb::Login& login) {
  const auto version = version_of(login);
  // The peer reads the sentence, so "this side" in it is the peer.
  if (const auto mismatch = wire::version_mismatch(version, wire::own_version())) {
    const bool is_schema = version.protocol_version == wire::kProtocolVersion;
    refuse_login(is_schema ? log::RefusalCode::schema_mismatch : log::RefusalCode::version_mismatch,
                 CloseReason::version_mismatch, *mismatch);
    return false;
  }
  const auto author = wire::from_fb<AuthorKey>(*login.author());
  Bytes message;
  for (const auto part : {binding_.view(), context_.hub.view(), challenge_.view()})
    message.insert(message.end(), part.begin(), part.end());
  const bool proved = crypto::is_valid_public_key(author.view()) &&
                      crypto::verify(kLoginDomain, message, wire::signature_from_fb(*login.signature()), author.view());
  if (!proved) {
    refuse_login(
        log::RefusalCode::unauthenticated, CloseReason::unauthenticated,
        "Expected a signature by the author's key over this connection, this hub and its challenge; what came does not "
        "verify. Connect again and sign the new challenge.");
    return false;
  }
  author_ = author;
  is_logged_in_ = true;
  without_room_since = context_.now.monotonic;
  context_.metrics.logins.add();
  send_control(messages::welcome(context_.now.wall, context_.config.log, context_.page));
  return true;
}

void Session::refuse_login(log::RefusalCode code, CloseReason reason, const std::string& text) {
  context_.metrics.login_rejections.add();
  context_.say_of_peers(LogLevel::warning, "login_refused", "A login was refused and told: " + text,
                        {{"code", log::refusal_name(code)}, {"address", address_}});
  refuse(0, {code, text});
  close(reason, text);
}

void Session::send_control(const SharedBytes& message) {
  if (is_closing_) return;
  if (context_.transport.send(peer_, Lane::control, message) != SendResult::full) return;
  context_.metrics.slow_peer_closes.add();
  close(CloseReason::resource_limit,
        "The control lane is full because this peer does not read it. Connect again when it can.");
}

void Session::offer_control(const SharedBytes& message) {
  if (is_closing_) return;
  (void)context_.transport.send(peer_, Lane::control, message);
}

void Session::refuse(std::uint32_t request, const log::Refused& refused, std::uint32_t retry_after_ms) {
  context_.metrics.count_refusal(refused.code);
  send_control(messages::request_refused(
      {.request = request, .code = refused.code, .text = refused.text, .retry_after_ms = retry_after_ms}));
}

void Session::put_off(std::uint32_t request, std::string sentence, std::chrono::nanoseconds wait) {
  const auto retry_ms = log::retry_after_ms(wait);
  sentence += "; ask again after " + std::to_string(retry_ms) + " ms.";
  refuse(request, {log::RefusalCode::rate_limited, std::move(sentence)}, retry_ms);
}

void Session::refuse_packet(wire::Refusal refusal) {
  context_.metrics.count_refusal(refusal.code);
  if (is_closing_) return;
  if (attachment == nullptr) {
    // In no room there is nobody to keep it for: a lane that is full loses it.
    (void)context_.transport.send(peer_, Lane::commands, SharedBytes(wire::encode(refusal)));
    return;
  }
  if (!has_place_for_refusal()) return;
  attachment->refusals.push_back(std::move(refusal));
  flush_refusals();
}

void Session::hold_refusal(Seq rests_on, wire::Refusal refusal) {
  if (!is_closing_ && has_place_for_refusal()) attachment->held_refusals.push_back({rests_on, std::move(refusal)});
}

bool Session::has_place_for_refusal() {
  if (attachment->refusals_kept() < limits::kRefusalsKeptMax) return true;
  context_.metrics.slow_peer_closes.add();
  close(CloseReason::resource_limit, "This peer sends packets while " + std::to_string(limits::kRefusalsKeptMax) +
                                         " refusals wait for it. Connect again, read the commands lane and wait for "
                                         "answers.");
  return false;
}

bool Session::flush_refusals() {
  auto& refusals = attachment->refusals;
  while (!refusals.empty()) {
    const auto sent = context_.transport.send(peer_, Lane::commands, SharedBytes(wire::encode(refusals.front())));
    if (sent == SendResult::full) return false;
    refusals.pop_front();
  }
  return true;
}

void Session::close(CloseReason reason, std::string text) {
  if (is_closing_) return;
  is_closing_ = true;
  context_.transport.close(peer_, reason, std::move(text));
}

void Session::close_malformed(std::string text) {
  context_.metrics.malformed_messages.add();
  close(CloseReason::protocol_error, std::move(text));
}

}  // namespace theta::hub

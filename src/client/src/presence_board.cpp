#include "presence_board.h"

#include <algorithm>

#include "messages.h"
#include "theta/client/limits.h"
#include "theta/log/command_rules.h"
#include "values.h"

namespace theta::client {

void PresenceBoard::set_rate(double per_second) {
  const double bounded = std::clamp(per_second, 0.1, 1000.0);
  interval_ = std::chrono::nanoseconds(static_cast<std::int64_t>(1e9 / bounded));
}

std::optional<MonotonicTime> PresenceBoard::next_send() const {
  if (!own_) return std::nullopt;
  return last_sent_ == MonotonicTime::min() ? last_sent_ : last_sent_ + interval_;
}

std::optional<SharedBytes> PresenceBoard::take_message(MonotonicTime now) {
  const auto due = next_send();
  if (!due || now < *due) return std::nullopt;
  auto table = to_fb(*own_);
  own_.reset();
  table.counter = ++counter_;
  last_sent_ = now;
  auto message = encode_presence(table);
  if (message.size() > theta::limits::kPresenceBytesMax) {
    ++dropped_;
    return std::nullopt;
  }
  return message;
}

void PresenceBoard::on_bundle(const wire::fb::PresenceBundle& bundle) {
  if (bundle.updates() == nullptr) return;
  for (const auto* update : *bundle.updates())
    take_in(SessionNumber{update->session()}, ByteView(update->bytes()->data(), update->bytes()->size()));
}

void PresenceBoard::take_in(SessionNumber session, ByteView bytes) {
  const wire::AlignedBytes aligned(bytes);
  const auto* presence = wire::verified_presence(aligned.view());
  const auto other = others_.find(session);
  const bool sound = presence != nullptr && !log::check_presence(*presence);
  // Of a session that was not announced, or has left: presence may overtake or outlive the announcement.
  if (!sound || other == others_.end()) {
    ++dropped_;
    return;
  }
  // Serial number arithmetic (RFC 1982), so that the counter may wrap.
  const auto ahead = static_cast<std::int32_t>(presence->counter() - other->second.counter);
  if (other->second.presence && ahead <= 0) {
    ++dropped_;
    return;
  }
  other->second.presence = from_fb(*presence);
  other->second.counter = presence->counter();
  events_.push_presence(session);
}

void PresenceBoard::on_session_info(const wire::fb::SessionInfo& info) {
  const SessionNumber session{info.session()};
  const auto author = wire::from_fb<AuthorKey>(*info.author());
  if (!info.connected()) {
    if (others_.erase(session) > 0) events_.push(SessionLeft{session, author});
    return;
  }
  if (others_.size() == limits::kSessionsPerRoomMax || others_.contains(session)) return;
  others_[session].participant = {session, author, AuthorSlot{info.slot()}};
  events_.push(SessionJoined{session, author, AuthorSlot{info.slot()}});
}

void PresenceBoard::clear() {
  others_.clear();
  own_.reset();
}

std::vector<Session::Participant> PresenceBoard::participants() const {
  std::vector<Session::Participant> result;
  result.reserve(others_.size());
  for (const auto& [session, other] : others_) result.push_back(other.participant);
  return result;
}

const Presence* PresenceBoard::find(SessionNumber session) const {
  const auto other = others_.find(session);
  return other != others_.end() && other->second.presence ? &*other->second.presence : nullptr;
}

}  // namespace theta::client

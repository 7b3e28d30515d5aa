#include "presence_board.h"

#include <algorithm>

#include "messages.h"
#include "theta/log/command_rules.h"

namespace theta::hub {
namespace {

using transport::Lane;

/// Counters wrap; a newer one is less than half the circle ahead (RFC 1982).
bool is_newer(std::uint32_t counter, std::uint32_t than) {
  return counter != than && static_cast<std::uint32_t>(counter - than) < 0x80000000U;
}

SharedBytes bundle_without(const std::vector<const Session*>& sources, const Session* left_out) {
  std::vector<messages::PresenceUpdate> updates;
  for (const auto* source : sources)
    if (source != left_out) updates.push_back({source->attachment->number, source->attachment->presence});
  return updates.empty() ? SharedBytes() : messages::presence_bundle(updates);
}

}  // namespace

bool PresenceBoard::take(Session& session, ByteView bytes) {
  auto& attachment = *session.attachment;
  auto& metrics = context_.metrics;
  const auto drop = [](telemetry::Counter& counter) {
    counter.add();
    return false;
  };
  const auto wait = context_.charge(session.author(), AuthorLimiters::Bucket::presence, 1);
  if (wait > wait.zero()) return drop(metrics.presence_rate_drops);
  if (bytes.size() > messages::kPresenceBlobBytesMax) return drop(metrics.presence_size_drops);
  const wire::AlignedBytes aligned(bytes);
  const auto* presence = wire::verified_presence(aligned.view());
  if (presence == nullptr || log::check_presence(*presence)) return drop(metrics.presence_malformed_drops);
  metrics.presence_received.add();
  if (attachment.has_presence && !is_newer(presence->counter(), attachment.presence_counter)) return false;
  attachment.has_presence = true;
  attachment.presence_counter = presence->counter();
  attachment.presence.assign(bytes.begin(), bytes.end());
  if (attachment.presence_is_new) return true;
  attachment.presence_is_new = true;
  waiting_.push_back(&session);
  return true;
}

void PresenceBoard::leave(const Session& session) { std::erase(waiting_, &session); }

bool PresenceBoard::may_send(std::size_t receivers) {
  const auto now = context_.now.monotonic;
  const auto is_taken = [now](log::RateLimiter& limiter, double cost, const log::RateLimit& limit) {
    return limiter.charge(cost, limit, now) == std::chrono::nanoseconds::zero();
  };
  if (is_taken(to_receiver_, 1, context_.config.presence_to_receiver) &&
      is_taken(to_room_, static_cast<double>(receivers), context_.config.presence_to_room))
    return true;
  context_.metrics.presence_waits.add();
  return false;
}

std::vector<PresenceBoard::Group> PresenceBoard::next_groups(std::size_t receivers) {
  std::vector<Group> groups;
  std::size_t room_left = 0;
  while (!waiting_.empty()) {
    auto* session = waiting_.front();
    const auto cost = session->attachment->presence.size() + messages::kPresenceUpdateOverheadBytes;
    if (groups.empty() || cost > room_left) {
      if (groups.size() == context_.config.presence_datagrams_per_flush || !may_send(receivers)) break;
      groups.emplace_back();
      room_left = limits::kPresenceBytesMax - messages::kPresenceBundleOverheadBytes;
    }
    room_left -= cost;
    groups.back().sources.push_back(session);
    session->attachment->presence_is_new = false;
    waiting_.pop_front();
  }
  for (auto& group : groups) group.bytes = bundle_without(group.sources, nullptr);
  return groups;
}

void PresenceBoard::flush(const std::vector<Session*>& sessions) {
  const auto is_receiver = [](const Session* session) { return session->is_attached() && !session->is_closing(); };
  const auto groups =
      next_groups(static_cast<std::size_t>(std::count_if(sessions.begin(), sessions.end(), is_receiver)));
  for (const auto* session : sessions) {
    if (!is_receiver(session)) continue;
    const auto backlog = context_.transport.queued_bytes(session->peer(), Lane::presence);
    if (backlog > context_.config.presence_backlog_bytes_max) {
      context_.metrics.presence_skips.add();
      continue;
    }
    for (const auto& group : groups) send(group, *session);
  }
}

void PresenceBoard::send(const Group& group, const Session& to) {
  const bool is_source = std::find(group.sources.begin(), group.sources.end(), &to) != group.sources.end();
  const auto bytes = is_source ? bundle_without(group.sources, &to) : group.bytes;
  if (bytes.empty()) return;
  (void)context_.transport.send(to.peer(), Lane::presence, bytes);
  context_.metrics.presence_datagrams.add();
}

}  // namespace theta::hub

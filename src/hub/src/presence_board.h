#pragma once

#include <deque>
#include <vector>

#include "session.h"

namespace theta::hub {

/// Presence of one room: the latest message of each session, sent to the others at each flush. Lossy by design: what a
/// newer one replaced, or a full lane had no room for, is gone.
class PresenceBoard {
 public:
  explicit PresenceBoard(HubContext& context) : context_(context) {}

  /// Checks and keeps; drops what is over the author's rate, malformed, too large or older than what is there.
  /// True when there is something to flush.
  bool take(Session& session, ByteView bytes);
  void leave(const Session& session);
  /// Sends what is new to everybody else. Sessions take turns when it is more than fits one flush or the room's share.
  void flush(const std::vector<Session*>& sessions);
  [[nodiscard]] bool has_news() const { return !waiting_.empty(); }

 private:
  /// Sessions whose presence travels in one datagram.
  struct Group {
    std::vector<const Session*> sources;
    SharedBytes bytes;
  };
  [[nodiscard]] std::vector<Group> next_groups(std::size_t receivers);
  /// Whether one more datagram may go to so many.
  [[nodiscard]] bool may_send(std::size_t receivers);
  void send(const Group& group, const Session& to);

  HubContext& context_;
  std::deque<Session*> waiting_;  // first come, first sent; each once
  log::RateLimiter to_receiver_;
  log::RateLimiter to_room_;
};

}  // namespace theta::hub

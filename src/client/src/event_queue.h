#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <set>

#include "theta/client/events.h"

namespace theta::client {

/// Events for the application, oldest first, bounded whatever happens: changes and presence are merged while nobody
/// polls, what the state tells as well is dropped beyond a bound, settled commands are bounded by the outbox and
/// answers by the requests (`pending_settled` and `pending_answers` count against both), and the rest happens once.
class EventQueue {
 public:
  void push(Event event);
  void push_change(const scene::RegisterKey& key);
  void push_members_changed();
  /// Changes will be pushed before the next `poll`, and are to stand here, before what follows from them.
  void expect_changes();
  void push_everything_changed();
  void push_presence(SessionNumber session);
  [[nodiscard]] std::optional<Event> poll();

  /// Settled commands that nobody has polled yet.
  [[nodiscard]] std::size_t pending_settled() const { return pending_settled_; }
  /// Answers to requests that nobody has polled yet.
  [[nodiscard]] std::size_t pending_answers() const { return pending_answers_; }
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

 private:
  [[nodiscard]] Changed take_changes();

  // A merged event stands in the queue by its kind only; what it says is taken from the sets when it is polled.
  std::deque<Event> events_;
  std::set<scene::RegisterKey> changed_;
  bool everything_changed_ = false;
  bool members_changed_ = false;
  bool change_queued_ = false;
  std::set<SessionNumber> presence_;
  bool presence_queued_ = false;
  std::size_t pending_settled_ = 0;
  std::size_t pending_answers_ = 0;
  std::size_t droppable_ = 0;
  std::uint64_t dropped_ = 0;
};

}  // namespace theta::client

#pragma once

#include <map>
#include <optional>
#include <vector>

#include "event_queue.h"
#include "theta/base/time.h"
#include "theta/client/session.h"

namespace theta::client {

/// Presence both ways, and who is connected. What is sent keeps to a rate, the latest wins; what is received counts
/// only if it is newer than what was heard of that session.
class PresenceBoard {
 public:
  explicit PresenceBoard(EventQueue& events) : events_(events) {}

  void set_rate(double per_second);
  void set_own(Presence presence) { own_ = std::move(presence); }
  /// The message to send now, if there is one.
  [[nodiscard]] std::optional<SharedBytes> take_message(MonotonicTime now);
  /// When `take_message` will have something.
  [[nodiscard]] std::optional<MonotonicTime> next_send() const;

  /// This session's own place in the list; the hub tells about the others only.
  void add_own(const Session::Participant& own) { others_[own.session].participant = own; }
  void on_bundle(const wire::fb::PresenceBundle& bundle);
  void on_session_info(const wire::fb::SessionInfo& info);
  void clear();

  [[nodiscard]] std::vector<Session::Participant> participants() const;
  [[nodiscard]] const Presence* find(SessionNumber session) const;
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

 private:
  struct Other {
    Session::Participant participant;
    std::optional<Presence> presence;
    std::uint32_t counter = 0;
  };
  void take_in(SessionNumber session, ByteView bytes);

  EventQueue& events_;
  std::map<SessionNumber, Other> others_;
  std::optional<Presence> own_;  // not sent yet
  std::uint32_t counter_ = 0;
  MonotonicClock::duration interval_ = std::chrono::milliseconds{34};
  MonotonicTime last_sent_ = MonotonicTime::min();
  std::uint64_t dropped_ = 0;
};

}  // namespace theta::client

#include "event_queue.h"

#include <algorithm>

#include "theta/client/limits.h"

namespace theta::client {
namespace {

// Everything but what tells the fate of a command or a request: an application that was away can ask for the state.
bool is_droppable(const Event& event) {
  return std::holds_alternative<Notice>(event) || std::holds_alternative<AssetProgress>(event) ||
         std::holds_alternative<Connected>(event) || std::holds_alternative<Attached>(event) ||
         std::holds_alternative<CaughtUp>(event) || std::holds_alternative<Disconnected>(event) ||
         std::holds_alternative<SessionJoined>(event) || std::holds_alternative<SessionLeft>(event) ||
         std::holds_alternative<StorageFailed>(event) || std::holds_alternative<WriterLost>(event);
}

bool is_about_command(const Event& event) {
  return std::holds_alternative<CommandSettled>(event) || std::holds_alternative<Conflict>(event);
}

bool is_answer(const Event& event) {
  return std::holds_alternative<AssetStored>(event) || std::holds_alternative<AssetReady>(event) ||
         std::holds_alternative<AssetFailed>(event) || std::holds_alternative<History>(event);
}

}  // namespace

void EventQueue::push(Event event) {
  if (is_about_command(event)) ++pending_settled_;
  if (is_answer(event)) ++pending_answers_;
  if (is_droppable(event)) {
    if (droppable_ == limits::kDroppableEventsMax) {
      events_.erase(std::find_if(events_.begin(), events_.end(), is_droppable));
      --droppable_;
      ++dropped_;
    }
    ++droppable_;
  }
  events_.push_back(std::move(event));
}

void EventQueue::expect_changes() {
  if (change_queued_) return;
  change_queued_ = true;
  events_.push_back(Changed{});
}

void EventQueue::push_change(const scene::RegisterKey& key) {
  expect_changes();
  if (everything_changed_) return;
  changed_.insert(key);
  if (changed_.size() <= limits::kChangedRegistersMax) return;
  changed_.clear();
  everything_changed_ = true;
}

void EventQueue::push_members_changed() {
  expect_changes();
  members_changed_ = true;
}

void EventQueue::push_everything_changed() {
  changed_.clear();
  everything_changed_ = true;
  members_changed_ = true;
  expect_changes();
}

void EventQueue::push_presence(SessionNumber session) {
  presence_.insert(session);
  if (presence_queued_) return;
  presence_queued_ = true;
  events_.push_back(PresenceChanged{});
}

Changed EventQueue::take_changes() {
  Changed result{{changed_.begin(), changed_.end()}, everything_changed_, members_changed_};
  changed_.clear();
  everything_changed_ = members_changed_ = change_queued_ = false;
  return result;
}

std::optional<Event> EventQueue::poll() {
  if (events_.empty()) return std::nullopt;
  auto event = std::move(events_.front());
  events_.pop_front();
  if (is_about_command(event)) --pending_settled_;
  if (is_answer(event)) --pending_answers_;
  if (is_droppable(event)) --droppable_;
  if (std::holds_alternative<Changed>(event)) {
    auto changed = take_changes();
    // What was expected looks the same as before.
    if (changed.registers.empty() && !changed.everything && !changed.members) return poll();
    event = std::move(changed);
  }
  if (std::holds_alternative<PresenceChanged>(event)) {
    event = PresenceChanged{{presence_.begin(), presence_.end()}};
    presence_.clear();
    presence_queued_ = false;
  }
  return event;
}

}  // namespace theta::client

#include <algorithm>
#include <map>
#include <set>

#include "checker.h"

namespace theta::sim {
namespace {

/// Presence is unsigned and lossy, but it is not anybody's: what a peer shows of a session is something that this
/// session's author has sent in this room, always from one machine, and never older than what was shown before.
class PresenceChecker final : public Checker {
 public:
  using Checker::Checker;
  [[nodiscard]] const char* name() const override { return "presence"; }

  void on_presence_set(const PeerView& peer, const std::string& marker) override {
    people_.insert(peer.author);
    sent_[marker] = {peer.room, peer.author, peer.index};
  }

  void on_event(const PeerView& peer, const client::Event& event) override {
    people_.insert(peer.author);
    // Sessions are numbered anew after the hub's restart, and a receiver that reconnects begins from nothing.
    if (std::holds_alternative<client::Attached>(event)) forget(peer.index);
    const auto* changed = std::get_if<client::PresenceChanged>(&event);
    if (changed == nullptr || peer.hears_garbled) return;
    const auto participants = peer.session->participants();
    for (const auto session : changed->sessions) {
      const auto* presence = peer.session->presence_of(session);
      const auto from = std::find_if(participants.begin(), participants.end(),
                                     [session](const auto& one) { return one.session == session; });
      // Gone by now.
      if (presence == nullptr || from == participants.end()) continue;
      check(peer, *from, marker_in(presence->app));
    }
  }

  void on_peer_ended(const PeerView& peer, PeerEnd, std::uint64_t) override { forget(peer.index); }

 private:
  struct Sent {
    RoomId room;
    AuthorKey author;
    std::size_t peer = 0;
  };
  struct Shown {
    std::size_t sender = 0;
    std::string marker;
  };

  void check(const PeerView& peer, const client::Session::Participant& from, const std::string& marker) {
    // An attacker may send what it likes of its own session, and tells nobody what that was.
    if (!people_.contains(from.author)) return;
    const auto sent = sent_.find(marker);
    if (sent == sent_.end()) return violate(peer.name + " shows presence that nobody has sent.");
    if (sent->second.author != from.author || sent->second.room != peer.room)
      return violate(peer.name + " shows the presence of one author as another's.");
    auto& shown = shown_[{peer.index, from.session}];
    // Markers count up, so their order is the order in which they were set.
    if (!shown.marker.empty() && shown.sender != sent->second.peer)
      return violate(peer.name + " shows two machines' presence as one session's.");
    if (!shown.marker.empty() && marker <= shown.marker)
      return violate(peer.name + " shows older presence of a session after newer.");
    shown = {sent->second.peer, marker};
  }

  void forget(std::size_t receiver) {
    std::erase_if(shown_, [receiver](const auto& entry) { return entry.first.first == receiver; });
  }

  std::set<AuthorKey> people_;
  std::map<std::string, Sent> sent_;
  std::map<std::pair<std::size_t, client::SessionNumber>, Shown> shown_;
};

}  // namespace

std::unique_ptr<Checker> make_presence_checker(RecordKeeper& keeper) {
  return std::make_unique<PresenceChecker>(keeper);
}

}  // namespace theta::sim

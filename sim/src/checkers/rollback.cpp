#include <map>

#include "checker.h"
#include "theta/scene/scene.h"
#include "theta/wire/schema.h"

namespace theta::sim {
namespace {

/// What was shown optimistically and refused is rolled back visibly. The checker keeps a picture of each peer's scene
/// the way an application does, by nothing but its events; with an empty outbox that picture is the room's own.
class RollbackChecker final : public Checker {
 public:
  using Checker::Checker;
  [[nodiscard]] const char* name() const override { return "rollback"; }

  void on_event(const PeerView& peer, const client::Event& event) override {
    const auto* changed = std::get_if<client::Changed>(&event);
    if (changed == nullptr) return;
    auto& picture = pictures_[peer.index];
    const auto& scene = peer.session->scene();
    if (changed->everything) picture = picture_of(scene);
    if (changed->everything) return;
    for (const auto& key : changed->registers) draw(picture, scene, key);
  }

  void on_advanced(const PeerView& peer, const RoomModel& model) override {
    // Comparing whole scenes takes long; now and then is enough, the last time is at the end.
    if (++steps_ % 16 == 0) check(peer, model);
  }

  void on_peer_ended(const PeerView& peer, PeerEnd, std::uint64_t) override { pictures_.erase(peer.index); }

  void on_end(const FinalView& end) override {
    for (const auto& peer : end.peers) {
      const auto model = end.models.find(peer.room);
      if (peer.session != nullptr && model != end.models.end()) check(peer, model->second);
    }
  }

 private:
  using Picture = std::map<scene::RegisterKey, scene::ComponentValue>;

  static void draw(Picture& picture, const scene::Scene& scene, const scene::RegisterKey& key) {
    const bool is_there = scene.contains(key.entity);
    if (is_there && key.component != scene::Component::existence) {
      picture[key] = scene.value(key);
      return;
    }
    // An entity that goes takes everything of it along, and one that comes back brings it.
    const auto begin = picture.lower_bound({key.entity, scene::Component{}, 0});
    auto end = begin;
    while (end != picture.end() && end->first.entity == key.entity) ++end;
    picture.erase(begin, end);
    if (is_there)
      for (const auto& each : scene.registers(key.entity)) picture[each] = scene.value(each);
  }

  [[nodiscard]] static Picture picture_of(const scene::Scene& scene) {
    Picture picture;
    scene.for_each_entity([&](ObjectId entity) {
      for (const auto& key : scene.registers(entity)) picture[key] = scene.value(key);
    });
    return picture;
  }

  /// What is written as nothing shows as little as what was never written; places are an order, not a value.
  [[nodiscard]] static bool shows(const Picture::value_type& entry) {
    return entry.second.index() != 0 && entry.first.component != scene::Component::parent;
  }

  void check(const PeerView& peer, const RoomModel& model) {
    const bool is_plain = peer.session->is_idle() && peer.session->confirmed_head() == model.head();
    if (!is_plain) return;
    const auto& shown = pictures_[peer.index];
    const auto confirmed = picture_of(model.replica().scene());
    for (const auto& entry : confirmed) {
      const auto found = shown.find(entry.first);
      if (shows(entry) && (found == shown.end() || found->second != entry.second))
        return violate(peer.name + " waits for nothing and shows another " +
                       wire::fb::EnumNameComponent(static_cast<wire::fb::Component>(entry.first.component)) +
                       " of entity " + std::to_string(entry.first.entity.value()) + " than the log gives.");
    }
    for (const auto& entry : shown)
      if (shows(entry) && !confirmed.contains(entry.first))
        return violate(peer.name + " waits for nothing and shows something of entity " +
                       std::to_string(entry.first.entity.value()) + " that the log does not have.");
  }

  std::map<std::size_t, Picture> pictures_;
  std::uint64_t steps_ = 0;
};

}  // namespace

std::unique_ptr<Checker> make_rollback_checker(RecordKeeper& keeper) {
  return std::make_unique<RollbackChecker>(keeper);
}

}  // namespace theta::sim

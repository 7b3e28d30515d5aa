#include <set>

#include "checker.h"
#include "theta/scene/scene.h"

namespace theta::sim {
namespace {

/// Whatever was reparented, deleted and undone: the scene is a forest, nothing in it is orphaned, and the hash that was
/// kept along the way is the hash of what is there.
class SceneChecker final : public Checker {
 public:
  using Checker::Checker;
  [[nodiscard]] const char* name() const override { return "scene"; }

  void on_advanced(const PeerView& peer, const RoomModel& model) override {
    static_cast<void>(peer);
    // The model's scene is what every peer's must be; now and then is enough, the last time is at the end.
    if (++steps_ % 64 == 0) check("The room's scene", model.replica().scene());
  }

  void on_end(const FinalView& end) override {
    for (const auto& [room, model] : end.models)
      check("The scene of room " + short_name(room.view()), model.replica().scene());
    for (const auto& peer : end.peers)
      if (peer.session != nullptr) check("The scene that " + peer.name + " shows", peer.session->scene());
  }

 private:
  void check(const std::string& what, const scene::Scene& scene) {
    std::set<ObjectId> seen;
    std::vector<ObjectId> open = scene.children(kNoObject);
    while (!open.empty()) {
      const auto entity = open.back();
      open.pop_back();
      if (!seen.insert(entity).second) return violate(what + " holds an entity in two places.");
      for (const auto child : scene.children(entity)) {
        if (scene.place(child).parent != entity) return violate(what + " has a child that names another parent.");
        open.push_back(child);
      }
    }
    if (seen.size() != scene.entity_count())
      return violate(what + " has " + std::to_string(scene.entity_count() - seen.size()) +
                     " entities that do not hang below the root.");
    if (!(scene.recompute_hash() == scene.hash())) violate(what + " has lost track of its hash.");
  }

  std::uint64_t steps_ = 0;
};

}  // namespace

std::unique_ptr<Checker> make_scene_checker(RecordKeeper& keeper) { return std::make_unique<SceneChecker>(keeper); }

}  // namespace theta::sim

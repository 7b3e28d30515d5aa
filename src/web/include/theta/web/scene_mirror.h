#pragma once

#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "theta/client/events.h"
#include "theta/scene/scene.h"

namespace theta::web {

/// Knows which entities the page has been told of and where they hang, so that a change becomes the few steps after
/// which the page's copy equals the scene, sibling order included.
///
/// A step is one JSON object:
///   {"entities":[…], "placed":[[ID, PARENT, BEFORE or null], …], "removed":[ID, …]}
/// To follow it: take all that is removed or placed out of the lists of children, forget what is removed, take in the
/// entities, then insert what is placed in this order, each before its BEFORE, else at the end. The whole scene comes
/// in pieces `{"reset":true, "first":…, "last":…, "entities":[…]}`, parents before children and siblings in order.
class SceneMirror {
 public:
  using Emit = std::function<void(std::string json)>;

  void tell(const scene::Scene& scene, const client::Changed& changed, const Emit& emit);
  /// A scene that is no room's present one, whole; the mirror stays as it is.
  static void tell_all(const scene::Scene& scene, const Emit& emit);

 private:
  /// What the page has, by entity: the parent there.
  std::unordered_map<ObjectId, ObjectId> known_;
};

}  // namespace theta::web

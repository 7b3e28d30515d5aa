#pragma once

#include <string>

#include "theta/json/json.h"
#include "theta/log/members.h"
#include "theta/scene/scene.h"

namespace theta::json {

/// One entity that is there, with every component that is there; docs/cli.md lists the fields.
[[nodiscard]] Json entity_json(const scene::Scene& scene, ObjectId entity);
/// The whole scene: entities in tree order, every component that is there.
[[nodiscard]] Json scene_json(const scene::Scene& scene);
/// Who is or was in the room, with the keys that commands about them name.
[[nodiscard]] Json members_json(const log::Members& members);
[[nodiscard]] std::string members_text(const Json& members);

}  // namespace theta::json

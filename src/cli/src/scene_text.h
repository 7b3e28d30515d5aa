#pragma once

#include <string>

#include "theta/scene/scene.h"

namespace theta::cli {

/// The scene as a tree for people: one line an entity, with its id, name, place and what it has.
[[nodiscard]] std::string scene_text(const scene::Scene& scene);

}  // namespace theta::cli

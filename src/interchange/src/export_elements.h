#pragma once

#include <cstddef>
#include <functional>

#include <nlohmann/json.hpp>

#include "theta/scene/components.h"

namespace theta::interchange {

/// glTF's spelling of components. Floats are written so that reading them back as f32 gives the same bits; what glTF
/// does not allow becomes the nearest that it does.

/// Members `translation`, `rotation` and `scale`, each only when it differs from the default bit for bit.
void write_transform(const scene::Transform& transform, nlohmann::json& node);
[[nodiscard]] nlohmann::json light_element(const scene::Light& light);
[[nodiscard]] nlohmann::json camera_element(const scene::Camera& camera);
/// `texture_index` gives the place of a texture asset in the file's list.
[[nodiscard]] nlohmann::json material_element(const scene::Material& material,
                                              const std::function<std::size_t(const AssetId&)>& texture_index);

}  // namespace theta::interchange

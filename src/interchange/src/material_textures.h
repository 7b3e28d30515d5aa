#pragma once

#include "theta/scene/components.h"

namespace theta::interchange {

/// For meshes without texture coordinates: glTF allows no texture there, and nobody could draw one.
[[nodiscard]] inline scene::Material without_textures(scene::Material material) {
  for (auto* texture : {&material.base_color_texture, &material.metallic_roughness_texture, &material.normal_texture,
                        &material.occlusion_texture, &material.emissive_texture})
    *texture = AssetId{};
  return material;
}

}  // namespace theta::interchange

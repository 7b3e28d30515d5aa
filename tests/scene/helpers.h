#pragma once

#include "theta/scene/scene.h"

namespace theta::scene::testing {

inline ObjectId object(std::uint64_t counter) { return make_object_id(AuthorSlot{1}, counter); }

inline Version version(std::uint64_t stamp) { return Version(Stamp{stamp}, Seq{stamp}, 2, AuthorSlot{1}); }

inline RegisterKey key(ObjectId entity, Component component, std::uint64_t application = 0) {
  return {entity, component, application};
}

inline Material red_material() {
  Material material;
  material.base_color = {1, 0, 0, 0.5F};
  material.emissive = {0, 0.25F, 0};
  material.alpha_mode = AlphaMode::blend;
  material.double_sided = true;
  material.normal_texture.bytes.fill(7);
  return material;
}

/// One value of every component that can be set, none of them the default.
inline std::vector<std::pair<Component, ComponentValue>> example_values() {
  Transform transform;
  transform.position = {1, -2, 3.5F};
  transform.rotation = {0, 1, 0, 0};
  transform.scale = {2, 2, -0.0F};
  AssetId mesh;
  mesh.bytes.fill(9);
  Light light;
  light.kind = LightKind::spot;
  light.intensity = 40;
  Camera camera;
  camera.kind = CameraKind::orthographic;
  camera.far_plane = 100;
  return {{Component::name, std::string("a name longer than what a string holds inside")},
          {Component::transform, transform},
          {Component::mesh, mesh},
          {Component::material, red_material()},
          {Component::visibility, false},
          {Component::tags, TagSet{"blue", "green"}},
          {Component::light, light},
          {Component::camera, camera},
          {Component::application, Bytes{1, 2, 3}}};
}

}  // namespace theta::scene::testing

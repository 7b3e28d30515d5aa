#include "theta/replica/convert.h"

#include <cmath>

namespace theta::replica {

namespace fb = wire::fb;

scene::Vec3 from_fb(const fb::Vec3& value) { return {value.x(), value.y(), value.z()}; }

scene::Quat from_fb(const fb::Quat& value) { return normalised({value.x(), value.y(), value.z(), value.w()}); }

scene::Transform from_fb(const fb::Transform& value) {
  return {from_fb(value.position()), from_fb(value.rotation()), from_fb(value.scale())};
}

scene::Light from_fb(const fb::Light& value) {
  return {static_cast<scene::LightKind>(value.kind()),
          from_fb(value.color()),
          value.intensity(),
          value.range(),
          value.inner_cone_angle(),
          value.outer_cone_angle()};
}

scene::Camera from_fb(const fb::Camera& value) {
  return {static_cast<scene::CameraKind>(value.kind()),
          value.vertical_fov(),
          value.aspect_ratio(),
          value.x_magnification(),
          value.y_magnification(),
          value.near_plane(),
          value.far_plane()};
}

namespace {

AssetId texture_from_fb(const fb::Bytes32* texture) { return texture ? wire::from_fb<AssetId>(*texture) : AssetId{}; }

}  // namespace

scene::Material from_fb(const fb::Material& value) {
  scene::Material material;
  if (value.base_color())
    for (flatbuffers::uoffset_t at = 0; at < 4; ++at) material.base_color[at] = value.base_color()->Get(at);
  material.metallic = value.metallic();
  material.roughness = value.roughness();
  if (value.emissive()) material.emissive = from_fb(*value.emissive());
  material.alpha_mode = static_cast<scene::AlphaMode>(value.alpha_mode());
  material.alpha_cutoff = value.alpha_cutoff();
  material.double_sided = value.double_sided();
  material.base_color_texture = texture_from_fb(value.base_color_texture());
  material.metallic_roughness_texture = texture_from_fb(value.metallic_roughness_texture());
  material.normal_texture = texture_from_fb(value.normal_texture());
  material.occlusion_texture = texture_from_fb(value.occlusion_texture());
  material.emissive_texture = texture_from_fb(value.emissive_texture());
  return material;
}

fb::Vec3 to_fb(const scene::Vec3& value) { return {value.x, value.y, value.z}; }

fb::Quat to_fb(const scene::Quat& value) { return {value.x, value.y, value.z, value.w}; }

fb::Transform to_fb(const scene::Transform& value) {
  return {to_fb(value.position), to_fb(value.rotation), to_fb(value.scale)};
}

fb::Light to_fb(const scene::Light& value) {
  return {static_cast<fb::LightKind>(value.kind),
          to_fb(value.color),
          value.intensity,
          value.range,
          value.inner_cone_angle,
          value.outer_cone_angle};
}

fb::Camera to_fb(const scene::Camera& value) {
  return {static_cast<fb::CameraKind>(value.kind),
          value.vertical_fov,
          value.aspect_ratio,
          value.x_magnification,
          value.y_magnification,
          value.near_plane,
          value.far_plane};
}

flatbuffers::Offset<fb::Material> to_fb(flatbuffers::FlatBufferBuilder& builder, const scene::Material& value) {
  const auto base_color = builder.CreateVector(value.base_color.data(), value.base_color.size());
  const auto emissive = to_fb(value.emissive);
  fb::MaterialBuilder material(builder);
  material.add_base_color(base_color);
  material.add_metallic(value.metallic);
  material.add_roughness(value.roughness);
  material.add_emissive(&emissive);
  material.add_alpha_mode(static_cast<fb::AlphaMode>(value.alpha_mode));
  material.add_alpha_cutoff(value.alpha_cutoff);
  material.add_double_sided(value.double_sided);
  // Structs are written where the builder stands, so each needs to live only for its own call.
  const auto add = [](const AssetId& texture, auto&& put) {
    if (texture.is_zero()) return;
    const auto bytes = wire::to_fb32(texture);
    put(&bytes);
  };
  add(value.base_color_texture, [&](const fb::Bytes32* bytes) { material.add_base_color_texture(bytes); });
  add(value.metallic_roughness_texture,
      [&](const fb::Bytes32* bytes) { material.add_metallic_roughness_texture(bytes); });
  add(value.normal_texture, [&](const fb::Bytes32* bytes) { material.add_normal_texture(bytes); });
  add(value.occlusion_texture, [&](const fb::Bytes32* bytes) { material.add_occlusion_texture(bytes); });
  add(value.emissive_texture, [&](const fb::Bytes32* bytes) { material.add_emissive_texture(bytes); });
  return material.Finish();
}

scene::Quat normalised(const scene::Quat& value) {
  const float length = std::sqrt(value.x * value.x + value.y * value.y + value.z * value.z + value.w * value.w);
  return {value.x / length, value.y / length, value.z / length, value.w / length};
}

bool is_finite(const scene::Transform& value) {
  const auto finite = [](float number) { return std::isfinite(number); };
  const auto& [position, rotation, scale] = value;
  return finite(position.x) && finite(position.y) && finite(position.z) && finite(rotation.x) && finite(rotation.y) &&
         finite(rotation.z) && finite(rotation.w) && finite(scale.x) && finite(scale.y) && finite(scale.z);
}

}  // namespace theta::replica

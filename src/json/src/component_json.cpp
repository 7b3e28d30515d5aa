#include "component_json.h"

#include <utility>

#include "theta/wire/schema.h"

namespace theta::json {

namespace fb = wire::fb;

namespace {

void read_number(const Json& object, const char* field, float& number) {
  if (const auto* value = find_field(object, field)) number = number_of(*value, field);
}

using Texture = std::pair<const char*, AssetId scene::Material::*>;
constexpr Texture kTextures[] = {
    {"base_color_texture", &scene::Material::base_color_texture},
    {"metallic_roughness_texture", &scene::Material::metallic_roughness_texture},
    {"normal_texture", &scene::Material::normal_texture},
    {"occlusion_texture", &scene::Material::occlusion_texture},
    {"emissive_texture", &scene::Material::emissive_texture},
};

}  // namespace

const FieldNames& transform_fields() {
  static const FieldNames fields = {"position", "rotation", "scale"};
  return fields;
}

scene::Transform transform_of(const Json& object) {
  scene::Transform transform;
  if (const auto* value = find_field(object, "position")) transform.position = vec3_of(*value, "position");
  if (const auto* value = find_field(object, "rotation")) transform.rotation = quat_of(*value, "rotation");
  if (const auto* value = find_field(object, "scale")) transform.scale = vec3_of(*value, "scale");
  return transform;
}

scene::Material material_of(const Json& object) {
  FieldNames fields = {"base_color", "metallic", "roughness", "emissive", "alpha_mode", "alpha_cutoff", "double_sided"};
  for (const auto& [field, member] : kTextures) fields.push_back(field);
  expect_only(object, "a material", fields);
  scene::Material material;
  if (const auto* value = find_field(object, "base_color")) material.base_color = numbers_of<4>(*value, "base_color");
  read_number(object, "metallic", material.metallic);
  read_number(object, "roughness", material.roughness);
  if (const auto* value = find_field(object, "emissive")) material.emissive = vec3_of(*value, "emissive");
  if (find_field(object, "alpha_mode"))
    material.alpha_mode = enum_of<scene::AlphaMode>(object, "alpha_mode", fb::EnumNamesAlphaMode());
  read_number(object, "alpha_cutoff", material.alpha_cutoff);
  if (find_field(object, "double_sided")) material.double_sided = need_flag(object, "double_sided");
  for (const auto& [field, member] : kTextures)
    if (const auto* value = find_field(object, field)) material.*member = fixed_of<AssetId>(*value, field);
  return material;
}

scene::Light light_of(const Json& object) {
  expect_only(object, "a light", {"kind", "color", "intensity", "range", "inner_cone_angle", "outer_cone_angle"});
  scene::Light light;
  if (find_field(object, "kind")) light.kind = enum_of<scene::LightKind>(object, "kind", fb::EnumNamesLightKind());
  if (const auto* value = find_field(object, "color")) light.color = vec3_of(*value, "color");
  read_number(object, "intensity", light.intensity);
  read_number(object, "range", light.range);
  read_number(object, "inner_cone_angle", light.inner_cone_angle);
  read_number(object, "outer_cone_angle", light.outer_cone_angle);
  return light;
}

scene::Camera camera_of(const Json& object) {
  expect_only(object, "a camera",
              {"kind", "vertical_fov", "aspect_ratio", "x_magnification", "y_magnification", "near", "far"});
  scene::Camera camera;
  if (find_field(object, "kind")) camera.kind = enum_of<scene::CameraKind>(object, "kind", fb::EnumNamesCameraKind());
  read_number(object, "vertical_fov", camera.vertical_fov);
  read_number(object, "aspect_ratio", camera.aspect_ratio);
  read_number(object, "x_magnification", camera.x_magnification);
  read_number(object, "y_magnification", camera.y_magnification);
  read_number(object, "near", camera.near_plane);
  read_number(object, "far", camera.far_plane);
  return camera;
}

Json to_json(const scene::Vec3& vector) { return {vector.x, vector.y, vector.z}; }
Json to_json(const scene::Quat& rotation) { return {rotation.x, rotation.y, rotation.z, rotation.w}; }

Json to_json(const scene::Material& material) {
  Json json = {{"base_color", material.base_color},
               {"metallic", material.metallic},
               {"roughness", material.roughness},
               {"emissive", to_json(material.emissive)},
               {"alpha_mode", fb::EnumNameAlphaMode(static_cast<fb::AlphaMode>(material.alpha_mode))},
               {"alpha_cutoff", material.alpha_cutoff},
               {"double_sided", material.double_sided}};
  for (const auto& [field, member] : kTextures)
    if (!(material.*member).is_zero()) json[field] = to_hex((material.*member).view());
  return json;
}

Json to_json(const scene::Light& light) {
  return {{"kind", fb::EnumNameLightKind(static_cast<fb::LightKind>(light.kind))},
          {"color", to_json(light.color)},
          {"intensity", light.intensity},
          {"range", light.range},
          {"inner_cone_angle", light.inner_cone_angle},
          {"outer_cone_angle", light.outer_cone_angle}};
}

Json to_json(const scene::Camera& camera) {
  return {{"kind", fb::EnumNameCameraKind(static_cast<fb::CameraKind>(camera.kind))},
          {"vertical_fov", camera.vertical_fov},
          {"aspect_ratio", camera.aspect_ratio},
          {"x_magnification", camera.x_magnification},
          {"y_magnification", camera.y_magnification},
          {"near", camera.near_plane},
          {"far", camera.far_plane}};
}

}  // namespace theta::json

#include "export_elements.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "node_transform.h"

namespace theta::interchange {
namespace {

using Json = nlohmann::json;

constexpr double kHalfPi = 1.5707963267948966;
constexpr double kPi = 3.141592653589793;
constexpr float kLeast = std::numeric_limits<float>::min();

Json list(const scene::Vec3& v) { return Json::array({v.x, v.y, v.z}); }

/// Compares bits, so that a negative zero survives.
template <class T>
bool same_bits(const T& a, const T& b) {
  return std::memcmp(&a, &b, sizeof(T)) == 0;
}

float fraction(float value) { return std::clamp(value, 0.0F, 1.0F); }

}  // namespace

void write_transform(const scene::Transform& transform, Json& node) {
  const scene::Transform none;
  if (!same_bits(transform.position, none.position)) node["translation"] = list(transform.position);
  const auto rotation = unit(transform.rotation);
  if (!same_bits(rotation, none.rotation))
    node["rotation"] = Json::array({rotation.x, rotation.y, rotation.z, rotation.w});
  if (!same_bits(transform.scale, none.scale)) node["scale"] = list(transform.scale);
}

Json light_element(const scene::Light& light) {
  // The extension keeps colors within 0..1; a brighter one is the same light with more intensity.
  const float brightest = std::max({light.color.x, light.color.y, light.color.z, 1.0F});
  const scene::Vec3 color = {fraction(light.color.x / brightest), fraction(light.color.y / brightest),
                             fraction(light.color.z / brightest)};
  Json element = {{"color", list(color)}, {"intensity", std::max(light.intensity * brightest, 0.0F)}};
  if (light.kind == scene::LightKind::directional) {
    element["type"] = "directional";
    return element;
  }
  element["type"] = light.kind == scene::LightKind::spot ? "spot" : "point";
  if (light.range > 0) element["range"] = light.range;
  if (light.kind == scene::LightKind::spot) {
    const float outer = std::max(light.outer_cone_angle, 1e-6F);
    const float inner = std::clamp(light.inner_cone_angle, 0.0F, std::nextafter(std::min(outer, 1.5707964F), 0.0F));
    // Half of pi as f32 lies above half of pi.
    element["spot"] = {{"innerConeAngle", inner}, {"outerConeAngle", std::min(double{outer}, kHalfPi)}};
  }
  return element;
}

Json camera_element(const scene::Camera& camera) {
  if (camera.kind == scene::CameraKind::perspective) {
    const float near_plane = std::max(camera.near_plane, kLeast);
    Json lens = {{"yfov", std::clamp(double{camera.vertical_fov}, 1e-6, kPi - 1e-6)}, {"znear", near_plane}};
    if (camera.aspect_ratio > 0) lens["aspectRatio"] = camera.aspect_ratio;
    if (camera.far_plane > near_plane) lens["zfar"] = camera.far_plane;
    return {{"type", "perspective"}, {"perspective", lens}};
  }
  const float near_plane = std::max(camera.near_plane, 0.0F);
  // glTF has no infinite far plane here, so "far enough for anything at this scale" stands for it.
  const float far_plane = camera.far_plane > near_plane ? camera.far_plane : near_plane * 2 + 10000;
  const auto magnification = [](float value) { return value == 0 ? 1 : value; };
  return {{"type", "orthographic"},
          {"orthographic",
           {{"xmag", magnification(camera.x_magnification)},
            {"ymag", magnification(camera.y_magnification)},
            {"znear", near_plane},
            {"zfar", far_plane}}}};
}

Json material_element(const scene::Material& material,
                      const std::function<std::size_t(const AssetId&)>& texture_index) {
  const auto put_texture = [&](Json& to, const char* key, const AssetId& texture) {
    if (!texture.is_zero()) to[key] = {{"index", texture_index(texture)}};
  };
  Json pbr = {{"metallicFactor", fraction(material.metallic)}, {"roughnessFactor", fraction(material.roughness)}};
  pbr["baseColorFactor"] = Json::array();
  for (const float part : material.base_color) pbr["baseColorFactor"].push_back(fraction(part));
  put_texture(pbr, "baseColorTexture", material.base_color_texture);
  put_texture(pbr, "metallicRoughnessTexture", material.metallic_roughness_texture);

  Json element = {{"pbrMetallicRoughness", std::move(pbr)}};
  element["emissiveFactor"] =
      list({fraction(material.emissive.x), fraction(material.emissive.y), fraction(material.emissive.z)});
  put_texture(element, "normalTexture", material.normal_texture);
  put_texture(element, "occlusionTexture", material.occlusion_texture);
  put_texture(element, "emissiveTexture", material.emissive_texture);
  if (material.alpha_mode == scene::AlphaMode::mask) {
    element["alphaMode"] = "MASK";
    element["alphaCutoff"] = std::max(material.alpha_cutoff, 0.0F);
  } else if (material.alpha_mode == scene::AlphaMode::blend) {
    element["alphaMode"] = "BLEND";
  }
  if (material.double_sided) element["doubleSided"] = true;
  return element;
}

}  // namespace theta::interchange

#include "value_rules.h"

#include <cmath>

#include "theta/base/limits.h"
#include "theta/crypto/keys.h"
#include "theta/wire/text.h"

namespace theta::log {
namespace {

namespace fb = wire::fb;

// The float nearest to pi / 2; glTF's largest cone.
constexpr float kConeAngleMax = 1.5707964F;
constexpr float kFieldOfViewMax = 3.1415927F;
constexpr double kUnitTolerance = 1e-3;

bool is_finite(const fb::Vec3& vector) {
  return std::isfinite(vector.x()) && std::isfinite(vector.y()) && std::isfinite(vector.z());
}
bool is_finite_and_positive_or_zero(float value) { return std::isfinite(value) && value >= 0; }
bool is_fraction(float value) { return value >= 0 && value <= 1; }
bool is_color(const fb::Vec3& color) { return is_finite(color) && color.x() >= 0 && color.y() >= 0 && color.z() >= 0; }

}  // namespace

Expectation check_name(std::string_view name) {
  const bool good = name.size() <= limits::kNameBytesMax && wire::is_plain_text(name);
  return good ? nullptr : "a name of at most 256 bytes of UTF-8 without control characters";
}

Expectation check_tag(std::string_view tag) {
  const bool good = !tag.empty() && tag.size() <= limits::kTagBytesMax && wire::is_plain_text(tag);
  return good ? nullptr : "a tag of 1 to 64 bytes of UTF-8 without control characters";
}

Expectation check_tool(std::string_view tool) {
  const bool good = !tool.empty() && tool.size() <= limits::kToolNameBytesMax && wire::is_plain_text(tool);
  return good ? nullptr : "a tool's name of 1 to 64 bytes of UTF-8 without control characters";
}

Expectation check_key(const fb::Bytes32& key) {
  const bool good = crypto::is_valid_public_key(ByteView(key.bytes()->Data(), 32));
  return good ? nullptr : "a sound Ed25519 public key";
}

Expectation check_vector(const fb::Vec3& vector) { return is_finite(vector) ? nullptr : "finite numbers"; }

Expectation check_rotation(const fb::Quat& rotation) {
  const auto square = [](float value) { return static_cast<double>(value) * static_cast<double>(value); };
  const double norm = square(rotation.x()) + square(rotation.y()) + square(rotation.z()) + square(rotation.w());
  constexpr double kLeast = (1 - kUnitTolerance) * (1 - kUnitTolerance);
  constexpr double kMost = (1 + kUnitTolerance) * (1 + kUnitTolerance);
  return norm >= kLeast && norm <= kMost ? nullptr : "a rotation that is a unit quaternion, within a thousandth";
}

Expectation check_transform(const fb::Transform& transform) {
  const bool is_finite_transform = is_finite(transform.position()) && is_finite(transform.scale());
  return is_finite_transform ? check_rotation(transform.rotation()) : "a transform of finite numbers";
}

Expectation check_material(const fb::Material& material) {
  if (const auto* color = material.base_color()) {
    if (color->size() != 4) return "a base color of four numbers";
    for (const float channel : *color)
      if (!is_fraction(channel)) return "a base color of numbers from 0 to 1";
  }
  if (!is_fraction(material.metallic()) || !is_fraction(material.roughness()))
    return "a metallic and a roughness factor from 0 to 1";
  if (material.emissive() != nullptr && !is_color(*material.emissive()))
    return "an emissive color of finite numbers from 0 up";
  if (material.alpha_mode() > fb::AlphaMode::MAX) return "a known alpha mode (0 to 2)";
  if (!is_finite_and_positive_or_zero(material.alpha_cutoff())) return "a finite alpha cutoff from 0 up";
  return nullptr;
}

Expectation check_light(const fb::Light& light) {
  if (light.kind() > fb::LightKind::MAX) return "a known kind of light (0 to 2)";
  if (!is_color(light.color())) return "a light's color of finite numbers from 0 up";
  if (!is_finite_and_positive_or_zero(light.intensity()) || !is_finite_and_positive_or_zero(light.range()))
    return "a light's intensity and range finite and from 0 up";
  const float inner = light.inner_cone_angle();
  const float outer = light.outer_cone_angle();
  if (!std::isfinite(inner) || !std::isfinite(outer)) return "a light's cone angles finite";
  if (light.kind() == fb::LightKind::spot && !(inner >= 0 && inner <= outer && outer <= kConeAngleMax))
    return "a spot light's cone angles in order: 0, inner, outer, pi / 2";
  return nullptr;
}

Expectation check_camera(const fb::Camera& camera) {
  if (camera.kind() > fb::CameraKind::MAX) return "a known kind of camera (0 or 1)";
  const float numbers[] = {camera.vertical_fov(),    camera.aspect_ratio(), camera.x_magnification(),
                           camera.y_magnification(), camera.near_plane(),   camera.far_plane()};
  for (const float number : numbers)
    if (!std::isfinite(number)) return "a camera of finite numbers";
  const float near_plane = camera.near_plane();
  const float far_plane = camera.far_plane();
  if (near_plane < 0 || (far_plane != 0 && far_plane <= near_plane))
    return "a camera's near plane from 0 up and its far plane beyond it, or 0 for none";
  if (camera.kind() == fb::CameraKind::orthographic)
    return camera.x_magnification() > 0 && camera.y_magnification() > 0
               ? nullptr
               : "an orthographic camera's magnifications above 0";
  if (!(near_plane > 0)) return "a perspective camera's near plane above 0";
  if (!(camera.vertical_fov() > 0 && camera.vertical_fov() < kFieldOfViewMax))
    return "a perspective camera's vertical field of view between 0 and pi";
  return camera.aspect_ratio() >= 0 ? nullptr : "a perspective camera's aspect ratio from 0 up";
}

}  // namespace theta::log

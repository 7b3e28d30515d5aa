#include "values.h"

namespace theta::client {
namespace {

namespace fb = wire::fb;

std::unique_ptr<fb::Bytes32> texture(const AssetId& id) {
  return id.is_zero() ? nullptr : std::make_unique<fb::Bytes32>(wire::to_fb32(id));
}

std::unique_ptr<fb::Pose> pose_to_fb(const std::optional<Pose>& pose) {
  return pose ? std::make_unique<fb::Pose>(to_fb(pose->position), to_fb(pose->rotation)) : nullptr;
}

std::unique_ptr<fb::Vec3> point_to_fb(const std::optional<scene::Vec3>& point) {
  return point ? std::make_unique<fb::Vec3>(to_fb(*point)) : nullptr;
}

// As it came: presence is unsigned, and a rotation of length zero must not become one of nothing but NaN.
scene::Quat rotation_from_fb(const fb::Quat& value) { return {value.x(), value.y(), value.z(), value.w()}; }

scene::Transform transform_from_fb(const fb::Transform& value) {
  return {replica::from_fb(value.position()), rotation_from_fb(value.rotation()), replica::from_fb(value.scale())};
}

std::optional<Pose> pose_from_fb(const fb::Pose* pose) {
  if (pose == nullptr) return std::nullopt;
  return Pose{replica::from_fb(pose->position()), rotation_from_fb(pose->rotation())};
}

std::optional<scene::Vec3> point_from_fb(const fb::Vec3* point) {
  if (point == nullptr) return std::nullopt;
  return replica::from_fb(*point);
}

}  // namespace

std::unique_ptr<fb::MaterialT> to_fb(const scene::Material& value) {
  auto result = std::make_unique<fb::MaterialT>();
  result->base_color.assign(value.base_color.begin(), value.base_color.end());
  result->metallic = value.metallic;
  result->roughness = value.roughness;
  result->emissive = std::make_unique<fb::Vec3>(to_fb(value.emissive));
  result->alpha_mode = static_cast<fb::AlphaMode>(value.alpha_mode);
  result->alpha_cutoff = value.alpha_cutoff;
  result->double_sided = value.double_sided;
  result->base_color_texture = texture(value.base_color_texture);
  result->metallic_roughness_texture = texture(value.metallic_roughness_texture);
  result->normal_texture = texture(value.normal_texture);
  result->occlusion_texture = texture(value.occlusion_texture);
  result->emissive_texture = texture(value.emissive_texture);
  return result;
}

std::vector<std::uint64_t> to_fb(std::span<const ObjectId> ids) {
  std::vector<std::uint64_t> result;
  result.reserve(ids.size());
  for (const auto id : ids) result.push_back(id.value());
  return result;
}

fb::PresenceT to_fb(const Presence& value) {
  fb::PresenceT result;
  result.view = pose_to_fb(value.view);
  if (value.view_shape)
    result.view_shape = std::make_unique<fb::ViewShape>(value.view_shape->vertical_fov, value.view_shape->aspect_ratio);
  result.left_hand = pose_to_fb(value.left_hand);
  result.right_hand = pose_to_fb(value.right_hand);
  result.pointer_origin = point_to_fb(value.pointer_origin);
  result.pointer_target = point_to_fb(value.pointer_target);
  result.hovered = value.hovered.value();
  for (const auto& dragged : value.dragging)
    result.dragging.emplace_back(dragged.entity.value(), to_fb(dragged.transform));
  result.app = value.app;
  return result;
}

Presence from_fb(const fb::Presence& value) {
  Presence result;
  result.view = pose_from_fb(value.view());
  if (const auto* shape = value.view_shape())
    result.view_shape = Presence::ViewShape{shape->vertical_fov(), shape->aspect_ratio()};
  result.left_hand = pose_from_fb(value.left_hand());
  result.right_hand = pose_from_fb(value.right_hand());
  result.pointer_origin = point_from_fb(value.pointer_origin());
  result.pointer_target = point_from_fb(value.pointer_target());
  result.hovered = ObjectId{value.hovered()};
  if (const auto* dragging = value.dragging())
    for (const auto* dragged : *dragging)
      result.dragging.push_back({ObjectId{dragged->entity()}, transform_from_fb(dragged->transform())});
  if (const auto* app = value.app()) result.app.assign(app->begin(), app->end());
  return result;
}

}  // namespace theta::client

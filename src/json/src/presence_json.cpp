#include "theta/json/presence_json.h"

#include "component_json.h"
#include "json_fields.h"
#include "theta/json/command_json.h"

namespace theta::json {

namespace {

Json pose_json(const client::Pose& pose) {
  return {{"position", to_json(pose.position)}, {"rotation", to_json(pose.rotation)}};
}

Json transform_json(const scene::Transform& transform) {
  return {{"position", to_json(transform.position)},
          {"rotation", to_json(transform.rotation)},
          {"scale", to_json(transform.scale)}};
}

std::optional<client::Pose> pose_of(const Json& object, const char* field) {
  const auto* value = find_field(object, field);
  if (!value) return std::nullopt;
  expect_only(*value, field, {"position", "rotation"});
  return client::Pose{vec3_of(need_field(*value, "position", "3 numbers"), "position"),
                      quat_of(need_field(*value, "rotation", "4 numbers"), "rotation")};
}

ObjectId id_of(const Json& value, const char* field) {
  const auto id = value.is_string() ? object_from_text(value.get<std::string>()) : std::nullopt;
  if (!id || *id == kNoObject) refuse_field(field, "an id like \"3:17\"");
  return *id;
}

client::Presence read(const Json& object) {
  expect_only(object, "presence", {"view", "view_shape", "left_hand", "right_hand", "pointer", "hovered", "dragging"});
  client::Presence presence;
  presence.view = pose_of(object, "view");
  presence.left_hand = pose_of(object, "left_hand");
  presence.right_hand = pose_of(object, "right_hand");
  if (const auto* shape = find_field(object, "view_shape")) {
    expect_only(*shape, "view_shape", {"vertical_fov", "aspect_ratio"});
    presence.view_shape =
        client::Presence::ViewShape{number_of(need_field(*shape, "vertical_fov", "a number"), "vertical_fov"),
                                    number_of(need_field(*shape, "aspect_ratio", "a number"), "aspect_ratio")};
  }
  if (const auto* pointer = find_field(object, "pointer")) {
    expect_only(*pointer, "pointer", {"origin", "target"});
    presence.pointer_origin = vec3_of(need_field(*pointer, "origin", "3 numbers"), "origin");
    presence.pointer_target = vec3_of(need_field(*pointer, "target", "3 numbers"), "target");
  }
  if (const auto* hovered = find_field(object, "hovered")) presence.hovered = id_of(*hovered, "hovered");
  if (const auto* dragging = find_field(object, "dragging")) {
    for (const auto& dragged : need_list(*dragging, "dragging", "a list of objects")) {
      expect_only(dragged, "one of \"dragging\"", {"entity", "transform"});
      const auto& transform = need_field(dragged, "transform", "an object");
      expect_only(transform, "\"transform\"", transform_fields());
      presence.dragging.push_back({id_of(need_field(dragged, "entity", "an id"), "entity"), transform_of(transform)});
    }
  }
  return presence;
}

}  // namespace

Json presence_json(const client::Presence& presence) {
  Json json = Json::object();
  if (presence.view) json["view"] = pose_json(*presence.view);
  if (presence.view_shape)
    json["view_shape"] = {{"vertical_fov", presence.view_shape->vertical_fov},
                          {"aspect_ratio", presence.view_shape->aspect_ratio}};
  if (presence.left_hand) json["left_hand"] = pose_json(*presence.left_hand);
  if (presence.right_hand) json["right_hand"] = pose_json(*presence.right_hand);
  if (presence.pointer_origin && presence.pointer_target)
    json["pointer"] = {{"origin", to_json(*presence.pointer_origin)}, {"target", to_json(*presence.pointer_target)}};
  if (presence.hovered != kNoObject) json["hovered"] = to_text(presence.hovered);
  for (const auto& dragged : presence.dragging)
    json["dragging"].push_back({{"entity", to_text(dragged.entity)}, {"transform", transform_json(dragged.transform)}});
  return json;
}

Expected<client::Presence, PresenceJsonError> presence_of(const Json& object) {
  try {
    return read(object);
  } catch (const BadLine& bad) {
    return fail(PresenceJsonError::malformed, bad.text);
  } catch (const Json::exception& error) {
    return fail(PresenceJsonError::malformed, error.what());
  }
}

}  // namespace theta::json

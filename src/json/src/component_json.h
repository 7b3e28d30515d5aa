#pragma once

#include "json_fields.h"
#include "theta/json/json.h"
#include "theta/scene/components.h"

namespace theta::json {

// Components as people and programs write them (docs/cli.md), in both directions. What is absent in an object keeps its
// default; what does not belong there is a BadLine.

/// Only reads `position`, `rotation` and `scale`; the object may hold other fields.
[[nodiscard]] scene::Transform transform_of(const Json& object);
[[nodiscard]] const FieldNames& transform_fields();
[[nodiscard]] scene::Material material_of(const Json& object);
[[nodiscard]] scene::Light light_of(const Json& object);
[[nodiscard]] scene::Camera camera_of(const Json& object);

[[nodiscard]] Json to_json(const scene::Vec3& vector);
[[nodiscard]] Json to_json(const scene::Quat& rotation);
[[nodiscard]] Json to_json(const scene::Material& material);
[[nodiscard]] Json to_json(const scene::Light& light);
[[nodiscard]] Json to_json(const scene::Camera& camera);

}  // namespace theta::json

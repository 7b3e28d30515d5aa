#pragma once

#include <string_view>

#include "theta/wire/schema.h"

namespace theta::log {

/// What a value should have been, as the end of a sentence that begins with "expected"; null when it is that.
using Expectation = const char*;

/// A name: at most limits::kNameBytesMax of plain UTF-8; may be empty.
[[nodiscard]] Expectation check_name(std::string_view name);
[[nodiscard]] Expectation check_tag(std::string_view tag);
[[nodiscard]] Expectation check_tool(std::string_view tool);
/// An author's key, a hub's or an invite's.
[[nodiscard]] Expectation check_key(const wire::fb::Bytes32& key);

/// Numbers must be finite: NaN compares false with everything, so every rule is written as what must hold.
[[nodiscard]] Expectation check_vector(const wire::fb::Vec3& vector);
/// Within 1e-3 of unit length.
[[nodiscard]] Expectation check_rotation(const wire::fb::Quat& rotation);
[[nodiscard]] Expectation check_transform(const wire::fb::Transform& transform);
[[nodiscard]] Expectation check_material(const wire::fb::Material& material);
[[nodiscard]] Expectation check_light(const wire::fb::Light& light);
[[nodiscard]] Expectation check_camera(const wire::fb::Camera& camera);

}  // namespace theta::log

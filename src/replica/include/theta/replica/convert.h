#pragma once

#include "theta/scene/components.h"
#include "theta/wire/schema.h"

namespace theta::replica {

/// Between the schema's values and the scene's. Readers expect buffers that were verified and checked
/// (`log::check_payload`); rotations come out normalised.

[[nodiscard]] scene::Vec3 from_fb(const wire::fb::Vec3& value);
[[nodiscard]] scene::Quat from_fb(const wire::fb::Quat& value);
[[nodiscard]] scene::Transform from_fb(const wire::fb::Transform& value);
[[nodiscard]] scene::Light from_fb(const wire::fb::Light& value);
[[nodiscard]] scene::Camera from_fb(const wire::fb::Camera& value);
[[nodiscard]] scene::Material from_fb(const wire::fb::Material& value);

[[nodiscard]] wire::fb::Vec3 to_fb(const scene::Vec3& value);
[[nodiscard]] wire::fb::Quat to_fb(const scene::Quat& value);
[[nodiscard]] wire::fb::Transform to_fb(const scene::Transform& value);
[[nodiscard]] wire::fb::Light to_fb(const scene::Light& value);
[[nodiscard]] wire::fb::Camera to_fb(const scene::Camera& value);
[[nodiscard]] flatbuffers::Offset<wire::fb::Material> to_fb(flatbuffers::FlatBufferBuilder& builder,
                                                            const scene::Material& value);

/// Unit length by f32 division and square root only, so that every machine gets the same bits.
[[nodiscard]] scene::Quat normalised(const scene::Quat& value);
[[nodiscard]] bool is_finite(const scene::Transform& value);

}  // namespace theta::replica

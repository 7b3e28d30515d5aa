#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "theta/client/command.h"
#include "theta/client/events.h"
#include "theta/wire/schema.h"

namespace theta::client {

/// The SDK's values as the schema's object form.
[[nodiscard]] wire::fb::Vec3 to_fb(const scene::Vec3& value);
[[nodiscard]] wire::fb::Quat to_fb(const scene::Quat& value);
[[nodiscard]] wire::fb::Transform to_fb(const scene::Transform& value);
[[nodiscard]] wire::fb::Light to_fb(const scene::Light& value);
[[nodiscard]] wire::fb::Camera to_fb(const scene::Camera& value);
[[nodiscard]] std::unique_ptr<wire::fb::MaterialT> to_fb(const scene::Material& value);
[[nodiscard]] std::vector<std::uint64_t> to_fb(std::span<const ObjectId> ids);
[[nodiscard]] wire::fb::PresenceT to_fb(const Presence& value);

[[nodiscard]] scene::Vec3 from_fb(const wire::fb::Vec3& value);
[[nodiscard]] scene::Quat from_fb(const wire::fb::Quat& value);
[[nodiscard]] scene::Transform from_fb(const wire::fb::Transform& value);
[[nodiscard]] Presence from_fb(const wire::fb::Presence& value);

}  // namespace theta::client

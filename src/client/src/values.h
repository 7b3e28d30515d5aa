#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "theta/client/command.h"
#include "theta/client/events.h"
#include "theta/replica/convert.h"
#include "theta/wire/schema.h"

namespace theta::client {

/// The SDK's values as the schema's object form.
using replica::to_fb;
[[nodiscard]] std::unique_ptr<wire::fb::MaterialT> to_fb(const scene::Material& value);
[[nodiscard]] std::vector<std::uint64_t> to_fb(std::span<const ObjectId> ids);
[[nodiscard]] wire::fb::PresenceT to_fb(const Presence& value);

[[nodiscard]] Presence from_fb(const wire::fb::Presence& value);

}  // namespace theta::client

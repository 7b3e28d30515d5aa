#pragma once

#include <string>

#include "theta/base/result.h"
#include "theta/client/events.h"
#include "theta/json/json.h"

namespace theta::json {

/// What moves at frame rate, both ways: `view`, `left_hand`, `right_hand` (`position`, `rotation`), `view_shape`
/// (`vertical_fov`, `aspect_ratio`), `pointer` (`origin`, `target`), `hovered`, `dragging` (a list of `entity` and
/// `transform`). What is absent is not shown.
[[nodiscard]] Json presence_json(const client::Presence& presence);

enum class PresenceJsonError { malformed };
/// The message names the field. Numbers are not judged here: the hub and every peer do.
[[nodiscard]] Expected<client::Presence, PresenceJsonError> presence_of(const Json& object);

}  // namespace theta::json

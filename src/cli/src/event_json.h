#pragma once

#include <optional>

#include "output.h"
#include "theta/client/events.h"
#include "theta/client/session.h"
#include "theta/log/members.h"

namespace theta::cli {

/// One line of `theta join`'s output; empty for events that say nothing to a program (progress in between).
[[nodiscard]] std::optional<Json> event_line(const client::Event& event);
/// The same for people.
[[nodiscard]] std::string event_sentence(const Json& line);

/// The whole scene: entities in tree order, every component that is there.
[[nodiscard]] Json scene_json(const scene::Scene& scene);
/// Who is or was in the room, with the keys that commands about them name.
[[nodiscard]] Json members_json(const log::Members& members);
[[nodiscard]] std::string members_text(const Json& members);

}  // namespace theta::cli

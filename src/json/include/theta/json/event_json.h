#pragma once

#include <optional>
#include <string>

#include "theta/client/events.h"
#include "theta/json/json.h"

namespace theta::json {

/// One line of `theta join`'s output; empty for events that say nothing to a program (progress in between).
[[nodiscard]] std::optional<Json> event_line(const client::Event& event);
/// What became of a command, and whose write stands in the way.
[[nodiscard]] Json outcome_json(const replica::Outcome& outcome);
/// An event line for people.
[[nodiscard]] std::string event_sentence(const Json& line);

}  // namespace theta::json
